package paymentpage

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"sotomi/scanner"
	"sotomi/scanner/browser"
	"sotomi/scanner/evidence"
	"sotomi/scanner/payment"
	"sotomi/scanner/web"
)

// Limits of what is looked at where the user named no pages.
const (
	maxPages   = 5  // payment pages of a target
	maxFurther = 6  // addresses of carts and checkouts that pages link to and that were not read yet
	maxFiles   = 60 // scripts and style sheets of the shop's own that are read for a page without a browser
)

// seenPage is a payment page and what is to be said of it.
type seenPage struct {
	page       *payment.Page
	lacks      []payment.Lack // what is no longer there
	exchange   *web.Exchange  // its HTML
	deviations []payment.Deviation
	suspicions []payment.Suspicion
	picture    *evidence.Picture // of the first visit; nil for none
	partly     bool              // some look at it did not succeed
}

// gathered are the payment pages of a target, which all signatures share.
type gathered struct {
	mu     sync.Mutex
	done   bool
	pages  []seenPage
	failed error // of a page that the user named and that could not be read
}

// gather looks at the payment pages of the target, once for all signatures.
func gather(ctx context.Context, p *scanner.Probe) (*gathered, error) {
	g, ok := p.Derived("payment pages", func() any { return &gathered{} }).(*gathered)
	if !ok {
		return nil, errors.New("another value has the name")
	}
	if _, err := p.Do(ctx, &web.Request{URL: p.Target.URL}); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.done {
		return g, nil
	}
	l := &looker{probe: p, found: &gathered{}}
	if err := l.run(ctx); err != nil {
		return nil, err
	}
	l.end()
	g.pages, g.failed, g.done = l.found.pages, l.found.failed, true
	return g, nil
}

// candidate is a page that may be one where people pay.
type candidate struct {
	url *url.URL
	why payment.Why
	ex  *web.Exchange // nil for one that was not read yet

	cart *url.URL // a link to follow before later visits; nil for none
}

// looker looks at the payment pages of one target.
type looker struct {
	probe  *scanner.Probe
	found  *gathered
	cart   *url.URL // a link of the shop's that puts an article into the cart; nil for none
	linked bool     // it was looked for
}

func (l *looker) run(ctx context.Context) error {
	var list []candidate
	if named := l.probe.Payment.Pages; len(named) > 0 {
		for _, u := range named {
			list = append(list, candidate{url: u, why: payment.WhyNamed})
		}
	} else {
		var err error
		if list, err = l.recognised(ctx); err != nil {
			return err
		}
	}
	for _, c := range list {
		if err := l.look(ctx, c); err != nil {
			if ctx.Err() != nil || web.KindOf(err) == "" {
				return err
			}
			if l.found.failed == nil {
				l.found.failed = err
			}
		}
	}
	return nil
}

// recognised are pages of the site that look like payment pages, those with fields for card data first.
func (l *looker) recognised(ctx context.Context) ([]candidate, error) {
	home, err := l.probe.Do(ctx, &web.Request{URL: l.probe.Target.URL})
	if err != nil {
		return nil, err
	}
	pages, err := l.probe.PagesFrom(ctx, home)
	if err != nil {
		return nil, err
	}
	read := map[string]bool{}
	for _, page := range pages {
		read[page.Exchange.URL.String()] = true
	}
	for _, u := range l.further(pages, read) {
		ex, err := l.probe.Do(ctx, &web.Request{URL: u, Redirects: web.RedirectsHost})
		if err != nil {
			return nil, err
		}
		if page, err := web.ParsePage(ex); err == nil && ex.Status == http.StatusOK && !read[ex.URL.String()] {
			read[ex.URL.String()] = true
			pages = append(pages, page)
		}
	}
	var list []candidate
	seen := map[string]bool{}
	for _, why := range []payment.Why{payment.WhyCard, payment.WhyProvider, payment.WhyAddress} {
		for _, page := range pages {
			u := *page.Exchange.URL
			u.RawQuery = ""
			if payment.Recognise(page) == why && !seen[u.String()] && len(list) < maxPages {
				seen[u.String()] = true
				list = append(list, candidate{url: page.Exchange.URL, why: why, ex: page.Exchange})
			}
		}
	}
	return list, nil
}

