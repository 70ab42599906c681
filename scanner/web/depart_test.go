package web

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// leaveKey finds the leave of a test in a context.
type leaveKey struct{}

var errNoLeave = errors.New("no leave")

// byLeave lets what has leave in its context pass.
func byLeave(ctx context.Context) error {
	if leave, ok := ctx.Value(leaveKey{}).(*atomic.Bool); ok && leave.Load() {
		return nil
	}
	return errNoLeave
}

// TestEverythingAsksForLeave: no request, retry, hop, handshake or connection reaches a host without leave, and who asks has the
// context of whoever wants it.
func TestEverythingAsksForLeave(t *testing.T) {
	var seen atomic.Int64
	leave := &atomic.Bool{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		if r.URL.Path == "/taken" {
			leave.Store(false)
			http.Redirect(w, r, "/next", http.StatusFound)
		}
	}))
	t.Cleanup(s.Close)
	c, err := NewClient(Options{Rate: -1, May: byLeave})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	base, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.Atoi(base.Port())
	with := context.WithValue(t.Context(), leaveKey{}, leave)
	session := c.Session(base)
	do := func(ctx context.Context, path string) error {
		_, err := session.Do(ctx, &Request{URL: base.ResolveReference(&url.URL{Path: path}), Redirects: RedirectsHost})
		return err
	}
	host, err := c.Host(base.Hostname())
	if err != nil {
		t.Fatal(err)
	}
	defer host.Close()
	for name, ask := range map[string]func(context.Context) error{
		"request":   func(ctx context.Context) error { return do(ctx, "/") },
		"handshake": func(ctx context.Context) error { _, err := session.Handshake(ctx, base, 0); return err },
		"port": func(ctx context.Context) error {
			c, err := host.Connect(ctx, port)
			if err == nil {
				_ = c.Close()
			}
			return err
		},
	} {
		for which, ctx := range map[string]context.Context{"none": t.Context(), "lost": with} {
			before, sent := seen.Load(), c.Requests()
			if err := ask(ctx); !errors.Is(err, errNoLeave) || KindOf(err) != KindCanceled {
				t.Errorf("%s with leave %s: %v", name, which, err)
			}
			if seen.Load() != before || c.Requests() != sent {
				t.Errorf("%s with leave %s was sent", name, which)
			}
		}
	}
	leave.Store(true)
	if err := do(with, "/"); err != nil {
		t.Errorf("with leave: %v", err)
	}
	if err := do(with, "/taken"); !errors.Is(err, errNoLeave) || seen.Load() != 2 {
		t.Errorf("a hop after the leave was taken: %v, %d requests", err, seen.Load())
	}
}

// TestTotalRate: the limit for all hosts together holds over hosts that each have room.
func TestTotalRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &limiter{total: newTotal(10), options: Options{}}
		begun := time.Now()
		for range 31 {
			if err := l.depart(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begun); took < 3*time.Second || took > 3100*time.Millisecond {
			t.Errorf("31 requests at 10 a second took %s", took)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := l.depart(ctx); err == nil {
			t.Error("a request left for somebody who does not wait any more")
		}
	})
}
