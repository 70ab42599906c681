// Package match is the public template language: matchers, extractors, expressions and placeholders over exchanges.
//
// Its semantics are those of the reference engine (nuclei v3), as its documentation and source describe them: both
// conditions default to "or", a part that the response lacks never matches (not even negatively), extractors run before
// matchers and what they take is a variable for them.
//
// Responses come from strangers: Run ends with ErrTooCostly instead of judging one for longer than a second of a core, and
// large ones have bounds that all checks share (large.go).
package match

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/itchyny/gojq"

	"sotomi/scanner/signature"
	"sotomi/scanner/web"

	"sotomi/scanner/message"
)

// Vars are the names a template may use in {{...}} and in expressions: built-ins such as BaseURL, variables:, payloads
// and what internal extractors took.
type Vars map[string]any

// Data is what a block is judged on.
type Data struct {
	Exchange *web.Exchange   // the response just received
	Earlier  []*web.Exchange // all responses of the block or flow before it, in order: body_1 is Earlier[0]'s, the last number is Exchange's
	Vars     func() Vars     // called when first needed, which is seldom; nil for none
}

// Program is the compiled matchers and extractors of one http block. It may be used by many goroutines.
type Program struct {
	and               bool
	matchers          []matcher
	extractors        []extractor
	statuses          [][]int // see cannotMatch
	extractAfterMatch bool    // see extractsLate
}

// UnsupportedError names a feature of the language that sotomi lacks.
type UnsupportedError struct{ Feature message.Message }

func (e *UnsupportedError) Error() string { return e.Message().String() }

// Message is the error in words.
func (e *UnsupportedError) Message() message.Message {
	return message.New("not supported: %s", e.Feature)
}

// Result of one response.
type Result struct {
	Matched   bool                // as matchers-condition says; false when the block has no matchers
	Internal  bool                // matched, but all matchers are internal: for the flow, not for the report
	Names     []string            // of the named matchers that matched, in file order; with condition "or" only
	Extracted []string            // all that non-internal extractors took, in order, without repeats
	Named     map[string][]string // the same by extractor name
	Dynamic   Vars                // what internal extractors took, for later requests; several values also as name0, name1, ...
	Seen      []string            // some of what matched, for evidence
	Cut       bool                // an extractor could have taken more than MaxValues
}

// Found reports whether the response is a finding: matched, or, in a block without matchers, something was extracted.
func (p *Program) Found(r Result) bool {
	if len(p.matchers) == 0 {
		return len(r.Extracted) > 0
	}
	return r.Matched && !r.Internal
}

// MatchedForFlow is the block's value in a flow: matched, or, without matchers, anything extracted.
func (p *Program) MatchedForFlow(r Result) bool {
	return r.Matched || len(p.matchers) == 0 && (len(r.Extracted) > 0 || len(r.Dynamic) > 0)
}

// HasInternalExtractors reports whether later requests may depend on answers.
func (p *Program) HasInternalExtractors() bool {
	return slices.ContainsFunc(p.extractors, func(e extractor) bool { return e.internal })
}

type matcher struct {
	kind     string
	name     string
	part     string
	and      bool
	all      bool
	negative bool
	internal bool
	fold     bool
	statuses []int
	sizes    []int
	words    []word
	regexes  []*pattern
	binaries []string
	xpaths   []query
	dsl      []*expression
}

type word struct {
	text    string
	dynamic bool // holds placeholders
}

type extractor struct {
	kind      string
	name      string
	part      string
	internal  bool
	fold      bool
	group     int
	regexes   []*pattern
	keys      []string
	queries   []*gojq.Code
	xpaths    []query
	attribute string
	dsl       []*expression
}

// Mistake is an error in a matcher or extractor of a template.
type Mistake struct {
	Line int // of the file, counts from 1
	Err  error
}

func (m *Mistake) Error() string { return fmt.Sprintf("line %d: %v", m.Line, m.Err) }

func (m *Mistake) Unwrap() error { return m.Err }

