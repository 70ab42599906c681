// Package web is the only way from sotomi to the network: a polite HTTP client, the limiter under it, and what came back.
//
// A Client holds what all visitors share (connections, rate, limits). A Session is one visitor of one site with a cookie
// jar of its own. Session.Do sends a Request and returns an Exchange, which never changes afterwards.
package web

import (
	"cmp"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// Redirects says how far a Request follows redirect answers. Whatever it says, a redirect never leaves the scope of the
// session (the host name the user asked for).
type Redirects int

// How far redirects are followed.
const (
	RedirectsNone Redirects = iota // the redirect answer itself is the result
	RedirectsHost                  // only to the same host and port
	RedirectsAny                   // anywhere in scope
)

// Request is what a check wants sent. The zero value of each option is the polite default.
type Request struct {
	Method       string      // "" means GET
	URL          *url.URL    // absolute
	Header       http.Header // names are sent in canonical form; a nil value list drops a default header
	Host         string      // Host header when it is not that of URL
	Target       string      // request target sent byte for byte, such as "/a/../b"; "" is made from URL
	Body         []byte
	Redirects    Redirects
	MaxRedirects int           // 0 means 10
	MaxBody      int64         // bytes of decoded body kept; 0 means the client's limit, which is also the ceiling
	Timeout      time.Duration // one deadline for headers and body of one attempt; 0 means the client's
	Once         bool          // never retried: for checks that count requests or time them
	NoCookies    bool          // neither sends nor stores cookies
	Wants429     bool          // status 429 without Retry-After is an ordinary answer: it is what the check looks for
}

func (r *Request) idempotent() bool {
	return r.method() == http.MethodGet || r.Method == http.MethodHead
}

// Repeatable reports whether sending the request once more is harmless.
func (r *Request) Repeatable() bool { return !r.Once && r.idempotent() }

// method is the method as it is sent.
func (r *Request) method() string { return cmp.Or(r.Method, http.MethodGet) }

// Exchange is one request and its response. It never changes and may be read by many goroutines.
type Exchange struct {
	Request    *Request // as asked for; URL is that of this hop
	Sent       Sent     // as written, for evidence
	URL        *url.URL // of this hop
	Status     int      // 200
	StatusLine string   // "HTTP/1.1 200 OK"
	Proto      string   // "HTTP/1.1", "HTTP/2.0"
	Header     http.Header
	Body       []byte               // after content coding, at most MaxBody bytes; hashes are taken over these
	Truncated  bool                 // the body went on past the limit, or the connection broke within it
	Broken     bool                 // what more the body holds is unknown: the connection broke within it, or it cannot be decoded
	Started    time.Time            // UTC, when the first byte was to be sent
	Took       time.Duration        // until the last byte of the body kept
	FirstByte  time.Duration        // until the head of the answer was there
	Remote     net.Addr             // who answered; nil through a proxy
	TLS        *tls.ConnectionState // nil for plain HTTP
	Previous   *Exchange            // the hop whose redirect led here; nil for the first
	Secrets    []string             // values that no report may show, as Options.Secrets

	crowded     bool // a refusal that may come from the other requests in flight
	textOnce    sync.Once
	text        string
	sendsOnce   sync.Once
	sendsTo     *url.URL
	derivedOnce sync.Once
	derived     any
}

// Derived is what one reader of exchanges makes of this one: made when first asked for, kept as long as the exchange. Only
// the matchers of templates are such a reader.
func (ex *Exchange) Derived(make func() any) any {
	ex.derivedOnce.Do(func() { ex.derived = make() })
	return ex.derived
}

// Cookies are those that the answer sets: the one way to read Set-Cookie.
func (ex *Exchange) Cookies() []*http.Cookie { return (&http.Response{Header: ex.Header}).Cookies() }
