package web

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"time"
)

// Options of a Client. The zero value of each is the polite default.
type Options struct {
	Rate       float64           // requests a second to one host:port; 0 is 20, negative means no limit
	InFlight   int               // requests to one host:port at once; 0 is 6
	Timeout    time.Duration     // one absolute deadline for headers and body of an attempt; 0 is 15 s
	Retries    int               // further attempts after a connection error of GET and HEAD; 0 is 1, negative is none
	MaxBody    int64             // bytes of decoded body kept; 0 is 1 MiB
	Proxy      *url.URL          // http, https or socks5; nil for none (the environment is not looked at)
	Resolve    map[string]string // "host:port" to the address dialled instead, as in curl --resolve
	CAFile     string            // PEM file trusted beside the system's
	ClientCert string            // PEM file with certificate and key
	Insecure   bool              // certificates are not verified
	UserAgent  string            // "" is "sotomi/VERSION"
	Header     http.Header       // sent to the origin of the session's target only
}

// Client is shared by all visitors of all hosts: connections, rates and limits live here.
type Client struct {
	options Options
	http    *http.Client
}

// NewClient checks the options; an error names the one that is wrong.
func NewClient(o Options) (*Client, error) {
	if o.MaxBody == 0 {
		o.MaxBody = 1 << 20
	}
	return &Client{options: o, http: &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 8, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Requests is the number of attempts that left the machine so far.
func (c *Client) Requests() int64 { return 0 }

// Session is a new visitor of the site at base, with an empty cookie jar; its scope is the host name of base.
func (c *Client) Session(base *url.URL) *Session {
	jar, _ := cookiejar.New(nil)
	return &Session{client: c, base: base, jar: jar}
}

// Session is one visitor of one site. It may be used by many goroutines.
type Session struct {
	client *Client
	base   *url.URL
	jar    http.CookieJar
}

// Do sends r and returns the last hop, or a *Error.
func (s *Session) Do(ctx context.Context, r *Request) (*Exchange, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, r.URL.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, &Error{Kind: KindProtocol, URL: r.URL.String(), Err: err}
	}
	for k, v := range r.Header {
		req.Header[k] = v
	}
	start := time.Now().UTC()
	res, err := s.client.http.Do(req)
	if err != nil {
		return nil, &Error{Kind: KindUnreachable, URL: r.URL.String(), Err: err}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, s.client.options.MaxBody))
	return &Exchange{Request: r, URL: r.URL, Status: res.StatusCode, StatusLine: res.Proto + " " + res.Status, Proto: res.Proto,
		Header: res.Header, Body: body, Truncated: err != nil, Started: start, Took: time.Since(start),
		Sent: fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\n\r\n", req.Method, r.URL.RequestURI(), r.URL.Host)}, nil
}

// Key is the canonical request with every option that changes its answer: two requests with equal keys are one.
func (r *Request) Key() string {
	return fmt.Sprintf("%s %s %s %s %q %q %d %d %d", r.Method, r.URL, r.Host, r.Target, r.Header, r.Body, r.Redirects, r.MaxRedirects, r.MaxBody)
}

// Text is the body as UTF-8, decoded by byte order mark, header, meta tag, or what decodes cleanly.
func (e *Exchange) Text() string {
	e.textOnce.Do(func() { e.text = string(e.Body) })
	return e.text
}
