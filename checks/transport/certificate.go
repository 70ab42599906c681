package transport

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

const day = 24 * time.Hour

// handshake is what the server shows, and its own certificate.
func handshake(ctx context.Context, p *scanner.Probe, maxVersion uint16) (*tls.ConnectionState, *x509.Certificate, error) {
	if p.Target.URL.Scheme != "https" {
		return nil, nil, scanner.NotApplicable("the target is not HTTPS")
	}
	p.Count(1)
	state, err := p.Session().Handshake(ctx, p.Target.URL, maxVersion)
	if err != nil {
		return nil, nil, err
	}
	if len(state.PeerCertificates) == 0 {
		return state, nil, scanner.Undetermined("the server shows no certificate")
	}
	return state, state.PeerCertificates[0], nil
}

// certificateExpiry: a certificate that has ended, or will before anybody looks again.
func certificateExpiry(ctx context.Context, p *scanner.Probe, params params) (*scanner.Hit, error) {
	_, cert, err := handshake(ctx, p, 0)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	variant, weak := expiry(cert.NotBefore, cert.NotAfter, now, time.Duration(cmp.Or(params.Days, 14))*day)
	if !weak {
		return nil, nil
	}
	return &scanner.Hit{
		Variant:  variant,
		Values:   scanner.Values{"not-after": cert.NotAfter.UTC().Format(time.DateOnly), "days": int(cert.NotAfter.Sub(now) / day)},
		Evidence: []evidence.Evidence{certificateEvidence(p.Target.URL, cert, message.New("valid from %s to %s", cert.NotBefore.UTC().Format(time.RFC3339), cert.NotAfter.UTC().Format(time.RFC3339)))},
	}, nil
}

// certificateName: a certificate for other names.
func certificateName(ctx context.Context, p *scanner.Probe, _ params) (*scanner.Hit, error) {
	_, cert, err := handshake(ctx, p, 0)
	if err != nil {
		return nil, err
	}
	if cert.VerifyHostname(p.Target.URL.Hostname()) == nil {
		return nil, nil
	}
	names := certificateNames(cert)
	return &scanner.Hit{
		Values:   scanner.Values{"host": p.Target.URL.Hostname(), "names": names},
		Evidence: []evidence.Evidence{certificateEvidence(p.Target.URL, cert, message.New("asked for %s, the certificate is for %s", p.Target.URL.Hostname(), strings.Join(names, ", ")))},
	}, nil
}

// oldVersion: TLS 1.0 or 1.1 (RFC 8996).
func oldVersion(ctx context.Context, p *scanner.Probe, _ params) (*scanner.Hit, error) {
	if _, _, err := handshake(ctx, p, 0); err != nil {
		return nil, err
	}
	state, cert, err := handshake(ctx, p, tls.VersionTLS11)
	switch web.KindOf(err) {
	case "":
		if err != nil {
			return nil, err
		}
	case web.KindTLS, web.KindClosed: // it refuses, as it should
		return nil, nil
	default:
		return nil, err
	}
	version := tls.VersionName(state.Version)
	return &scanner.Hit{
		Values:   scanner.Values{"version": version, "cipher": tls.CipherSuiteName(state.CipherSuite)},
		Evidence: []evidence.Evidence{certificateEvidence(p.Target.URL, cert, message.New("agrees to %s when nothing newer is offered", version))},
	}, nil
}

func certificateEvidence(u *url.URL, cert *x509.Certificate, note message.Message) evidence.Evidence {
	return evidence.Evidence{
		Request:  "TLS handshake with " + u.Host,
		Response: fmt.Sprintf("certificate of %s\nissued by %s\nserial %x", strings.Join(certificateNames(cert), ", "), cert.Issuer, cert.SerialNumber),
		Note:     note,
	}
}

func certificateNames(cert *x509.Certificate) []string {
	names := slices.Clone(cert.DNSNames)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		names = []string{cert.Subject.CommonName}
	}
	return names
}