// further are addresses of carts and checkouts that pages link to. Links that put an article into the cart are none; the first
// is kept.
func (l *looker) further(pages []*web.Page, read map[string]bool) []*url.URL {
	var list []*url.URL
	l.linked = true
	for _, page := range pages {
		for _, u := range page.Links {
			if !strings.EqualFold(u.Host, l.probe.Target.URL.Host) || u.Scheme != l.probe.Target.URL.Scheme {
				continue
			}
			if payment.AddsToCart(u) {
				if l.cart == nil {
					l.cart = u
				}
				continue
			}
			same := func(o *url.URL) bool { return o.String() == u.String() }
			if payment.MayVisit(u) && !read[u.String()] && !slices.ContainsFunc(list, same) && len(list) < maxFurther {
				list = append(list, u)
			}
		}
	}
	return list
}

// findCart is a link of the shop's that puts an article into the cart, where a page has nothing yet to pay with; else nil.
func (l *looker) findCart(ctx context.Context, page *web.Page) (*url.URL, error) {
	if why := payment.Recognise(page); why == payment.WhyCard || why == payment.WhyProvider {
		return nil, nil //nolint:nilnil // none is needed
	}
	if l.linked {
		return l.cart, nil
	}
	home, err := l.probe.Do(ctx, &web.Request{URL: l.probe.Target.URL})
	if err != nil {
		return nil, err
	}
	pages, err := l.probe.PagesFrom(ctx, home)
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	l.further(append(pages, page), nil)
	return l.cart, nil
}

// wanted reports whether the user has asked for payment pages to be looked at. Only then does a browser show them: it also asks the
// hosts that the pages name, and nobody named those.
func wanted(p *scanner.Probe) bool { return len(p.Payment.Pages) > 0 || p.Payment.Approved != nil }

// look looks at one page, with a browser where that is wanted and there is one.
func (l *looker) look(ctx context.Context, c candidate) error {
	if c.ex == nil {
		ex, err := l.probe.Do(ctx, &web.Request{URL: c.url, Redirects: web.RedirectsHost})
		if err != nil {
			return err
		}
		c.ex = ex
	}
	if c.ex.Status != http.StatusOK {
		if c.why == payment.WhyNamed && l.found.failed == nil {
			l.found.failed = scanner.Undetermined("the payment page %s answers %d", c.url.String(), c.ex.Status)
		}
		return nil
	}
	parsed, err := web.ParsePage(c.ex)
	if err != nil {
		if c.why == payment.WhyNamed && l.found.failed == nil {
			l.found.failed = scanner.Undetermined("the payment page %s is no HTML page", c.url.String())
		}
		return nil
	}
	if c.cart, err = l.findCart(ctx, parsed); err != nil {
		return err
	}
	html := payment.LookAt(c.ex, browser.VisitFirst)
	var looks []*browser.Look
	partly, err := false, error(browser.ErrNone)
	if wanted(l.probe) {
		looks, partly, err = l.rendered(ctx, c, html)
	}
	if errors.Is(err, browser.ErrNone) {
		looks, err = l.fromHTML(ctx, c)
	}
	if err != nil {
		return err
	}
	page := payment.NewPage(c.why, c.ex.Started, looks...)
	page.URL = c.url.String()
	there := func(look *browser.Look) bool { return samePath(look.Final, page.URL) }
	if l.probe.Payment.Pages != nil && !slices.ContainsFunc(looks, there) {
		page.Unseen = append(page.Unseen, payment.LedAway)
	}
	if !page.HasCard() && !page.HasProvider() {
		page.Unseen = append(page.Unseen, payment.NotReached)
	}
	s := seenPage{page: page, exchange: c.ex, partly: partly, suspicions: payment.Suspect(page), picture: evidence.NewPicture(looks[0].Screenshot, c.ex.Started)}
	if f := l.probe.Payment.Approved; f != nil {
		s.deviations = f.Judge(page, c.ex.Started)
	}
	l.found.pages = append(l.found.pages, s)
	return nil
}

// end holds all pages against what is listed: what one lacks may be on another.
func (l *looker) end() {
	pages := make([]*payment.Page, len(l.found.pages))
	for i := range l.found.pages {
		pages[i] = l.found.pages[i].page
	}
	var lacks []payment.Lack
	if f := l.probe.Payment.Approved; f != nil && l.found.failed == nil && len(pages) > 0 {
		lacks = f.Missing(pages, pages[0].Time)
	}
	for i := range l.found.pages {
		s := &l.found.pages[i]
		s.lacks = slices.DeleteFunc(slices.Clone(lacks), func(lack payment.Lack) bool { return lack.Page != s.page })
		s.page = s.page.Redacted()
	}
}

