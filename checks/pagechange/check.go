// Package pagechange holds pages against what they were, and against what others see of them.
package pagechange

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// params are with: of the signatures about pages.
type params struct {
	Mode     string   `yaml:"mode"`     // changed: since earlier scans; cloaked: shown to some visitors only
	Services []string `yaml:"services"` // domains of services in wide use
}

// How many pages are looked at.
const (
	maxNamed   = 20 // of those that the user named
	maxCrawled = 5  // of others, the target's own page included
	maxCloaked = 3  // of others, by a scan that compares visitors only
)

// New is the check "page-change": what has changed on pages since earlier scans, and what they show to some visitors only.
func New(s *signature.Signature) (scanner.Check, error) {
	c := check{services: map[string]bool{}}
	if err := s.With.Decode(&c.params); err != nil {
		return nil, err
	}
	if c.params.Mode != "changed" && c.params.Mode != "cloaked" {
		return nil, s.With.Mistake("mode is changed or cloaked")
	}
	for _, domain := range c.params.Services {
		c.services[domain] = true
	}
	return c, nil
}

type check struct {
	params   params
	services map[string]bool
}

// Alone keeps visitors that a filter may turn away for the end, when nothing else is asked.
func (c check) Alone() bool { return true }

func (c check) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	p.KnowsFilters()
	if c.params.Mode == "cloaked" {
		return c.runCloaked(ctx, p)
	}
	earlier, ok, err := p.Recall(ctx)
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, scanner.NotApplicable("pages are compared by sotomi watch, which knows what they were")
	}
	pages, err := pagesOf(ctx, p, earlier, maxCrawled)
	if err != nil {
		return nil, err
	}
	pages = withTroubled(pages, earlier)
	r := &run{check: c, probe: p}
	for _, u := range pages {
		if err := r.page(ctx, u, earlier[u.String()]); err != nil {
			return r.hits, err
		}
	}
	r.forget(earlier, pages)
	return r.hits, r.end()
}

