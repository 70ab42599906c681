package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"net/url"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// scanInput scans every place that an input means: the named one or the web ports, then further ports.
func (p *Plan) scanInput(ctx context.Context, in target.Input) []targetResult {
	unlimited := ctx
	ctx, cancel := p.limited(ctx)
	defer func() { cancel() }()
	var taken *slot
	defer func() { taken.leave() }()
	var results []targetResult
	var down *scanner.StatusError
	ports := p.portsOf(ctx, in)
	defer ports.close()
	endpoints := p.endpoints(in)
	way := p.forecast.begin(len(endpoints))
	defer way.end()
	for i, o := range endpoints {
		discoveries := ports.instead(p, o)
		if discoveries == nil {
			var ok bool
			if discoveries, ok = within(ctx, func() []discovery { return p.discover(ctx, o) }); !ok {
				discoveries = []discovery{{site: p.newSite(o, o.candidates[0]), end: cutShort(ctx)}}
			}
		}
		if discoveries[0].refused && o.port == "" && ports.open() {
			discoveries[0].end = noWebServer
		} else if i == 0 {
			down = discoveries[0].end
		}
		for _, found := range discoveries {
			site, end := found.site, found.end
			if p.options.Targets.Named(in, site.target.URL) {
				continue
			}
			if end != nil && o.port != "" && end.Status == scanner.StatusUnreachable && down == nil {
				end = scanner.End(scanner.StatusNotApplicable, "port %s closed", o.port)
			}
			if end == nil && taken == nil {
				taken = p.takeSlot(ctx, way)
				cancel()
				ctx, cancel = p.limited(unlimited) // waiting is no fault of the host
			}
			way.at(site, i)
			results = append(results, p.scanSite(ctx, site, o, end))
		}
	}
	if ports == nil || ports.again {
		return results
	}
	if ports.end == nil && taken == nil {
		taken = p.takeSlot(ctx, way)
		cancel()
		ctx, cancel = p.limited(unlimited)
	}
	way.at(ports.site, len(endpoints))
	return append(results, p.scanSite(ctx, ports.site, ports.endpoint, ports.end))
}

// discovery is what a place to scan turned out to be.
type discovery struct {
	site    *site
	end     *scanner.StatusError // the outcome of all signatures when it cannot be scanned; else nil
	refused bool                 // the host refuses connections at every address that was tried
}

// discover finds out which of an endpoint's addresses answers, and where the page that it shows a first visitor leads.
func (p *Plan) discover(ctx context.Context, o endpoint) []discovery {
	var first *site
	var failure error
	var reasons []message.Message
	refused := true
	for i, u := range o.candidates {
		if i > 0 && o.named && !wrongScheme(failure) {
			break
		}
		site := p.newSite(o, u)
		if first == nil {
			first = site
		}
		if written := o.named && i == 0; u.Scheme == "http" && !written && !site.unnamed && p.hasCredentials() {
			reasons = append(reasons, message.New("plain HTTP was not asked: headers and sessions are sent unencrypted only to targets written with http://"))
			break
		}
		ex, err := p.home(ctx, site)
		if err == nil {
			err = saysNotHTTP(ex)
		}
		if err == nil {
			return p.settle(ctx, o, site, ex)
		}
		failure = err
		refused = refused && web.Refused(err)
		if other := spoken(err); other != nil && (other.protocol != overTLS || i+1 == len(o.candidates)) {
			return []discovery{{site: site, end: other.end(o.port == "")}}
		}
		end := p.noAnswer(ctx, err)
		if end.Status != scanner.StatusUnreachable {
			return []discovery{{site: site, end: end}}
		}
		reasons = append(reasons, end.Reason)
		if untrusted(err) {
			site.untrusted = true
			return []discovery{{site: site, end: &scanner.StatusError{
				Status: scanner.StatusUnreachable, Reason: message.New("%s; --ca or --insecure scans it all the same", reasonOf(err)),
			}}}
		}
		samePort := i+1 < len(o.candidates) && target.Port(u) == target.Port(o.candidates[i+1])
		if samePort && web.KindOf(err) == web.KindUnreachable {
			break // a port that refuses connections refuses them for plain HTTP too
		}
	}
	end := &scanner.StatusError{Status: scanner.StatusUnreachable, Reason: joinReasons(o.candidates, reasons)}
	return []discovery{{site: first, end: end, refused: refused}}
}

