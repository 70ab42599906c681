package web

import (
	"context"
	"maps"
	"net"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/projectdiscovery/retryablehttp-go"
)

// attempt is one request on its way, and its context: that ends with the caller's, and when the deadline passes that
// counts from the turn at the gate. One value serves all tries, since a scan makes hundreds of thousands of them.
type attempt struct {
	context.Context
	cancel context.CancelCauseFunc

	timeout time.Duration
	once    bool // a second try is refused, whoever asks for it
	retry   bool // tries may be repeated after a connection error
	proxied bool // whoever answers is the proxy

	tries    int
	deadline *time.Timer // of the try under way
	begun    time.Time   // when the last try had its turn
	answered time.Time   // when the head of its answer was there
	remote   net.Addr    // nil through a proxy
}

// attemptKey finds the attempt in the context of its request.
type attemptKey struct{}

// attempt starts one under ctx. It must be ended.
func (c *Client) attempt(ctx context.Context, r *Request) *attempt {
	a := &attempt{timeout: r.Timeout, once: r.Once, proxied: c.options.Proxy != nil}
	if a.timeout <= 0 {
		a.timeout = c.options.Timeout
	}
	a.retry = !r.Once && len(r.Body) == 0 && r.idempotent()
	a.Context, a.cancel = context.WithCancelCause(ctx)
	return a
}

// Value implements context.Context.
func (a *attempt) Value(key any) any {
	switch key {
	case attemptKey{}:
		return a
	case retryablehttp.RETRY_MAX:
		if !a.retry {
			return 0
		}
	}
	return a.Context.Value(key)
}

// traced is the attempt as the context of a request.
func (a *attempt) traced() context.Context {
	return httptrace.WithClientTrace(a, &httptrace.ClientTrace{GotConn: a.connected})
}

func (a *attempt) connected(i httptrace.GotConnInfo) {
	if i.Conn != nil && !a.proxied {
		a.remote = i.Conn.RemoteAddr()
	}
}

// begin starts a try: from now on its deadline counts.
func (a *attempt) begin() {
	a.begun = time.Now()
	a.deadline = time.AfterFunc(a.timeout, func() { a.cancel(errDeadline) })
}

// stop ends a try; the deadline is then of no more concern.
func (a *attempt) stop() { a.deadline.Stop() }

// late reports whether the deadline has passed.
func (a *attempt) late() bool { return context.Cause(a.Context) == errDeadline } //nolint:errorlint // the cause itself

// end frees what the attempt holds.
func (a *attempt) end() { a.cancel(nil) }

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
