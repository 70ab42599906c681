package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"time"

	"sotomi/scanner/message"
)

// transport holds connections: it speaks HTTP/2 where a server does, or never.
func (o Options) transport(config *tls.Config, http2 bool) *http.Transport {
	t := &http.Transport{
		DialContext:            dialer(o),
		TLSClientConfig:        config.Clone(),
		TLSHandshakeTimeout:    connectTimeout,
		Protocols:              new(http.Protocols),
		DisableCompression:     true, // content codings are undone by us, to a limit
		MaxResponseHeaderBytes: maxHeader,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    o.InFlight,
		IdleConnTimeout:        30 * time.Second,
		ExpectContinueTimeout:  time.Second,
	}
	t.Protocols.SetHTTP1(true)
	t.Protocols.SetHTTP2(http2)
	if o.Proxy != nil {
		t.Proxy, t.OnProxyConnectResponse = http.ProxyURL(o.Proxy), proxyConnected
	}
	return t
}

func (o Options) tls() (*tls.Config, error) {
	c := &tls.Config{
		InsecureSkipVerify: o.Insecure,
		MinVersion:         tls.VersionTLS10, // old servers are what a scanner looks for; which version they speak is a finding
		ClientSessionCache: tls.NewLRUClientSessionCache(256),
	}
	if o.CAFile != "" {
		pem, err := contentOf(o.CA, o.CAFile)
		if err != nil {
			return nil, message.Errorf("--ca: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool()
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, message.Errorf("--ca %s: no certificate in PEM form in it", o.CAFile)
		}
		c.RootCAs = pool
	}
	if o.ClientCert != "" {
		pem, err := contentOf(o.Key, o.ClientCert)
		var pair tls.Certificate
		if err == nil {
			pair, err = tls.X509KeyPair(pem, pem)
		}
		if err != nil {
			return nil, message.Errorf("--client-cert %s: the file must hold certificate and key in PEM form: %w", o.ClientCert, err)
		}
		c.GetClientCertificate = func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			if a, ok := info.Context().Value(attemptKey{}).(*attempt); ok && a.known {
				return &pair, nil
			}
			return &tls.Certificate{}, nil // none
		}
	}
	return c, nil
}

// contentOf is what is in a file, unless that is known.
func contentOf(known []byte, file string) ([]byte, error) {
	if known != nil {
		return known, nil
	}
	return os.ReadFile(file)
}

// dialer connects, and remembers for the attempt what comes over the connection first. Through a proxy that is the proxy's.
func dialer(o Options) func(ctx context.Context, network, address string) (net.Conn, error) {
	dial := directDialer(o)
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		a, ok := ctx.Value(attemptKey{}).(*attempt)
		if err != nil || !ok || o.Proxy != nil {
			return c, err
		}
		return a.listen(c), nil
	}
}

// directDialer connects to the address that --resolve gives, if any. A name that resolves to a link-local address, where clouds
// keep the credentials of the machine, is refused.
func directDialer(o Options) func(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: min(connectTimeout, o.Timeout), KeepAlive: 30 * time.Second}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		a, ok := ctx.Value(attemptKey{}).(*attempt)
		if ok {
			if err := a.dialing(); err != nil { //nolint:contextcheck // the attempt is the context
				return nil, err
			}
		}
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if to, ok := o.Resolve[strings.ToLower(address)]; ok {
			if _, _, err := net.SplitHostPort(to); err == nil {
				return d.DialContext(ctx, network, to)
			}
			return d.DialContext(ctx, network, net.JoinHostPort(strings.Trim(to, "[]"), port))
		}
		to := guarded(d, o, host, ok && (a.public || a.host.public.Load()))
		c, err := to.DialContext(ctx, network, address)
		if err == nil && ok && isPublic(c.RemoteAddr()) {
			a.host.public.Store(true)
		}
		var scope *scopeError
		if errors.As(err, &scope) {
			return nil, scope
		}
		return c, err
	}
}

// guarded refuses link-local addresses of host, if that is a name that we look up, and private ones too where only public
// ones are allowed.
func guarded(d net.Dialer, o Options, host string, public bool) net.Dialer {
	if _, err := netip.ParseAddr(host); err != nil && o.Proxy == nil {
		d.ControlContext = o.exclude(host, refuseAddresses(host, public))
	}
	return d
}

// exclude is called with each address of host before it is connected to, and lets next have those that are not excluded.
func (o Options) exclude(host string, next controlFunc) controlFunc {
	if o.Exclude == nil {
		return next
	}
	return func(ctx context.Context, network, address string, c syscall.RawConn) error {
		if to, err := netip.ParseAddrPort(address); err == nil && o.Exclude(to.Addr().Unmap()) {
			return &scopeError{message.New("%s resolves to the address %s, which is excluded", host, to.Addr().Unmap())}
		}
		return next(ctx, network, address, c)
	}
}

// controlFunc is called with each address before it is connected to; an error keeps it from being.
type controlFunc = func(ctx context.Context, network, address string, c syscall.RawConn) error

// refuseAddresses is called with each address of host before it is connected to.
func refuseAddresses(host string, public bool) func(ctx context.Context, network, address string, c syscall.RawConn) error {
	return func(_ context.Context, _, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return err
		}
		switch a := to.Addr().Unmap(); {
		case a.IsLinkLocalUnicast():
			return &scopeError{message.New("%s resolves to the link-local address %s", host, a)}
		case public && isPrivate(a):
			return &scopeError{message.New("%s resolves to the private address %s", host, a)}
		}
		return nil
	}
}

func isPrivate(a netip.Addr) bool {
	return a.IsPrivate() || a.IsLoopback() || a.IsUnspecified() || sharedSpace.Contains(a)
}

// isPublic reports whether an address that was connected to is one of the Internet.
func isPublic(a net.Addr) bool {
	to, err := netip.ParseAddrPort(a.String())
	return err == nil && !isPrivate(to.Addr().Unmap()) && !to.Addr().IsLinkLocalUnicast()
}

// sharedSpace is used between providers and their customers (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// scopeError is a request that would leave the hosts asked for.
type scopeError struct{ reason message.Message }

func (e *scopeError) Error() string { return e.reason.String() }

// Message is the error in words.
func (e *scopeError) Message() message.Message { return e.reason }
