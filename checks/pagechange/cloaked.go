package pagechange

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
)

// Variants of the signature about what some visitors see only.
const (
	variantSentAway = "sent-away"
)

// runCloaked looks for what a page shows to search engines, to phones or to visitors from search engines only. It remembers
// pages on which it found something: they are looked at again whatever links lead to them.
func (c check) runCloaked(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	earlier, _, err := p.Recall(ctx)
	if err != nil {
		return nil, err
	}
	pages, err := pagesOf(ctx, p, nil, maxCloaked)
	if err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(earlier)) {
		if u, err := url.Parse(name); err == nil && !slices.ContainsFunc(pages, func(o *url.URL) bool { return o.String() == name }) {
			pages = append(pages, u)
		}
	}
	var all []scanner.Hit
	var unseen error // what could not be compared
	read := 0
	for _, u := range pages {
		hits, err := c.cloakedPage(ctx, p, u)
		all = append(all, hits...)
		var end *scanner.StatusError
		switch {
		case errors.As(err, &end) && end.Status == scanner.StatusNotApplicable:
			c.forget(p, u, earlier)
			continue
		case errors.As(err, &end):
			unseen = end
		case err != nil:
			return all, err
		case len(hits) == 0:
			c.forget(p, u, earlier)
		}
		if len(hits) > 0 {
			p.Remember(u.String(), json.RawMessage("true"))
		}
		read++
	}
	if read == 0 {
		return nil, scanner.NotApplicable("the target shows no HTML page")
	}
	return all, unseen
}

// forget forgets a page on which there is nothing any more.
func (c check) forget(p *scanner.Probe, u *url.URL, earlier map[string]json.RawMessage) {
	if _, known := earlier[u.String()]; known {
		p.Remember(u.String(), nil)
	}
}

// cloakedPage looks at one page. A *scanner.StatusError says what could not be seen of it.
func (c check) cloakedPage(ctx context.Context, p *scanner.Probe, u *url.URL) ([]scanner.Hit, error) {
	ex, err := plain.ask(ctx, p, u)
	if err != nil {
		return nil, err
	}
	everybody, ok := newLook(u, ex)
	switch filter := p.Filter(ex); {
	case filter != "":
		return nil, scanner.Blocked("blocked by %s", filter)
	case ok && everybody.to == nil:
	case ex.Status >= http.StatusBadRequest && ex.Status != http.StatusNotFound && ex.Status != http.StatusGone || ex.Broken:
		return nil, scanner.Undetermined("%s could not be read: its answer was %d", u.String(), ex.Status)
	default:
		return nil, scanner.NotApplicable("the target shows no HTML page")
	}
	var hits []scanner.Hit
	var refused error
	for _, who := range []visitor{robot, phone, search} {
		hit, err := c.compare(ctx, p, u, everybody, who)
		var end *scanner.StatusError
		switch {
		case errors.As(err, &end) && who == robot:
			// Many sites know a search engine's robots by their addresses, and turn others away that take their name.
			p.Explain("what search engines see was not compared: %s", end.Reason)
		case errors.As(err, &end):
			refused = end
		case err != nil:
			return hits, err
		case hit != nil:
			hits = append(hits, *hit)
		}
	}
	return hits, refused
}

// compare holds what one visitor sees against what everybody does. A *scanner.StatusError says that the visitor is refused.
func (c check) compare(ctx context.Context, p *scanner.Probe, u *url.URL, everybody *look, who visitor) (*scanner.Hit, error) {
	ex, err := who.ask(ctx, p, u)
	if err != nil {
		return nil, err
	}
	theirs, ok := newLook(u, ex)
	if filter := p.Filter(ex); filter != "" {
		return nil, scanner.Blocked("%s refuses %s", filter, who.name())
	}
	if !ok {
		if ex.SendsTo() != nil && ex.Status < http.StatusBadRequest {
			return nil, nil //nolint:nilnil // another page of the same site, such as one for phones
		}
		return nil, scanner.Blocked("the site refuses %s (%d)", who.name(), ex.Status)
	}
	a := c.only(everybody, theirs, who)
	if a == nil {
		return nil, nil //nolint:nilnil // nothing but what everybody sees
	}
	// What varies by itself is seen by everybody, sooner or later, and not by this visitor each time.
	again, err := plain.again(ctx, p, u)
	if err != nil {
		return nil, err
	}
	if l, ok := newLook(u, again); !ok || c.only(l, theirs, who) == nil || c.only(everybody, l, plain) != nil {
		return nil, nil //nolint:nilnil // the site answers differently each time
	}
	if again, err = who.again(ctx, p, u); err != nil {
		return nil, err
	}
	if l, ok := newLook(u, again); !ok || c.only(everybody, l, who) == nil {
		return nil, nil //nolint:nilnil // as above
	}
	hit := &scanner.Hit{
		URL: u.String(), Variant: a.variant, Matcher: string(who),
		Values: scanner.Values{"visitor": who.name(), "before": cut(headOf(everybody)), "after": cut(a.after)},
	}
	var keep []string
	for _, v := range a.parts {
		keep = append(keep, v.needles()...)
	}
	note := message.New("This is shown to %s alone, beginning with %q.", who.name(), a.after[0])
	if a.variant == variantSentAway {
		note = message.New("Only %s are sent on to %s.", who.name(), a.after[0])
	}
	hit.Matcher = map[visitor]string{robot: "search-engine", phone: "phone", search: "from-search-engine"}[who]
	if a.parts != nil && a.parts[0].unsure {
		hit.Certainty = scanner.Possible
	}
	hit.Evidence = []evidence.Evidence{evidence.New(ex, note, keep...)}
	return hit, nil
}

