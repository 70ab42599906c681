package match

import "slices"

// Fitting is all of an answer that regular expressions of its matchers fit, without the limits on number and length of
// Result.Seen: for who must not show it.
func (p *Program) RegexMatches(d *Data) []string {
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
