package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"

	"github.com/projectdiscovery/retryablehttp-go"

	"sotomi/scanner/message"
)

// Version of the program, as in the default User-Agent. A release sets it when it is linked.
var Version = "0.1.0"

// Options of a Client. The zero value of each is the polite default.
type Options struct {
	Rate       float64               // requests a second to one host:port; 0 is 20, negative means no limit
	InFlight   int                   // requests to one host:port at once; 0 is 6
	Timeout    time.Duration         // one absolute deadline for headers and body of an attempt; 0 is 15 s
	Retries    int                   // how often a request is sent again after a connection error, if that is harmless; 0 is 1, negative is none
	MaxBody    int64                 // bytes of decoded body kept; 0 is 1 MiB
	Proxy      *url.URL              // http, https or socks5; nil for none (the environment is not looked at)
	Resolve    map[string]string     // "host:port" to the address dialled instead, as in curl --resolve
	CAFile     string                // PEM file trusted beside the system's
	CA         []byte                // what is in it; nil to read it
	ClientCert string                // PEM file with certificate and key
	Key        []byte                // what is in that; nil to read it
	Insecure   bool                  // certificates are not verified
	UserAgent  string                // "" is "sotomi/VERSION"
	Header     http.Header           // sent to the origin of the session's target only
	Exclude    func(netip.Addr) bool // addresses that no name may lead to; nil for none
	Secrets    []string              // values that no report may show, whoever repeats them: every Exchange carries them
	Log        func(Traffic)         // told of every request that was sent, from many goroutines; nil for none
	Total      float64               // requests a second to all hosts together; 0 is no limit

	// May is asked last before every request and every connection to a port, with the context of whoever wants it; an error keeps
	// it from being sent. nil lets all pass.
	May func(context.Context) error
}

const (
	maxHeader      = 256 << 10 // bytes of an answer's head
	defaultBody    = 1 << 20
	maxRedirects   = 10
	connectTimeout = 10 * time.Second
	defaultTimeout = 15 * time.Second
)

// Client is shared by all visitors of all hosts: it holds connections, rates and limits.
type Client struct {
	options Options
	limiter *limiter
	retry   *retryablehttp.Client
	secure  *tls.Config    // of connections that verify certificates
	roots   *x509.CertPool // nil: the system's
	header  http.Header    // of every request, unless it says otherwise; never changes
	dials   chan struct{}  // connections that look at ports, of all hosts
}

// NewClient checks the options; an error names the one that is wrong.
func NewClient(o Options) (*Client, error) {
	o = withDefaults(o)
	tlsConfig, err := o.tls()
	if err != nil {
		return nil, err
	}
	if o.Proxy != nil && len(o.Resolve) > 0 {
		return nil, message.Errorf("--resolve has no effect through --proxy, which looks names up itself; leave one of them out")
	}
	if o.Proxy != nil && !slices.Contains([]string{"http", "https", "socks5", "socks5h"}, o.Proxy.Scheme) {
		return nil, message.Errorf("--proxy %q: the scheme must be http, https or socks5", o.Proxy.Redacted())
	}
	fresh := o.transport(tlsConfig, true)
	fresh.DisableKeepAlives = true
	transports := []*renewable{newRenewable(o.transport(tlsConfig, true)), newRenewable(o.transport(tlsConfig, false)), newRenewable(fresh)}
	l := &limiter{next: transports[0], http1: transports[1], fresh: transports[2], options: o, total: newTotal(o.Total), hosts: map[string]*hostState{}}
	if o.Proxy == nil {
		transports = append(transports, newRenewable(o.lenientTransport(tlsConfig)))
		l.lenient = transports[3]
	}
	l.transports = transports
	hc := &http.Client{
		Transport:     l,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	// The wait between tries and the deadline of an attempt are the limiter's.
	rc := retryablehttp.NewClient(retryablehttp.Options{
		HttpClient: hc,
		RetryMax:   o.Retries,
		Backoff:    func(_, _ time.Duration, _ int, _ *http.Response) time.Duration { return 0 },
		Timeout:    -1, // no timer beside ours
		CheckRetry: retryConnectionErrors,
	})
	rc.HTTPClient2 = hc // else its HTTP/2 fallback leaves our limits and scope behind
	rc.ErrorHandler = retryablehttp.PassthroughErrorHandler
	header := http.Header{"User-Agent": {o.UserAgent}, "Accept": {"*/*"}, "Accept-Encoding": {"gzip, br, deflate"}}
	return &Client{options: o, limiter: l, retry: rc, secure: tlsConfig, roots: tlsConfig.RootCAs, header: header, dials: make(chan struct{}, dialsAtOnce)}, nil
}

func withDefaults(o Options) Options {
	if o.Rate == 0 {
		o.Rate = 20
	}
	if o.InFlight <= 0 {
		o.InFlight = 6
	}
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	switch {
	case o.Retries == 0:
		o.Retries = 1
	case o.Retries < 0:
		o.Retries = 0
	}
	if o.MaxBody <= 0 {
		o.MaxBody = defaultBody
	}
	if o.UserAgent == "" {
		o.UserAgent = "sotomi/" + Version
	}
	return o
}

// retryConnectionErrors is when a request is tried again. Which requests may be is decided by the attempt.
func retryConnectionErrors(ctx context.Context, _ *http.Response, err error) (bool, error) {
	if err == nil || ctx.Err() != nil {
		return false, nil
	}
	switch kindOf(ctx, err) {
	case KindUnreachable, KindClosed:
		var proxy *proxyError
		return !errors.As(err, &proxy) && !isNotFound(err), nil
	default:
		return false, nil
	}
}

func isNotFound(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}

// Close ends idle connections.
func (c *Client) Close() {
	for _, t := range c.limiter.transports {
		t.close()
	}
}

// Requests is the number of attempts that left the machine so far.
func (c *Client) Requests() int64 { return c.limiter.sent.Load() }

// CarriesHeaders reports whether the user gave headers that may be secrets.
func (c *Client) CarriesHeaders() bool { return len(c.options.Header) > 0 }

// CarriesCertificate reports whether the user gave a client certificate.
func (c *Client) CarriesCertificate() bool { return c.options.ClientCert != "" }

// Timeout is how long an answer is waited for.
func (c *Client) Timeout() time.Duration { return c.options.Timeout }

// InFlight is how many requests go to one host at once.
func (c *Client) InFlight() int { return c.options.InFlight }
