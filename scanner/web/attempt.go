package web

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/projectdiscovery/retryablehttp-go"
)

// attempt is one request on its way, and its context: it ends with the caller's, and when the deadline of a try passes.
// Whatever sends the request once more (a retry of ours, or net/http when a connection breaks) asks it for leave, so that
// everything a server may see is counted and keeps to the rate of its host.
type attempt struct {
	context.Context
	cancel  context.CancelCauseFunc
	limiter *limiter
	host    *hostState
	permit  *permit       // taken beforehand; nil for none
	timeout time.Duration // of one try
	most    int           // requests that may be sent
	once    bool          // a request that the server may have seen is not sent again
	retry   bool          // tries may be repeated after a connection error
	proxied bool          // whoever answers is the proxy
	public  bool          // private addresses are refused
	tests   bool          // status 429 is what it looks for
	known   bool          // the request is for an origin that gets what the user gave to log in

	deadline *time.Timer // of the newest try
	failed   error       // of the newest try
	location []string    // the Location header, kept from net/http, which refuses an answer with a malformed one
	begun    time.Time   // when the newest try had its permit
	answered time.Time   // when the head of its answer was there
	remote   net.Addr    // nil through a proxy
	crowded  bool        // the newest try may have failed because of other requests in flight

	mu    sync.Mutex // net/http dials in a goroutine of its own, which may outlive the attempt
	sends int        // requests that were allowed
	conns int        // connections that the request was given to
	dials int        // connections made for it
	heard *heardConn // the newest of them; nil through a proxy
}

var (
	errDeadline = errors.New("deadline of the attempt")
	errSpent    = fmt.Errorf("sent as often as allowed: %w", io.EOF) // the last connection, too, was closed without an answer
)

// attemptKey finds the attempt in the context of its request.
type attemptKey struct{}

// attempt starts one to h under ctx. It must be ended.
func (c *Client) attempt(ctx context.Context, r *Request, h *hostState) *attempt {
	a := &attempt{
		limiter: c.limiter, host: h,
		timeout: r.Timeout, most: 1 + c.options.Retries,
		once: r.Once, tests: r.Wants429, retry: !r.Once && len(r.Body) == 0 && r.idempotent(), proxied: c.options.Proxy != nil,
	}
	if a.timeout <= 0 {
		a.timeout = c.options.Timeout
	}
	a.permit, _ = ctx.Value(permitKey{}).(*permit)
	a.Context, a.cancel = context.WithCancelCause(ctx)
	return a
}

// traced is the attempt as the context of its request.
func (a *attempt) traced() context.Context {
	return httptrace.WithClientTrace(a, &httptrace.ClientTrace{GotConn: a.connected})
}

// Value implements context.Context.
func (a *attempt) Value(key any) any {
	switch key {
	case attemptKey{}:
		return a
	case retryablehttp.RETRY_MAX:
		if a.retry {
			return nil // as the client says
		}
		return 0
	}
	return a.Context.Value(key)
}

// allow counts one more request, or refuses it.
func (a *attempt) allow() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.sends >= a.most {
		return false
	}
	a.sends++
	return true
}

// resend waits until the request may be sent once more within a try.
func (a *attempt) resend() error {
	if !a.allow() {
		return errSpent
	}
	if err := a.host.pace(a); err != nil {
		return err
	}
	return a.limiter.depart(a)
}

// dialing is called before a connection is made for the attempt. A server that ends each connection before the request is
// on it makes net/http dial for ever.
func (a *attempt) dialing() error {
	a.mu.Lock()
	a.dials++
	within := a.dials <= a.sends
	a.mu.Unlock()
	if within {
		return nil
	}
	return a.resend()
}

// connected is called before the request is written to a connection. When that is not allowed, nothing is written: HTTP/2
// looks at the context first, and a connection of HTTP/1 is closed.
func (a *attempt) connected(i httptrace.GotConnInfo) {
	if !a.proxied {
		a.remote = i.Conn.RemoteAddr()
	}
	a.mu.Lock()
	a.conns++
	within := a.conns <= a.sends
	a.mu.Unlock()
	forbidden := a.limiter.mayLeave(a) // it may have taken long to connect
	if within && forbidden == nil {
		return
	}
	secure, _ := i.Conn.(*tls.Conn)
	http2 := secure != nil && secure.ConnectionState().NegotiatedProtocol == "h2"
	err := cmp.Or(forbidden, errSpent)
	if forbidden == nil && (!a.once || http2) { // over HTTP/2 a request is only sent again when the server says that it has not seen it
		err = a.resend()
	}
	if err == nil {
		a.begun = time.Now()
		return
	}
	a.cancel(err)
	if !http2 {
		_ = i.Conn.Close() // its request could not be written
	}
}

// begin starts a try: from now on its deadline counts.
func (a *attempt) begin() {
	a.begun = time.Now()
	if a.deadline == nil {
		a.deadline = time.AfterFunc(a.timeout, func() { a.cancel(errDeadline) })
	} else {
		a.deadline.Reset(a.timeout)
	}
}

// noteAnswer tells the slots of the host of an answer, which may be a refusal.
func (a *attempt) noteAnswer(status int) {
	switch {
	case status == http.StatusTooManyRequests && !a.tests, status == http.StatusServiceUnavailable:
		a.crowded = a.host.slots.failed(a.begun)
	default:
		a.crowded = false
		a.host.slots.answered(a.begun, a.answered.Sub(a.begun))
	}
}

// noteFailure tells the slots of the host of a connection that ended without an answer.
func (a *attempt) noteFailure(err error) {
	cause := context.Cause(a)
	if cause != nil && !errors.Is(cause, errSpent) {
		return // ended by us
	}
	if kind := kindOf(context.WithoutCancel(a), cmp.Or(cause, err)); kind == KindClosed || kind == KindUnreachable {
		a.crowded = a.host.slots.failed(a.begun)
	}
}

// noteDeadline tells the slots of the host of an answer that was not there in time.
func (a *attempt) noteDeadline() {
	if errors.Is(context.Cause(a), errDeadline) {
		a.crowded = a.host.slots.failed(a.begun)
	}
}

// fail notes how a try ended without an answer.
func (a *attempt) fail(err error) error {
	switch cause := context.Cause(a.Context); {
	case errors.Is(cause, errDeadline):
		err = &timeoutError{err}
	case errors.Is(cause, errSpent):
		err = errSpent
	case errors.As(cause, new(*forbiddenError)):
		err = cause
	}
	a.failed = err
	return err
}

// end frees what the attempt holds.
func (a *attempt) end() {
	if a.deadline != nil {
		a.deadline.Stop()
	}
	a.cancel(nil)
}

// note gives an exchange what the attempt saw.
func (a *attempt) note(ex *Exchange) {
	ex.Remote = a.remote
	ex.Started, ex.Took = a.begun.UTC(), time.Since(a.begun)
	ex.crowded = a.crowded
	ex.FirstByte = a.answered.Sub(a.begun)
}
