package transport

import (
	"cmp"
	"context"
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
	Mode string `yaml:"mode"` // plain, login, cookies, hsts, mixed, framing, content-policy, referrer, sniffing, expiry, name, trust, version
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
		"framing": framing, "content-policy": contentPolicy, "referrer": referrer, "sniffing": sniffing,
		"expiry": certificateExpiry, "name": certificateName, "trust": certificateTrust, "version": oldVersion,
	}
	if c.look = looks[c.params.Mode]; c.look == nil {
		return nil, message.Errorf("%s: with: mode %q: there are %s", s.File, c.params.Mode, strings.Join(slices.Sorted(maps.Keys(looks)), ", "))
	}
	c.tls = slices.Contains([]string{"expiry", "name", "trust", "version"}, c.params.Mode)
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

// onPages gives the first hit of the target's own page and those that it leads to; one that has a variant of its own, which
// is the lesser kind, only when no page has another.
func onPages(ctx context.Context, p *scanner.Probe, look func(*web.Page) *scanner.Hit) (*scanner.Hit, error) {
	home, err := homeOf(ctx, p)
	if err != nil {
		return nil, err
	}
	pages, err := p.PagesFrom(ctx, home)
	if err != nil {
		return nil, err
	}
	return firstHit(pages, look), nil
}

// firstHit is the first that is no lesser kind, else the first.
func firstHit[T any](all []T, look func(T) *scanner.Hit) *scanner.Hit {
	var lesser *scanner.Hit
	for _, one := range all {
		switch hit := look(one); {
		case hit == nil:
		case hit.Variant == "":
			return hit
		case lesser == nil:
			lesser = hit
		}
	}
	return lesser
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
	return firstHit(answers, func(ex *web.Exchange) *scanner.Hit { return cookieHit(ex, p.Target.URL.Scheme == "https") }), nil
}

// cookieHit is what is wrong with the session cookies of one answer, nil for nothing.
func cookieHit(ex *web.Exchange, overTLS bool) *scanner.Hit {
	weak := weakCookies(ex, overTLS)
	if len(weak) == 0 {
		return nil
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
	}
}

// strictTransport: HSTS (RFC 6797) missing or short.
func strictTransport(ctx context.Context, p *scanner.Probe, params params) (*scanner.Hit, error) {
	if p.Target.URL.Scheme != "https" {
		return nil, scanner.NotApplicable("the target is not HTTPS")
	}
	// As the signatures of products ask for it, so that it is one request.
	ex, err := p.Do(ctx, &web.Request{Method: "GET", URL: p.Target.URL, Redirects: web.RedirectsHost, MaxRedirects: 2})
	if err != nil {
		return nil, err
	}
	age, stated := hstsLearned(ex, p.Target.URL.Hostname())
	if ex.Status >= 500 && !stated {
		return nil, scanner.Undetermined("the site's own page answers %d", ex.Status)
	}
	enough := time.Duration(cmp.Or(params.Days, 180)) * day
	switch {
	case !stated:
		return &scanner.Hit{Values: scanner.Values{"max-age": "none"}, Evidence: []evidence.Evidence{evidence.New(ex, message.New("no Strict-Transport-Security"))}}, nil
	case age < enough:
		return &scanner.Hit{Variant: "short", Values: scanner.Values{"max-age": int64(age / time.Second)}, Evidence: []evidence.Evidence{evidence.New(ex, message.New("Strict-Transport-Security lasts %d seconds", int64(age/time.Second)))}}, nil
	}
	return nil, nil
}
