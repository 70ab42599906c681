package transport

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// params configure the check "transport".
type params struct {
	Mode string `yaml:"mode"` // plain, login, cookies, hsts, mixed, expiry, name, version
	Days int    `yaml:"days"` // for hsts the fewest that are enough, for expiry the fewest that are not soon
}

// check makes at most one finding a host.
type check struct {
	params params
	look   func(context.Context, *scanner.Probe, params) (*scanner.Hit, error)
	tls    bool // looks at handshakes only
}

// New is the check "transport": how a site is carried. Its parameter mode is what the signature looks at.
func New(s *signature.Signature) (scanner.Check, error) {
	c := &check{}
	if err := s.With.Decode(&c.params); err != nil {
		return nil, err
	}
	looks := map[string]func(context.Context, *scanner.Probe, params) (*scanner.Hit, error){
		"plain": plainHTTP, "login": loginOverHTTP, "cookies": cookieFlags, "hsts": strictTransport, "mixed": mixedContent,
		"expiry": certificateExpiry, "name": certificateName, "version": oldVersion,
	}
	if c.look = looks[c.params.Mode]; c.look == nil {
		return nil, message.Errorf("%s: with: mode %q: there are %s", s.File, c.params.Mode, strings.Join(slices.Sorted(maps.Keys(looks)), ", "))
	}
	c.tls = slices.Contains([]string{"expiry", "name", "version"}, c.params.Mode)
	return c, nil
}

// Handshaker reports whether the check can run where the certificate is not accepted: it looks at handshakes only.
func (c *check) Handshaker() bool { return c.tls }

// Run looks at one host.
func (c *check) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	hit, err := c.look(ctx, p, c.params)
	if hit == nil || err != nil {
		return nil, err
	}
	return []scanner.Hit{*hit}, nil
}

func homeOf(ctx context.Context, p *scanner.Probe) (*web.Exchange, error) {
	return p.Do(ctx, &web.Request{Method: "GET", URL: p.Target.URL})
}

// plainHTTP: a page for people over plain HTTP that does not send them on to HTTPS.
func plainHTTP(ctx context.Context, p *scanner.Probe, _ params) (*scanner.Hit, error) {
	if p.Target.URL.Scheme != "http" {
		return nil, scanner.NotApplicable("the target is HTTPS")
	}
	ex, err := homeOf(ctx, p)
	if err != nil {
		return nil, err
	}
	if to := ex.Header.Get("Location"); ex.Status >= 300 && ex.Status <= 399 && strings.HasPrefix(to, "https://") {
		p.Conclude("the site redirects to HTTPS")
	}
	if _, err := web.ParsePage(ex); err != nil || ex.Status != 200 {
		return nil, nil
	}
	hit := &scanner.Hit{Evidence: []evidence.Evidence{evidence.New(ex, message.New("the page itself, and no redirect to HTTPS"))}, Values: scanner.Values{"https": "not tried"}}
	if target.Port(p.Target.URL) != "80" {
		return hit, nil
	}
	secure := &url.URL{Scheme: "https", Host: p.Target.URL.Hostname(), Path: "/"}
	_, err = p.Session().Handshake(ctx, secure, 0)
	p.Count(1)
	switch web.KindOf(err) {
	case "":
		hit.Variant, hit.Values["https"] = "beside", "beside"
	case web.KindUnreachable, web.KindClosed, web.KindTimeout, web.KindTLS:
		hit.Values["https"] = "none"
	default: // not told
	}
	return hit, nil
}

// loginOverHTTP: a password that is typed into a plain page, or sent to a plain address.
func loginOverHTTP(ctx context.Context, p *scanner.Probe, _ params) (*scanner.Hit, error) {
	return onPages(ctx, p, func(page *web.Page) *scanner.Hit {
		form, variant := insecureLogin(page)
		if form == nil {
			return nil
		}
		return &scanner.Hit{
			URL: page.Exchange.URL.String(), Variant: variant, Values: scanner.Values{"action": withoutQuery(form.Action)},
			Evidence: []evidence.Evidence{evidence.New(page.Exchange, message.New("a form with a password field"), "password")},
		}
	})
}

func withoutQuery(u *url.URL) string {
	if u == nil {
		return ""
	}
	v := *u
	v.RawQuery, v.User = "", nil
	return v.String()
}

