package match

import (
	"context"
	"slices"
)

// maxSeen is how much of what matched is kept for evidence, and of what length.
const (
	maxSeen       = 8
	maxSeenLength = 200
)

// Run judges one response. The error is that of ctx, or ErrTooCostly.
func (p *Program) Run(ctx context.Context, d *Data) (Result, error) {
	if p.cannotMatch(d.Exchange.Status) {
		return Result{}, nil
	}
	done, err := turn(ctx, d.Exchange)
	if err != nil {
		return Result{}, err
	}
	defer done()
	s := newScope(ctx, d)
	defer s.meter.settle()
	r := Result{}
	if s.meter.err == nil {
		r = p.judge(s) //nolint:contextcheck // the meter of s has it
	}
	if s.meter.err != nil {
		return Result{}, s.meter.err
	}
	return r, nil
}

func newScope(ctx context.Context, d *Data) *scope {
	s := &scope{data: d, meter: newMeter(ctx)}
	if len(d.Exchange.Body) >= large {
		s.meter.share(&responseOf(d.Exchange).budget)
	}
	s.view = viewOf(d.Exchange)
	return s
}

func (p *Program) judge(s *scope) Result {
	r := Result{}
	if !p.extractAfterMatch {
		p.extract(s, &r)
	}
	matched := false
	for i := range p.matchers {
		m := &p.matchers[i]
		ok, seen := m.run(s)
		if s.meter.err != nil {
			return r
		}
		if !ok {
			if p.and {
				r.Matched = false
				return r
			}
			continue
		}
		matched = true
		if !p.and && m.name != "" {
			r.Names = append(r.Names, m.name)
		}
		for _, text := range seen {
			if len(r.Seen) < maxSeen && text != "" {
				r.Seen = append(r.Seen, text[:min(len(text), maxSeenLength)])
			}
		}
	}
	if p.extractAfterMatch && matched {
		p.extract(s, &r)
	}
	r.Matched = matched
	r.Internal = matched && !slices.ContainsFunc(p.matchers, func(m matcher) bool { return !m.internal })
	return r
}

// extractsLate reports whether extractors may wait until a response matches: nothing but the report uses what they take.
func (p *Program) extractsLate() bool {
	return len(p.matchers) > 0 &&
		!slices.ContainsFunc(p.extractors, func(e extractor) bool { return e.internal }) &&
		!slices.ContainsFunc(p.matchers, func(m matcher) bool {
			return m.kind == "dsl" || slices.ContainsFunc(m.words, func(w word) bool { return w.dynamic }) ||
				slices.ContainsFunc(p.extractors, func(e extractor) bool { return e.name == m.part })
		})
}

func (s *scope) take(name string, value any) {
	if s.taken == nil {
		s.taken = Vars{}
	}
	s.taken[name] = value
}

func (m *matcher) run(s *scope) (bool, []string) {
	t, ok := s.part(m.part)
	if !ok && m.kind != "dsl" {
		return false, nil
	}
	var matched bool
	var seen []string
	switch m.kind {
	case "status":
		matched = slices.Contains(m.statuses, s.view.ex.Status)
	case "size":
		matched = slices.Contains(m.sizes, len(t.s))
	case "word":
		matched, seen = m.matchWords(t, s)
		if !matched && m.part == "body" && s.view.decoded().s != "" {
			matched, seen = m.matchWords(s.view.decoded(), s)
		}
	case "regex":
		matched, seen = m.matchRegexes(t, s)
		if !matched && m.part == "body" && s.view.decoded().s != "" {
			matched, seen = m.matchRegexes(s.view.decoded(), s)
		}
	case "binary":
		matched, _ = m.each(s, len(m.binaries), func(i int) []string { return found(s.holds(t, m.binaries[i]), "") })
	case "dsl":
		matched = m.matchDSL(s)
	case "xpath":
		matched = m.matchXPath(s, t)
	case "favicon":
		matched, _ = m.each(s, len(m.words), func(i int) []string { return found(s.view.faviconHash() == m.words[i].text, "") })
	}
	return matched != m.negative, seen
}

// holds is text.holds, counted.
func (s *scope) holds(t *text, word string) bool {
	return s.meter.spend(len(t.s)/8) == nil && t.holds(word)
}

func found(ok bool, what string) []string {
	if !ok {
		return nil
	}
	return []string{what}
}

// each makes n comparisons under the matcher's condition: with "or" the first that is true decides, with "and" all must be,
// with match-all one is enough but all are made. No comparison at all never matches.
func (m *matcher) each(s *scope, n int, compare func(int) []string) (bool, []string) {
	var seen []string
	for i := range n {
		hits := compare(i)
		if s.meter.err != nil {
			return false, nil
		}
		if len(hits) == 0 {
			if m.and {
				return false, nil
			}
			continue
		}
		seen = append(seen, hits...)
		if !m.and && !m.all {
			return true, seen
		}
		if i == n-1 && !m.all {
			return true, seen
		}
	}
	return m.all && len(seen) > 0, seen
}

func (m *matcher) matchWords(t *text, s *scope) (bool, []string) {
	if m.fold {
		t = t.lower()
	}
	return m.each(s, len(m.words), func(i int) []string {
		w := m.words[i].text
		if m.words[i].dynamic {
			w = s.render(w)
		}
		return found(s.holds(t, w), w)
	})
}

func (m *matcher) matchRegexes(t *text, s *scope) (bool, []string) {
	limit := 1
	if m.and || m.all {
		limit = 4
	}
	return m.each(s, len(m.regexes), func(i int) []string {
		if !m.regexes[i].possible(t) {
			return nil
		}
		var list []string
		_ = m.regexes[i].each(&s.meter, t.s, func(groups []int) bool { // the meter keeps the error
			list = append(list, t.s[groups[0]:groups[1]])
			return len(list) < limit
		})
		return list
	})
}

// matchDSL skips an expression whose value is neither true nor false, unless all must be true and it is the last.
func (m *matcher) matchDSL(s *scope) bool {
	for i, x := range m.dsl {
		v, err := x.eval(s)
		if s.meter.err != nil {
			return false
		}
		holds, decided := v.(bool)
		switch {
		case err == nil && !decided:
		case holds && err == nil && (!m.and || i == len(m.dsl)-1):
			return true
		case m.and && (err != nil || !holds):
			return false
		}
	}
	return false
}
