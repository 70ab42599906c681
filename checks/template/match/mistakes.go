package match

import (
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/projectdiscovery/govaluate"

	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// Idle are the matchers and extractors of the program's block that can never match or take anything, each a *Mistake. never
// says that no response can be a match of the block.
func (p *Program) Idle(h *signature.HTTP) (idle []error, never bool) {
	alive := 0
	for i := range p.matchers {
		err := p.matchers[i].never()
		if err == nil {
			alive++
			continue
		}
		idle = append(idle, at(h.Matchers[i].Line, err))
	}
	if err := p.contradiction(); err != nil {
		idle, never = append(idle, at(h.Line, err)), true
	}
	switch {
	case len(p.matchers) > 0 && p.and:
		never = never || alive < len(p.matchers)
	case len(p.matchers) > 0:
		never = alive == 0
	}
	alive = 0
	for i := range h.Extractors {
		err := groupMistake(&h.Extractors[i])
		if err == nil {
			alive++
			continue
		}
		idle = append(idle, at(h.Extractors[i].Line, err))
	}
	return idle, never || len(p.matchers) == 0 && alive == 0
}

// groupMistake says that none of the patterns has the group that an extractor takes.
func groupMistake(s *signature.Extractor) error {
	if s.Group <= 0 || len(s.Regex) == 0 {
		return nil
	}
	most := 0
	for _, text := range s.Regex {
		if tree, err := syntax.Parse(text, syntax.Perl); err == nil {
			most = max(most, tree.MaxCap())
		}
	}
	if s.Group <= most {
		return nil
	}
	return message.Errorf("group %d: no pattern has more than %d groups", s.Group, most)
}

// never says why a matcher can never be true, nil when it may: all of its expressions must be, or one of them.
func (m *matcher) never() error {
	var first error
	failed := 0
	for _, e := range m.dsl {
		if err := e.never(); err != nil {
			failed++
			if first == nil {
				first = err
			}
		}
	}
	if m.negative || !m.and && failed < len(m.dsl) {
		return nil
	}
	return first
}

// never says why an expression of a matcher can never be true, nil when it may.
func (e *expression) never() error {
	if e.marked || !suspicious(e.text) {
		return nil
	}
	parsed, err := parseExpression(e.text, builtin)
	if err != nil {
		return err
	}
	tokens := withoutParentheses(parsed.Tokens())
	if len(tokens) == 1 {
		switch tokens[0].Kind {
		case govaluate.VARIABLE, govaluate.STRING, govaluate.NUMERIC:
			return message.Errorf("dsl %q is neither true nor false", e.text)
		default: // true, false
		}
	}
	for i := 0; i+2 < len(tokens); i++ {
		if name, text, ok := numberWithText(tokens[i : i+3]); ok {
			return message.Errorf("dsl %q compares %s, a number, with the text %q", e.text, name, text)
		}
	}
	statuses := requiredStatuses(tokens)
	for _, n := range statuses {
		if n != statuses[0] {
			return message.Errorf("dsl %q asks for the statuses %d and %d at once", e.text, statuses[0], n)
		}
	}
	return nil
}

// Variables are the names that an expression uses; none when it holds placeholders or cannot be read.
func Variables(text string) []string {
	if hasMarker(text) {
		return nil
	}
	parsed, err := parseExpression(text, builtin)
	if err != nil {
		return nil
	}
	return parsed.Vars()
}

// suspicious reports whether an expression is worth parsing once more: it has no operator, or more than one status, or one
// of the numbers and a text.
func suspicious(text string) bool {
	return !strings.ContainsAny(text, "=<>!(&|") || strings.Count(text, "status_code") > 1 ||
		strings.ContainsAny(text, `'"`) && slices.ContainsFunc(numbers, func(name string) bool { return strings.Contains(text, name) })
}

// numbers are the variables of a response that are no text.
var numbers = []string{"status_code", "content_length", "duration"}

// numberWithText reports whether three tokens compare a number with a text for equality.
func numberWithText(t []govaluate.ExpressionToken) (name, text string, ok bool) {
	if t[1].Kind != govaluate.COMPARATOR || t[1].Value != "==" && t[1].Value != "!=" {
		return "", "", false
	}
	for _, pair := range [][2]govaluate.ExpressionToken{{t[0], t[2]}, {t[2], t[0]}} {
		name, _ := pair[0].Value.(string)
		text, isText := pair[1].Value.(string)
		if pair[0].Kind == govaluate.VARIABLE && slices.Contains(numbers, name) && pair[1].Kind == govaluate.STRING && isText {
			return name, text, true
		}
	}
	return "", "", false
}

// requiredStatuses are all statuses without which an expression cannot be true.
func requiredStatuses(tokens []govaluate.ExpressionToken) []int {
	terms := conjunction(withoutParentheses(tokens))
	if len(terms) == 1 {
		if n := wantedStatus(terms[0]); n != 0 {
			return []int{n}
		}
		return nil
	}
	var all []int
	for _, term := range terms {
		all = append(all, requiredStatuses(term)...)
	}
	return all
}

// contradiction says why matchers that must all match never can, nil when they may.
func (p *Program) contradiction() error {
	if !p.and || slices.ContainsFunc(p.extractors, func(e extractor) bool { return e.name == "status_code" }) {
		return nil
	}
	var common []int
	for i := range p.matchers {
		set := p.matchers[i].wanted()
		switch {
		case set == nil:
		case common == nil:
			common = set
		default:
			both := slices.DeleteFunc(slices.Clone(common), func(n int) bool { return !slices.Contains(set, n) })
			if len(both) == 0 {
				return message.Errorf("the matchers contradict each other: no status is one of %v and one of %v", common, set)
			}
			common = both
		}
	}
	for i := range p.matchers {
		for j := range p.matchers {
			if word, ok := p.matchers[i].excludes(&p.matchers[j]); ok {
				return message.Errorf("the matchers contradict each other: one asks for %q, one for its absence", word)
			}
		}
	}
	return nil
}

// excludes gives a word that m must see for a match, and whose presence other takes for none.
func (m *matcher) excludes(other *matcher) (string, bool) {
	if m.kind != "word" || other.kind != "word" || m.negative || !other.negative || m.part != other.part || m.fold != other.fold {
		return "", false
	}
	if len(m.words) != 1 && !m.and || len(other.words) != 1 && other.and {
		return "", false
	}
	for _, wanted := range m.words {
		for _, unwanted := range other.words {
			if !wanted.dynamic && !unwanted.dynamic && strings.Contains(wanted.text, unwanted.text) {
				return wanted.text, true
			}
		}
	}
	return "", false
}
