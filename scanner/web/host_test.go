package web

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// roundTrip is a server without a network, for tests under a clock that is not the machine's.
type roundTrip func(*http.Request) *http.Response

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return f(r), nil
}

func answered(status int, header ...string) *http.Response {
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return &http.Response{StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: h, Body: io.NopCloser(strings.NewReader(""))}
}

var shop = &url.URL{Scheme: "http", Host: "shop.example", Path: "/"}

// offline is a client whose requests are answered by f.
func offline(t *testing.T, o Options, f roundTrip) (*Client, *Session) {
	t.Helper()
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	c.limiter.next, c.limiter.fresh = f, f
	return c, c.Session(shop)
}

func (c *Client) rate(u *url.URL) float64 {
	h := c.limiter.host(u.Host)
	defer c.limiter.leave(h)
	h.mu.Lock()
	defer h.mu.Unlock()
	return float64(h.rate(time.Now()))
}

// The rule: the rate is halved once for all refusals of requests that left before the host was slowed down for, and comes
// back within a minute.
func TestOneBurstSlowsDownOnce(t *testing.T) {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		synctest.Test(t, func(t *testing.T) {
			n, together := 0, make(chan struct{})
			var mu sync.Mutex
			c, s := offline(t, Options{Rate: 20}, func(*http.Request) *http.Response {
				mu.Lock()
				n++
				mine := n
				if n == 6 {
					close(together)
				}
				mu.Unlock()
				if mine <= 6 {
					<-together
					<-time.After(time.Duration(mine) * time.Millisecond) // one answer after another
					return answered(status, "Retry-After", "1")
				}
				return answered(http.StatusOK)
			})
			started := time.Now()
			var group sync.WaitGroup
			for range 12 {
				group.Go(func() {
					if _, err := s.Do(t.Context(), &Request{URL: shop}); err != nil {
						t.Error(err)
					}
				})
			}
			<-time.After(500 * time.Millisecond)
			if got := c.rate(shop); got != 10 {
				t.Errorf("%d: %v requests a second after a burst of refusals, want half of 20", status, got)
			}
			group.Wait()
			if took := time.Since(started); took < 1500*time.Millisecond || took > 4*time.Second {
				t.Errorf("%d: 12 requests took %s, want the second asked for and little more", status, took)
			}
			<-time.After(10 * time.Second)
			if got := c.rate(shop); got <= 11 || got >= 20 {
				t.Errorf("%d: %v requests a second after ten seconds, want it to come back gradually", status, got)
			}
			<-time.After(recovery)
			if got := c.rate(shop); got != 20 {
				t.Errorf("%d: %v requests a second after a minute, want 20", status, got)
			}
		})
	}
}

// A host that goes on refusing is asked more and more slowly, and nothing leaves faster than the rate.
func TestRefusalsGoOnSlowingDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []time.Time
		c, s := offline(t, Options{Rate: 20}, func(*http.Request) *http.Response {
			sent = append(sent, time.Now())
			return answered(http.StatusTooManyRequests, "Retry-After", "0")
		})
		for range 4 {
			if _, err := s.Do(t.Context(), &Request{URL: shop}); KindOf(err) != KindThrottled {
				t.Fatalf("%v, want throttled", err)
			}
		}
		if got := c.rate(shop); got > 1 || got < float64(slowest) {
			t.Errorf("%v requests a second after twelve refusals, want little, and no less than %v", got, slowest)
		}
		if len(sent) != 4*tries {
			t.Errorf("%d requests, want %d", len(sent), 4*tries)
		}
		if gap := sent[11].Sub(sent[10]); gap < time.Second/2 {
			t.Errorf("the last requests are %s apart", gap)
		}
	})
	synctest.Test(t, func(t *testing.T) { // a rate below the slowest is the user's
		c, s := offline(t, Options{Rate: 0.25}, func(*http.Request) *http.Response { return answered(http.StatusTooManyRequests) })
		_, _ = s.Do(t.Context(), &Request{URL: shop})
		if got := c.rate(shop); got != 0.25 {
			t.Errorf("%v requests a second, want the user's", got)
		}
	})
}

