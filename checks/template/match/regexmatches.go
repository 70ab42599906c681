package match

import (
	"context"
	"maps"
	"slices"
)

// RegexMatches is all that regular expressions of the program's matchers match in a response, without the limits of
// Result.Seen: for callers that must redact it. The error is that of ctx, or ErrTooCostly.
func (p *Program) RegexMatches(ctx context.Context, d *Data) ([]string, error) {
	done, err := turn(ctx, d.Exchange)
	if err != nil {
		return nil, err
	}
	defer done()
	s := newScope(ctx, d)
	defer s.meter.settle()
	known := map[string]bool{}
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
			for _, re := range m.regexes {
				if !re.possible(t) {
					continue
				}
				err := re.each(&s.meter, t.s, func(groups []int) bool {
					known[t.s[groups[0]:groups[1]]] = true
					return true
				})
				if err != nil {
					return nil, err
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(known)), nil
}