// pagesOf are the pages to look at: those that the user named, else the target's own, those that are known from earlier
// scans, and others that its links lead to.
func pagesOf(ctx context.Context, p *scanner.Probe, earlier map[string]json.RawMessage, limit int) ([]*url.URL, error) {
	if named := p.Pages(); len(named) > 0 {
		return named[:min(len(named), maxNamed)], nil
	}
	list := []*url.URL{p.Target.URL}
	add := func(u *url.URL) {
		if len(list) < limit && !slices.ContainsFunc(list, func(o *url.URL) bool { return o.String() == u.String() }) {
			list = append(list, u)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(earlier)) {
		if u, err := url.Parse(name); err == nil && web.OnSite(p.Target.URL, u) {
			add(u)
		}
	}
	crawled, err := p.Crawl(ctx)
	if err != nil {
		return nil, err
	}
	for _, page := range crawled {
		if u := page.Exchange.URL; u.RawQuery == "" {
			add(u)
		}
	}
	return list, nil
}

// withTroubled adds pages of which something was told that is not known to be gone, whoever names pages now.
func withTroubled(pages []*url.URL, earlier map[string]json.RawMessage) []*url.URL {
	for _, name := range slices.Sorted(maps.Keys(earlier)) {
		u, err := url.Parse(name)
		if err == nil && readPage(earlier[name]).troubled() && !slices.ContainsFunc(pages, func(o *url.URL) bool { return o.String() == name }) {
			pages = append(pages, u)
		}
	}
	return pages
}

// run is one look at all pages of a target.
type run struct {
	check
	probe *scanner.Probe
	hits  []scanner.Hit

	compared int
	learns   int           // how many are being learned
	least    int           // looks at the one that is known least
	unread   error         // why a page could not be compared
	pictured time.Duration // spent on pictures
	refused  visitor       // whom the site refuses, and always has; "" for nobody
}

// page looks at one page.
func (r *run) page(ctx context.Context, u *url.URL, earlier json.RawMessage) error {
	known := readPage(earlier)
	looks, status, err := r.looks(ctx, u, known)
	if err != nil {
		return err
	}
	if len(looks) == 0 {
		if known.Runs == 0 && (status == http.StatusOK || status == http.StatusNotFound || status == http.StatusGone) {
			return nil // no page
		}
		if r.unread == nil {
			r.unread = scanner.Undetermined("%s could not be read: its answer was %d", u.String(), status)
		}
		return nil
	}
	alarms := known.judge(looks, r.services)
	pictures, none, err := r.pictures(ctx, u, known, len(alarms) > 0)
	if err != nil {
		return err
	}
	for i, a := range alarms {
		h := a.hit(u, looks)
		if none != nil {
			h.Values["pictures"] = message.New("none: %v", none)
		}
		if i < maxPictured {
			h.Pictures = pictures
		}
		r.hits = append(r.hits, h)
	}
	text, err := json.Marshal(known)
	if err != nil {
		return err
	}
	r.probe.Remember(u.String(), text)
	if known.Runs > learning {
		r.compared++
		return nil
	}
	if r.learns++; r.learns == 1 || known.Runs < r.least {
		r.least = known.Runs
	}
	return nil
}

// looks are what visitors see of a page; none when it cannot be read as everybody does.
func (r *run) looks(ctx context.Context, u *url.URL, known *page) (list []seenBy, status int, err error) {
	for _, who := range []visitor{plain, phone, search} {
		ex, err := who.ask(ctx, r.probe, u)
		if err != nil {
			return nil, 0, err
		}
		l, ok := newLook(u, ex)
		filter := r.probe.Filter(ex)
		ok = ok && filter == ""
		s := seenBy{who, l}
		switch {
		case ok && known.away(s):
			r.unread = scanner.Undetermined("%s says that the site is away for a while", u.String())
			return nil, ex.Status, nil
		case ok:
			list = append(list, s)
		case who == plain && filter != "":
			r.unread = scanner.Blocked("blocked by %s", filter)
			return nil, ex.Status, nil
		case who == plain:
			return nil, ex.Status, nil
		case known.Looks[who] > 0:
			r.unread = scanner.Undetermined("%s could not be read as %s: the answer was %d", u.String(), who.name(), ex.Status)
		default:
			r.refused = who
		}
	}
	if known.Runs > 0 {
		return list, http.StatusOK, nil
	}
	ex, err := plain.again(ctx, r.probe, u) // what differs now varies by itself
	if err != nil {
		return nil, 0, err
	}
	if l, ok := newLook(u, ex); ok {
		known.learn(plain, l, nil)
	}
	return list, http.StatusOK, nil
}

// forget forgets pages that are not looked at any more.
func (r *run) forget(earlier map[string]json.RawMessage, pages []*url.URL) {
	for name := range earlier {
		if !slices.ContainsFunc(pages, func(u *url.URL) bool { return u.String() == name }) {
			r.probe.Remember(name, nil)
		}
	}
}

// end is how the check ends when it has seen nothing.
func (r *run) end() error {
	switch {
	case r.unread != nil:
		return r.unread
	case r.compared == 0 && r.learns == 0:
		return scanner.NotApplicable("the target shows no HTML page")
	case r.compared == 0:
		return scanner.NotApplicable("what varies by itself is being learned (%d of %d looks)", r.least, learning)
	case r.learns > 0:
		r.probe.Explain("%d pages were compared; %d more are being learned (%d of %d looks)", r.compared, r.learns, r.least, learning)
	case r.refused != "":
		r.probe.Explain("%d pages were compared with what they were, but not as %s see them: the site refuses those", r.compared, r.refused.name())
	default:
		r.probe.Explain("%d pages were compared with what they were", r.compared)
	}
	return nil
}

// hit is an alarm as a finding.
func (a alarm) hit(u *url.URL, looks []seenBy) scanner.Hit {
	h := scanner.Hit{URL: u.String(), Variant: a.variant, Matcher: a.matcher, Values: scanner.Values{"visitor": a.who.name()}}
	if a.variant == variantLinks || a.variant == variantReplaced || len(a.parts) == 1 && a.parts[0].unsure {
		h.Certainty = scanner.Possible
	}
	if len(a.before) > 0 {
		h.Values["before"] = cut(a.before)
	}
	after := cut(a.after)
	if len(after) > 0 {
		h.Values["after"] = after
	}
	for _, s := range looks {
		if s.who == a.who {
			var keep []string
			for _, v := range a.parts {
				keep = append(keep, v.needles()...)
			}
			h.Evidence = []evidence.Evidence{evidence.New(s.look.exchange, a.note(), keep...)}
		}
	}
	return h
}

// cut is the beginning of a list for people, each text once.
func cut(list []string) []string {
	var short []string
	for _, text := range list {
		text = shown(text)
		if text != "" && !slices.Contains(short, text) && len(short) < shownRows {
			short = append(short, text)
		}
	}
	return short
}

// note says what the evidence shows.
func (a alarm) note() message.Message {
	name := ""
	if len(a.parts) > 0 {
		name = a.parts[0].shown
	}
	switch a.variant {
	case variantDefaced, variantReplaced:
		if a.matcher != "" && len(a.before) == 0 {
			return message.New("The page says %q, which it did not say before.", name)
		}
		return message.New("Nearly nothing is left of what the page showed in each of the %d looks before.", learning)
	case variantSpam:
		return message.New("The page has links and terms that it did not have before, beginning with %q.", name)
	case variantLinks:
		return message.New("The page links to many other sites that it did not link to before, beginning with %q.", name)
	case variantForm:
		return message.New("A form of the page sends to %s, which none did before.", name)
	case variantHidden:
		return message.New("The page holds %s in a frame that nobody sees.", name)
	case variantFrame:
		return message.New("The page shows %s in a frame.", name)
	case variantRedirect:
		return message.New("The page sends visitors on to %s.", name)
	case variantBase:
		return message.New("All addresses of the page are on %s.", name)
	case variantInline:
		return message.New("A script within the page hides what it does (%s).", name)
	case variantCanonical:
		return message.New("The page says that its own address is %s.", name)
	}
	return message.New("The page runs a script of %s, or one that names it, which it did not before.", name)
}
