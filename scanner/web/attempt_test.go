package web

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestRequestsInSeriesShareAnAttempt(t *testing.T) {
	u := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := client(t, Options{})
	ctx := InSeries(t.Context())
	first := c.attempt(ctx, &Request{URL: u, Once: true})
	first.tries = 1
	first.end()
	next := c.attempt(ctx, &Request{URL: u, Timeout: time.Hour})
	defer next.end()
	if next != first {
		t.Fatal("the second request does not use the attempt of the first again")
	}
	if next.once || next.tries != 0 || next.timeout != time.Hour || !next.retry {
		t.Errorf("it carries over what was the first's: %+v", next)
	}
	beside := c.attempt(ctx, &Request{URL: u})
	defer beside.end()
	derived := c.attempt(context.WithValue(ctx, permitKey{}, nil), &Request{URL: u})
	defer derived.end()
	if beside == first || derived == first {
		t.Error("two requests under way at the same time share an attempt")
	}
}

// A timer that fired may not have ended the context yet: nothing is left to the next request then.
func TestSpentAttemptIsNotUsedAgain(t *testing.T) {
	u := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := client(t, Options{})
	ctx := InSeries(t.Context())
	a := c.attempt(ctx, &Request{URL: u, Timeout: time.Hour})
	a.begin()
	a.deadline.Stop() // as if it had fired
	a.stop()
	a.begin() // the second try is in time
	a.stop()
	a.end()
	next := c.attempt(ctx, &Request{URL: u})
	defer next.end()
	if next == a || a.Err() == nil {
		t.Error("an attempt whose time ran out serves another request")
	}
}

// A deadline that passed, or is passing, ends nothing but its own request.
func TestDeadlineInSeries(t *testing.T) {
	var asked atomic.Int64
	release := make(chan struct{})
	u := serve(t, func(http.ResponseWriter, *http.Request) {
		if asked.Add(1)%2 == 1 {
			<-release
		}
	})
	defer close(release)
	ctx := InSeries(t.Context())
	s := client(t, Options{}).Session(u)
	for range 3 {
		if _, err := s.Do(ctx, &Request{URL: u, Once: true, Timeout: 30 * time.Millisecond}); KindOf(err) != KindTimeout {
			t.Fatalf("a server that says nothing: %v", err)
		}
		if _, err := s.Do(ctx, &Request{URL: u}); err != nil {
			t.Fatalf("the request after one whose time ran out: %v", err)
		}
	}
}

// Whoever asks from several goroutines at once is served as well, and what ends the context ends all of them.
func TestInTurnByMany(t *testing.T) {
	arrived, release := make(chan struct{}, 64), make(chan struct{})
	u := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wait" {
			arrived <- struct{}{}
			<-release
		}
	})
	defer close(release)
	inner, cancel := context.WithCancel(t.Context())
	defer cancel()
	ctx := InSeries(inner)
	s := client(t, Options{InFlight: 8}).Session(u)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 20 {
				if _, err := s.Do(ctx, &Request{URL: u}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	wait := *u
	wait.Path = "/wait"
	for range 8 {
		group.Go(func() {
			if _, err := s.Do(ctx, &Request{URL: &wait}); KindOf(err) != KindCanceled {
				t.Errorf("after the context ended: %v", err)
			}
		})
	}
	for range 8 {
		<-arrived
	}
	cancel()
	group.Wait()
}
