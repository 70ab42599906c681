package web

import (
	"bytes"
	"context"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/projectdiscovery/retryablehttp-go"

	"sotomi/scanner/message"
)

// Session is one visitor of one site. It may be used by many goroutines.
type Session struct {
	client     *Client
	base       *url.URL
	jar        atomic.Pointer[cookiejar.Jar] // nil until a cookie is set
	header     http.Header                   // of the user, for the exact origin of base only; never shown
	onExchange func(*Exchange)               // nil for none
	given      *cookiejar.Jar                // the user's cookies, likewise; nil for none
	public     bool                          // no private address is connected to
	named      bool                          // the user named the origin of base: it gets the client certificate
}

// Session is a new visitor of the site at base, with an empty cookie jar; its scope is the host name of base. It carries
// the headers and the certificate of the client's options to the exact origin of base.
func (c *Client) Session(base *url.URL) *Session {
	s := c.SessionWithoutCredentials(base)
	s.header, s.named = c.options.Header, true
	return s
}

// SessionWithoutCredentials is a Session without the headers and the certificate of the client's options: for origins that
// the user did not name.
func (c *Client) SessionWithoutCredentials(base *url.URL) *Session {
	return &Session{client: c, base: base}
}

// PublicOnly makes the session refuse to connect to private and loopback addresses: for names that the user did not give. An
// address of Options.Resolve is the user's word. Through a proxy nothing is known of addresses. It must be called before the
// session is used.
func (s *Session) PublicOnly() { s.public = true }

// OnExchange registers a function that is called with every exchange, in the caller's goroutine, before Do returns it. It
// must be called before the session is used.
func (s *Session) OnExchange(see func(*Exchange)) { s.onExchange = see }

// Cookies are what the visitor would send to u.
func (s *Session) Cookies(u *url.URL) []*http.Cookie {
	if jar := s.jar.Load(); jar != nil {
		return jar.Cookies(u)
	}
	return nil
}

// setCookies keeps what an answer from u sets.
func (s *Session) setCookies(u *url.URL, cookies []*http.Cookie) {
	if len(cookies) == 0 {
		return
	}
	if s.jar.Load() == nil {
		s.jar.CompareAndSwap(nil, newJar())
	}
	s.jar.Load().SetCookies(u, cookies)
}

// StoreCookies stores the cookies that an exchange and the hops before it set, as if this visitor had received them.
func (s *Session) StoreCookies(ex *Exchange) {
	for hop := ex; hop != nil; hop = hop.Previous {
		s.setCookies(hop.URL, hop.Cookies())
	}
}

// Do sends r and returns the last hop, or a *Error. A host that refuses the request because it gets too many (429, 503) is
// asked more slowly from then on, and again for this request up to two times unless it wants a longer wait than 30 seconds;
// then the error is KindThrottled.
func (s *Session) Do(ctx context.Context, r *Request) (*Exchange, error) {
	var previous *Exchange
	hop := r
	for n := 0; ; n++ {
		ex, err := s.ask(ctx, hop)
		if err != nil {
			return nil, err
		}
		ex.Previous = previous
		next := s.follow(r, ex, n)
		if next == nil {
			if s.onExchange != nil {
				s.onExchange(ex)
			}
			return ex, nil
		}
		previous, hop = ex, next
	}
}

// follow is the request that a redirect leads to, nil when it is not to be followed or leads nowhere.
func (s *Session) follow(first *Request, ex *Exchange, hops int) *Request {
	limit := first.MaxRedirects
	if limit <= 0 || limit > maxRedirects {
		limit = maxRedirects
	}
	if first.Redirects == RedirectsNone || hops >= limit {
		return nil
	}
	location := ex.Header.Get("Location")
	switch ex.Status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil
	}
	to, err := ex.URL.Parse(location)
	if location == "" || err != nil || !s.inScope(to) || !OnSite(ex.URL, to) {
		return nil // another port of the host may be anything, such as a mail server
	}
	if first.Redirects == RedirectsHost && !strings.EqualFold(to.Host, ex.URL.Host) {
		return nil
	}
	next := *first
	next.URL, next.Target, next.Host = to, "", ""
	if ex.Status != http.StatusTemporaryRedirect && ex.Status != http.StatusPermanentRedirect && first.Method != http.MethodHead {
		next.Method, next.Body = http.MethodGet, nil
	}
	return &next
}

// inScope reports whether u is on the host that the session is for, by http or https and at any port.
func (s *Session) inScope(u *url.URL) bool {
	return (u.Scheme == "http" || u.Scheme == "https") && strings.EqualFold(u.Hostname(), s.base.Hostname())
}

// tries is how often a request is sent to a host that refuses it because it gets too many.
const tries = 3

// triesOfCrowd is the same while the host gets fewer and fewer at once.
const triesOfCrowd = 2 * tries

// ask sends one hop, again when told to come back later.
func (s *Session) ask(ctx context.Context, r *Request) (*Exchange, error) {
	if !s.inScope(r.URL) {
		return nil, &Error{Kind: KindScope, URL: r.URL.String(), Err: message.Errorf("%s is not the host that was asked for", r.URL.Hostname())}
	}
	h := s.client.limiter.host(r.URL.Host)
	defer s.client.limiter.leave(h)
	for try := 1; ; try++ {
		ex, err := s.attempt(ctx, r, h)
		if err != nil {
			return nil, err
		}
		wait, explicit, refused := refusal(ex)
		if !refused || r.Wants429 && ex.Status == http.StatusTooManyRequests && !explicit {
			return ex, nil
		}
		throttled := &Error{Kind: KindThrottled, URL: r.URL.String(), Err: &throttledError{ex.Status, wait, explicit, try}, Answer: ex}
		if !explicit {
			if ex.Status == http.StatusServiceUnavailable && h.inVain() {
				return nil, throttled // perhaps only some pages are down
			}
			wait = time.Second << (min(try, tries) - 1)
		}
		h.backOff(ex.Started, min(wait, patience))
		switch {
		case wait <= patience && (try < tries || ex.crowded && try < triesOfCrowd) && r.Repeatable():
			continue
		case try >= tries:
			h.refusedInVain()
		}
		return nil, throttled
	}
}

