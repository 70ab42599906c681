package web

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/projectdiscovery/retryablehttp-go"
	"golang.org/x/time/rate"
)

// gate is the RoundTripper under everything: retries and redirect hops pass it too. It keeps the rate and the number of
// requests in flight of each host, counts, and sets the deadline of an attempt.
type limiter struct {
	next    http.RoundTripper
	options Options
	sent    atomic.Int64

	mu    sync.Mutex
	hosts map[string]*hostState
}

// patience is the longest Retry-After that is waited for.
const patience = 30 * time.Second

// Between a connection error and the next try.
const (
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 2 * time.Second
)

var backoff = retryablehttp.DefaultBackoff()

// hostState is what the gate knows about one host:port.
type hostState struct {
	limiter *rate.Limiter // nil without a limit
	slots   chan struct{}
	burst   chan struct{} // held by the one volley that is gathering slots

	mu        sync.Mutex
	notBefore time.Time // set by Retry-After
	users     int       // sessions and requests that hold it; under gate.mu
}

func newLimiter(next http.RoundTripper, o Options) *limiter {
	return &limiter{next: next, options: o, hosts: map[string]*hostState{}}
}

// host is the state of host:port, made when first asked for. leave gives it back; the last one to leave drops it, unless
// the host asked us to slow down.
func (g *limiter) host(name string) *hostState {
	g.mu.Lock()
	defer g.mu.Unlock()
	h, ok := g.hosts[name]
	if !ok {
		h = &hostState{slots: make(chan struct{}, g.options.InFlight), burst: make(chan struct{}, 1)}
		if g.options.Rate > 0 {
			h.limiter = rate.NewLimiter(rate.Limit(g.options.Rate), max(1, min(g.options.InFlight, int(g.options.Rate))))
		}
		g.hosts[name] = h
		if len(g.hosts) > maxHosts {
			g.forget()
		}
	}
	h.users++
	return h
}

const maxHosts = 4096

// forget drops hosts that nobody is using, so that memory does not grow with the number of targets.
func (g *limiter) forget() {
	now := time.Now()
	for name, h := range g.hosts {
		if h.users == 0 && h.notBefore.Before(now) {
			delete(g.hosts, name)
		}
	}
}

func (g *limiter) leave(h *hostState) {
	g.mu.Lock()
	defer g.mu.Unlock()
	h.users--
}

// RoundTrip waits for its turn, sends, and gives the turn back when the body is closed.
func (g *limiter) RoundTrip(req *http.Request) (*http.Response, error) {
	a, ok := req.Context().Value(attemptKey{}).(*attempt)
	if !ok {
		return nil, errors.New("only a session sends requests")
	}
	if a.tries++; a.once && a.tries > 1 {
		return nil, io.ErrUnexpectedEOF
	}
	if a.tries > 1 {
		if err := sleep(req.Context(), backoff(firstBackoff, maxBackoff, a.tries-2, nil)); err != nil {
			return nil, err
		}
	}
	h := g.host(req.URL.Host)
	if !a.permit.acquire(h) {
		if err := h.wait(req.Context()); err != nil {
			g.leave(h)
			return nil, err
		}
	}
	t := &permitBody{limiter: g, host: h, attempt: a}
	g.sent.Add(1)
	a.begin()
	res, err := g.next.RoundTrip(req)
	if err != nil {
		if a.late() {
			err = &timeoutError{err}
		}
		t.done()
		return nil, err
	}
	a.answered = time.Now()
	t.ReadCloser, res.Body = res.Body, t
	return res, nil
}

// wait takes a slot and a token.
func (h *hostState) wait(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	h.mu.Lock()
	pause := time.Until(h.notBefore)
	h.mu.Unlock()
	err := sleep(ctx, pause)
	if err == nil && h.limiter != nil {
		err = h.limiter.Wait(ctx)
	}
	if err != nil {
		<-h.slots
	}
	return err
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// slowDown halves the rate of a host that said it is asked too much, and keeps away from it for as long as it wants.
func (g *limiter) backOff(name string, wait time.Duration) {
	h := g.host(name)
	defer g.leave(h)
	if h.limiter != nil {
		h.limiter.SetLimit(max(h.limiter.Limit()/2, 0.5))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if until := time.Now().Add(wait); until.After(h.notBefore) {
		h.notBefore = until
	}
}

// retryAfter is how long an answer asks us to wait (RFC 9110 section 10.2.3), and whether it asks at all. A 503 without
// the header is an ordinary answer.
func retryAfter(res *http.Response, tries int) (time.Duration, bool) {
	text := res.Header.Get("Retry-After")
	if res.StatusCode != http.StatusTooManyRequests && (res.StatusCode != http.StatusServiceUnavailable || text == "") {
		return 0, false
	}
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, math.MaxInt32)) * time.Second, true // more would overflow
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at)), true
	}
	return time.Second << tries, true
}

// turnBody gives the turn back when closed.
type permitBody struct {
	io.ReadCloser
	limiter *limiter
	host    *hostState
	attempt *attempt
	over    atomic.Bool
}

func (b *permitBody) Close() error {
	err := b.ReadCloser.Close()
	b.done()
	return err
}

func (b *permitBody) done() {
	if b.over.CompareAndSwap(false, true) {
		b.attempt.stop()
		<-b.host.slots
		b.limiter.leave(b.host)
	}
}

type timeoutError struct{ err error }

func (e *timeoutError) Error() string { return "no complete answer in time" }
func (e *timeoutError) Unwrap() error { return e.err }
