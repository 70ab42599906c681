package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/url"
	"time"

	"sotomi/scanner/message"
)

// Handshake makes a TLS handshake and says what the server showed in it. Nothing is verified, and nothing is sent after it.
// maxVersion is the newest version offered (tls.VersionTLS11 and so on), 0 the newest there is. It counts as a request. The
// error is a *Error: KindTLS when the server agrees to no version, and KindProtocol through a proxy, which hides the
// server.
func (s *Session) Handshake(ctx context.Context, u *url.URL, maxVersion uint16) (*tls.ConnectionState, error) {
	fail := func(kind Kind, err error) (*tls.ConnectionState, error) {
		return nil, &Error{Kind: kind, URL: u.String(), Err: err}
	}
	o := s.client.options
	switch {
	case !s.inScope(u):
		return fail(KindScope, message.Errorf("%s is not the host that was asked for", u.Hostname()))
	case o.Proxy != nil:
		return fail(KindProtocol, message.Errorf("the handshake cannot be seen through a proxy"))
	}
	address := net.JoinHostPort(u.Hostname(), port(u))
	l := s.client.limiter
	h := l.host(u.Host)
	defer l.leave(h)
	if err := h.wait(ctx); err != nil {
		return fail(KindCanceled, err)
	}
	defer h.slots.free()
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	if err := l.depart(ctx); err != nil {
		return fail(KindCanceled, err)
	}
	begun := time.Now()
	conn, err := dialer(o)(ctx, "tcp", address)
	if err != nil {
		s.client.logHandshake(ctx, u.String(), begun, nil, err)
		return fail(kindOf(ctx, err), err)
	}
	defer func() { _ = conn.Close() }() // nothing is to be read any more
	config := &tls.Config{
		InsecureSkipVerify: true, // the certificate is what is looked at
		MinVersion:         tls.VersionTLS10, MaxVersion: maxVersion, ServerName: u.Hostname(),
		CipherSuites: everySuite(),
	}
	secure := tls.Client(conn, config)
	err = secure.HandshakeContext(ctx)
	s.client.logHandshake(ctx, u.String(), begun, conn, err)
	if err != nil {
		if ctx.Err() != nil {
			return fail(KindTimeout, err)
		}
		return fail(KindTLS, err)
	}
	state := secure.ConnectionState()
	return &state, nil
}

// Roots are the authorities that are trusted: the system's and those of Options.CAFile, whether certificates are verified or
// not. The error says that there are none.
func (s *Session) Roots() (*x509.CertPool, error) {
	if s.client.roots != nil {
		return s.client.roots, nil
	}
	pool, err := x509.SystemCertPool()
	if err == nil && pool.Equal(x509.NewCertPool()) {
		err = message.Errorf("there are none")
	}
	return pool, err
}

// everySuite are all cipher suites, with those that only old servers insist on.
func everySuite() []uint16 {
	var list []uint16
	for _, suites := range [][]*tls.CipherSuite{tls.CipherSuites(), tls.InsecureCipherSuites()} {
		for _, s := range suites {
			list = append(list, s.ID)
		}
	}
	return list
}
