package match

import "slices"

// Taken is all of an answer that its extractors take, internal ones too: for who must not show it. Unlike in a Result it is
// there whether the answer matches or not.
func (p *Program) Taken(d *Data) []string {
	s := &scope{data: d, view: viewOf(d.Exchange)}
	var r Result
	p.extract(s, &r)
	list := r.Extracted
	for _, value := range r.Dynamic {
		switch value := value.(type) {
		case string:
			list = append(list, value)
		case []string:
			list = append(list, value...)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Fitting is all of an answer that regular expressions of its matchers fit, without the limits on number and length of
// Result.Seen: for the same purpose.
func (p *Program) Fitting(d *Data) []string {
	s := &scope{data: d, view: viewOf(d.Exchange)}
	var list []string
	for i := range p.matchers {
		m := &p.matchers[i]
		if m.kind != "regex" || m.negative {
			continue
		}
		t, ok := s.part(m.part)
		if !ok {
			continue
		}
		texts := []*text{t}
		if m.part == "body" {
			texts = append(texts, s.view.decoded())
		}
		for _, t := range texts {
			for j := range m.regexes {
				if m.regexes[j].possible(t) {
					list = append(list, m.regexes[j].re().FindAllString(t.s, -1)...)
				}
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
