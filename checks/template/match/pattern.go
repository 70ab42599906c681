package match

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
)

// pattern is a regular expression with literals of which the text must hold one: looking for those is much cheaper than
// running the expression, and on most pages most expressions end there. It is compiled when a text first passes them.
type pattern struct {
	source string
	needs  []string // nil when nothing is known
	folded bool     // needs are lower case, for the lower-cased text

	once     sync.Once
	compiled *regexp.Regexp
}

// newPattern says what is wrong with the source of one that cannot be compiled.
func newPattern(source string) (*pattern, error) {
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, err
	}
	p := &pattern{source: source}
	l := required(tree)
	if len(l.any) == 0 {
		return p, nil
	}
	p.needs, p.folded = l.any, l.folded
	if p.folded {
		for i, text := range p.needs {
			p.needs[i] = strings.ToLower(text)
		}
	}
	return p, nil
}

// re is the compiled expression: what can be parsed can be compiled.
func (p *pattern) re() *regexp.Regexp {
	p.once.Do(func() { p.compiled = regexp.MustCompile(p.source) })
	return p.compiled
}

// possible reports whether the text can match.
func (p *pattern) possible(t *text) bool {
	if p.needs == nil {
		return true
	}
	in := t
	if p.folded {
		if in = t.lower(); t.longS {
			return true // the long s folds to s but does not lower to it
		}
	}
	return slices.ContainsFunc(p.needs, in.holds)
}

// literals are texts of which at least one is in every match.
type literals struct {
	any    []string
	folded bool
}

// worth is the length of the shortest: a set is as selective as its weakest member.
func (l literals) worth() int {
	if len(l.any) == 0 {
		return 0
	}
	shortest := len(l.any[0])
	for _, text := range l.any[1:] {
		shortest = min(shortest, len(text))
	}
	return shortest
}

const (
	maxAlternatives = 16
	minLiteral      = 3
)

func required(re *syntax.Regexp) literals {
	switch re.Op {
	case syntax.OpLiteral:
		text := string(re.Rune)
		if len(text) < minLiteral {
			return literals{}
		}
		return literals{any: []string{text}, folded: re.Flags&syntax.FoldCase != 0}
	case syntax.OpCapture, syntax.OpPlus:
		return required(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return required(re.Sub[0])
		}
	case syntax.OpConcat:
		var best literals
		for _, sub := range re.Sub {
			if l := required(sub); l.worth() > best.worth() {
				best = l
			}
		}
		return best
	case syntax.OpAlternate:
		return alternatives(re.Sub)
	default: // nothing that every match holds
	}
	return literals{}
}

func alternatives(subs []*syntax.Regexp) literals {
	var all literals
	for _, sub := range subs {
		l := required(sub)
		if len(l.any) == 0 || len(all.any)+len(l.any) > maxAlternatives {
			return literals{}
		}
		all.any = append(all.any, l.any...)
		all.folded = all.folded || l.folded
	}
	return all
}