func samePath(a, b string) bool {
	one, err := url.Parse(a)
	other, err2 := url.Parse(b)
	return err == nil && err2 == nil && strings.TrimSuffix(one.Path, "/") == strings.TrimSuffix(other.Path, "/")
}

// rendered are all looks with a browser. partly is set when one of them did not succeed.
func (l *looker) rendered(ctx context.Context, c candidate, html *browser.Look) (looks []*browser.Look, partly bool, err error) {
	for _, v := range browser.Visits() {
		if v == browser.VisitLater && c.cart != nil {
			if _, err := l.probe.Look(ctx, c.cart, browser.VisitLater); err != nil && ctx.Err() != nil {
				return nil, false, err
			}
		}
		look, err := l.probe.Look(ctx, c.url, v)
		switch {
		case err != nil && (len(looks) == 0 || ctx.Err() != nil):
			return nil, false, err
		case err != nil:
			partly = true
			looks[0].Unseen = append(looks[0].Unseen, payment.VisitFailed)
			continue
		}
		if v == browser.VisitFirst {
			look = payment.Complete(look, html)
		}
		for i := range look.Sheets {
			if source := look.Sheets[i].Source; source != nil {
				payment.SetSheet(look, i, source)
			}
		}
		looks = append(looks, look)
	}
	return looks, partly, nil
}

// fromHTML are all looks without a browser. Scripts of the shop's own are read, others are not.
func (l *looker) fromHTML(ctx context.Context, c candidate) ([]*browser.Look, error) {
	guest := l.probe.Session()
	files := map[string][]byte{}
	var looks []*browser.Look
	for _, v := range browser.Visits() {
		session := guest
		if v == browser.VisitSearch || v == browser.VisitPhone {
			session = l.probe.Session()
		}
		if v == browser.VisitLater && c.cart != nil {
			_, err := session.Do(ctx, &web.Request{URL: c.cart}) // where it leads to does not matter
			l.probe.Count(1)
			if err != nil && ctx.Err() != nil {
				return nil, err
			}
		}
		ex, err := session.Do(ctx, &web.Request{URL: c.url, Header: headersOf(v), Redirects: web.RedirectsHost})
		l.probe.Count(1)
		if err != nil {
			return nil, err
		}
		look := payment.LookAt(ex, v)
		for i := range look.Scripts {
			text, err := l.read(ctx, look.Scripts[i].URL, files)
			if err != nil {
				return nil, err
			}
			if text != nil {
				payment.SetSource(&look.Scripts[i], text)
			}
		}
		for i := 0; i < len(look.Sheets); i++ { // they import others
			text, err := l.read(ctx, look.Sheets[i].URL, files)
			if err != nil {
				return nil, err
			}
			if text != nil {
				payment.SetSheet(look, i, text)
			}
		}
		look.Unseen = append(look.Unseen, payment.NoBrowser)
		looks = append(looks, look)
	}
	return looks, nil
}

// headersOf are those by which a site tells visitors apart.
func headersOf(v browser.Visit) http.Header {
	switch v {
	case browser.VisitSearch:
		return http.Header{"Referer": {"https://www.google.com/"}}
	case browser.VisitPhone:
		return http.Header{"User-Agent": {"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"}}
	case browser.VisitFirst, browser.VisitLater:
	}
	return nil
}

// read reads a script or a style sheet of the shop's own host; nil for others, without contents of which nothing is said.
func (l *looker) read(ctx context.Context, address string, files map[string][]byte) ([]byte, error) {
	u, err := url.Parse(address)
	own := err == nil && address != "" && strings.EqualFold(u.Host, l.probe.Target.URL.Host) && u.Scheme == l.probe.Target.URL.Scheme
	if !own {
		return nil, nil
	}
	text, ok := files[address]
	if !ok && len(files) < maxFiles {
		ex, err := l.probe.Do(ctx, &web.Request{URL: u})
		if err != nil {
			return nil, err
		}
		if ex.Status == http.StatusOK && !ex.Truncated {
			text = ex.Body
		}
		files[address] = text
	}
	return text, nil
}
