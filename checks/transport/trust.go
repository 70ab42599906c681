package transport

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
)

// certificateTrust: a certificate that no trusted authority vouches for. Its time and its name are looked at by others.
func certificateTrust(ctx context.Context, p *scanner.Probe, _ params) (*scanner.Hit, error) {
	state, cert, err := handshake(ctx, p, 0)
	if err != nil {
		return nil, err
	}
	roots, err := p.Session().Roots()
	if err != nil {
		return nil, scanner.Undetermined("the authorities that this machine trusts cannot be read: %v", err)
	}
	variant, note := distrust(state.PeerCertificates, roots, time.Now())
	if note.IsZero() {
		return nil, nil
	}
	return &scanner.Hit{
		Variant: variant, Values: scanner.Values{"names": certificateNames(cert), "issuer": cert.Issuer.String()},
		Evidence: []evidence.Evidence{certificateEvidence(p.Target.URL, cert, note)},
	}, nil
}

// distrust says what is wrong with a chain as a server sends it, the server's own certificate first; a zero note is nothing.
// A certificate that has ended or not begun is judged by a moment of its life.
func distrust(chain []*x509.Certificate, roots *x509.CertPool, now time.Time) (variant string, note message.Message) {
	leaf := chain[0]
	between := x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	at := now
	if at.After(leaf.NotAfter) || at.Before(leaf.NotBefore) {
		at = leaf.NotAfter
	}
	verified, err := leaf.Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: at})
	var unknown x509.UnknownAuthorityError
	switch {
	case err == nil:
		return weakness(verified[0][:max(1, len(verified[0])-1)])
	case signedItself(leaf):
		return "self-signed", message.New("it is signed by itself and by no authority")
	case !errors.As(err, &unknown):
		return "", message.New("it is not accepted: %v", err)
	}
	if variant, note := weakness(chain[:1]); variant != "" {
		return variant, note
	}
	sent := slices.ContainsFunc(chain[1:], func(c *x509.Certificate) bool { return string(c.RawSubject) == string(leaf.RawIssuer) })
	if !sent && publiclyLogged(leaf) {
		return "incomplete", message.New("it was issued by %s, whose certificate the server does not send", leaf.Issuer.String())
	}
	return "unknown-issuer", message.New("it was issued by %s, for whom no trusted authority vouches", leaf.Issuer.String())
}

func signedItself(c *x509.Certificate) bool {
	return string(c.RawIssuer) == string(c.RawSubject) && c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature) == nil
}

// publiclyLogged reports whether a certificate says that it is in the logs of public certificates (RFC 6962 section 3.3),
// which only those of public authorities do.
func publiclyLogged(c *x509.Certificate) bool {
	const timestamps = "1.3.6.1.4.1.11129.2.4.2"
	for _, extension := range c.Extensions {
		if extension.Id.String() == timestamps {
			return true
		}
	}
	return false
}

// weakness is a signature or key in a chain, its root left out, that can be forged or broken (CA/Browser Forum Baseline
// Requirements sections 6.1.5 and 7.1.3).
func weakness(chain []*x509.Certificate) (variant string, note message.Message) {
	const fewestRSA, fewestEC = 2048, 256
	for _, c := range chain {
		switch c.SignatureAlgorithm {
		case x509.MD2WithRSA, x509.MD5WithRSA, x509.SHA1WithRSA, x509.DSAWithSHA1, x509.ECDSAWithSHA1:
			return "weak", message.New("the certificate of %s is signed with %s", c.Subject.String(), c.SignatureAlgorithm.String())
		default:
		}
		bits, enough := 0, 0
		switch key := c.PublicKey.(type) {
		case *rsa.PublicKey:
			bits, enough = key.N.BitLen(), fewestRSA
		case *ecdsa.PublicKey:
			bits, enough = key.Curve.Params().BitSize, fewestEC
		}
		if bits < enough {
			return "weak", message.New("the key of the certificate of %s has only %d bits", c.Subject.String(), bits)
		}
	}
	return "", message.Message{}
}
