package payment

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/tdewolff/parse/v2"
	"github.com/tdewolff/parse/v2/css"
)

// sheet is what a style sheet asks for.
type sheet struct {
	imports   []string // further sheets
	addresses []sheetAddress
}

// sheetAddress is an address as a rule has it.
type sheetAddress struct {
	text  string
	typed bool // it is asked for by what stands in a field
}

// word is one of a style sheet.
type word struct {
	kind css.TokenType
	text string
}

// block is what stands between braces.
type block struct {
	typed  bool           // its selector, or one around it, is about what stands in a field
	font   bool           // it is @font-face
	single bool           // of a font: it is for one character
	urls   []sheetAddress // of a font
}

// fontsOfSpies is how many fonts for one character each make a sheet one that tells what is typed. Icon fonts have one.
const fontsOfSpies = 3

// readSheet reads a style sheet.
func readSheet(source []byte) sheet {
	r := &sheetReader{blocks: []block{{}}}
	l := css.NewLexer(parse.NewInputBytes(append([]byte(nil), source...))) // the lexer writes behind the end
	for {
		kind, text := l.Next()
		if kind == css.ErrorToken {
			for len(r.blocks) > 1 {
				r.close()
			}
			break
		}
		if kind != css.CommentToken {
			r.word(word{kind, string(text)})
		}
	}
	for _, a := range r.fonts {
		a.typed = len(r.fonts) >= fontsOfSpies
		r.sheet.addresses = append(r.sheet.addresses, a)
	}
	return r.sheet
}

type sheetReader struct {
	sheet   sheet
	prelude []word // since the last brace or semicolon
	blocks  []block
	fonts   []sheetAddress // for one character each
	inSet   int            // parentheses that are open within image-set() or src()
}

func (r *sheetReader) word(w word) {
	top := &r.blocks[len(r.blocks)-1]
	switch w.kind {
	case css.LeftBraceToken:
		b := block{typed: top.typed || isTyped(r.prelude), font: r.isRule("@font-face")}
		r.blocks, r.prelude = append(r.blocks, b), nil
		return
	case css.RightBraceToken:
		if len(r.blocks) > 1 {
			r.close()
		}
		r.prelude = nil
		return
	case css.SemicolonToken:
		r.prelude = nil
		return
	case css.FunctionToken:
		if name := strings.ToLower(w.text); r.inSet > 0 || strings.HasSuffix(name, "image-set(") || name == "src(" {
			r.inSet++
		}
	case css.RightParenthesisToken:
		r.inSet = max(0, r.inSet-1)
	case css.URLToken:
		r.address(top, unquoted(strings.TrimSuffix(w.text[len("url("):], ")"))) // it may be cut
	case css.StringToken:
		if r.inSet > 0 || r.isRule("@import") {
			r.address(top, unquoted(w.text))
		}
	case css.UnicodeRangeToken:
		top.single = isSingle(w.text)
	default:
	}
	r.prelude = append(r.prelude, w)
}

// isRule reports whether an at-rule of that name is being read.
func (r *sheetReader) isRule(name string) bool {
	i := slices.IndexFunc(r.prelude, func(w word) bool { return w.kind != css.WhitespaceToken })
	return i >= 0 && strings.EqualFold(unescapeCSS(r.prelude[i].text), name)
}

func (r *sheetReader) address(in *block, text string) {
	switch {
	case r.isRule("@import"):
		r.sheet.imports = append(r.sheet.imports, text)
	case in.font:
		in.urls = append(in.urls, sheetAddress{text: text})
	default:
		r.sheet.addresses = append(r.sheet.addresses, sheetAddress{text, in.typed})
	}
}

// close ends a block.
func (r *sheetReader) close() {
	b := r.blocks[len(r.blocks)-1]
	r.blocks = r.blocks[:len(r.blocks)-1]
	if b.single {
		r.fonts = append(r.fonts, b.urls...)
	} else {
		r.sheet.addresses = append(r.sheet.addresses, b.urls...)
	}
}

// isSingle reports whether a range of characters is one, and one that stands in numbers.
func isSingle(text string) bool {
	from, to, _ := strings.Cut(strings.ToLower(text)[len("u+"):], "-")
	n, err := strconv.ParseUint(from, 16, 32)
	return err == nil && (to == "" || to == from) && n >= '0' && n <= '9'
}

