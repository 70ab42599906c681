package releases

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// Signs that stand for what a template fills in. They are from the private use area, so no page has them.
const (
	dynamic = "\ue002" // a value
	open    = "\ue000" // the beginning of a condition or loop
	end     = "\ue001" // its end
	turn    = "\ue003" // else and such
	signs   = dynamic + open + end + turn
)

// PageMarks are the marks of a page: digests of attributes, lines of text, of scripts and of comments.
func PageMarks(text string) map[string]bool {
	marks := map[string]bool{}
	walk(text, func(mark string, _ bool) { marks[mark] = true })
	return marks
}

// TemplateMarks are the marks that every page made from a template has, and those that pages may have.
func TemplateMarks(text string) (always, maybe map[string]bool) {
	always, maybe = map[string]bool{}, map[string]bool{}
	walk(neutral(text), func(mark string, sure bool) {
		if sure {
			always[mark] = true
		} else {
			maybe[mark] = true
		}
	})
	for m := range always {
		delete(maybe, m)
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

// neutral replaces what a template engine works on by signs.
func neutral(text string) string {
	text = smartyComment.ReplaceAllString(text, "")
	text = smartyTag.ReplaceAllStringFunc(text, func(tag string) string { return signOf(smartyTag.FindStringSubmatch(tag)[1]) })
	text = twigComment.ReplaceAllString(text, "")
	text = twigTag.ReplaceAllStringFunc(text, func(tag string) string { return signOf(twigTag.FindStringSubmatch(tag)[1]) })
	text = twigAsset.ReplaceAllString(text, dynamic+"/$1")
	return twigValue.ReplaceAllString(text, dynamic)
}

func signOf(tag string) string {
	tag = strings.TrimSpace(tag)
	switch {
	case opens.MatchString(tag):
		return open
	case ends.MatchString(tag):
		return end
	case turns.MatchString(tag):
		return turn
	}
	return dynamic
}

// walk calls mark for every mark of a page or a neutral template. sure is false within a condition.
func walk(text string, mark func(mark string, sure bool)) {
	z := html.NewTokenizer(strings.NewReader(text))
	depth, script := 0, false
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			return
		}
		raw := string(z.Raw())
		token := z.Token()
		emit := func(form string, inner int) { mark(markOf(form), depth+inner <= 0) }
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			script = kind == html.StartTagToken && (token.Data == "script" || token.Data == "style")
			inner := 0
			if strings.ContainsAny(raw, open+turn) {
				inner = 1
			}
			for _, a := range token.Attr {
				if form, ok := attribute(token.Data, a); ok {
					emit(form, inner)
				}
				if form, ok := elsewhere(token.Data, a); ok {
					emit(form, inner)
				}
			}
			depth += strings.Count(raw, open) - strings.Count(raw, end)
		case html.TextToken, html.CommentToken:
			prefix := "text"
			if script {
				prefix = "script"
			} else if kind == html.CommentToken {
				prefix = "comment"
			}
			for line := range strings.Lines(token.Data) {
				if form := strings.Join(strings.Fields(line), " "); worth(form) {
					emit(prefix+"\x00"+form, 0)
				}
				depth += strings.Count(line, open) - strings.Count(line, end)
			}
		case html.EndTagToken:
			script = false
		case html.DoctypeToken, html.ErrorToken:
		}
	}
}

// attribute is an attribute as a form that does not depend on where the shop is; false when it says nothing.
func attribute(tag string, a html.Attribute) (string, bool) {
	value := strings.Join(strings.Fields(a.Val), " ")
	switch a.Key {
	case "href", "src", "action", "content", "data-src":
		value, _, _ = strings.Cut(value, "?")
		value, _, _ = strings.Cut(value, "#")
		value = value[strings.LastIndexByte(value, '/')+1:]
	}
	if value == "" || strings.ContainsAny(a.Key+value, signs) {
		return "", false
	}
	return tag + "\x00" + a.Key + "\x00" + value, true
}

// elsewhere is an address on another host, which the template names in full.
func elsewhere(tag string, a html.Attribute) (string, bool) {
	_, rest, ok := strings.Cut(a.Val, "://")
	if !ok || a.Key != "href" && a.Key != "src" && a.Key != "action" || strings.ContainsAny(rest, signs) {
		return "", false
	}
	return tag + "\x00" + a.Key + "\x00//" + rest, true
}

// worth is false for a line that is too short to tell anything, or filled in by the template.
func worth(line string) bool {
	return utf8.RuneCountInString(line) >= 4 && !strings.ContainsAny(line, signs) && strings.Trim(line, "0123456789.,:;-/|&<>[](){}*#!=+ \u3000") != ""
}

// markOf is 40 bits of SHA-256 in hex.
func markOf(form string) string {
	sum := sha256.Sum256([]byte(form))
	return hex.EncodeToString(sum[:5])
}
