package engine

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/publicsuffix"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// How far a target's own page is followed.
const (
	originsFollowed = 3 // http://shop.example, https://shop.example, https://www.shop.example
	pagesFollowed   = 5 // redirects on one origin
)

// settle makes discoveries of a site whose own page answered ex: the site itself, or the one that it has moved to when that
// is the same site under https or with or without www. The original is looked at too when only its own page redirects.
func (p *Plan) settle(ctx context.Context, o endpoint, s *site, ex *web.Exchange) []discovery {
	p.arrive(ctx, s, ex)
	s.leadsToTarget = s.leadsToTarget && p.staysThere(ctx, o, s)
	if s.moved == nil || o.port != "" || p.options.NoFollow {
		return []discovery{{site: s}}
	}
	next, end := p.followMove(ctx, o, s)
	switch {
	case end != nil && next != nil:
		return []discovery{{site: next, end: end}}
	case end != nil:
		return []discovery{{site: s, end: end}}
	case next == nil:
		return []discovery{{site: s}}
	case p.movedAltogether(ctx, s, next):
		return []discovery{{site: next}}
	}
	return []discovery{{site: next}, {site: s}}
}

// arrive notes what the site's own page says about where to look.
func (p *Plan) arrive(ctx context.Context, s *site, ex *web.Exchange) {
	s.health.sawHome(ex)
	s.status = ex.Status
	s.closed = asksForLogin(ex)
	defer func() { s.lost = redirects(ex) && s.leads == "" }() // the last of them, wherever it would lead
	for range pagesFollowed {
		to := ex.SendsTo()
		if to == nil {
			p.noteLogin(ctx, s, ex)
			return
		}
		if !sameOrigin(s.target.URL, to) {
			s.leadsTo(to, p)
			return
		}
		if slices.ContainsFunc(s.pages, func(u *url.URL) bool { return u.Path == to.Path && u.RawQuery == to.RawQuery }) {
			return
		}
		s.pages = append(s.pages, to)
		if strings.HasSuffix(to.Path, "/") || target.IsFile(to.Path) {
			s.addFolders(to)
		}
		a := s.do(ctx, &web.Request{Method: "GET", URL: to}, nil)
		if a.err != nil {
			return
		}
		ex = a.ex
	}
}

// noteLogin notes that the site sends visitors to a page with a password field, whatever they ask for.
func (p *Plan) noteLogin(ctx context.Context, s *site, ex *web.Exchange) {
	page, err := web.ParsePage(ex)
	if err != nil || len(s.pages) == 1 || !page.AsksForPassword() {
		return
	}
	if to := s.sendsStrangers(ctx); to != nil && sameOrigin(ex.URL, to) && to.Path == ex.URL.Path {
		s.login, s.closed = to.Path, true
	}
}

// leadsTo notes that the site's own page sends visitors to another origin.
func (s *site) leadsTo(to *url.URL, p *Plan) {
	there := target.Origin(to.Scheme, strings.ToLower(to.Hostname()), to.Port())
	s.leads = origin(there)
	further := slices.ContainsFunc(p.ports, func(f port) bool { return strconv.Itoa(f.number) == there.Port() })
	s.leadsToTarget = p.options.Targets.Includes(there, further)
	if !s.leadsToTarget && sameSite(s.target.URL, to) && !p.options.Targets.Excluded(to.Hostname()) {
		s.moved = there
	}
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && target.Port(a) == target.Port(b)
}

// sameSite reports whether an address is the same site under another name: https instead of http, with www or without, within
// one registered domain.
func sameSite(from, to *url.URL) bool {
	upgrade := from.Scheme == "http" && to.Scheme == "https"
	if from.Scheme != to.Scheme && !upgrade {
		return false
	}
	a, b := strings.ToLower(from.Hostname()), strings.ToLower(to.Hostname())
	if a == b {
		return upgrade
	}
	if "www."+a != b && a != "www."+b || !upgrade && target.Port(from) != target.Port(to) {
		return false
	}
	one, err1 := publicsuffix.EffectiveTLDPlusOne(a)
	other, err2 := publicsuffix.EffectiveTLDPlusOne(b)
	return err1 == nil && err2 == nil && one == other
}