// How much more a visitor must see than everybody to be odd.
const (
	cloakedSites  = 8  // other sites
	cloakedHidden = 15 // links that nobody sees
	cloakedTerms  = 3
)

// only is what a visitor sees and others do not, nil when it is nothing odd.
func (c check) only(everybody, theirs *look, who visitor) *alarm {
	if v, ok := c.sentAway(everybody, theirs); ok {
		return &alarm{variant: variantSentAway, who: who, parts: []part{v}, after: []string{v.shown}}
	}
	var links, terms []part
	hidden := 0
	for _, v := range theirs.parts {
		switch {
		case v.kind == kindTerm && !everybody.says(v.value):
			terms = add(terms, v)
		case v.kind != kindLink && v.kind != kindHiddenTo || everybody.has(kindLink, v.value) || everybody.has(kindHiddenTo, v.value) || c.services[v.value]:
		default:
			links = add(links, v)
			if v.kind == kindHiddenTo {
				hidden++
			}
		}
	}
	shell := everybody.isShell(theirs)
	replaced := !shell && theirs.isOther(everybody)
	weak := newTerms(theirs.spam.weak, everybody.spam.weak)
	odd := len(terms) >= cloakedTerms || len(terms) > 1 && len(links) > 1
	if !shell {
		odd = odd || len(links) >= cloakedSites || hidden >= cloakedHidden || len(terms) > 0 && len(links) >= cloakedSites/2 ||
			replaced && (len(terms) > 0 || len(weak) >= cloakedTerms || len(weak) > 1 && theirs.isEastern() && !everybody.isEastern())
	}
	if !odd {
		return nil
	}
	a := &alarm{variant: variantSpam, who: who, parts: slices.Concat(terms, links)}
	if theirs.title != everybody.title {
		a.after = append(a.after, shown(theirs.title))
	}
	for _, v := range a.parts {
		a.after = append(a.after, v.shown)
	}
	if a.after = cut(a.after); len(a.after) == 0 {
		a.after = headOf(theirs)
	}
	return a
}

// sentAway is another site that visitors are sent on to, where others are not, and which the page itself does not name.
func (c check) sentAway(everybody, theirs *look) (part, bool) {
	for _, v := range theirs.values(kindRefresh) {
		domain, _, _ := strings.Cut(v.value, " ")
		switch {
		case everybody.has(kindRefresh, v.value), everybody.has(kindLink, v.value), everybody.has(kindCanonical, v.value):
		case everybody.announces[domain], stores[domain], related(domain, everybody.home.Hostname()):
		default:
			return v, true
		}
	}
	return part{}, false
}

// stores are where visitors with a phone are sent to get the site's own program.
var stores = map[string]bool{"apple.com": true, "google.com": true, "onelink.me": true, "app.link": true, "adj.st": true, "adjust.com": true, "page.link": true, "ampproject.org": true, "line.me": true}

// related reports whether two sites have a name in common, as those for phones do.
func related(domain, host string) bool {
	const short = 4
	name := func(of string) string {
		label, _, _ := strings.Cut(registered(of), ".")
		return label
	}
	a, b := name(domain), name(host)
	return len(a) >= short && len(b) >= short && (strings.Contains(a, b) || strings.Contains(b, a))
}

// says reports whether a look has a term, or one that it is a part of.
func (l *look) says(term string) bool {
	return l.spam.strong[term] || contains(strings.ToLower(l.title+" "+l.description+" "+l.home.Host), term)
}

// isShell reports whether a page is empty until its scripts have run, where another visitor gets what they would make.
func (l *look) isShell(full *look) bool {
	const few, times = 6, 4
	return len(l.texts) < few && l.links < few && len(full.texts) >= times*max(1, len(l.texts))
}

// isOther reports whether hardly anything of a page is on another.
func (l *look) isOther(o *look) bool {
	const few, times = 4, 5
	if len(l.texts) < few || len(o.texts) < few || l.title == o.title {
		return false
	}
	shared, there := 0, o.blocks()
	for _, v := range l.texts {
		if there[v.value] {
			shared++
		}
	}
	return shared*times <= len(l.texts)
}

func (l *look) isEastern() bool {
	var b strings.Builder
	for _, v := range l.texts {
		b.WriteString(v.shown)
	}
	return eastern(b.String())
}
