package payment

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"sotomi/scanner/browser"
)

// listens reports whether a script is told what is typed into fields for card data or passwords.
func (j *judge) listens(s *Script) bool {
	return slices.ContainsFunc(j.page.Listeners, func(l browser.Listener) bool { return isOf(l, s) })
}

// isOf reports whether a listener is code of a script.
func isOf(l browser.Listener, s *Script) bool {
	if l.Script != "" && !madeHere(l.Script) {
		return l.Script == s.URL
	}
	return l.SHA384 != "" && (l.SHA384 == s.SHA384 || slices.Contains(s.Hashes, l.SHA384))
}

func (j *judge) listeners() {
	for _, s := range j.bad {
		var fields []string
		for _, l := range j.page.Listeners {
			if isOf(l, s) {
				fields = union(fields, []string{cmp.Or(l.Field.Name, l.Field.ID, l.Field.Autocomplete, l.Field.Holds)})
			}
		}
		if len(fields) == 0 {
			continue
		}
		d := Deviation{Kind: KindListener, What: s.URL, Key: target(s.URL), Seen: strings.Join(fields, ", "), Visits: s.Visits, Initiators: s.Initiators}
		if s.isInline() {
			d.What, d.Key, d.Difference = beginning(s), cmp.Or(s.Shape, s.SHA384), Difference("", s.Text)
		}
		j.add(d)
	}
}

// allows reports whether a list has an address. It tells of an approval that is over.
func (j *judge) allows(list []Allowed, address string) bool {
	for i := range list {
		if fits(list[i].To, address) {
			j.over(&list[i].Approval, list[i].To)
			return true
		}
	}
	return false
}

func (j *judge) forms() {
	for i := range j.page.Forms {
		f := &j.page.Forms[i]
		if j.foreign(f.Frame) || f.Action == "" && (!f.Card || f.Frame == "" || !madeHere(f.Frame)) {
			continue
		}
		if u, err := url.Parse(f.Action); err == nil && u.Scheme == "javascript" {
			continue // its code is among the scripts
		}
		if j.allows(j.file.Forms, f.Action) || f.Party == Own && !f.Card && f.Action != "" {
			continue
		}
		kind := KindForm
		if f.Card && f.Party != Own {
			kind = KindFormCard
		}
		what := cmp.Or(f.Action, f.Frame)
		j.add(Deviation{Kind: kind, What: what, Key: target(what), Visits: f.Visits})
	}
}

func (j *judge) frames() {
	for i := range j.page.Frames {
		f := &j.page.Frames[i]
		blank := f.URL == "" || f.URL == "about:blank"
		if blank || f.Party == Own && !madeHere(f.URL) || j.foreign(f.Parent) || j.allows(j.file.Frames, f.URL) {
			continue
		}
		d := Deviation{Kind: KindFrame, What: f.URL, Key: target(f.URL), Visits: f.Visits}
		if strings.HasPrefix(f.URL, "data:") {
			d.What, d.Key = "data:", "data:"
		}
		j.add(d)
	}
}

// styles judges style sheets of hosts of nobody known. A file that lists none leaves them to its hosts.
func (j *judge) styles() {
	for i := range j.page.Styles {
		s := &j.page.Styles[i]
		if s.Party != Other || j.foreign(s.Frame) {
			continue
		}
		as := &Script{Script: browser.Script{URL: s.URL, SHA384: s.SHA384, Integrity: s.Integrity}}
		d := j.style(as)
		if s.Approval = as.Approval; d != nil {
			d.Visits = s.Visits
			j.add(*d)
		}
	}
}

// style is how a style sheet differs, nil when it does not, or when its host is told.
func (j *judge) style(s *Script) *Deviation {
	var first *Deviation
	for i := range j.file.Styles {
		e := &j.file.Styles[i]
		if !fits(e.URL, s.URL) {
			continue
		}
		d := e.differs(s)
		if d == nil {
			j.approve(s, e)
			return nil
		}
		if d.Kind == KindChanged {
			d.Kind = KindChangedStyle
		}
		if first == nil {
			first = d
		}
	}
	if first != nil {
		return first
	}
	host := Host{Name: hostOf(s.URL)}
	if len(j.file.Styles) > 0 && (j.allows(j.file.Hosts, "https://"+host.Name+"/") || j.goesWith(&host)) {
		return &Deviation{Kind: KindStyle, What: s.URL, Key: target(s.URL), Seen: hashText(s.SHA384)}
	}
	return nil
}

// hosts judges where requests went. A vendor's script, frame or form target may use its own host.
func (j *judge) hosts() {
	for i := range j.page.Hosts {
		h := &j.page.Hosts[i]
		if j.allows(j.file.Hosts, "https://"+h.Name+"/") || j.goesWith(h) {
			continue
		}
		j.add(Deviation{Kind: KindHost, What: h.Name, Key: h.Name, Seen: strings.Join(h.Kinds, ", "), Visits: h.Visits, Initiators: h.Initiators})
	}
}

// goesWith reports whether a host is that of a script, a frame or a form target that is approved.
func (j *judge) goesWith(h *Host) bool {
	same := func(address string) bool { return !madeHere(address) && hostOf(address) == h.Name }
	for i := range j.page.Scripts {
		if s := &j.page.Scripts[i]; s.Approval != nil && same(s.URL) {
			return true
		}
	}
	for i := range j.page.Styles {
		s := &j.page.Styles[i]
		if same(s.URL) && slices.ContainsFunc(j.file.Styles, func(e Entry) bool { return fits(e.URL, s.URL) }) {
			return true // what differs of it is told
		}
	}
	for i := range j.page.Frames {
		if f := &j.page.Frames[i]; same(f.URL) && j.allows(j.file.Frames, f.URL) {
			return true
		}
	}
	return slices.ContainsFunc(j.page.Forms, func(f Form) bool { return same(f.Action) && j.allows(j.file.Forms, f.Action) })
}

func (j *judge) workers() {
	for _, w := range j.page.Workers {
		if !j.allows(j.file.Workers, w.URL) {
			what := w.URL
			if madeHere(what) {
				what, _, _ = strings.Cut(what, ":")
				what += ":"
			}
			j.add(Deviation{Kind: KindWorker, What: what, Key: target(what), Seen: w.Kind})
		}
	}
}

// headers judges the headers of each look that was answered.
func (j *judge) headers() {
	for _, rule := range j.file.Headers {
		for _, v := range j.page.Looks {
			if v.Status != 0 && !j.page.hasHeader(rule, v.Visit) {
				j.add(Deviation{Kind: KindHeader, What: rule.Name, Key: strings.ToLower(rule.Name), Approved: rule.Value, Seen: j.page.header(rule.Name, v.Visit), Visits: []browser.Visit{v.Visit}})
			}
		}
	}
}

func (p *Page) hasHeader(rule Rule, v browser.Visit) bool {
	return slices.ContainsFunc(p.Headers, func(h Header) bool {
		return strings.EqualFold(h.Name, rule.Name) && valued(rule.Value, h.Value) && slices.Contains(h.Visits, v)
	})
}

// header is the value of a header on one visit, "" for none.
func (p *Page) header(name string, v browser.Visit) string {
	for _, h := range p.Headers {
		if strings.EqualFold(h.Name, name) && slices.Contains(h.Visits, v) {
			return h.Value
		}
	}
	return ""
}
