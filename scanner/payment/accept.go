package payment

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"sotomi/scanner/browser"
)

// Acceptance is what to write beside what a scan has seen.
type Acceptance struct {
	Owner   string // of the shop's own things; those of known services are named after these
	Purpose string
	By      string // who approves; "" for nobody yet
	Until   string // the last day
	Now     time.Time

	page string // that has it
}

// additions are entries to be added, by the key of their list.
type additions struct {
	File
	inline int // names given so far
}

// missing is what a file lacks for pages to be as approved.
func (f *File) missing(pages []*Page, a Acceptance) *additions {
	more := &additions{inline: len(f.Scripts)}
	for _, p := range pages {
		a.page = target(p.URL)
		for i := range p.Scripts {
			more.script(f, p, &p.Scripts[i], a)
		}
		for i := range p.Styles {
			more.style(f, &p.Styles[i], p.site(), a)
		}
		for i := range p.Forms {
			if form := &p.Forms[i]; form.Action != "" && (form.Party != Own || form.Card) {
				more.Forms = allow(f.Forms, more.Forms, lasting(target(form.Action)), form.Action, a)
			}
		}
		for i := range p.Frames {
			if frame := &p.Frames[i]; frame.Party != Own && !madeHere(frame.URL) || frame.URL == "about:srcdoc" {
				more.Frames = allow(f.Frames, more.Frames, lasting(target(frame.URL)), frame.URL, a)
			}
		}
		for _, w := range p.Workers {
			if to := lasting(target(w.URL)); !madeHere(w.URL) {
				more.Workers = allow(f.Workers, more.Workers, to, w.URL, a)
			}
		}
		more.headers(f, p)
	}
	a.page = ""
	both := File{Styles: slices.Concat(f.Styles, more.Styles), Scripts: slices.Concat(f.Scripts, more.Scripts), Forms: slices.Concat(f.Forms, more.Forms), Frames: slices.Concat(f.Frames, more.Frames), Hosts: f.Hosts}
	for _, p := range pages {
		for _, d := range both.Judge(p, a.Now) {
			if d.Kind == KindHost {
				more.Hosts = allow(f.Hosts, more.Hosts, d.What, "https://"+d.What+"/", a)
			}
		}
	}
	return more
}

// approval is what is written for something of a host.
func (a Acceptance) approval(host, site string) Approval {
	one := Approval{Owner: NameOf(host), Purpose: a.Purpose, Until: a.Until}
	if a.page != "" {
		one.Pages = []string{a.page}
	}
	if host == "" || sameSite(host, site) || one.Owner == "" {
		one.Owner = a.Owner
	}
	if a.By != "" {
		one.Approved = &Signed{On: a.Now.UTC().Format(dayForm), By: a.By}
	}
	return one
}

// allow is a list with an address more, unless it or the file has it.
func allow(have, list []Allowed, to, address string, a Acceptance) []Allowed {
	for i := range list {
		if fits(list[i].To, address) {
			list[i].on(a.page)
			return list
		}
	}
	if slices.ContainsFunc(have, func(x Allowed) bool { return fits(x.To, address) }) {
		return list
	}
	return append(list, Allowed{To: to, Approval: a.approval(hostOf(address), "")})
}

func (m *additions) script(f *File, p *Page, s *Script, a Acceptance) {
	j := &judge{file: &File{Scripts: slices.Concat(f.Scripts, m.Scripts)}, page: p, now: a.Now}
	if j.foreign(s.Frame) || j.ofVendor(s) {
		return
	}
	was := s.Approval
	defer func() { s.Approval = was }()
	if j.script(s) == nil {
		m.known(s, a.page)
		return
	}
	e := entryFor(s, p.site())
	e.Approval = a.approval(hostOf(s.URL), p.site())
	if e.Inline != "" {
		m.inline++
		e.Inline = fmt.Sprintf("%s %d", e.Inline, m.inline)
	}
	m.Scripts = append(m.Scripts, e)
}

// style adds a style sheet of another host.
func (m *additions) style(f *File, s *Style, site string, a Acceptance) {
	as := &Script{Script: browser.Script{URL: s.URL, SHA384: s.SHA384, Integrity: s.Integrity}, Party: s.Party}
	listed := func(e Entry) bool { return fits(e.URL, s.URL) && e.differs(as) == nil }
	if s.Party != Other || s.Frame != "" || slices.ContainsFunc(slices.Concat(f.Styles, m.Styles), listed) {
		return
	}
	e := entryFor(as, site)
	e.Approval = a.approval(hostOf(s.URL), site)
	m.Styles = append(m.Styles, e)
}