// staysThere reports whether the other target that a site leads to has a page of its own: two that lead to each other are
// both looked at in vain.
func (p *Plan) staysThere(ctx context.Context, o endpoint, s *site) bool {
	u, err := url.Parse(s.leads + "/")
	if err != nil {
		return false
	}
	there := p.newSite(o, u)
	there.unnamed = true // the user may have named it without its scheme, and it may be plain HTTP
	ex, err := p.home(ctx, there)
	if err != nil {
		return false
	}
	to := ex.SendsTo()
	return to == nil || sameOrigin(u, to)
}

// followMove goes to where a site has moved. Without a site and without an end the move is not to be followed. An end says that
// it leads nowhere; the site beside it is where a certificate is not accepted, which can be looked at all the same.
func (p *Plan) followMove(ctx context.Context, o endpoint, s *site) (*site, *scanner.StatusError) {
	at, origins := s, []*url.URL{s.target.URL}
	for at.moved != nil {
		if len(origins) > originsFollowed || p.keepsCredentials(s.target.URL, at.moved) {
			break
		}
		u := *at.moved
		u.Path, u.RawPath, u.RawQuery = s.target.URL.Path, s.target.URL.RawPath, s.target.URL.RawQuery
		next := p.newSite(o, &u)
		next.asked = s.target.URL
		next.public = !strings.EqualFold(u.Hostname(), s.target.URL.Hostname())
		ex, err := p.home(ctx, next)
		switch {
		case err != nil && web.KindOf(err) == web.KindScope:
			return nil, scanner.End(scanner.StatusElsewhere, "leads to %s, which was not looked at: %s", origin(&u), reasonOf(err))
		case err != nil && untrusted(err):
			next.untrusted = true
			return next, scanner.End(scanner.StatusUnreachable, "leads to %s: %s; --ca or --insecure scans it all the same", origin(&u), reasonOf(err))
		case err != nil:
			return nil, &scanner.StatusError{Status: p.noAnswer(ctx, err).Status, Reason: message.New("leads to %s: %s", origin(&u), reasonOf(err))}
		}
		p.arrive(ctx, next, ex)
		if slices.ContainsFunc(origins, func(u *url.URL) bool { return origin(u) == next.leads }) {
			return nil, scanner.End(scanner.StatusFailed, "its redirects lead in a circle between %s and %s", origin(&u), next.leads)
		}
		at, origins = next, append(origins, &u)
	}
	if at == s {
		return nil, nil //nolint:nilnil // neither followed nor ended
	}
	if !p.shared.Load() && !p.first(at.target.String()) {
		return nil, scanner.End(scanner.StatusNotApplicable, "leads to %s, which is looked at as another target", origin(at.target.URL))
	}
	return at, nil
}

func origin(u *url.URL) string {
	return strings.TrimSuffix(target.Origin(u.Scheme, u.Hostname(), u.Port()).String(), "/")
}

// keepsCredentials reports whether a move is not followed because headers, sessions or a certificate of the user's belong to
// the origin that was named. Only https on the usual port of the same host is as good.
func (p *Plan) keepsCredentials(from, to *url.URL) bool {
	usual := from.Port() == "" && to.Port() == "" && strings.EqualFold(from.Hostname(), to.Hostname())
	return (p.hasCredentials() || p.options.Client.CarriesCertificate()) && !usual
}

// movedAltogether reports whether the original site sends every visitor on, also one who asks for a page that does not exist.
func (p *Plan) movedAltogether(ctx context.Context, s, next *site) bool {
	to := s.sendsStrangers(ctx)
	return to != nil && (sameSite(s.target.URL, to) || sameOrigin(next.target.URL, to))
}

// sendsStrangers is where the site sends visitors who ask for a page that does not exist, nil for nowhere.
func (s *site) sendsStrangers(ctx context.Context) *url.URL {
	a := s.do(ctx, controlRequest(s.target, &web.Request{Method: "GET", URL: s.target.URL}), nil)
	if a.err != nil {
		return nil
	}
	return a.ex.SendsTo()
}

// first reports whether a target that redirects led to is met for the first time: two may lead to the same one.
func (p *Plan) first(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := digestOf([]byte(name))
	if p.followed[key] {
		return false
	}
	if p.followed == nil {
		p.followed = map[digest]bool{}
	}
	p.followed[key] = true
	return true
}