// mixedContent: a page over HTTPS that fetches parts over plain HTTP.
func mixedContent(ctx context.Context, p *scanner.Probe, _ params) (*scanner.Hit, error) {
	if p.Target.URL.Scheme != "https" {
		return nil, scanner.NotApplicable("the target is not HTTPS")
	}
	return onPages(ctx, p, func(page *web.Page) *scanner.Hit {
		scripts, images := plainParts(page)
		variant := ""
		switch {
		case len(scripts) > 0:
		case len(images) > 0:
			variant = "images"
		default:
			return nil
		}
		all := append(scripts, images...)
		const shown = 10
		return &scanner.Hit{
			URL: page.Exchange.URL.String(), Variant: variant, Values: scanner.Values{"parts": all[:min(len(all), shown)]},
			Evidence: []evidence.Evidence{evidence.New(page.Exchange, message.New("loads %s", strings.Join(all[:min(len(all), shown)], ", ")), all[0])},
		}
	})
}

// onPages gives the first hit of the target's own page and those that it leads to.
func onPages(ctx context.Context, p *scanner.Probe, look func(*web.Page) *scanner.Hit) (*scanner.Hit, error) {
	var pages []*web.Page
	ex, err := homeOf(ctx, p)
	if err != nil {
		return nil, err
	}
	if page, err := web.ParsePage(ex); err == nil {
		pages = append(pages, page)
	}
	crawled, err := p.Crawl(ctx)
	if err != nil {
		return nil, err
	}
	for _, page := range append(pages, crawled...) {
		if page.Exchange.Status != 200 {
			continue
		}
		if hit := look(page); hit != nil {
			return hit, nil
		}
	}
	return nil, nil
}

// cookieFlags: session cookies without the attributes that protect them.
func cookieFlags(ctx context.Context, p *scanner.Probe, _ params) (*scanner.Hit, error) {
	ex, err := homeOf(ctx, p)
	if err != nil {
		return nil, err
	}
	answers := []*web.Exchange{ex}
	crawled, err := p.Crawl(ctx)
	if err != nil {
		return nil, err
	}
	for _, page := range crawled {
		answers = append(answers, page.Exchange)
	}
	for _, ex := range answers {
		weak := weakCookies(ex, p.Target.URL.Scheme == "https")
		if len(weak) == 0 {
			continue
		}
		names, missing := []string{}, map[string]bool{}
		for _, w := range weak {
			names = append(names, w.name)
			for _, m := range w.missing {
				missing[m] = true
			}
		}
		variant := ""
		if !missing["Secure"] && !missing["HttpOnly"] {
			variant = "same-site"
		}
		return &scanner.Hit{
			URL: ex.URL.String(), Variant: variant, Values: scanner.Values{"cookies": names, "missing": slices.Sorted(maps.Keys(missing))},
			Evidence: []evidence.Evidence{evidence.New(ex, describeCookies(weak))},
		}, nil
	}
	return nil, nil
}

// strictTransport: HSTS (RFC 6797) missing or short.
func strictTransport(ctx context.Context, p *scanner.Probe, params params) (*scanner.Hit, error) {
	if p.Target.URL.Scheme != "https" {
		return nil, scanner.NotApplicable("the target is not HTTPS")
	}
	ex, err := homeOf(ctx, p)
	if err != nil {
		return nil, err
	}
	if ex.Status >= 500 {
		return nil, scanner.Undetermined("the site's own page answers %d", ex.Status)
	}
	age, stated := hstsAge(ex.Header.Values("Strict-Transport-Security"))
	enough := time.Duration(cmp.Or(params.Days, 180)) * day
	switch {
	case !stated:
		return &scanner.Hit{Values: scanner.Values{"max-age": "none"}, Evidence: []evidence.Evidence{evidence.New(ex, message.New("no Strict-Transport-Security"))}}, nil
	case age < enough:
		return &scanner.Hit{Variant: "short", Values: scanner.Values{"max-age": int64(age / time.Second)}, Evidence: []evidence.Evidence{evidence.New(ex, message.New("Strict-Transport-Security lasts %d seconds", int64(age/time.Second)))}}, nil
	}
	return nil, nil
}

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