// Compile reads matchers and extractors. The error joins all mistakes, each a *Mistake; a *UnsupportedError among them
// names a feature that sotomi lacks.
func Compile(h *signature.HTTP) (*Program, error) {
	p := &Program{
		and:      strings.EqualFold(h.MatchersCondition, "and"),
		matchers: make([]matcher, 0, len(h.Matchers)), extractors: make([]extractor, 0, len(h.Extractors)),
	}
	var mistakes []error
	if c := strings.ToLower(h.MatchersCondition); c != "" && c != "and" && c != "or" {
		mistakes = append(mistakes, at(h.Line, message.Errorf("matchers-condition %q is neither and nor or", h.MatchersCondition)))
	}
	for i := range h.Matchers {
		m, err := compileMatcher(&h.Matchers[i])
		if err != nil {
			mistakes = append(mistakes, at(h.Matchers[i].Line, err))
		}
		p.matchers = append(p.matchers, m)
	}
	for i := range h.Extractors {
		e, err := compileExtractor(&h.Extractors[i])
		if err != nil {
			mistakes = append(mistakes, at(h.Extractors[i].Line, err))
		}
		p.extractors = append(p.extractors, e)
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	p.statuses, p.extractAfterMatch = p.wants(), p.extractsLate()
	return p, nil
}

func at(line int, err error) error { return &Mistake{line, err} }

func compileMatcher(s *signature.Matcher) (matcher, error) {
	m := matcher{
		kind: strings.ToLower(s.Type), name: s.Name, part: partName(s.Part), and: strings.EqualFold(s.Condition, "and"), all: s.MatchAll,
		negative: s.Negative, internal: s.Internal, fold: s.CaseInsensitive, statuses: s.Status, sizes: s.Size,
	}
	if strings.HasPrefix(m.part, "interactsh") {
		return m, &UnsupportedError{message.New("out-of-band callbacks (interactsh)")}
	}
	if m.fold && m.kind != "word" {
		return m, message.Errorf("case-insensitive works with word matchers only, not %q", s.Type)
	}
	switch m.kind {
	case "status", "size":
	case "xpath":
		var err error
		if m.xpaths, err = compileXPaths(s.XPath); err != nil {
			return m, err
		}
	case "word":
		for _, w := range s.Words {
			if s.Encoding == "hex" {
				if b, err := hex.DecodeString(w); err == nil && len(b) > 0 {
					w = string(b)
				}
			}
			if m.fold {
				w = strings.ToLower(w)
			}
			m.words = append(m.words, word{w, hasMarker(w)})
		}
	case "regex":
		var err error
		if m.regexes, err = compilePatterns(s.Regex); err != nil {
			return m, err
		}
	case "binary":
		for _, b := range s.Binary {
			raw, err := hex.DecodeString(b)
			if err != nil {
				return m, message.Errorf("binary %q is not hexadecimal", b)
			}
			m.binaries = append(m.binaries, string(raw))
		}
	case "dsl":
		var err error
		if m.dsl, err = compileExpressions(s.DSL); err != nil {
			return m, err
		}
	case "favicon":
		for _, w := range s.Words {
			m.words = append(m.words, word{text: w})
		}
	default:
		return m, &UnsupportedError{message.New("matcher type %q", s.Type)}
	}
	return m, nil
}

func compileExtractor(s *signature.Extractor) (extractor, error) {
	e := extractor{
		kind: strings.ToLower(s.Type), name: s.Name, part: partName(s.Part), internal: s.Internal, fold: s.CaseInsensitive,
		group: s.Group, attribute: s.Attribute,
	}
	if strings.HasPrefix(e.part, "interactsh") {
		return e, &UnsupportedError{message.New("out-of-band callbacks (interactsh)")}
	}
	var err error
	switch e.kind {
	case "regex":
		e.regexes, err = compilePatterns(s.Regex)
		if e.group < 0 {
			err = message.Errorf("group %d: the groups of a pattern count from 0, the whole match", e.group)
		}
	case "kval":
		for _, k := range s.KVal {
			e.keys = append(e.keys, strings.ToLower(k))
		}
	case "json":
		for _, q := range s.JSON {
			code, err := compileJSON(q)
			if err != nil {
				return e, message.Errorf("json %q: %w", q, err)
			}
			e.queries = append(e.queries, code)
		}
	case "xpath":
		e.xpaths, err = compileXPaths(s.XPath)
	case "dsl":
		e.dsl, err = compileExpressions(s.DSL)
	default:
		err = &UnsupportedError{message.New("extractor type %q", s.Type)}
	}
	return e, err
}

// partName is the part a matcher looks at; the body unless it says otherwise.
func partName(part string) string {
	switch part {
	case "":
		return "body"
	case "header":
		return "all_headers"
	}
	return part
}

func compilePatterns(list []string) ([]*pattern, error) {
	out := make([]*pattern, 0, len(list))
	for _, text := range list {
		p, err := newPattern(text)
		if err != nil {
			return nil, message.Errorf("regex %q: %w", text, err)
		}
		out = append(out, p)
	}
	return out, nil
}

func compileExpressions(list []string) ([]*expression, error) {
	out := make([]*expression, 0, len(list))
	for _, text := range list {
		e, err := compileExpression(text)
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}
