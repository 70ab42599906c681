package match

import (
	"io"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"sotomi/scanner/message"
)

// pattern is a regular expression with literals of which a matching text contains one. Searching for those is much cheaper
// than running the expression, and on most pages most expressions end there. It is compiled when a text first passes them.
type pattern struct {
	source string
	needs  []string // nil when nothing is known
	folded bool     // needs are lower case, for the lower-cased text
	size   int32    // estimated instructions once compiled

	once sync.Once
	made *machine
}

// machine is a compiled pattern.
type machine struct {
	first  *regexp.Regexp
	prefix string // every match begins with it; may be empty

	laterOnce sync.Once
	later     *regexp.Regexp // for searches that begin one character before the place; its group 1 is the match
}

// maxPatternSize is the largest pattern, in instructions. Each takes 40 bytes.
const maxPatternSize = 100_000

// newPattern says what is wrong with the source of one that cannot be compiled.
func newPattern(source string) (*pattern, error) {
	tree, err := syntax.Parse(source, syntax.Perl)
	if err != nil {
		return nil, err
	}
	size := sizeOf(tree)
	if size > maxPatternSize {
		return nil, message.Errorf("the pattern is too large")
	}
	p := &pattern{source: source, size: int32(size)}
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

// sizeOf is about the number of instructions of a compiled expression; above maxPatternSize it stops counting.
func sizeOf(re *syntax.Regexp) int {
	n := 1
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune)
	}
	for _, sub := range re.Sub {
		if n += sizeOf(sub) + 1; n > maxPatternSize {
			return n
		}
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return n
}

func (p *pattern) machine() *machine {
	p.once.Do(func() {
		first := regexp.MustCompile(p.source) // what can be parsed can be compiled
		prefix, _ := first.LiteralPrefix()
		p.made = &machine{first: first, prefix: prefix}
	})
	return p.made
}

func (p *pattern) re() *regexp.Regexp { return p.machine().first }

// after is the expression for texts whose first character stands before the place where matches may begin: what is
// before a match decides about ^ and \b.
func (p *pattern) after() *regexp.Regexp {
	m := p.machine()
	m.laterOnce.Do(func() {
		tree, err := syntax.Parse(p.source, syntax.Perl)
		if err != nil {
			panic(err) // it was parsed before
		}
		m.later = regexp.MustCompile(`\A(?s:.)(?s:.*?)(` + tree.String() + `)`)
	})
	return m.later
}

// cheap is the most steps of a search that the regexp package does in one go: about 10 ms.
const cheap = 1 << 20

// find is the leftmost match in s that begins at or behind the byte from: the bounds of the match and of its groups, nil
// when there is none.
func (p *pattern) find(m *meter, s string, from int) ([]int, error) {
	if prefix := p.machine().prefix; prefix != "" {
		at := strings.Index(s[from:], prefix)
		if at < 0 {
			return nil, m.spend(len(s) - from)
		}
		from += at
	}
	start, re := from, p.re()
	if from > 0 {
		_, width := utf8.DecodeLastRuneInString(s[:from])
		start, re = from-width, p.after()
	}
	var groups []int
	if steps := (len(s) - start + 1) * int(p.size); steps <= cheap {
		if err := m.spend(steps); err != nil {
			return nil, err
		}
		groups = re.FindStringSubmatchIndex(s[start:])
	} else {
		r := &meteredRunes{meter: m, text: s[start:], every: max(1, tick/4/int(p.size))}
		groups = re.FindReaderSubmatchIndex(r)
		if r.err != nil {
			return nil, r.err
		}
	}
	if groups != nil && from > 0 {
		groups = groups[2:]
	}
	for i := range groups {
		if groups[i] >= 0 {
			groups[i] += start
		}
	}
	return groups, nil
}

// each calls visit with every match from left to right, as regexp.FindAllStringSubmatchIndex finds them, until it returns
// false.
func (p *pattern) each(m *meter, s string, visit func(groups []int) bool) error {
	end := -1 // of the match before
	for from := 0; from <= len(s); {
		groups, err := p.find(m, s, from)
		if err != nil || groups == nil {
			return err
		}
		wanted := groups[1] > from || groups[0] != end // an empty match right behind another is none
		if end = groups[1]; end > from {
			from = end
		} else {
			_, width := utf8.DecodeRuneInString(s[from:])
			from += max(width, 1)
		}
		if wanted && !visit(groups) {
			return nil
		}
	}
	return nil
}

// meteredRunes reads a text and ends early, with err set, when the meter says so.
type meteredRunes struct {
	meter *meter
	text  string
	every int // characters between two looks
	left  int
	err   error
}

func (r *meteredRunes) ReadRune() (rune, int, error) {
	if r.left--; r.left < 0 {
		r.left = r.every
		r.err = r.meter.spend(tick)
	}
	if r.text == "" || r.err != nil {
		return 0, 0, io.EOF
	}
	c, width := rune(r.text[0]), 1
	if c >= utf8.RuneSelf {
		c, width = utf8.DecodeRuneInString(r.text)
	}
	r.text = r.text[width:]
	return c, width, nil
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
