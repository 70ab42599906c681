package match

import (
	"slices"

	"github.com/projectdiscovery/govaluate"
)

// Most responses of a scan are a 404, and most templates want a 200. Such a pair needs no further look.

// wanted are the statuses of which a response must have one to satisfy a matcher, nil when that is not known beforehand.
func (m *matcher) wanted() []int {
	switch {
	case m.negative:
	case m.kind == "status":
		return m.statuses
	case m.kind == "dsl" && (m.and || len(m.dsl) == 1):
		for _, e := range m.dsl {
			if e.status != 0 {
				return []int{e.status}
			}
		}
	case m.kind == "dsl" && !m.all:
		var all []int
		for _, e := range m.dsl {
			if e.status == 0 {
				return nil
			}
			all = append(all, e.status)
		}
		return all
	}
	return nil
}

// wants are sets of statuses; a matching response has one of each. There are none where extractors give values to later
// requests, or may replace the status.
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

// cannotMatch reports whether a response with this status cannot match, whatever else it says.
func (p *Program) cannotMatch(status int) bool {
	return slices.ContainsFunc(p.statuses, func(set []int) bool { return !slices.Contains(set, status) })
}

// wantedStatus is the status without which an expression cannot be true, 0 when that cannot be told: a comparison that is
// the whole of it or one term of a chain of &&.
func wantedStatus(tokens []govaluate.ExpressionToken) int {
	tokens = withoutParentheses(tokens)
	if len(tokens) == 3 && tokens[0].Kind == govaluate.VARIABLE && tokens[0].Value == "status_code" &&
		tokens[1].Kind == govaluate.COMPARATOR && tokens[1].Value == "==" {
		n, _ := tokens[2].Value.(float64)
		return int(n)
	}
	terms := conjunction(tokens)
	if len(terms) == 1 {
		return 0
	}
	for _, term := range terms {
		if n := wantedStatus(term); n != 0 {
			return n
		}
	}
	return 0
}

// conjunction are the terms of a chain of &&; the whole when it is none.
func conjunction(tokens []govaluate.ExpressionToken) [][]govaluate.ExpressionToken {
	var terms [][]govaluate.ExpressionToken
	depth, start := 0, 0
	for i, t := range tokens {
		switch t.Kind {
		case govaluate.CLAUSE:
			depth++
		case govaluate.CLAUSE_CLOSE:
			depth--
		case govaluate.LOGICALOP, govaluate.TERNARY, govaluate.SEPARATOR:
			if depth > 0 {
				continue
			}
			if t.Value != "&&" {
				return [][]govaluate.ExpressionToken{tokens}
			}
			terms = append(terms, tokens[start:i])
			start = i + 1
		default: // part of a term
		}
	}
	return append(terms, tokens[start:])
}

// withoutParentheses takes away those that stand around the whole.
func withoutParentheses(tokens []govaluate.ExpressionToken) []govaluate.ExpressionToken {
	for len(tokens) > 2 && tokens[0].Kind == govaluate.CLAUSE {
		depth := 0
		for i, t := range tokens {
			switch t.Kind {
			case govaluate.CLAUSE:
				depth++
			case govaluate.CLAUSE_CLOSE:
				depth--
			default: // part of what the parentheses hold
			}
			if depth == 0 && i < len(tokens)-1 {
				return tokens
			}
		}
		tokens = tokens[1 : len(tokens)-1]
	}
	return tokens
}