// hasCredentials reports whether the user gave headers or sessions, which may be secrets.
func (p *Plan) hasCredentials() bool {
	return p.options.Client.CarriesHeaders() || len(p.options.Visitors) > 0
}

// session is a new visitor of the site.
func (s *site) session() *web.Session {
	var session *web.Session
	if s.unnamed {
		session = s.client.SessionWithoutCredentials(s.target.URL)
	} else {
		session = s.client.Session(s.target.URL)
	}
	if s.public {
		session.PublicOnly()
	}
	return session
}

// newSite is one address of an endpoint before anything was asked.
func (p *Plan) newSite(o endpoint, u *url.URL) *site {
	s := newSite(p.options.Client, target.Target{URL: u, Source: o.from}, p.siteSettings())
	s.unnamed, s.anyScheme = o.port != "", !o.named
	return s
}

func (p *Plan) siteSettings() siteSettings {
	return siteSettings{
		crawlPages: max(0, p.options.CrawlPages), noMerge: p.options.NoMerge, hashNames: p.options.HashNames, wordlist: p.options.Wordlist,
		visitors: p.options.Visitors, pages: p.options.Pages, narrow: p.options.Narrow, answered: p.options.Answered, payment: p.options.Payment,
		browsing: p.browsing,
		memory:   p.options.Memory,
		given:    p.hasCredentials() || p.options.Client.CarriesCertificate(),
	}
}

// home asks for the target's own page. The answer is shared with all signatures that look at it.
func (p *Plan) home(ctx context.Context, s *site) (*web.Exchange, error) {
	a := s.do(ctx, &web.Request{Method: "GET", URL: s.target.URL}, nil)
	return a.ex, a.err
}

// noAnswer is the outcome of all signatures when the first request failed.
func (p *Plan) noAnswer(ctx context.Context, err error) *scanner.StatusError {
	var end *scanner.StatusError
	switch {
	case ctx.Err() != nil:
		return cutShort(ctx)
	case errors.As(err, &end):
		return end
	case web.KindOf(err) == web.KindThrottled:
		return &scanner.StatusError{Status: scanner.StatusThrottled, Reason: reasonOf(err)}
	}
	return &scanner.StatusError{Status: scanner.StatusUnreachable, Reason: reasonOf(err)}
}

// wrongScheme reports whether a failure may come from speaking TLS to a server of plain HTTP, or the reverse.
func wrongScheme(err error) bool {
	switch web.KindOf(err) {
	case web.KindClosed, web.KindProtocol, web.KindTLS:
		return true
	case web.KindUnreachable, web.KindTimeout, web.KindScope, web.KindThrottled, web.KindCanceled:
	}
	return false
}

// untrusted reports whether the server speaks TLS with a certificate that we do not accept.
func untrusted(err error) bool {
	var e *tls.CertificateVerificationError
	return errors.As(err, &e)
}

// joinReasons is why no address answered: the one reason if they agree, else each with its scheme.
func joinReasons(addresses []*url.URL, reasons []message.Message) message.Message {
	same := func(r message.Message) bool { return r.String() == reasons[0].String() }
	if !slices.ContainsFunc(reasons, func(r message.Message) bool { return !same(r) }) {
		return reasons[0]
	}
	list := make([]message.Message, len(reasons))
	for i, r := range reasons {
		list[i] = message.New("%s: %s", addresses[i].Scheme, r)
	}
	return message.Join("; ", list...)
}
