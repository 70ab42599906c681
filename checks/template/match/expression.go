package match

import (
	"errors"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/projectdiscovery/govaluate"

	"sotomi/scanner/message"
)

// expression is one of the dsl. It is parsed again when first evaluated, since most never are and a parsed one takes ten
// times the memory of its text; one that holds placeholders is parsed when their values are known.
type expression struct {
	text   string
	marked bool // holds placeholders
	status int  // see wantedStatus

	once   sync.Once
	parsed *govaluate.EvaluableExpression
	err    error
}

// The shared ones among what expressions compute. Each is computed once a response instead of once a template.
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
	bySource map[string]*expression
}

const shortExpression = 40

func compileExpression(text string) (*expression, error) {
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
		compiled.bySource = map[string]*expression{}
	}
	compiled.bySource[text] = e
	return e, nil
}

func newExpression(text string) (*expression, error) {
	if f := forbiddenFunction(text); f != "" {
		return nil, &UnsupportedError{message.New("function %s", f)}
	}
	e := &expression{text: text, marked: hasMarker(text)}
	if e.marked {
		return e, nil
	}
	parsed, err := parseShared(text)
	if err != nil {
		return nil, message.Errorf("dsl %q: %w", text, err)
	}
	e.status = wantedStatus(parsed.Tokens())
	return e, nil
}

// parseShared parses an expression with what it shares with others in place of what it says.
func parseShared(text string) (*govaluate.EvaluableExpression, error) {
	text = shared.Replace(text)
	text = containsCall.ReplaceAllString(text, "contains(${1}"+asText+",")
	text = regexCall.ReplaceAllString(text, "${1}${2}"+asText+")")
	return parseExpression(text, builtin)
}

// Where the body is searched for a word or a pattern, the function is given the text with its index.
var (
	containsCall = regexp.MustCompile(`\bcontains\(\s*(body|` + lowerBody + `)\s*,`)
	regexCall    = regexp.MustCompile(`(\bregex\(\s*(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')\s*,\s*)(body|` + lowerBody + `)\s*\)`)
)

func parseExpression(source string, functions map[string]govaluate.ExpressionFunction) (e *govaluate.EvaluableExpression, err error) {
	defer recovered(&err)
	if tooComplex(source) {
		return nil, message.Errorf("too long, or nested too deeply")
	}
	return govaluate.NewEvaluableExpressionWithFunctions(source, functions)
}

// Bounds of an expression outside its string literals. The parser calls itself for each parenthesis and each operator, and
// a stack overflow cannot be recovered from.
const (
	maxNesting = 100
	maxCode    = 32 << 10 // bytes
)

func tooComplex(source string) bool {
	var quote byte
	depth, code := 0, 0
	for i := 0; i < len(source); i++ {
		c := source[i]
		switch {
		case c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
			continue
		case c == '\'' || c == '"':
			quote = c
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth--
		}
		if code++; code > maxCode || depth > maxNesting {
			return true
		}
	}
	return false
}

// longestExpression bounds the time that counts for one evaluation, as longestTick does.
const longestExpression = 50 * time.Millisecond

// eval computes the expression. When that exceeds the limits of a judgement, the meter of s keeps the error.
func (e *expression) eval(s *scope) (any, error) {
	v, err := e.value(s)
	if errors.Is(err, ErrTooCostly) { // of a function with a meter of its own
		s.meter.err = ErrTooCostly
	}
	if over := s.meter.spend(int(longestExpression)); over != nil {
		return nil, over
	}
	return v, err
}

func (e *expression) value(s *scope) (v any, err error) {
	defer recovered(&err)
	if e.marked {
		text, err := fillStrings(e.text, s.lookup)
		if err != nil {
			return nil, err
		}
		filled, err := parseExpression(text, builtin)
		if err != nil {
			return nil, err
		}
		return filled.Eval(s)
	}
	e.once.Do(func() { e.parsed, e.err = parseShared(e.text) })
	if e.err != nil {
		return nil, e.err // cannot be: it was parsed before
	}
	return e.parsed.Eval(s)
}

// recovered turns a panic of a library, which has some on odd operands, into an error.
func recovered(err *error) {
	switch r := recover().(type) {
	case nil:
	case exceeded:
		*err = r.err
	default:
		*err = message.Errorf("expression: %v", r)
	}
}
