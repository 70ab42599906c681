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
	needs []string // lower case, such as "<h1"; nil when nothing is known
}

// possible reports whether the query can find something in a page.
func (q query) possible(page *text) bool {
	if len(q.needs) == 0 {
		return true
	}
	low := page.lower()
	return !slices.ContainsFunc(q.needs, func(text string) bool { return !low.holds(text) })
}

// inserted are elements that an HTML parser adds by itself.
var inserted = []string{"html", "head", "body", "tbody", "colgroup", "tr", "p", "br", "img"}

var (
	// oneStep is one step of a path, up to its predicates, and its slashes.
	oneStep = regexp.MustCompile(`^/{0,2}(?:(child|descendant|descendant-or-self|following|following-sibling|preceding|preceding-sibling|parent|ancestor|ancestor-or-self|self)::)?(\*|[A-Za-z][A-Za-z0-9_-]*)`)
	// byLocalName is a predicate that compares nothing but the name.
	byLocalName = regexp.MustCompile(`^\[local-name\(\)='([\w-]+)'(?: or local-name\(\)='([\w-]+)')?\]`)
)

// needsOf reads a query that is one path, perhaps in parentheses with predicates behind. Of any other, nothing is known.
func needsOf(source string) []string {
	path := strings.TrimSpace(source)
	for strings.HasPrefix(path, "(") {
		end := bracketEnd(path)
		if end < 0 || strings.TrimSpace(withoutPredicates(path[end+1:])) != "" {
			return nil
		}
		path = path[1:end]
	}
	var needs []string
	for path != "" {
		if strings.HasPrefix(path, "/@") || path == "/text()" || path == "//text()" {
			return needs
		}
		step := oneStep.FindStringSubmatch(path)
		if step == nil {
			return nil
		}
		path = path[len(step[0]):]
		if name := strings.ToLower(step[2]); name != "*" && !slices.Contains(inserted, name) {
			needs = append(needs, "<"+name)
		}
		if named := byLocalName.FindStringSubmatch(path); named != nil && (named[2] == "" || strings.EqualFold(named[1], named[2])) {
			needs = append(needs, strings.ToLower(named[1]))
		}
		path = withoutPredicates(path)
		if path != "" && path[0] != '/' {
			return nil
		}
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