// on notes a further page that has it.
func (a *Approval) on(page string) {
	if page != "" {
		a.Pages = union(a.Pages, []string{page})
	}
}

// known notes a further page or file of an entry that is being added.
func (m *additions) known(s *Script, page string) {
	for i := range m.Scripts {
		e := &m.Scripts[i]
		if e.Inline != "" && s.isInline() && e.holds(s) || e.URL != "" && !s.isInline() && fits(e.URL, s.URL) && e.differs(s) == nil {
			e.on(page)
		}
		one := Known{URL: s.URL, Hash: sha384 + s.SHA384}
		if e.Integrity == ByDeploy && s.SHA384 != "" && fits(e.URL, s.URL) && !slices.Contains(e.Files, one) {
			e.Files = append(e.Files, one)
			return
		}
	}
}

// entryFor is how a script is kept that nobody has decided about.
func entryFor(s *Script, site string) Entry {
	hash := sha384 + s.SHA384
	if s.isInline() {
		e := Entry{Inline: "inline", Integrity: ByShape, Hashes: []string{sha384 + s.Shape}, Text: s.Text}
		if s.Kind == "handler" || s.Kind == "eval" {
			e.Inline = s.Kind
		}
		if s.Shape == "" {
			e.Integrity, e.Hashes = ByHash, []string{hash}
		}
		return e
	}
	named := lastingName(target(s.URL))
	query, _ := strings.CutPrefix(s.URL, target(s.URL))
	own := sameSite(hostOf(s.URL), site)
	switch {
	case s.Integrity != "":
		return Entry{URL: named, Integrity: BySRI}
	case own && (named != target(s.URL) || query != "" || s.SHA384 == ""):
		e := Entry{URL: named, Integrity: ByDeploy}
		if s.SHA384 != "" {
			e.Files = []Known{{URL: s.URL, Hash: hash}}
		}
		return e
	case own:
		return Entry{URL: target(s.URL), Integrity: ByHash, Hashes: []string{hash}}
	}
	if ids := accounts.FindString(query); ids != "" { // another account is another script
		before, _, _ := strings.Cut(query, ids)
		named += before + ids + "**"
	}
	if s.Party == Other && s.SHA384 != "" {
		return Entry{URL: named, Integrity: ByHash, Hashes: []string{hash}}
	}
	return Entry{URL: lasting(named), Integrity: ByVendor}
}

var (
	buildName = regexp.MustCompile(`([.\-_~])([0-9a-f]{6,40}|[A-Za-z0-9_-]{8,24})(\.|-|_|$)`)
	release   = regexp.MustCompile(`^v?[0-9]+(?:\.[0-9]+)+$`)
	madeUp    = regexp.MustCompile(`^(?:[0-9a-fA-F]{12,}|[0-9a-fA-F-]{36}|[0-9]{6,}|[A-Za-z0-9_-]{20,})$`)
)

// lastingName is an address with * in place of what a build puts into the name of a file.
func lastingName(address string) string {
	at := strings.LastIndexByte(address, '/') + 1
	name := buildName.ReplaceAllStringFunc(address[at:], func(part string) string {
		m := buildName.FindStringSubmatch(part)
		if !strings.ContainsAny(m[2], "0123456789") || !strings.ContainsFunc(m[2], func(r rune) bool { return r > '9' }) {
			return part
		}
		return m[1] + "*" + m[3]
	})
	return address[:at] + name
}

// lasting is an address with * in place of releases and of what is made up for one visit.
func lasting(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	parts := strings.Split(rest, "/")
	for i := 1; i < len(parts); i++ {
		if release.MatchString(parts[i]) || madeUp.MatchString(parts[i]) {
			parts[i] = "*"
		}
	}
	return scheme + "://" + strings.Join(parts, "/")
}

// headers adds those that each answer had.
func (m *additions) headers(f *File, p *Page) {
	for _, h := range p.Headers {
		always := !slices.ContainsFunc(p.Looks, func(v Visited) bool { return !slices.Contains(h.Visits, v.Visit) })
		if always && !slices.ContainsFunc(slices.Concat(f.Headers, m.Headers), func(r Rule) bool { return strings.EqualFold(r.Name, h.Name) }) {
			m.Headers = append(m.Headers, Rule{Name: h.Name, Value: h.Value})
		}
	}
}
