package pagechange

import (
	"slices"
	"strings"
)

// Variants of the signature about changes, which have words and a severity of their own.
const (
	variantDefaced   = "defaced"
	variantReplaced  = "replaced"
	variantSpam      = "spam"
	variantLinks     = "many-links"
	variantForm      = "form"
	variantHidden    = "hidden-frame"
	variantFrame     = "frame"
	variantRedirect  = "redirect"
	variantBase      = "base"
	variantScript    = "script"
	variantService   = "service"
	variantInline    = "inline"
	variantCanonical = "canonical"
)

// variantOf are the variants of parts that are told one by one.
var variantOf = map[kind]string{
	kindScript: variantScript, kindInline: variantInline, kindFrame: variantFrame, kindHidden: variantHidden, kindForm: variantForm,
	kindRefresh: variantRedirect, kindBase: variantBase, kindCanonical: variantCanonical, kindBoast: variantDefaced,
}

// rotates are the kinds of which one may take the place of another by itself, as advertisements do.
var rotates = []kind{kindScript, kindInline, kindFrame, kindHidden}

// alarm is a change to tell.
type alarm struct {
	variant string
	matcher string // what tells it apart from others of its variant
	who     visitor
	parts   []part   // that are new
	further []part   // that are too, and are too many to be remembered
	before  []string // for people
	after   []string
}

// judge holds what visitors see now against what is known of the page, and learns it. It tells what is new and what was
// told before and is still there.
func (p *page) judge(looks []seenBy, services map[string]bool) []alarm {
	var alarms []alarm
	if p.learned() {
		for _, s := range looks {
			if p.Looks[s.who] >= learning || s.look.to != nil {
				alarms = append(alarms, p.parts(s, services)...)
				alarms = append(alarms, p.spam(s, services)...)
			}
		}
		alarms = append(alarms, p.replaced(looks)...)
	}
	alarms = merged(alarms)
	except := map[string]bool{}
	for _, a := range alarms {
		for _, v := range a.further {
			except[v.id()] = true
		}
	}
	for _, s := range looks {
		if !p.learned() {
			p.Fresh = max(p.Fresh, p.fresh(s.look))
		}
		p.learn(s.who, s.look, except)
	}
	for _, a := range alarms {
		for _, v := range a.parts {
			if k := p.find(v.kind, v.value); k != nil {
				k.Bad = a.variant
			}
		}
	}
	p.Runs++
	p.forget()
	if slices.ContainsFunc(alarms, func(a alarm) bool { return len(a.parts) == 0 }) { // the page was replaced: the boast is a part of that
		alarms = slices.DeleteFunc(alarms, func(a alarm) bool { return len(a.parts) > 0 && a.parts[0].kind == kindBoast })
	}
	return alarms
}

// seenBy is what one visitor saw of a page.
type seenBy struct {
	who  visitor
	look *look
}

// merged makes one alarm of those that say the same of several visitors.
func merged(list []alarm) []alarm {
	var one []alarm
	at := map[string]int{}
	for _, a := range list {
		id := a.variant + " " + a.matcher
		i, told := at[id]
		if !told {
			at[id] = len(one)
			one = append(one, a)
			continue
		}
		one[i].parts = append(one[i].parts, a.parts...)
		one[i].further = append(one[i].further, a.further...)
	}
	return one
}

// parts tells of parts that are new, one by one.
func (p *page) parts(s seenBy, services map[string]bool) []alarm {
	var alarms []alarm
	candidates := map[string][]part{}
	var places []string
	turns := map[string]int{} // parts that come and go and are there now
	for _, v := range s.look.unique() {
		at := place(v.kind, hashOf(v.slot))
		k := p.find(v.kind, v.value)
		switch {
		case k == nil:
			if candidates[at] == nil {
				places = append(places, at)
			}
			candidates[at] = append(candidates[at], v)
		case k.Bad != "":
			alarms = append(alarms, newAlarm(k.Bad, v, s.who))
		case p.sometimes(k):
			turns[at]++
		}
	}
	for _, at := range places {
		list := candidates[at]
		if slices.Contains(rotates, list[0].kind) && p.takeTurns(at, list[0].slot) && turns[at]+len(list) <= p.Most[at] {
			continue
		}
		for _, v := range list {
			alarms = append(alarms, newAlarm(p.variantFor(v, services), v, s.who))
		}
	}
	return alarms
}

// variantFor is the variant that tells of a new part. Another account on a host of which one is known already is not the same
// service once more.
func (p *page) variantFor(v part, services map[string]bool) string {
	domain, _, own := strings.Cut(v.value, " ")
	isOfServices := v.kind == kindScript || v.kind == kindFrame || v.kind == kindHidden
	if isOfServices && services[domain] && (!own || !p.findDomain(domain)) {
		return variantService
	}
	return variantOf[v.kind]
}

