package match

import "slices"

// Most answers of a scan are a 404, and most templates want a 200. Those need not look at anything else.

// wanted are the statuses of which an answer must have one to satisfy a matcher, nil when that cannot be told beforehand.
func (m *matcher) wanted() []int {
	switch {
	case m.negative:
	case m.kind == "status":
		return m.statuses
	case m.kind == "dsl" && (m.and || len(m.dsl) == 1):
		for _, e := range m.dsl {
			if n := e.status(0); n != 0 {
				return []int{n}
			}
		}
	case m.kind == "dsl" && !m.all:
		var all []int
		for _, e := range m.dsl {
			n := e.status(0)
			if n == 0 {
				return nil
			}
			all = append(all, n)
		}
		return all
	}
	return nil
}

// wants are the statuses of which a matching answer must have one of each set. There are none where extractors give values
// to later requests, or may stand for the status.
func (p *Program) wants() [][]int {
	if slices.ContainsFunc(p.extractors, func(e extractor) bool { return e.internal || e.name == "status_code" }) {
		return nil
	}
	var sets [][]int
	var any []int
	for i := range p.matchers {
		set := p.matchers[i].wanted()
		if set == nil && !p.and {
			return nil
		}
		if set != nil {
			sets = append(sets, set)
		}
		any = append(any, set...)
	}
	if !p.and && any != nil {
		return [][]int{any}
	}
	return sets
}

// hopeless reports whether an answer with this status cannot match, whatever else it says.
func (p *Program) cannotMatch(status int) bool {
	return slices.ContainsFunc(p.statuses, func(set []int) bool { return !slices.Contains(set, status) })
}

// status is the one without which an expression cannot be true, 0 when that cannot be told: a comparison that is the whole
// or one term of a chain of &&.
func (e expression) status(i int) int {
	switch n := &e[i]; n.does {
	case isEqual:
		name, _ := e[i+1].value.(string)
		if want, ok := e[i+2].value.(float64); ok && e[i+1].does == isVariable && name == "status_code" {
			return int(want)
		}
	case isAnd:
		at := i + 1
		for range n.operands {
			if want := e.status(at); want != 0 {
				return want
			}
			at += int(e[at].size)
		}
	default: // nothing is known of what is under ! and ||
	}
	return 0
}
