package payment

import (
	"strings"

	udiff "github.com/aymanbagabas/go-udiff"
	"github.com/tdewolff/parse/v2/js"
)

// maxDifference is the longest difference that is shown, in lines.
const maxDifference = 60

// Difference is what changed between two scripts, as lines with - and + before them; minified ones are laid out first.
func Difference(before, after string) string {
	diff := udiff.Unified("approved", "seen", Pretty(before), Pretty(after))
	lines := strings.SplitAfter(diff, "\n")
	lines = lines[min(3, len(lines)):] // the names of the two, and where the first change is
	if len(lines) > maxDifference {
		lines = append(lines[:maxDifference], "...\n")
	}
	return strings.TrimRight(strings.Join(lines, ""), "\n")
}

// longLine is the length of a line, in bytes, from which on a script counts as minified.
const longLine = 160

// Pretty lays a minified script out: one statement a line. Others stay as they are.
func Pretty(source string) string {
	long := false
	for line := range strings.Lines(source) {
		long = long || len(line) > longLine
	}
	list, ok := tokens([]byte(source))
	if !long || !ok {
		return strings.TrimRight(source, "\n") + "\n"
	}
	var p printer
	for i, t := range list {
		p.word(t, i+1 < len(list) && list[i+1].text == ";")
	}
	return strings.TrimRight(p.text.String(), " \n") + "\n"
}

// printer writes words of JavaScript, one statement a line.
type printer struct {
	text   strings.Builder
	depth  int // of braces
	round  int // of parentheses, within which a semicolon ends no line
	begun  bool
	before token
}

func (p *printer) word(t token, ends bool) {
	if t.text == "}" {
		p.depth = max(0, p.depth-1)
		p.line()
	}
	if !p.begun {
		p.text.WriteString(strings.Repeat("  ", p.depth))
	} else if spaced(p.before, t) {
		p.text.WriteByte(' ')
	}
	p.text.WriteString(t.text)
	p.begun, p.before = true, t
	switch t.text {
	case "(":
		p.round++
	case ")":
		p.round = max(0, p.round-1)
	case "{":
		p.depth++
		p.line()
	case ";":
		if p.round == 0 || p.depth > 0 {
			p.line()
		}
	case "}":
		if !ends {
			p.line()
		}
	}
}

func (p *printer) line() {
	if p.begun {
		p.text.WriteByte('\n')
	}
	p.begun = false
}

// spaced reports whether two words need a space between them.
func spaced(a, b token) bool {
	word := func(t token) bool {
		return t.isName() || js.IsNumeric(t.kind) || t.kind == js.PrivateIdentifierToken
	}
	switch {
	case word(a) && word(b), js.IsReservedWord(a.kind) && b.isText():
		return true
	case js.IsOperator(a.kind) && js.IsOperator(b.kind):
		return true
	}
	return a.text == "," || a.text == "=" || b.text == "=" || b.text == "{" && a.text == ")"
}
