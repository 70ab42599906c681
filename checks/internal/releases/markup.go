package releases

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Placeholders for what a template engine works on. They are from the private use area, so no page has them.
const (
	opening      = "\ue000" // a condition or loop begins
	closing      = "\ue001" // it ends
	dynamic      = "\ue002" // a value
	turning      = "\ue003" // else and the like
	placeholders = opening + closing + dynamic + turning
)

// PageMarks are the marks of a page: digests of its attributes and of its lines of text, scripts and comments.
func PageMarks(text string) map[string]bool {
	marks := map[string]bool{}
	m := marker{mark: func(mark string, _ bool) { marks[mark] = true }}
	m.read(text)
	return marks
}

// TemplateMarks are the marks that every page made from a Smarty or Twig template has, and those that pages may have.
func TemplateMarks(text string) (always, maybe map[string]bool) {
	always, maybe = map[string]bool{}, map[string]bool{}
	m := marker{mark: func(mark string, sure bool) {
		if sure {
			always[mark] = true
		} else {
			maybe[mark] = true
		}
	}}
	m.read(neutral(text))
	for mark := range always {
		delete(maybe, mark)
	}
	return always, maybe
}

var (
	smartyComment = regexp.MustCompile(`(?s)<!--\{\*.*?\*\}-->`)
	smartyTag     = regexp.MustCompile(`(?s)<!--\{(.*?)\}-->`)
	twigComment   = regexp.MustCompile(`(?s)\{#.*?#\}`)
	twigTag       = regexp.MustCompile(`(?s)\{%-?\s*(.*?)-?%\}`)
	twigAsset     = regexp.MustCompile(`\{\{\s*asset\('([^']+)'[^}]*\}\}`)
	twigValue     = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	opens         = regexp.MustCompile(`^(if|foreach|section|for|strip|php|capture|embed|spaceless)\b`)
	ends          = regexp.MustCompile(`^(/(if|foreach|section|strip|php|capture)|end(if|for|embed|spaceless))\b`)
	turns         = regexp.MustCompile(`^(else|elseif|foreachelse|sectionelse)\b`)
)

// neutral is a template with placeholders for what its engine works on.
func neutral(text string) string {
	text = smartyComment.ReplaceAllString(text, "")
	text = smartyTag.ReplaceAllStringFunc(text, func(tag string) string { return placeholderFor(smartyTag.FindStringSubmatch(tag)[1]) })
	text = twigComment.ReplaceAllString(text, "")
	text = twigTag.ReplaceAllStringFunc(text, func(tag string) string { return placeholderFor(twigTag.FindStringSubmatch(tag)[1]) })
	text = twigAsset.ReplaceAllString(text, dynamic+"/$1")
	return twigValue.ReplaceAllString(text, dynamic)
}

func placeholderFor(tag string) string {
	tag = strings.TrimSpace(tag)
	switch {
	case opens.MatchString(tag):
		return opening
	case ends.MatchString(tag):
		return closing
	case turns.MatchString(tag):
		return turning
	}
	return dynamic
}

// marker reads a page or a neutral template and calls mark for every mark of it. sure is false within a condition.
type marker struct {
	mark   func(mark string, sure bool)
	depth  int  // of conditions and loops
	script bool // within a script or a style sheet
}

func (m *marker) read(text string) {
	z := html.NewTokenizer(strings.NewReader(text))
	for {
		kind := z.Next()
		raw := string(z.Raw())
		switch kind {
		case html.ErrorToken:
			return
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			m.script = kind == html.StartTagToken && (token.Data == "script" || token.Data == "style")
			m.tag(token, raw)
		case html.TextToken, html.CommentToken:
			m.text(m.prefix(kind), z.Token().Data)
		case html.EndTagToken:
			m.script = false
		case html.DoctypeToken:
		}
	}
}

func (m *marker) prefix(kind html.TokenType) string {
	switch {
	case m.script:
		return "script"
	case kind == html.CommentToken:
		return "comment"
	}
	return "text"
}

// tag marks the attributes of a tag. A condition inside the tag makes all of them unsure.
func (m *marker) tag(token html.Token, raw string) {
	sure := m.depth <= 0 && !strings.ContainsAny(raw, opening+turning)
	for _, a := range token.Attr {
		if form, ok := attribute(token.Data, a); ok {
			m.mark(markOf(form), sure)
		}
		if form, ok := elsewhere(token.Data, a); ok {
			m.mark(markOf(form), sure)
		}
	}
	m.nest(raw)
}

// text marks each line of a text, script or comment.
func (m *marker) text(prefix, data string) {
	for line := range strings.Lines(data) {
		if form := strings.Join(strings.Fields(line), " "); telling(form) {
			m.mark(markOf(prefix+"\x00"+form), m.depth <= 0)
		}
		m.nest(line)
	}
}

// nest follows the conditions that begin and end in text.
func (m *marker) nest(text string) {
	m.depth += strings.Count(text, opening) - strings.Count(text, closing)
}

// attribute is an attribute in a form that does not depend on where the shop is; false when it tells nothing.
func attribute(tag string, a html.Attribute) (string, bool) {
	value := strings.Join(strings.Fields(a.Val), " ")
	switch a.Key {
	case "href", "src", "action", "content", "data-src":
		value, _, _ = strings.Cut(value, "?")
		value, _, _ = strings.Cut(value, "#")
		value = value[strings.LastIndexByte(value, '/')+1:]
	}
	if value == "" || strings.ContainsAny(a.Key+value, placeholders) {
		return "", false
	}
	return tag + "\x00" + a.Key + "\x00" + value, true
}

// elsewhere is an address on another host, in full; false for any other attribute.
func elsewhere(tag string, a html.Attribute) (string, bool) {
	_, rest, ok := strings.Cut(a.Val, "://")
	if !ok || a.Key != "href" && a.Key != "src" && a.Key != "action" || strings.ContainsAny(rest, placeholders) {
		return "", false
	}
	return tag + "\x00" + a.Key + "\x00//" + rest, true
}

// telling is false for a line that is too short to tell anything, that is only digits and punctuation, or that the template
// fills in.
func telling(line string) bool {
	return utf8.RuneCountInString(line) >= 4 && !strings.ContainsAny(line, placeholders) && strings.Trim(line, "0123456789.,:;-/|&<>[](){}*#!=+ \u3000") != ""
}

// markOf is 40 bits of SHA-256 in hex.
func markOf(form string) string {
	sum := sha256.Sum256([]byte(form))
	return hex.EncodeToString(sum[:5])
}