// While a host is asked more slowly no two requests leave together, and none while it wants to be left alone.
func TestPauseHoldsForEveryRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var sent []time.Duration
		started := time.Now()
		_, s := offline(t, Options{Rate: 20}, func(*http.Request) *http.Response {
			mu.Lock()
			defer mu.Unlock()
			if sent = append(sent, time.Since(started)); len(sent) == 1 {
				return answered(http.StatusServiceUnavailable, "Retry-After", "10")
			}
			return answered(http.StatusOK)
		})
		var group sync.WaitGroup
		ask := func() {
			if _, err := s.Do(t.Context(), &Request{URL: shop}); err != nil {
				t.Error(err)
			}
		}
		group.Go(ask)
		synctest.Wait()
		for range 6 {
			group.Go(ask)
		}
		group.Wait()
		for i := 1; i < len(sent); i++ {
			if sent[i] < 10*time.Second || i > 1 && sent[i]-sent[i-1] < 50*time.Millisecond {
				t.Errorf("request %d left after %s, the one before after %s", i, sent[i], sent[i-1])
			}
		}
	})
}

// Requests that are not to be sent twice are not, whatever the host asks for.
func TestRefusedOnce(t *testing.T) {
	for name, r := range map[string]Request{"once": {Once: true}, "post": {Method: "POST", Body: []byte("x")}} {
		for _, header := range [][]string{nil, {"Retry-After", "1"}} {
			synctest.Test(t, func(t *testing.T) {
				c, s := offline(t, Options{}, func(*http.Request) *http.Response { return answered(http.StatusServiceUnavailable, header...) })
				r.URL = shop
				_, err := s.Do(t.Context(), &r)
				if KindOf(err) != KindThrottled || c.Requests() != 1 {
					t.Errorf("%s: %v after %d requests, want throttled after one", name, err, c.Requests())
				}
				if got := c.rate(shop); got >= 20 {
					t.Errorf("%s: the host is asked as fast as before", name)
				}
			})
		}
	}
}

// A site that answers nothing but 503 costs little time, though each of its pages is asked for.
func TestSiteThatIsDownTakesNoMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := offline(t, Options{}, func(*http.Request) *http.Response { return answered(http.StatusServiceUnavailable) })
		started := time.Now()
		for range 200 {
			if _, err := s.Do(t.Context(), &Request{URL: shop}); KindOf(err) != KindThrottled {
				t.Fatalf("%v, want throttled", err)
			}
		}
		if took := time.Since(started); took > 2*time.Minute {
			t.Errorf("200 requests took %s", took)
		}
	})
}

// A host that sheds what is beyond its rate is asked slowly enough to answer everything in the end.
func TestSheddingHostAnswersInTheEnd(t *testing.T) {
	for _, allowed := range []float64{1, 5} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			level, last := 0.0, time.Now()
			shed, total := 0, 0
			_, s := offline(t, Options{}, func(*http.Request) *http.Response { // a leaking bucket, as nginx limit_req has it
				mu.Lock()
				defer mu.Unlock()
				total++
				level = math.Max(0, level-allowed*time.Since(last).Seconds())
				last = time.Now()
				if level+1 > 6 {
					shed++
					return answered(http.StatusServiceUnavailable)
				}
				level++
				return answered(http.StatusOK)
			})
			var group sync.WaitGroup
			lost := 0
			work := make(chan struct{}, 178)
			for range 178 {
				work <- struct{}{}
			}
			close(work)
			started := time.Now()
			for range 6 {
				group.Go(func() {
					for range work {
						if _, err := s.Do(t.Context(), &Request{URL: shop}); err != nil {
							mu.Lock()
							lost++
							mu.Unlock()
						}
					}
				})
			}
			group.Wait()
			t.Logf("%v a second: %d of %d requests shed, %d given up, %s", allowed, shed, total, lost, time.Since(started))
			if lost > 5 {
				t.Errorf("%v a second: %d of 178 requests given up", allowed, lost)
			}
			if took, fastest := time.Since(started), time.Duration(170/allowed)*time.Second; took > 3*fastest+time.Minute {
				t.Errorf("%v a second: took %s, possible in %s", allowed, took, fastest)
			}
		})
	}
}

