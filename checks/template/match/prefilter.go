package match

import "regexp/syntax"

// literals are texts of which every match contains at least one.
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
