package web

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/net/proxy"
)

// Turn waits until a request that something else than the client sends may leave, such as one of a page in a browser: it keeps
// to the rate of its host, counts, and is logged. after is told what became of it: status 0 for no answer.
func (c *Client) Turn(ctx context.Context, method string, u *url.URL) (after func(status int), err error) {
	h := c.limiter.host(u.Host)
	if err := h.pace(ctx); err != nil {
		c.limiter.leave(h)
		return nil, &Error{Kind: KindCanceled, URL: u.String(), Err: err}
	}
	c.limiter.sent.Add(1)
	begun := time.Now()
	return func(status int) {
		defer c.limiter.leave(h)
		if status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable {
			h.backOff(begun, time.Second)
		}
		t := Traffic{Time: begun.UTC(), Method: method, URL: u.String(), Status: status, Sent: 1, Took: time.Since(begun)}
		if status == 0 {
			t.Err = errNoAnswer
		}
		c.log(ctx, t)
	}, nil
}

var errNoAnswer = errors.New("no answer")

// DialFor connects to host:port for something else than the client, as --resolve and --proxy say. Link-local addresses are
// refused where the host is a name, and where only public addresses are allowed private ones too. The error is a *Error.
func (c *Client) DialFor(ctx context.Context, address string, public bool) (net.Conn, error) {
	conn, err := c.dialFor(ctx, address, public)
	if err != nil {
		return nil, &Error{Kind: kindOf(ctx, err), URL: "//" + address, Err: err}
	}
	return conn, nil
}

func (c *Client) dialFor(ctx context.Context, address string, public bool) (net.Conn, error) {
	o := c.options
	d := net.Dialer{Timeout: min(connectTimeout, o.Timeout), KeepAlive: 30 * time.Second}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if o.Proxy != nil {
		return throughProxy(ctx, d, o.Proxy, address)
	}
	if to, ok := o.Resolve[strings.ToLower(address)]; ok {
		if _, _, err := net.SplitHostPort(to); err != nil {
			to = net.JoinHostPort(strings.Trim(to, "[]"), port)
		}
		return d.DialContext(ctx, "tcp", to)
	}
	if _, err := netip.ParseAddr(host); err != nil || public {
		d.ControlContext = o.exclude(host, refuseAddresses(host, public))
	}
	conn, err := d.DialContext(ctx, "tcp", address)
	var scope *scopeError
	if errors.As(err, &scope) {
		return nil, scope
	}
	return conn, err
}

// throughProxy connects to host:port through a proxy.
func throughProxy(ctx context.Context, d net.Dialer, by *url.URL, address string) (net.Conn, error) {
	if by.Scheme == "socks5" || by.Scheme == "socks5h" {
		var auth *proxy.Auth
		if by.User != nil {
			password, _ := by.User.Password()
			auth = &proxy.Auth{User: by.User.Username(), Password: password}
		}
		socks, err := proxy.SOCKS5("tcp", withPort(by, "1080"), auth, &d)
		if err != nil {
			return nil, err
		}
		return socks.(proxy.ContextDialer).DialContext(ctx, "tcp", address)
	}
	port := "80"
	if by.Scheme == "https" {
		port = "443"
	}
	conn, err := d.DialContext(ctx, "tcp", withPort(by, port))
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(d.Timeout)) // it is open
	if by.Scheme == "https" {
		conn = tls.Client(conn, &tls.Config{ServerName: by.Hostname(), MinVersion: tls.VersionTLS12})
	}
	if err := connectTo(ctx, conn, by, address); err != nil {
		_ = conn.Close() // it is of no use
		return nil, err
	}
	_ = conn.SetDeadline(time.Time{})
	return conn, nil
}

// connectTo asks a proxy for a tunnel.
func connectTo(ctx context.Context, conn net.Conn, by *url.URL, address string) error {
	req := (&http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}).WithContext(ctx)
	if by.User != nil {
		password, _ := by.User.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(by.User.Username()+":"+password)))
	}
	if err := req.Write(conn); err != nil {
		return err
	}
	res, err := http.ReadResponse(bufio.NewReaderSize(oneByte{conn}, 16), req)
	if err != nil {
		return err
	}
	_ = res.Body.Close() // a tunnel has none
	if res.StatusCode != http.StatusOK {
		return &proxyError{res.StatusCode}
	}
	return nil
}

// oneByte reads no more than is asked for in one go, so that what follows the head of an answer stays in the connection.
type oneByte struct{ net.Conn }

func (o oneByte) Read(p []byte) (int, error) { return o.Conn.Read(p[:min(1, len(p))]) }

func withPort(u *url.URL, port string) string {
	if u.Port() != "" {
		return u.Host
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// HasOwnTLS reports whether TLS is not what a browser makes of it: the user trusts further authorities, or gave a certificate.
func (c *Client) HasOwnTLS() bool { return c.options.CAFile != "" || c.options.ClientCert != "" }

// SecureFor makes a TLS handshake with host over a connection of DialFor, as --ca, --client-cert and --insecure say. The
// certificate of the user is for an origin that is known: Session.Known says which is. The error is a *Error.
func (c *Client) SecureFor(ctx context.Context, conn net.Conn, host string, known bool) (*tls.Conn, error) {
	config := c.secure.Clone()
	config.ServerName, config.NextProtos, config.ClientSessionCache = host, []string{"h2", "http/1.1"}, nil // a session is that of a visitor
	secure := tls.Client(conn, config)
	inTime, cancel := context.WithTimeout(context.WithValue(ctx, attemptKey{}, &attempt{known: known}), min(connectTimeout, c.options.Timeout))
	defer cancel()
	if err := secure.HandshakeContext(inTime); err != nil {
		kind := KindTLS
		if inTime.Err() != nil {
			kind = kindOf(ctx, err)
		}
		return nil, &Error{Kind: kind, URL: "//" + host, Err: err}
	}
	return secure, nil
}

// Known reports whether u is of the origin that gets what the user gave to log in.
func (s *Session) Known(u *url.URL) bool { return s.named && sameOrigin(u, s.base) }

// Insecure reports whether certificates are not verified.
func (c *Client) Insecure() bool { return c.options.Insecure }

// Carried are the headers and cookies of the user that the visitor sends to u. They are secrets.
func (s *Session) Carried(u *url.URL) (http.Header, []*http.Cookie) {
	if !sameOrigin(u, s.base) {
		return nil, nil
	}
	header := s.header.Clone()
	var cookies []*http.Cookie
	if s.given != nil {
		cookies = s.given.Cookies(u)
	}
	for _, line := range header.Values("Cookie") {
		more, err := http.ParseCookie(line)
		if err == nil {
			cookies = append(cookies, more...)
		}
	}
	header.Del("Cookie")
	return header, cookies
}
