package match

import (
	"maps"
	"math/rand/v2"
	"regexp"
	"strings"

	"github.com/projectdiscovery/govaluate"

	"sotomi/scanner/message"
)

const (
	open    = "{{"
	closing = "}}"
	section = "§"
)

func hasMarker(text string) bool {
	return strings.Contains(text, open) || strings.Contains(text, section)
}

// render replaces the placeholders of text that can be resolved.
func (s *scope) render(text string) string {
	values := Vars{}
	for _, name := range names(text) {
		if v, ok := s.lookup(name); ok {
			values[name] = v
		}
	}
	out, _, err := Expand(text, values)
	if err != nil {
		return text
	}
	return out
}

var identifiers = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_-]*`)

// names are all words of the text that could be variables.
func names(text string) []string { return identifiers.FindAllString(text, -1) }

// Random is the variable that holds the source (*rand.Rand) for a template's rand_ functions. Without it they return the
// same values each time.
const Random = "sotomi_random"

// Expand replaces the placeholders {{...}} and §...§ of text: names from vars, and expressions with helper functions.
// Unknown ones stay as they are and are listed in unresolved. The error is of an expression that cannot be computed.
func Expand(text string, vars Vars) (out string, unresolved []string, err error) {
	if !hasMarker(text) {
		return text, nil, nil
	}
	if out, err = replaceAll(text, vars); err != nil {
		return "", nil, err
	}
	if !hasMarker(out) {
		return out, nil, nil // nothing but known names, as in nearly every template: no expressions to look for
	}
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if f := forbiddenFunction(m[1]); f != "" {
			return text, nil, &UnsupportedError{message.New("function %s", f)}
		}
	}
	for _, source := range findExpressions(text, vars) {
		v, err := evalExpression(source, vars)
		if err != nil {
			return out, unresolvedNames(out), message.Errorf("expression %q: %w", source, err)
		}
		shown, err := replaceAll(source, vars)
		if err != nil {
			return "", nil, err
		}
		out = strings.Replace(out, open+shown+closing, toString(v), 1)
		out = strings.Replace(out, section+shown+section, toString(v), 1)
		if len(out) > maxExpanded {
			return "", nil, ErrTooLong
		}
	}
	return out, unresolvedNames(out), nil
}

// ErrTooLong says that a text is too long once its placeholders are replaced.
var ErrTooLong = message.Errorf("expands to more than 4 MiB")

const maxExpanded = 4 << 20

func evalExpression(source string, vars Vars) (v any, err error) {
	defer recovered(&err)
	functions := builtin
	if strings.Contains(source, "rand_") {
		random, _ := vars[Random].(*rand.Rand)
		if random == nil {
			random = rand.New(rand.NewPCG(1, 1))
		}
		functions = maps.Clone(builtin)
		maps.Copy(functions, randomFunctions(random))
	}
	lookup := func(name string) (any, bool) { v, ok := vars[name]; return v, ok }
	filled, err := fillStrings(source, lookup)
	if err != nil {
		return nil, err
	}
	parsed, err := parseExpression(filled, functions)
	if err != nil {
		return nil, err
	}
	return parsed.Evaluate(vars)
}

// findExpressions are the texts between markers that are computed rather than looked up: those that parse and use a
// function or a known name.
func findExpressions(text string, vars Vars) []string {
	var list []string
	effort := parseEffort
	for range 250 {
		start := strings.Index(text, open)
		if start < 0 {
			break
		}
		start += len(open)
		inner, end := firstExpression(text[start:], func(string) Vars { return vars }, &effort)
		if inner != "" {
			list = append(list, inner)
		}
		text = text[start+end:]
	}
	return list
}

// parseEffort is how many bytes are parsed in search of the ends of the expressions of one text.
const parseEffort = 1 << 20

// firstExpression is the expression that text, behind an opening marker, begins with: up to the first closing marker that
// makes it one. It is empty when there is none. vars are the names that it may use; end is where the closing marker ends.
func firstExpression(text string, vars func(inner string) Vars, effort *int) (inner string, end int) {
	for at := 0; *effort > 0; {
		i := strings.Index(text[at:], closing)
		if i < 0 {
			break
		}
		inner := text[:at+i]
		*effort -= len(inner)
		at += i + len(closing)
		if isExpression(inner, vars(inner)) {
			return inner, at
		}
	}
	return "", 0
}

func isExpression(text string, vars Vars) bool {
	if _, known := vars[text]; known || strings.TrimSpace(text) == "" {
		return false
	}
	if parses(text, nil) {
		for name := range vars {
			if name != "" && strings.Contains(text, name) {
				return true
			}
		}
		for name := range builtin {
			if strings.Contains(text, name) {
				return true
			}
		}
		return false
	}
	return parses(text, builtin)
}

func parses(text string, functions map[string]govaluate.ExpressionFunction) bool {
	_, err := parseExpression(text, functions)
	return err == nil
}

// replaceAll replaces the markers around known names, once from left to right for each kind of marker.
func replaceAll(text string, vars Vars) (string, error) {
	text, err := replaceMarked(text, open, closing, vars)
	if err != nil {
		return "", err
	}
	return replaceMarked(text, section, section, vars)
}

func replaceMarked(text, from, to string, vars Vars) (string, error) {
	if !strings.Contains(text, from) {
		return text, nil
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, from)
		b.WriteString(before)
		if b.Len() > maxExpanded {
			return "", ErrTooLong
		}
		if !ok {
			return b.String(), nil
		}
		name, after, ok := strings.Cut(rest, to)
		if !ok {
			b.WriteString(from)
			b.WriteString(rest)
			return b.String(), nil
		}
		if v, known := vars[name]; known {
			b.WriteString(toString(v))
			text = after
			continue
		}
		b.WriteString(from)
		if inner := strings.LastIndex(name, from); inner >= 0 { // "{{a {{b}}": the last marker is the one that counts
			b.WriteString(name[:inner])
			text = rest[inner:]
			continue
		}
		b.WriteString(name)
		b.WriteString(to)
		text = after
	}
}

var (
	placeholder = regexp.MustCompile(`(?:%7[Bb]|\{){2}([^}]+)(?:%7[Dd]|\}){2}["')}]*`)
	numeric     = regexp.MustCompile(`^[0-9+\-/\W]+$`)
)

// unresolvedNames are the placeholders left, without those of literals only.
func unresolvedNames(text string) []string {
	if !strings.Contains(text, "{") && !strings.Contains(text, "%7") {
		return nil
	}
	var list []string
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if !numeric.MatchString(m[1]) && !literalsOnly(m[1]) {
			list = append(list, m[1])
		}
	}
	return list
}

func literalsOnly(text string) bool {
	e, err := parseExpression(text, builtin)
	return err == nil && (e == nil || len(e.Vars()) == 0)
}
