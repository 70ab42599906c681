package match

import (
	"regexp"
	"slices"
	"strings"

	"github.com/antchfx/xpath"
)

// query is a compiled XPath with texts that stand in every page on which it finds something: most pages need not be parsed.
type query struct {
	*xpath.Expr
	needs [][]string // of each one, lower case, such as "<h1"
}

// possible reports whether the query can find something in a page.
func (q query) possible(page *text) bool {
	if len(q.needs) == 0 {
		return true
	}
	low := page.lower()
	return !slices.ContainsFunc(q.needs, func(any []string) bool { return !slices.ContainsFunc(any, low.holds) })
}

// madeUp are elements that a parser of HTML adds by itself.
var madeUp = []string{"html", "head", "body", "tbody", "colgroup", "tr", "p", "br", "img"}

// pathStep is one step of a path without its predicates.
var pathStep = regexp.MustCompile(`^/{0,2}(?:(?:child|descendant|descendant-or-self|following|following-sibling|preceding|preceding-sibling|parent|ancestor|ancestor-or-self|self)::)?(\*|[A-Za-z][A-Za-z0-9_-]*)`)

// needsOf reads a query that is one path, perhaps in parentheses with predicates behind. Of any other, nothing is known.
func needsOf(source string) (needs [][]string) {
	path := strings.TrimSpace(source)
	for strings.HasPrefix(path, "(") {
		end := bracketEnd(path)
		if end < 0 || withoutPredicates(path[end+1:]) != "" {
			return nil
		}
		path = path[1:end]
	}
	for path != "" && !strings.HasPrefix(path, "/@") && strings.TrimLeft(path, "/") != "text()" {
		step := pathStep.FindStringSubmatch(path)
		if step == nil {
			return nil
		}
		path = path[len(step[0]):]
		if name := strings.ToLower(step[1]); name != "*" && !slices.Contains(madeUp, name) {
			needs = append(needs, []string{"<" + name})
		}
		for strings.HasPrefix(path, "[") {
			end := bracketEnd(path)
			if end < 0 {
				return nil
			}
			needs = append(needs, wordsOf(path[1:end])...)
			path = path[end+1:]
		}
		if path != "" && path[0] != '/' {
			return nil
		}
	}
	return needs
}

var (
	quotation  = regexp.MustCompile(`'[^']*'|"[^"]*"`)
	aWord      = regexp.MustCompile(`[A-Za-z0-9_-]+`)
	anOr       = regexp.MustCompile(`\bor\b`)
	comparison = regexp.MustCompile(`!=|[|<>+]`)
	called     = regexp.MustCompile(`([A-Za-z][\w-]*)\s*\(`)
	// comparing are functions that hold for no text but one with the quoted words in it, and what looks like functions.
	comparing = []string{"starts-with", "ends-with", "contains", "normalize-space", "string", "text", "node", "local-name", "and", "or"}
)

// wordsOf are words of quoted texts without which a predicate does not hold.
func wordsOf(predicate string) (needs [][]string) {
	frame := quotation.ReplaceAllString(predicate, "''")
	if comparison.MatchString(frame) {
		return nil
	}
	for _, f := range called.FindAllStringSubmatch(frame, -1) {
		if !slices.Contains(comparing, f[1]) {
			return nil
		}
	}
	quotations := quotation.FindAllString(predicate, -1)
	var any []string // one of each part between two "or"
	parts := anOr.Split(frame, -1)
	for _, part := range parts {
		var words []string
		n := strings.Count(part, "''")
		for _, w := range aWord.FindAllString(strings.ToLower(strings.Join(quotations[:n], " ")), -1) {
			if len(w) >= minLiteral && !slices.Contains(madeUp, w) {
				words = append(words, w)
			}
		}
		quotations = quotations[n:]
		switch {
		case len(words) == 0:
			return nil
		case len(parts) > 1:
			any = append(any, slices.MaxFunc(words, func(a, b string) int { return len(a) - len(b) }))
			continue
		}
		for _, w := range words {
			needs = append(needs, []string{w})
		}
	}
	if any != nil {
		needs = append(needs, any)
	}
	return needs
}

// withoutPredicates is what stands behind the predicates at the beginning of text.
func withoutPredicates(text string) string {
	for strings.HasPrefix(text, "[") {
		end := bracketEnd(text)
		if end < 0 {
			return text
		}
		text = text[end+1:]
	}
	return text
}

// bracketEnd is where the bracket that text begins with is closed, -1 for nowhere.
func bracketEnd(text string) int {
	depth, quote := 0, rune(0)
	for i, c := range text {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}