// A context that ends while a request waits frees the slot that it held.
func TestWaitThatEndsKeepsNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		_, s := offline(t, Options{InFlight: 1, Rate: 1}, func(*http.Request) *http.Response {
			if n++; n == 1 {
				return answered(http.StatusTooManyRequests, "Retry-After", "20")
			}
			return answered(http.StatusOK)
		})
		for range 3 { // in the pause, then for a token
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			_, err := s.Do(ctx, &Request{URL: shop})
			cancel()
			if KindOf(err) != KindCanceled {
				t.Errorf("%v, want canceled", err)
			}
		}
		if _, err := s.Do(t.Context(), &Request{URL: shop}); err != nil {
			t.Errorf("after waits that ended: %v", err)
		}
		before := time.Now()
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			_, _ = s.Do(ctx, &Request{URL: shop})
			cancel()
		}
		if _, err := Burst(t.Context(), []BurstRequest{{Session: s, Request: &Request{URL: shop}}}); err != nil || time.Since(before) > 2100*time.Millisecond {
			t.Errorf("a burst after waits that took no token: %v after %s", err, time.Since(before))
		}
	})
}

// A burst that ends before its requests leave keeps no slot either.
func TestBurstThatEndsKeepsNoSlot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, s := offline(t, Options{InFlight: 2}, func(*http.Request) *http.Response { return answered(http.StatusOK) })
		late := BurstRequest{Session: s, Request: &Request{URL: shop}, After: time.Hour}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		answers, err := Burst(ctx, []BurstRequest{late, late})
		if err != nil || KindOf(answers[0].Err) != KindCanceled || KindOf(answers[1].Err) != KindCanceled {
			t.Errorf("%v, %v, want both canceled", answers, err)
		}
		ctx, cancel = context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := s.Do(ctx, &Request{URL: shop}); err != nil {
			t.Errorf("after it: %v", err)
		}
	})
}

// A request that waits for its token when the host asks to be left alone waits on.
func TestPauseHoldsForThoseThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent []time.Duration
		started := time.Now()
		_, s := offline(t, Options{Rate: 1}, func(*http.Request) *http.Response {
			if sent = append(sent, time.Since(started)); len(sent) == 1 {
				<-time.After(time.Second / 2)
				return answered(http.StatusTooManyRequests, "Retry-After", "10")
			}
			return answered(http.StatusOK)
		})
		var group sync.WaitGroup
		group.Go(func() { _, _ = s.Do(t.Context(), &Request{URL: shop, Once: true}) })
		synctest.Wait()
		group.Go(func() { _, _ = s.Do(t.Context(), &Request{URL: shop}) })
		group.Wait()
		if len(sent) != 2 || sent[1] < 10500*time.Millisecond {
			t.Errorf("requests left after %v", sent)
		}
	})
}

// What net/http sends again keeps to the rate, and to the bound.
func TestResendingKeepsToTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := offline(t, Options{Rate: 0.5}, nil)
		a := c.attempt(t.Context(), &Request{URL: shop}, c.limiter.host(shop.Host))
		defer a.end()
		started := time.Now()
		if !a.allow() || a.host.pace(t.Context()) != nil || a.dialing() != nil || time.Since(started) > 0 {
			t.Errorf("the first connection had to wait %s", time.Since(started))
		}
		if err := a.dialing(); err != nil || time.Since(started) < 2*time.Second {
			t.Errorf("the second: %v after %s", err, time.Since(started))
		}
		if err := a.dialing(); !errors.Is(err, errSpent) {
			t.Errorf("the third: %v", err)
		}
	})
}

type failsOnce struct{ failed bool }

func (f *failsOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	if !f.failed {
		f.failed = true
		return nil, io.EOF
	}
	return answered(http.StatusOK), nil
}

// The deadline is that of one try: waiting for the next is not part of it.
func TestDeadlineIsOfOneTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := offline(t, Options{Timeout: 10 * time.Millisecond}, nil)
		c.limiter.next = &failsOnce{}
		if _, err := s.Do(t.Context(), &Request{URL: shop}); err != nil {
			t.Errorf("the second try: %v", err)
		}
	})
}
