package web

import (
	"context"
	"maps"
	"net"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/projectdiscovery/retryablehttp-go"
)

// attempt is one request on its way, and its context: that ends with the caller's, and when the deadline passes that
// counts from the turn at the gate. One value serves all tries, and one after another all requests of a series,
// since a scan makes hundreds of thousands of them.
type attempt struct {
	context.Context
	cancel context.CancelCauseFunc
	series *series         // whose next request takes over what this one leaves; nil for none
	traced context.Context // the attempt as the context of a request

	request retryablehttp.Request
	permit  *permit // at the gate, taken beforehand; nil for none
	timeout time.Duration
	once    bool // a second try is refused, whoever asks for it
	retry   bool // tries may be repeated after a connection error
	proxied bool // whoever answers is the proxy

	tries    int
	deadline *time.Timer // of the newest try
	running  int         // tries whose time runs, or ran out before they ended
	begun    time.Time   // when the last try had its turn
	answered time.Time   // when the head of its answer was there
	remote   net.Addr    // nil through a proxy
}

// attemptKey finds the attempt in the context of its request.
type attemptKey struct{}

// series is a context for requests that are sent one after another: it keeps what an attempt leaves for the next.
type series struct {
	context.Context
	idle atomic.Pointer[attempt]
}

// InSeries is ctx for a caller who mostly sends one request after another, all with the context itself. Requests are cheaper
// then.
func InSeries(ctx context.Context) context.Context { return &series{Context: ctx} }

// attempt starts one under ctx. It must be ended.
func (c *Client) attempt(ctx context.Context, r *Request) *attempt {
	s, _ := ctx.(*series) // any other context keeps nothing
	var a *attempt
	if s != nil {
		a = s.idle.Swap(nil)
	}
	if a == nil {
		a = &attempt{series: s}
		a.permit, _ = ctx.Value(permitKey{}).(*permit)
		a.Context, a.cancel = context.WithCancelCause(ctx)
		a.traced = httptrace.WithClientTrace(a, &httptrace.ClientTrace{GotConn: a.connected})
	}
	a.timeout, a.once, a.proxied, a.tries, a.remote = r.Timeout, r.Once, c.options.Proxy != nil, 0, nil
	if a.timeout <= 0 {
		a.timeout = c.options.Timeout
	}
	a.retry = !r.Once && len(r.Body) == 0 && r.idempotent()
	return a
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

func (a *attempt) connected(i httptrace.GotConnInfo) {
	if i.Conn != nil && !a.proxied {
		a.remote = i.Conn.RemoteAddr()
	}
}

// begin starts a try: from now on its deadline counts.
func (a *attempt) begin() {
	a.begun = time.Now()
	a.running++
	if a.deadline == nil {
		a.deadline = time.AfterFunc(a.timeout, func() { a.cancel(errDeadline) })
	} else {
		a.deadline.Reset(a.timeout)
	}
}

// stop ends a try; the deadline is then of no more concern.
func (a *attempt) stop() {
	if a.deadline.Stop() {
		a.running--
	}
}

// late reports whether the deadline has passed.
func (a *attempt) late() bool { return context.Cause(a.Context) == errDeadline } //nolint:errorlint // the cause itself

// end frees what the attempt holds, or leaves it to the next. One whose time ran out, or may be running out just now, is of
// no use to others.
func (a *attempt) end() {
	a.request = retryablehttp.Request{}
	if a.series == nil || a.running > 0 || a.Err() != nil || !a.series.idle.CompareAndSwap(nil, a) {
		a.cancel(nil)
	}
}

// note gives an exchange what the attempt saw.
func (a *attempt) note(ex *Exchange) {
	ex.Remote = a.remote
	ex.Started, ex.Took = a.begun.UTC(), time.Since(a.begun)
	ex.FirstByte = a.answered.Sub(a.begun)
}

// Sent is a request as it was written, for evidence and templates that look at it: without cookies and credentials of the
// user. The text is made on demand.
type Sent struct {
	method string
	url    *url.URL
	host   string
	header map[string][]string // never changes
	body   []byte

	text string // the whole instead, for exchanges that no Client made
}

// SentText is a request from elsewhere.
func SentText(text string) Sent { return Sent{text: text} }

// String is the request in HTTP/1.1, its headers by name.
func (s Sent) String() string {
	if s.url == nil {
		return s.text
	}
	var b strings.Builder
	b.WriteString(s.method + " " + s.url.RequestURI() + " HTTP/1.1\r\nHost: " + s.host + "\r\n")
	for _, name := range slices.Sorted(maps.Keys(s.header)) {
		for _, value := range s.header[name] {
			b.WriteString(name + ": " + value + "\r\n")
		}
	}
	b.WriteString("\r\n")
	b.Write(s.body)
	return b.String()
}
