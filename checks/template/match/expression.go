package match

import (
	"maps"
	"math/rand/v2"
	"regexp"
	"strings"
	"sync"

	"github.com/projectdiscovery/govaluate"

	"sotomi/scanner/message"
)

// The shared ones among what expressions compute. Each is computed once an answer instead of once a template.
var shared = strings.NewReplacer(
	"mmh3(base64_py(body))", favicon,
	"to_lower(body)", lowerBody, "tolower(body)", lowerBody,
	"to_lower(header)", lowerHeader, "tolower(header)", lowerHeader,
	"to_lower(all_headers)", lowerHeader, "tolower(all_headers)", lowerHeader,
)

// compiled are the short expressions without placeholders, by source: nearly half of the public templates' are the same
// few, such as status_code == 200.
var compiled struct {
	sync.RWMutex
	bySource map[string]expression
}

const shortExpression = 40

func compileExpression(text string) (expression, error) {
	if len(text) > shortExpression || hasMarker(text) {
		return newExpression(text)
	}
	compiled.RLock()
	known, ok := compiled.bySource[text]
	compiled.RUnlock()
	if ok {
		return known, nil
	}
	e, err := newExpression(text)
	if err != nil {
		return nil, err
	}
	compiled.Lock()
	defer compiled.Unlock()
	if compiled.bySource == nil {
		compiled.bySource = map[string]expression{}
	}
	compiled.bySource[text] = e
	return e, nil
}

func newExpression(text string) (expression, error) {
	if f := forbiddenFunction(text); f != "" {
		return nil, &UnsupportedError{message.New("function %s", f)}
	}
	var e expression
	if !hasMarker(text) {
		parsed, err := parseShared(text)
		if err != nil {
			return nil, message.Errorf("dsl %q: %w", text, err)
		}
		e = treeOf(parsed, text)
	}
	if e == nil {
		e = expression{{does: isSource, size: 1, value: &source{text: text, marked: hasMarker(text)}}}
	}
	return e, nil
}

// parseShared parses an expression with what it shares with others in place of what it says.
func parseShared(text string) (*govaluate.EvaluableExpression, error) {
	text = shared.Replace(text)
	text = containsCall.ReplaceAllString(text, "contains(${1}"+asText+",")
	text = regexCall.ReplaceAllString(text, "${1}${2}"+asText+")")
	return parseExpression(text, nil)
}

// Where the body is looked through for a word or a pattern, the function is given the text with its index.
var (
	containsCall = regexp.MustCompile(`\bcontains\(\s*(body|` + lowerBody + `)\s*,`)
	regexCall    = regexp.MustCompile(`(\bregex\(\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*,\s*)(body|` + lowerBody + `)\s*\)`)
)

func parseExpression(source string, functions map[string]govaluate.ExpressionFunction) (e *govaluate.EvaluableExpression, err error) {
	defer recovered(&err)
	if functions == nil {
		functions = builtin
	}
	return govaluate.NewEvaluableExpressionWithFunctions(source, functions)
}

func (e expression) eval(s *scope) (v any, err error) {
	defer recovered(&err)
	return e.value(0, s)
}

func (o *source) eval(s *scope) (any, error) {
	if o.marked {
		filled, err := parseExpression(fillStrings(o.text, s.lookup), nil)
		if err != nil {
			return nil, err
		}
		return filled.Eval(s)
	}
	o.once.Do(func() { o.parsed, o.err = parseShared(o.text) })
	if o.err != nil {
		return nil, o.err // cannot be: it was parsed before
	}
	return o.parsed.Eval(s)
}

// recovered turns a panic of the evaluator, which has some on odd operands, into an error.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = message.Errorf("expression: %v", r)
	}
}

const (
	open    = "{{"
	closing = "}}"
	section = "§"
)

func hasMarker(text string) bool {
	return strings.Contains(text, open) || strings.Contains(text, section)
}

// render is text with the placeholders that can be resolved.
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

// names are all that could be a variable in the text.
func names(text string) []string { return identifiers.FindAllString(text, -1) }

// Random is the name of the variable that holds the source of random numbers (*rand.Rand) of a template's rand_
// functions. Without it they give the same numbers each time.
const Random = "sotomi_random"

// Expand replaces the placeholders {{...}} and §...§ of text: names from vars, and expressions with helper functions.
// Unknown ones stay as they are and are listed in unresolved. The error is of an expression that cannot be computed.
func Expand(text string, vars Vars) (out string, unresolved []string, err error) {
	if !hasMarker(text) {
		return text, nil, nil
	}
	if out = replaceAll(text, vars); !hasMarker(out) && len(out) <= maxExpanded {
		return out, nil, nil // nothing but known names, as in nearly every template: no expressions to look for
	}
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if f := forbiddenFunction(m[1]); f != "" {
			return text, nil, &UnsupportedError{message.New("function %s", f)}
		}
	}
	expressions := findExpressions(text, vars)
	out = replaceAll(text, vars)
	for _, source := range expressions {
		v, err := evalExpression(source, vars)
		if err != nil {
			return out, unresolvedNames(out), message.Errorf("expression %q: %w", source, err)
		}
		shown := replaceAll(source, vars)
		out = strings.Replace(out, open+shown+closing, toString(v), 1)
		out = strings.Replace(out, section+shown+section, toString(v), 1)
		if len(out) > maxExpanded {
			return "", nil, message.Errorf("expands to more than 4 MiB")
		}
	}
	return out, unresolvedNames(out), nil
}

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
	compiled, err := govaluate.NewEvaluableExpressionWithFunctions(fillStrings(source, lookup), functions)
	if err != nil {
		return nil, err
	}
	return compiled.Evaluate(vars)
}

// findExpressions are the texts between markers that are computed rather than looked up: those that parse and use a
// function or a known name.
func findExpressions(text string, vars Vars) []string {
	var list []string
	for range 250 {
		start := strings.Index(text, open)
		if start < 0 {
			break
		}
		start += len(open)
		next := start
		for end := start; ; {
			i := strings.Index(text[end:], closing)
			if i < 0 {
				break
			}
			inner := text[start : end+i]
			end += i + len(closing)
			if isExpression(inner, vars) {
				list = append(list, inner)
				next = end
				break
			}
		}
		text = text[next:]
	}
	return list
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

func parses(text string, functions map[string]govaluate.ExpressionFunction) (ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	_, err := govaluate.NewEvaluableExpressionWithFunctions(text, functions)
	return err == nil
}

// replaceAll replaces the markers around known names, once from left to right for each kind of marker.
func replaceAll(text string, vars Vars) string {
	return replaceMarked(replaceMarked(text, open, closing, vars), section, section, vars)
}

func replaceMarked(text, from, to string, vars Vars) string {
	if !strings.Contains(text, from) {
		return text
	}
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, from)
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, after, ok := strings.Cut(rest, to)
		if !ok {
			b.WriteString(from)
			b.WriteString(rest)
			return b.String()
		}
		if v, known := vars[name]; known {
			b.WriteString(toString(v))
			text = after
			continue
		}
		b.WriteString(from)
		if inner := strings.LastIndex(name, from); inner >= 0 { // "{{a {{b}}": the last marker is the one that counts
			b.WriteString(name[:inner])
			text = name[inner:] + to + after
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

// unresolvedNames are the placeholders left, without those that hold only literals.
func unresolvedNames(text string) []string {
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
