package payment

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Gone is something that payment.yaml lists and that a page no longer has.
type Gone struct {
	Kind     string   `json:"kind"` // script, form, frame, header
	What     string   `json:"what"` // as payment.yaml has it
	Approval Approval `json:"approval"`
	Unsure   bool     `json:"unsure,omitempty"` // only HTML was read: a script may still bring it in
}

// Lack is something gone that is told.
type Lack struct {
	Deviation
	Page *Page
}

// Missing tells what is listed and on none of the pages, or not on one that its entry names. Each page keeps its own in Gone.
// All pages of a site are needed for that, judged before.
func (f *File) Missing(pages []*Page, now time.Time) []Lack {
	m := &missing{file: f, now: now}
	for _, p := range pages {
		if p.answered() {
			m.pages = append(m.pages, p)
		}
	}
	if len(m.pages) == 0 {
		return nil
	}
	for i := range f.Scripts {
		m.script(&f.Scripts[i])
	}
	for i := range f.Forms {
		m.allowed("form", &f.Forms[i], func(p *Page, to string) bool {
			return slices.ContainsFunc(p.Forms, func(form Form) bool { return fits(to, cmp.Or(form.Action, form.Frame)) })
		})
	}
	for i := range f.Frames {
		m.allowed("frame", &f.Frames[i], func(p *Page, to string) bool {
			return slices.ContainsFunc(p.Frames, func(frame Frame) bool { return fits(to, frame.URL) })
		})
	}
	for _, r := range f.Headers {
		m.look(Gone{Kind: "header", What: r.Name}, "", func(p *Page) bool {
			return slices.ContainsFunc(p.Headers, func(h Header) bool { return strings.EqualFold(h.Name, r.Name) })
		})
	}
	return m.told()
}

// answered reports whether a page was looked at as it is: on all visits, and no other in its place.
func (p *Page) answered() bool {
	return !slices.Contains(p.Unseen, LedAway) && !slices.Contains(p.Unseen, VisitFailed) && len(p.Looks) > 0 &&
		!slices.ContainsFunc(p.Looks, func(v Visited) bool { return v.Status != http.StatusOK })
}

// missing compares pages with what is listed.
type missing struct {
	file  *File
	now   time.Time
	pages []*Page

	lacks    []Lack
	expected map[*Page]int // entries that were looked for
	lacking  map[*Page]int // of them, those that are gone
}

func (m *missing) script(e *Entry) {
	kind := KindGone
	if e.Integrity == BySRI || e.Integrity == ByCSP {
		kind = KindGoneGuarded
	}
	m.look(Gone{Kind: "script", What: cmp.Or(e.URL, e.Inline), Approval: e.Approval}, kind, func(p *Page) bool {
		return slices.ContainsFunc(p.Scripts, func(s Script) bool {
			if e.Inline != "" {
				return s.isInline() && e.holds(&s)
			}
			return !s.isInline() && (fits(e.URL, s.URL) || succeeds(s.URL, e.URL))
		}) || e.Inline != "" && m.changed(p, e)
	})
}

// changed reports whether an inline script of the page was made of this one.
func (m *missing) changed(p *Page, e *Entry) bool {
	j := &judge{file: m.file, page: p, now: m.now}
	return slices.ContainsFunc(p.Scripts, func(s Script) bool { return s.isInline() && s.Approval == nil && j.closest(&s) == e })
}

func (m *missing) allowed(kind string, a *Allowed, has func(p *Page, to string) bool) {
	m.look(Gone{Kind: kind, What: a.To, Approval: a.Approval}, KindGone, func(p *Page) bool { return has(p, a.To) })
}

// look looks for an entry on the pages that it belongs to. kind is "" for what is told elsewhere.
func (m *missing) look(g Gone, kind Kind, has func(*Page) bool) {
	if m.expected == nil {
		m.expected, m.lacking = map[*Page]int{}, map[*Page]int{}
	}
	var without []*Page
	for _, p := range m.pages {
		if len(g.Approval.Pages) > 0 && !slices.Contains(g.Approval.Pages, target(p.URL)) {
			continue
		}
		m.expected[p]++
		if !has(p) {
			without = append(without, p)
		} else if len(g.Approval.Pages) == 0 {
			return // it is on one of them
		}
	}
	if len(g.Approval.Pages) == 0 && len(without) > 0 {
		without = without[:1]
	}
	for _, p := range without {
		m.lacking[p]++
		one := g
		one.Unsure = p.HTMLOnly() && g.Kind != "form" && g.Kind != "header" && kind != KindGoneGuarded
		p.Gone = append(p.Gone, one)
		if kind != "" && !one.Unsure && (g.Kind != "form" || !m.sendsElsewhere(p)) {
			m.lacks = append(m.lacks, Lack{Deviation{Kind: kind, What: g.What, Key: g.Kind + " " + g.What}, p})
		}
	}
}

// sendsElsewhere reports whether a form of the page has a target that is not approved, which is told: it took the place of the
// one that is gone.
func (m *missing) sendsElsewhere(p *Page) bool {
	j := &judge{file: m.file, page: p, now: m.now}
	j.forms()
	return slices.ContainsFunc(j.list, func(d Deviation) bool { return d.Kind == KindForm || d.Kind == KindFormCard })
}

// told are those of pages that are what people see who pay. A page without card fields and provider that lacks most of what is
// listed is that of an empty cart, or in front of a log-in.
func (m *missing) told() []Lack {
	for _, p := range m.pages {
		if slices.Contains(p.Unseen, NotReached) && 2*m.lacking[p] > m.expected[p] {
			p.Gone, p.Unseen = nil, union(p.Unseen, []string{LacksMost})
		}
	}
	return slices.DeleteFunc(m.lacks, func(l Lack) bool { return slices.Contains(l.Page.Unseen, LacksMost) })
}

var (
	hashName = regexp.MustCompile(`^(?:[0-9a-f]{6,64}|[A-Za-z0-9_-]{16,})(\.[a-z.]+)$`)
	numbers  = regexp.MustCompile(`[0-9]+(?:\.[0-9]+)*`)
)

// succeeds reports whether a file is another build or release of one that is listed: only what those put into an address
// differs.
func succeeds(address, listed string) bool { return undated(address) == undated(listed) }

// undated is an address without what builds and releases put into it.
func undated(address string) string {
	address = lasting(lastingName(target(address)))
	at := strings.LastIndexByte(address, '/') + 1
	name := hashName.ReplaceAllString(address[at:], "*$1")
	return address[:at] + numbers.ReplaceAllString(name, "*")
}
