package browser

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"io"
	"math/big"
	"net"
	"strings"
	"time"
)

// ending ends the browser's TLS on this machine, where it is not the browser that makes it with the site: it does not know the
// authorities and the certificate of the user. The browser trusts one key, which nobody else has and which ends with it.
type ending struct {
	secure func(ctx context.Context, conn net.Conn, host string, known bool) (*tls.Conn, error)
	own    tls.Certificate
	pin    string // of its key, base64
}

// newEnding is nil where TLS is left to the browser.
func newEnding(secure func(context.Context, net.Conn, string, bool) (*tls.Conn, error)) (*ending, error) {
	if secure == nil {
		return nil, nil //nolint:nilnil // none is needed
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	const clocks = 24 * time.Hour // that may differ
	form := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-clocks), NotAfter: time.Now().AddDate(1, 0, 0)}
	one, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	if err != nil {
		return nil, err
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(public)
	return &ending{secure: secure, own: tls.Certificate{Certificate: [][]byte{one}, PrivateKey: key}, pin: base64.StdEncoding.EncodeToString(sum[:])}, nil
}

// flags make a browser trust the key.
func (e *ending) flags() []string {
	if e == nil {
		return nil
	}
	return []string{"--ignore-certificate-errors-spki-list=" + e.pin}
}

// accept makes TLS with the browser, in the protocol that the site speaks.
func (e *ending) accept(ctx context.Context, client net.Conn, site *tls.Conn) (*tls.Conn, error) {
	config := &tls.Config{Certificates: []tls.Certificate{e.own}, MinVersion: tls.VersionTLS12}
	if speaks := site.ConnectionState().NegotiatedProtocol; speaks != "" {
		config.NextProtos = []string{speaks}
	}
	plain := tls.Server(client, config)
	return plain, plain.HandshakeContext(ctx)
}

// secure makes TLS with a site, and remembers why it could not.
func (p *proxy) secure(ctx context.Context, site net.Conn, address string) (*tls.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	secure, err := p.ending.secure(ctx, site, host, strings.EqualFold(address, p.known))
	if err != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.failures[strings.ToLower(address)] = err
	}
	return secure, err
}

// prefixed is a connection of which something was read before.
type prefixed struct {
	net.Conn
	from io.Reader
}

func (p *prefixed) Read(b []byte) (int, error) { return p.from.Read(b) }
