package match

import "slices"

// Taken is all of an answer that its extractors take, internal ones too, and that the regular expressions of its matchers
// fit: for who must not show it. It is without limits on number and length, unlike Result.Seen.
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