// newAlarm tells of one part.
func newAlarm(variant string, v part, who visitor) alarm {
	return alarm{variant: variant, matcher: v.value, who: who, parts: []part{v}, after: []string{v.shown}}
}

// findDomain reports whether somebody else's own place on a host is known.
func (p *page) findDomain(domain string) bool {
	return slices.ContainsFunc(p.Parts, func(k *known) bool {
		return strings.HasPrefix(k.Value, domain+" ") && (k.Kind == kindScript || k.Kind == kindHidden || k.Kind == kindFrame)
	})
}

// takeTurns reports whether parts at a place take the place of one another: at one that any part of the page may stand at,
// three are needed to say so.
func (p *page) takeTurns(at, slot string) bool {
	n := 0
	for _, k := range p.Parts {
		if place(k.Kind, k.Slot) == at && k.Bad == "" && p.sometimes(k) {
			n++
		}
	}
	const manyTurns = 3
	return n >= manyTurns || n == manyTurns-1 && strings.ContainsAny(slot, "#.")
}

// fresh is how many other sites a look links to that are not known.
func (p *page) fresh(l *look) int {
	if p.Runs == 0 {
		return 0
	}
	n := 0
	for _, v := range l.values(kindLink) {
		if p.find(kindLink, v.value) == nil {
			n++
		}
	}
	return n
}

// How many new links are odd.
const (
	buriedSites = 5  // other sites, where nothing ever shows the links
	buriedLinks = 10 // links there
	foldedSites = 15 // other sites, where links are not seen until something is opened
	foldedLinks = 30 // links there
	foldedFew   = 5  // other sites there, which the operator's own may be
	newSites    = 15 // other sites, where visitors see the links
	newLinks    = 60
	spamSites   = 2 // other sites, beside terms of spam
)

// spam tells of links and words that somebody has put into the page.
func (p *page) spam(s seenBy, services map[string]bool) []alarm {
	n := p.newLinks(s.look, services)
	variant := n.toldAs
	titled := slices.ContainsFunc(n.terms, func(v part) bool { return contains(strings.ToLower(s.look.title+" "+s.look.description), v.value) })
	const manyTerms = 4
	switch {
	case n.buriedSites >= buriedSites, n.buriedCount >= buriedLinks, len(n.hidden) >= foldedSites, n.hiddenCount >= foldedLinks,
		len(n.terms) > 0 && len(n.hidden) >= spamSites, len(n.terms) > 1 && (len(n.links) >= spamSites || n.linkCount >= buriedLinks), titled && len(n.terms) > 1, len(n.terms) >= manyTerms:
		variant = variantSpam
	case n.toldAs == variantSpam: // the rest of it
	case len(n.hidden) >= foldedFew, len(n.links) >= max(newSites, 2*p.Fresh+newSites/2), n.linkCount >= newLinks && len(n.links)*newSites >= n.linkCount:
		variant = variantLinks
	case len(n.told) == 0:
		return nil
	}
	a := alarm{variant: variant, who: s.who, parts: slices.Concat(n.terms, n.hidden, n.links, n.told)}
	for _, v := range a.parts {
		a.after = append(a.after, v.shown)
	}
	kept := min(len(a.parts), keptBad/2)
	a.parts, a.further = a.parts[:kept], a.parts[kept:]
	return []alarm{a}
}

// linksSeen are links and terms of spam that were not there before, and those that were told.
type linksSeen struct {
	terms, hidden, links   []part // each once
	buriedSites            int
	hiddenCount, linkCount int // of links, not of sites; those that are buried are hidden too
	buriedCount            int
	told                   []part
	toldAs                 string // the variant
}

func (p *page) newLinks(l *look, services map[string]bool) linksSeen {
	var n linksSeen
	for _, v := range l.parts {
		if v.kind != kindLink && v.kind != kindHiddenTo && v.kind != kindHiddenOwn && v.kind != kindTerm {
			continue
		}
		k := p.find(v.kind, v.value)
		switch {
		case k != nil && k.Bad != "":
			n.told = append(n.told, v)
			if n.toldAs != variantSpam {
				n.toldAs = k.Bad
			}
		case k != nil || services[v.value]:
		case v.kind == kindTerm:
			n.terms = append(n.terms, v)
		case v.kind == kindHiddenOwn:
			n.hidden = add(n.hidden, v)
			n.buriedCount += buriedLinks
		case v.kind == kindHiddenTo && p.find(kindLink, v.value) == nil:
			known := len(n.hidden)
			n.hidden = add(n.hidden, v)
			n.hiddenCount++
			if v.buried {
				n.buriedSites += len(n.hidden) - known
				n.buriedCount++
			}
		case v.kind == kindLink && p.find(kindHiddenTo, v.value) == nil && !p.Crowded:
			n.links = add(n.links, v)
			n.linkCount++
		}
	}
	return n
}

func add(list []part, v part) []part {
	if slices.ContainsFunc(list, func(o part) bool { return o.value == v.value }) {
		return list
	}
	return append(list, v)
}
