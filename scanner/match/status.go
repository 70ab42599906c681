package match

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Most answers of a scan are a 404, and most templates want a 200. Those need not look at anything else.

// wanted are the statuses of which an answer must have one to satisfy a matcher, nil when that cannot be told beforehand.
func (m *matcher) wanted() []int {
	switch {
	case m.negative:
	case m.kind == "status":
		return m.statuses
	case m.kind == "dsl" && (m.and || len(m.dsl) == 1):
		for _, e := range m.dsl {
			if n := e[0].status; n != 0 {
				return []int{int(n)}
			}
		}
	case m.kind == "dsl" && !m.all:
		var all []int
		for _, e := range m.dsl {
			if e[0].status == 0 {
				return nil
			}
			all = append(all, int(e[0].status))
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
func (p *Program) hopeless(status int) bool {
	return slices.ContainsFunc(p.statuses, func(set []int) bool { return !slices.Contains(set, status) })
}

var statusTerm = regexp.MustCompile(`^status_code\s*==\s*([1-9][0-9]{2})$`)

// wantedStatus is the status without which an expression cannot be true, 0 when that cannot be told: it is one term of
// a chain of &&.
func wantedStatus(source string) int {
	source = strings.TrimSpace(source)
	if m := statusTerm.FindStringSubmatch(source); m != nil {
		n, _ := strconv.Atoi(m[1]) // three digits
		return n
	}
	terms := conjuncts(source)
	if len(terms) == 1 {
		inner, ok := strings.CutPrefix(source, "(")
		inner, closed := strings.CutSuffix(inner, ")")
		if !ok || !closed || conjuncts(inner) == nil {
			return 0
		}
		return wantedStatus(inner)
	}
	for _, term := range terms {
		if n := wantedStatus(term); n != 0 {
			return n
		}
	}
	return 0
}

// conjuncts are the terms of a chain of && outside of parentheses and literals, nil when the expression is something else
// or not balanced.
func conjuncts(source string) []string {
	var terms []string
	from, depth := 0, 0
	var quote byte
	for i := 0; i < len(source); i++ {
		c := source[i]
		switch {
		case quote != 0:
			switch c {
			case '\\':
				i++
			case quote:
				quote = 0
			}
		case c == '"' || c == '\'' || c == '`':
			quote = c
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			if depth--; depth < 0 {
				return nil
			}
		case depth > 0:
		case c == '|' || c == '?' || c == ':' || c == ',':
			return nil
		case strings.HasPrefix(source[i:], "&&"):
			terms = append(terms, source[from:i])
			i++
			from = i + 1
		}
	}
	if quote != 0 || depth != 0 {
		return nil
	}
	return append(terms, source[from:])
}