// refusal reports whether an answer means that the host gets too many requests, for how long it asks us to wait (RFC 9110
// section 10.2.3), and whether it said so itself.
func refusal(ex *Exchange) (wait time.Duration, explicit, refused bool) {
	if ex.Status != http.StatusTooManyRequests && ex.Status != http.StatusServiceUnavailable {
		return 0, false, false
	}
	text := ex.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, math.MaxInt32)) * time.Second, true, true // more would overflow
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at)), true, true
	}
	return 0, false, true
}

// attempt is one request and its answer, with retries after connection errors where that is harmless.
func (s *Session) attempt(ctx context.Context, r *Request, h *hostState) (*Exchange, error) {
	a := s.client.attempt(ctx, r, h)
	fail := func(err error) (*Exchange, error) {
		s.client.log(ctx, a.traffic(r.method(), address(r).String(), nil, err))
		return nil, &Error{Kind: kindOf(ctx, err), URL: r.URL.String(), Err: err, Greeting: a.greeting(r.URL.Scheme == "https", err), Crowded: a.crowded}
	}
	defer a.end()
	a.public = s.public
	a.known = s.named && sameOrigin(r.URL, s.base)
	req, err := s.build(a.traced(), r) //nolint:contextcheck // an attempt is under ctx
	if err != nil {
		return nil, &Error{Kind: KindProtocol, URL: r.URL.String(), Err: err}
	}
	ex := &Exchange{Request: r, URL: r.URL, Secrets: s.client.options.Secrets, Sent: Sent{method: req.Method, url: req.URL, host: req.Host, header: req.Header, body: r.Body}}
	s.credentials(req, r)
	// Not FromRequest: it parses the URL anew and refuses some that servers accept. Bodies are never sent twice.
	res, err := s.client.retry.Do(&retryablehttp.Request{Request: req})
	if err == nil {
		err = refusedByProxy(res, s.client.options.Proxy)
	}
	if err != nil {
		return fail(err)
	}
	limit := s.client.options.MaxBody
	if r.MaxBody > 0 {
		limit = min(limit, r.MaxBody)
	}
	got, err := readBody(res, limit)
	if err != nil {
		return fail(err)
	}
	if a.location != nil {
		res.Header["Location"] = a.location
	}
	ex.Body, ex.Truncated, ex.Broken = got.body, got.truncated, got.broken
	ex.Status, ex.Proto, ex.Header, ex.TLS = res.StatusCode, res.Proto, res.Header, res.TLS
	ex.StatusLine = res.Proto + " " + res.Status
	a.note(ex)
	s.client.log(ctx, a.traffic(r.method(), address(r).String(), ex, nil))
	if !r.NoCookies {
		s.setCookies(r.URL, ex.Cookies())
	}
	return ex, nil
}

// build makes the request as it is sent, but for cookies and credentials. Its header is not to be written to.
func (s *Session) build(ctx context.Context, r *Request) (*http.Request, error) {
	method := r.method()
	var req *http.Request
	if len(r.Body) > 0 || method != http.MethodGet {
		var body io.Reader
		if len(r.Body) > 0 {
			body = bytes.NewReader(r.Body)
		}
		var err error
		if req, err = http.NewRequestWithContext(ctx, method, "http://placeholder/", body); err != nil {
			return nil, err
		}
	} else {
		req = (&http.Request{Method: method, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}).WithContext(ctx)
	}
	req.URL, req.Host = address(r), r.Host
	if req.Host == "" {
		req.Host = req.URL.Host
	}
	req.Header = s.client.header
	if len(r.Header) > 0 {
		req.Header = maps.Clone(s.client.header)
		for name := range r.Header {
			if strings.EqualFold(name, "Range") {
				req.Header["Accept-Encoding"] = []string{"identity"} // part of a packed body cannot be unpacked
			}
		}
		for name, values := range r.Header {
			req.Header[http.CanonicalHeaderKey(name)] = values
		}
	}
	// A server that answers without having read the body takes it for the next request of the connection.
	req.Close = len(r.Body) > 0 && req.Header["Connection"] == nil
	return req, nil
}

// address is the URL of r as it is sent.
func address(r *Request) *url.URL {
	if r.Target == "" && r.URL.User == nil && r.URL.Fragment == "" && (r.URL.Path != "" || r.URL.Opaque != "") {
		return r.URL // URLs of requests never change
	}
	u := *r.URL
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	if u.Path == "" && u.Opaque == "" {
		u.Path = "/"
	}
	if r.Target != "" {
		setTarget(&u, r.Target)
	}
	return &u
}

// setTarget makes u ask for target byte for byte.
func setTarget(u *url.URL, target string) {
	path, query, hasQuery := strings.Cut(target, "?")
	if plain, err := url.PathUnescape(path); err == nil {
		v := url.URL{Path: plain, RawPath: path}
		if v.EscapedPath() == path {
			u.Path, u.RawPath, u.RawQuery, u.ForceQuery = plain, path, query, hasQuery && query == ""
			return
		}
	}
	u.Opaque = target
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}
