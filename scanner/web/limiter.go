package web

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/projectdiscovery/retryablehttp-go"
	"golang.org/x/time/rate"
)

// limiter is the RoundTripper under everything: retries and redirect hops pass it too. It keeps the rate and the number of
// requests in flight of each host, counts, sets the deadline of an attempt, and refuses answers that are not HTTP.
type limiter struct {
	next    http.RoundTripper
	http1   http.RoundTripper // for hosts that do not want HTTP/2
	fresh   http.RoundTripper // for requests that are not repeated: each has a connection of its own, which no server is about to close
	lenient http.RoundTripper // for answers that net/http refuses for a line of their head; nil through a proxy
	options Options
	total   *rate.Limiter // nil without a limit
	sent    atomic.Int64

	transports []*renewable // all of them

	mu    sync.Mutex
	hosts map[string]*hostState
}

// Between a connection error and the next try.
const (
	firstBackoff = 100 * time.Millisecond
	maxBackoff   = 2 * time.Second
)

var backoff = retryablehttp.DefaultBackoff()

const maxHosts = 4096

// host is the state of host:port, made when first asked for. leave gives it back.
func (l *limiter) host(name string) *hostState {
	l.mu.Lock()
	defer l.mu.Unlock()
	h, ok := l.hosts[name]
	if !ok {
		if len(l.hosts) >= maxHosts {
			l.forget()
		}
		h = newHostState(l.options)
		l.hosts[name] = h
	}
	h.users++
	return h
}

// forget drops hosts that nobody is using, and the connections that nobody is using, so that memory does not grow with the
// number of targets. Those that asked for something are kept.
func (l *limiter) forget() {
	for _, t := range l.transports {
		t.renew()
	}
	now := time.Now()
	for name, h := range l.hosts {
		if h.idle(now) {
			delete(l.hosts, name)
		}
	}
}

func (l *limiter) leave(h *hostState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h.users--
}

// RoundTrip waits for a slot and a token, sends, and gives the slot back when the body is closed.
func (l *limiter) RoundTrip(req *http.Request) (*http.Response, error) {
	a, ok := req.Context().Value(attemptKey{}).(*attempt)
	if !ok {
		return nil, errors.New("only a session sends requests")
	}
	if a.failed != nil {
		if a.once || !a.allow() {
			return nil, a.failed
		}
		if err := sleep(req.Context(), backoff(firstBackoff, maxBackoff, a.sends-2, nil)); err != nil {
			return nil, err
		}
	} else if !a.allow() {
		return nil, errSpent
	}
	if !a.permit.acquire(a.host) { // not taken beforehand by a burst
		if err := a.host.wait(req.Context()); err != nil {
			return nil, err
		}
	}
	body := &heldBody{attempt: a}
	if err := l.depart(req.Context()); err != nil {
		a.host.slots.free()
		return nil, err
	}
	a.begin()
	res, err := l.send(a, req) //nolint:contextcheck // the attempt is the context
	if err == nil {
		a.answered = time.Now()
		err = a.accept(req, res)
	}
	if err != nil {
		a.noteFailure(err) //nolint:contextcheck // the attempt is the context
		body.release()     //nolint:contextcheck // likewise
		return nil, a.fail(err)
	}
	a.noteAnswer(res.StatusCode)
	body.ReadCloser, res.Body = res.Body, body
	return res, nil
}

// send sends, and once more where net/http refuses the answer for a line of its head.
func (l *limiter) send(a *attempt, req *http.Request) (*http.Response, error) {
	res, err := l.sendOnce(a, req)
	if err == nil || l.lenient == nil || !a.retry || !refusesHead(err) || a.resend() != nil {
		return res, err
	}
	return l.lenient.RoundTrip(req)
}

// sendOnce sends by HTTP/2 where the host speaks it, unless it said that a request must come by HTTP/1.1 (RFC 9113 section 7).
func (l *limiter) sendOnce(a *attempt, req *http.Request) (*http.Response, error) {
	if !a.host.http1.Load() {
		next := l.next
		if req.ContentLength != 0 {
			next = l.fresh
		}
		res, err := next.RoundTrip(req)
		if err == nil || !strings.Contains(err.Error(), "HTTP_1_1_REQUIRED") {
			return res, err
		}
		a.host.http1.Store(true)
		if spent := a.resend(); spent != nil {
			return nil, err
		}
		if req.GetBody != nil {
			again := *req
			if again.Body, err = req.GetBody(); err != nil {
				return nil, err
			}
			req = &again
		}
	}
	return l.http1.RoundTrip(req)
}

// accept refuses answers that no HTTP server gives.
func (a *attempt) accept(req *http.Request, res *http.Response) error {
	switch {
	case res.StatusCode < 100 || res.ProtoMajor < 1 || res.ProtoMajor > 2:
		_ = res.Body.Close()
		return errors.New("malformed HTTP status line")
	case res.StatusCode == http.StatusSwitchingProtocols:
		_ = res.Body.Close() // what follows is not HTTP, and net/http does not end it with the context
		if len(req.Header["Upgrade"]) == 0 {
			return errors.New("101 Switching Protocols without having been asked")
		}
		res.Body = http.NoBody
	}
	a.location = res.Header["Location"]
	delete(res.Header, "Location")
	return nil
}

// heldBody gives the slot back when it is closed.
type heldBody struct {
	io.ReadCloser
	attempt *attempt
	over    atomic.Bool
}

func (b *heldBody) Close() error {
	err := b.ReadCloser.Close()
	b.release()
	return err
}

func (b *heldBody) release() {
	if b.over.CompareAndSwap(false, true) {
		b.attempt.deadline.Stop()
		b.attempt.noteDeadline()
		b.attempt.host.slots.free()
	}
}

type timeoutError struct{ err error }

func (e *timeoutError) Error() string { return "no complete answer in time" }
func (e *timeoutError) Unwrap() error { return e.err }