// compound is a part of a selector that is about one element.
type compound struct {
	element string
	words   string // ids, classes and the values of names, to tell what a field is for
	kind    string // of an input
	values  []word // what is asked of its value: the operator and the text
}

// isTyped reports whether a selector is about what stands in a field that people type into.
func isTyped(selector []word) bool {
	var c compound
	for i := 0; i < len(selector); i++ {
		w := selector[i]
		switch w.kind {
		case css.AtKeywordToken:
			return false
		case css.LeftBracketToken:
			end := i + 1
			for end < len(selector) && selector[end].kind != css.RightBracketToken {
				end++
			}
			c.attribute(selector[i+1 : end])
			i = end
		case css.IdentToken:
			if i == 0 || selector[i-1].kind != css.ColonToken {
				c.words += " " + unescapeCSS(w.text)
			}
			if i == 0 || !isPart(selector[i-1]) {
				c.element = strings.ToLower(unescapeCSS(w.text))
			}
		case css.HashToken:
			c.words += " " + unescapeCSS(w.text[1:])
		case css.WhitespaceToken, css.CommaToken, css.FunctionToken, css.LeftParenthesisToken, css.RightParenthesisToken, css.DelimToken:
			if w.text == "." || w.text == "&" || w.text == "*" {
				continue
			}
			if c.isTyped() {
				return true
			}
			c = compound{}
		default:
		}
	}
	return c.isTyped()
}

// isPart reports whether what comes behind a word belongs to it, as the name of a class does.
func isPart(w word) bool { return w.text == "." || w.kind == css.ColonToken }

// attribute takes what stands between brackets.
func (c *compound) attribute(words []word) {
	words = slices.DeleteFunc(slices.Clone(words), func(w word) bool { return w.kind == css.WhitespaceToken })
	if len(words) < 3 { //nolint:mnd // a name, an operator and a value
		return
	}
	name, value := strings.ToLower(unescapeCSS(words[0].text)), unquoted(words[2].text)
	switch name {
	case "value":
		c.values = append(c.values, word{words[1].kind, value})
	case "type":
		c.kind = strings.ToLower(value)
	case "name", "id", "autocomplete", "class":
		c.words += " " + value
	}
}

// chosen are elements and kinds of inputs whose value nobody types.
var chosen = []string{"option", "button", "li", "meter", "progress", "param", "data", "output", "radio", "checkbox", "submit", "reset", "image"}

var figures = regexp.MustCompile(`^[0-9 /-]+$`)

// isTyped reports whether rules like this one come for each letter or figure that somebody types. A whole value is that only of
// a field for card data.
func (c *compound) isTyped() bool {
	if slices.Contains(chosen, c.element) || slices.Contains(chosen, c.kind) {
		return false
	}
	const short = 3 // letters: longer ones are words that a page has put there
	return slices.ContainsFunc(c.values, func(v word) bool {
		switch v.kind {
		case css.PrefixMatchToken, css.SuffixMatchToken, css.SubstringMatchToken:
			return v.text != "" && (len([]rune(v.text)) <= short || figures.MatchString(v.text))
		default:
			return figures.MatchString(v.text) && (cardName.MatchString(c.words) || strings.Contains(c.words, "cc-"))
		}
	})
}

var escapedCSS = regexp.MustCompile(`\\(?:([0-9a-fA-F]{1,6})\s?|([^0-9a-fA-F]))`)

// unescapeCSS is a word of a style sheet as it is meant.
func unescapeCSS(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	return escapedCSS.ReplaceAllStringFunc(text, func(e string) string {
		n, err := strconv.ParseInt(strings.TrimSpace(e[1:]), 16, 32)
		if err != nil {
			return e[1:]
		}
		return string(rune(n))
	})
}

// unquoted is the text of a string or an address.
func unquoted(text string) string {
	text = strings.TrimSpace(text)
	if n := len(text); n > 1 && (text[0] == '"' || text[0] == '\'') && text[n-1] == text[0] {
		text = text[1 : n-1]
	}
	return unescapeCSS(text)
}
