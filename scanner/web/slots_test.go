package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// crowdedHost answers after work, unless more than bears requests are there at once: then it falls over, each in its way.
type crowdedHost struct {
	work  time.Duration
	bears int
	fall  func(*http.Request) (*http.Response, error)

	mu          sync.Mutex
	there, most int // requests at once: now, and the most since last asked
	over        int // requests that were too many, since last asked
}

func (h *crowdedHost) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	h.there++
	h.most = max(h.most, h.there)
	over := h.there > h.bears
	if over {
		h.over++
	}
	h.mu.Unlock()
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.there--
	}()
	if over {
		return h.fall(r)
	}
	if err := sleep(r.Context(), h.work); err != nil {
		return nil, err
	}
	return answered(http.StatusOK), nil
}

// since is the most requests at once, and how many were too many, since the last call.
func (h *crowdedHost) since() (most, over int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	most, over = h.most, h.over
	h.most, h.over = 0, 0
	return most, over
}

// ask sends n requests from as many workers as a scan has, again when the host was asked too much at once, as a scan does. It
// gives how many had no answer.
func ask(ctx context.Context, s *Session, n int) (lost int) {
	work := make(chan struct{}, n)
	for range n {
		work <- struct{}{}
	}
	close(work)
	var mu sync.Mutex
	var group sync.WaitGroup
	for range s.InFlight() {
		group.Go(func() {
			for range work {
				_, err := s.Do(ctx, &Request{URL: shop})
				var e *Error
				for try := 1; try < 6 && errors.As(err, &e) && e.Crowded; try++ {
					_, err = s.Do(ctx, &Request{URL: shop})
				}
				if err != nil {
					mu.Lock()
					lost++
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	return lost
}

var falls = map[string]func(*http.Request) (*http.Response, error){
	"silent": func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	},
	"503":   func(*http.Request) (*http.Response, error) { return answered(http.StatusServiceUnavailable), nil },
	"429":   func(*http.Request) (*http.Response, error) { return answered(http.StatusTooManyRequests), nil },
	"slow":  slowly,
	"reset": func(*http.Request) (*http.Response, error) { return nil, io.EOF },
}

func slowly(r *http.Request) (*http.Response, error) {
	if err := sleep(r.Context(), 5*time.Second); err != nil {
		return nil, err
	}
	return answered(http.StatusOK), nil
}

// The rule: a host that falls over when it is asked by more than two at once is asked by two, however it falls over, and every
// request is answered. Once a minute one more shows whether it bears three by now.
func TestHostIsAskedByAsManyAsItBears(t *testing.T) {
	for name, fall := range falls {
		for _, inFlight := range []int{6, 20} {
			t.Run(fmt.Sprintf("%s_%d", name, inFlight), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					host := &crowdedHost{work: 300 * time.Millisecond, bears: 2, fall: fall}
					c, s := offline(t, Options{Rate: -1, InFlight: inFlight}, nil)
					c.limiter.next = host
					if lost := ask(t.Context(), s, 1); lost != 0 { // as a scan does, the site's own page first
						t.Fatal("no answer at all")
					}
					lost := ask(t.Context(), s, 300)
					host.since()
					lost += ask(t.Context(), s, 60)
					if most, over := host.since(); lost > 0 || most < 2 || most > 3 || over > 3 {
						t.Errorf("%d of 360 requests had no answer; in the end the host was asked by %d at once, %d requests were too many", lost, most, over)
					}
				})
			})
		}
	}
}

// A host that bears what the user allows is asked by as many all the time, whatever its pages are like: the scan takes as long
// as its answers do.
func TestHostThatBearsAllIsNotSlower(t *testing.T) {
	const requests, workers = 600, 6
	cases := map[string]struct {
		answer func(n int) time.Duration // 0 for never
		within float64                   // times as long as with six requests in flight all the time
	}{
		"even":   {func(int) time.Duration { return 50 * time.Millisecond }, 1},
		"uneven": {func(n int) time.Duration { return time.Duration(20+n*7919%400) * time.Millisecond }, 1.05},
		"one_slow_page": {func(n int) time.Duration {
			if n == 100 {
				return 2 * time.Second
			}
			return 50 * time.Millisecond
		}, 1.05},
		"slower_later":              {func(n int) time.Duration { return time.Duration(50+1000*(n/300)) * time.Millisecond }, 1.4},
		"slower_than_its_home_page": {func(n int) time.Duration { return time.Duration(min(n, 1)) * 2 * time.Second }, 1.2},
		"silent_to_one_in_twenty": {func(n int) time.Duration {
			if n%20 == 19 {
				return 0
			}
			return 50 * time.Millisecond
		}, 2},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				n, worked := 0, time.Duration(0)
				client, s := offline(t, Options{Rate: -1, InFlight: workers, Retries: -1}, nil)
				client.limiter.next = roundTripper(func(r *http.Request) (*http.Response, error) {
					mu.Lock()
					took := c.answer(n)
					n++
					worked += took
					if took == 0 {
						worked += client.options.Timeout
					}
					mu.Unlock()
					if took == 0 {
						return falls["silent"](r)
					}
					return answered(http.StatusOK), sleep(r.Context(), took)
				})
				started := time.Now()
				ask(t.Context(), s, 1)
				ask(t.Context(), s, requests)
				if ratio := float64(time.Since(started)) / (float64(worked) / workers); ratio > c.within+0.02 {
					t.Errorf("the scan took %.2f times as long as its answers, want %v", ratio, c.within)
				}
			})
		})
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A burst gets the slots that it needs also of a host that gets one request at a time, waits for none that is withheld, and
// gives all back.
func TestBurstOfAHostThatGetsFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := &crowdedHost{work: 300 * time.Millisecond, bears: 6, fall: falls["503"]}
		c, s := offline(t, Options{Rate: -1, InFlight: 6}, nil)
		c.limiter.next = host
		h := c.limiter.host(shop.Host)
		defer c.limiter.leave(h)
		ask(t.Context(), s, 1)
		var group sync.WaitGroup
		for range 8 { // bursts, single requests and failures at the same time
			group.Go(func() { ask(t.Context(), s, 20) })
			group.Go(func() {
				h.slots.mu.Lock()
				h.slots.lower()
				h.slots.mu.Unlock()
				all := make([]BurstRequest, 6)
				for i := range all {
					all[i] = BurstRequest{Session: s, Request: &Request{URL: shop}}
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				if _, err := Burst(ctx, all); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if most, _ := host.since(); most != 6 {
			t.Errorf("%d requests at once, want the six of a burst and no more", most)
		}
		if held := len(h.slots.room); held != h.slots.withheld || held != 6-h.slots.limit || h.slots.limit < 1 {
			t.Errorf("%d slots are taken when all is over, %d withheld for %d requests at once", held, h.slots.withheld, h.slots.limit)
		}
	})
}
