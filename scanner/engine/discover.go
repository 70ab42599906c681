package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"net/url"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// scanInput scans every origin that an input means: the named one or the web ports, then further ports.
func (p *Plan) scanInput(ctx context.Context, in target.Input) []targetResult {
	var results []targetResult
	var down *scanner.StatusError
	for i, o := range p.origins(in) {
		site, end := p.discover(ctx, o)
		if i == 0 {
			down = end
		}
		if p.options.Targets.Named(in, site.target.URL) {
			continue
		}
		if end != nil && o.port != "" && end.Status == scanner.StatusUnreachable && down == nil {
			end = scanner.End(scanner.StatusNotApplicable, "port %s closed", o.port)
		}
		results = append(results, p.scanSite(ctx, site, o, end))
	}
	return results
}

// discover finds out which of an origin's addresses answers, and notes the page it shows a first visitor. The Stop is the
// outcome of all signatures when none does.
func (p *Plan) discover(ctx context.Context, o endpoint) (*site, *scanner.StatusError) {
	var first *site
	var failure error
	var reasons []message.Message
	for i, u := range o.candidates {
		if i > 0 && o.named && !wrongScheme(failure) {
			break
		}
		if i > 0 && o.named && u.Scheme == "http" && (p.options.Client.CarriesHeaders() || len(p.options.Visitors) > 0) {
			reasons[0] = message.New("%s; plain HTTP was not tried, for it would show the headers and sessions that were given for https", reasons[0])
			break
		}
		site := newSite(p.options.Client, target.Target{URL: u, Source: o.from}, p.siteSettings())
		site.stranger = o.port != ""
		if first == nil {
			first = site
		}
		ex, err := p.home(ctx, site)
		if err == nil {
			site.health.sawHome(ex)
			site.leads = p.leadsTo(ex)
			return site, nil
		}
		failure = err
		end := p.noAnswer(ctx, err)
		if end.Status != scanner.StatusUnreachable {
			return site, end
		}
		reasons = append(reasons, end.Reason)
		if untrusted(err) {
			site.untrusted = true
			return site, &scanner.StatusError{Status: scanner.StatusUnreachable, Reason: message.New("%s; --ca or --insecure scans it all the same", reasonOf(err))}
		}
		samePort := i+1 < len(o.candidates) && target.Port(u) == target.Port(o.candidates[i+1])
		if samePort && web.KindOf(err) == web.KindUnreachable {
			break // what refuses TLS to a port by refusing the connection refuses plain HTTP too
		}
	}
	return first, &scanner.StatusError{Status: scanner.StatusUnreachable, Reason: joinReasons(o.candidates, reasons)}
}

// session is a new visitor of the site.
func (s *site) session() *web.Session {
	if s.stranger {
		return s.client.SessionWithoutCredentials(s.target.URL)
	}
	return s.client.Session(s.target.URL)
}

func (p *Plan) siteSettings() siteSettings {
	return siteSettings{
		crawlPages: max(0, p.options.CrawlPages), noMerge: p.options.NoMerge, hashNames: p.options.HashNames,
		visitors: p.options.Visitors, pages: p.options.Pages,
	}
}

// home asks for the target's own page. The answer is shared with all signatures that look at it.
func (p *Plan) home(ctx context.Context, s *site) (*web.Exchange, error) {
	a := s.do(ctx, &web.Request{Method: "GET", URL: s.target.URL}, nil)
	return a.ex, a.err
}

// leadsTo is the origin that a site's own page redirects to, "" when that is its own or one that the user named too.
func (p *Plan) leadsTo(ex *web.Exchange) string {
	const small = 4096 // inputs; more are not searched
	location := ex.Header.Get("Location")
	to, err := ex.URL.Parse(location)
	if ex.Status < 300 || ex.Status > 399 || location == "" || err != nil || to.Scheme != "http" && to.Scheme != "https" || to.Hostname() == "" {
		return ""
	}
	origin := target.Origin(to.Scheme, strings.ToLower(to.Hostname()), to.Port())
	same := func(u *url.URL) bool { return u.Scheme == origin.Scheme && strings.EqualFold(u.Host, origin.Host) }
	if same(target.Origin(ex.URL.Scheme, ex.URL.Hostname(), ex.URL.Port())) {
		return ""
	}
	if p.options.Targets.Len() <= small {
		for in := range p.options.Targets.All() {
			for _, o := range p.origins(in) {
				if slices.ContainsFunc(o.candidates, same) {
					return ""
				}
			}
		}
	}
	return strings.TrimSuffix(origin.String(), "/")
}

// noAnswer is the outcome for all signatures when the first request failed.
func (p *Plan) noAnswer(ctx context.Context, err error) *scanner.StatusError {
	var stop *scanner.StatusError
	switch {
	case ctx.Err() != nil:
		return interrupted
	case errors.As(err, &stop):
		return stop
	case web.KindOf(err) == web.KindThrottled:
		return &scanner.StatusError{Status: scanner.StatusThrottled, Reason: reasonOf(err)}
	}
	return &scanner.StatusError{Status: scanner.StatusUnreachable, Reason: reasonOf(err)}
}

// wrongScheme reports a failure that asking in TLS for plain HTTP, or the reverse, may explain.
func wrongScheme(err error) bool {
	switch web.KindOf(err) {
	case web.KindClosed, web.KindProtocol, web.KindTLS:
		return true
	case web.KindUnreachable, web.KindTimeout, web.KindScope, web.KindThrottled, web.KindCanceled:
	}
	return false
}

// untrusted reports a server that speaks TLS with a certificate that we do not accept.
func untrusted(err error) bool {
	var e *tls.CertificateVerificationError
	return errors.As(err, &e)
}

// joinReasons says why each address gave nothing, in one line.
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
