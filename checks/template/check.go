// Package template is the check "http": it runs the http blocks of a signature, in the language of the public nuclei
// templates and with its meaning.
//
// New compiles a signature once into blocks (check.go). For each target a run (run.go) fills in the requests of its blocks
// one after another (request.go, raw.go, vars.go, payload.go), sends them and judges the responses (judge.go) with the
// matchers and extractors of package match. Requests that are known before any response are planned ahead (plan.go), and
// those that are the same for every target are filled in once (constant.go). A flow decides which blocks run (flow.go).
//
// A match counts only when the site does not say the same of what cannot exist (control.go), and when it rests on more than
// what the request itself said (echo.go).
//
// Nothing found is clean only as far as requests were sent (unsent.go). What the responses or the target do not have (a
// value for an internal extractor or of a fact, a domain name, the match that a flow waits for, another host) leaves the check clean, and
// the reason names the requests that need it; not applicable when nothing was sent at all. What the template itself keeps
// from being sent (a name that nothing sets, a value that is not handed on, no address, a block that no flow calls) leaves
// it undetermined, or unsupported where a public template could be sent by no engine. Undetermined is also what follows a
// response that matched and lacks the value to go on with.
package template

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"sotomi/checks/template/match"
	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"

	"sotomi/scanner/message"
)

// check is the compiled http blocks of one signature.
type check struct {
	id         string
	variables  signature.Variables
	blocks     []*block
	flow       flow     // nil: the blocks in order
	random     []string // words that stand for {{randstr}}
	usesRandom bool     // calls functions such as rand_int
	certainty  scanner.Certainty
	stateful   bool // later requests may need the cookies of earlier answers
	separable  bool // each request says what it has to say without the others
	secret     bool // what it extracts is not shown
	ownPage    bool // it asks for the target's own page, among others or for nothing else
	notes      []error
}

// block is one entry of http:, ready to run on any target.
type block struct {
	options
	judges, extracts bool   // it has matchers, extractors
	number           int    // from 1
	first            int    // order of its first request in the template
	name             string // what a flow may call it besides its number; may be empty
	program          *match.Program
	paths            []string // of path:, or nil
	raws             []string // of raw:, with the line ends of HTTP
	payloads         *payloads
	exported         bool            // later blocks use parts of its responses by name
	independent      bool            // requests use nothing of each other's responses
	takes            map[string]bool // names of extractors: whether they are internal
	earlier          bool            // matchers look at responses to other requests of the block: body_2
	constants        func() []*constantRequest
	expectsError     bool   // it asks for an error page, which is what sites say about things that do not exist
	variant          string // of what all its matchers match together; "" for none
}

// options are what a block says about all its requests.
type options struct {
	method, body      string
	headers           map[string]string
	redirects         web.Redirects
	maxRedirects      int
	maxSize           int64
	stopAtFirst       bool
	iterateAll        bool
	withoutCookies    bool
	withoutMerge      bool // the paths of raw requests are not appended to the target's
	withoutNamesCheck bool // requests with names that have no value are sent as they are
	wants429          bool // it looks for responses with this status
}

func optionsOf(h *signature.HTTP) options {
	o := options{
		method: h.Method, body: h.Body, headers: h.Headers, maxRedirects: h.MaxRedirects, maxSize: h.MaxSize,
		stopAtFirst: h.StopAtFirstMatch, iterateAll: h.IterateAll, withoutCookies: h.DisableCookie,
		withoutMerge: h.DisablePathAutomerge, withoutNamesCheck: h.SkipVariablesCheck, wants429: wants429(h),
	}
	switch {
	case h.HostRedirects:
		o.redirects = web.RedirectsHost
	case h.Redirects:
		o.redirects = web.RedirectsAny
	}
	return o
}

// New makes the check "http" of a signature. The error is a *scanner.StatusError when it uses what sotomi lacks.
func New(s *signature.Signature) (scanner.Check, error) {
	if len(s.Unsupported) > 0 {
		return nil, scanner.Unsupported("%s", message.Join(", ", s.Unsupported...))
	}
	if s.SelfContained {
		return nil, scanner.Unsupported("self-contained requests to other hosts")
	}
	s, random := withRandomWords(s)
	c := &check{id: s.ID, variables: s.Variables, random: random, stateful: isStateful(s), certainty: scanner.Possible}
	c.secret = takesSecrets(s)
	c.usesRandom = slices.ContainsFunc(allTexts(s), func(text string) bool { return strings.Contains(text, "rand_") })
	if s.Strict && s.Certain != "possible" {
		c.certainty = scanner.Confirmed
	}
	for i := range s.HTTP {
		b, err := newBlock(s, &s.HTTP[i])
		if err != nil {
			return nil, err
		}
		b.number, b.first = i+1, 1+i*maxRequests
		b.exported = len(s.HTTP) > 1 && slices.ContainsFunc(allTexts(s), func(text string) bool { return strings.Contains(text, b.prefix()) })
		b.constants = sync.OnceValue(func() []*constantRequest { return c.constantRequests(b) })
		c.blocks = append(c.blocks, b)
	}
	c.ownPage = slices.ContainsFunc(c.blocks, func(b *block) bool { return slices.ContainsFunc(b.paths, isOwnPage) })
	if strings.TrimSpace(s.Flow) != "" {
		f, ok := parseFlow(s.Flow)
		if !ok && simpleFlow.MatchString(s.Flow) {
			return nil, message.Errorf("%s:%d: flow %q cannot be read", s.File, s.FlowLine, strings.TrimSpace(s.Flow))
		}
		if !ok {
			return nil, scanner.Unsupported("flow that is a script")
		}
		if id := c.unknownCall(f); id != "" {
			err := message.Errorf("%s:%d: flow calls http(%s), which does not exist", s.File, s.FlowLine, id)
			if s.Strict {
				return nil, err
			}
			c.notes = append(c.notes, err) // the reference engine goes on without it
		}
		c.flow = f
	}
	c.separable = alternatives(c.flow) && !c.stateful && !slices.ContainsFunc(c.blocks, func(b *block) bool {
		internal := slices.ContainsFunc(slices.Collect(maps.Values(b.takes)), func(internal bool) bool { return internal })
		return internal || b.earlier || b.exported || b.iterateAll
	})
	if err := c.requestMistakes(s); err != nil {
		return nil, err
	}
	if err := c.idle(s); err != nil {
		return nil, err
	}
	return c, nil
}

func newBlock(s *signature.Signature, h *signature.HTTP) (*block, error) {
	program, err := match.Compile(h)
	var lacking *match.UnsupportedError
	switch {
	case errors.As(err, &lacking):
		return nil, scanner.Unsupported("%s", lacking.Feature)
	case err != nil:
		return nil, placed(s.File, err)
	}
	if h.Redirects && h.HostRedirects {
		return nil, message.Errorf("%s:%d: redirects and host-redirects cannot be used together", s.File, h.Line)
	}
	values, err := loadPayloads(s, h)
	if err != nil {
		return nil, err
	}
	b := &block{
		options: optionsOf(h), judges: len(h.Matchers) > 0, extracts: len(h.Extractors) > 0, name: h.ID, program: program, payloads: values, paths: h.Path, earlier: looksBack(h),
	}
	if len(b.paths) == 0 {
		for _, raw := range h.Raw {
			if parseAnnotations(raw).sni {
				return nil, scanner.Unsupported("@tls-sni")
			}
			b.raws = append(b.raws, withCRLF(raw))
		}
	}
	if len(b.paths)+len(b.raws) == 0 {
		return nil, message.Errorf("%s:%d: neither path nor raw says what to ask for", s.File, h.Line)
	}
	if (len(b.paths)+len(b.raws))*values.count() > maxRequests {
		return nil, message.Errorf("%s:%d: the block makes more than %d requests", s.File, h.Line, maxRequests)
	}
	hands := slices.ContainsFunc(h.Extractors, func(e signature.Extractor) bool { return e.Internal && e.Name != "" })
	b.independent = values != nil && (!hands || len(b.paths)+len(b.raws) == 1)
	b.expectsError = asksForErrors(h)
	b.variant = commonVariant(s, h)
	for _, e := range h.Extractors {
		if e.Name != "" {
			if b.takes == nil {
				b.takes = map[string]bool{}
			}
			b.takes[e.Name] = b.takes[e.Name] || e.Internal
		}
	}
	return b, nil
}

// commonVariant is the variant that a block stands for whose matchers must all match: that by which one of them is named.
func commonVariant(s *signature.Signature, h *signature.HTTP) string {
	if !strings.EqualFold(h.MatchersCondition, "and") {
		return ""
	}
	for _, m := range h.Matchers {
		if _, ok := s.Variants[m.Name]; ok {
			return m.Name
		}
	}
	return ""
}

// placed adds file and line to the mistakes of a block.
func placed(file string, err error) error {
	if err == nil {
		return nil
	}
	joined, ok := err.(interface{ Unwrap() []error }) //nolint:errorlint // the joined error itself
	if !ok {
		return message.Errorf("%s: %w", file, err)
	}
	var mistakes []error
	for _, err := range joined.Unwrap() {
		var m *match.Mistake
		if errors.As(err, &m) {
			err = message.Errorf("%s:%d: %w", file, m.Line, m.Err)
		}
		mistakes = append(mistakes, err)
	}
	return errors.Join(mistakes...)
}

// prefix begins the names that later blocks have for the parts of the block's response.
func (b *block) prefix() string { return cmp.Or(b.name, fmt.Sprint("http_", b.number)) + "_" }

var numbered = regexp.MustCompile(`_\d+`)

// looksBack reports whether a block's matchers or extractors name responses by number.
func looksBack(h *signature.HTTP) bool {
	for _, m := range h.Matchers {
		if numbered.MatchString(m.Part) || slices.ContainsFunc(m.DSL, numbered.MatchString) {
			return true
		}
	}
	return slices.ContainsFunc(h.Extractors, func(e signature.Extractor) bool {
		return numbered.MatchString(e.Part) || slices.ContainsFunc(e.DSL, numbered.MatchString)
	})
}

// asksForErrors reports whether a block matches only responses that say that there is no such thing, or that something
// broke: debug pages and versions are found on these. A demand for a password (401) or a refusal (403) is none.
func asksForErrors(h *signature.HTTP) bool {
	return (len(h.Matchers) == 1 || strings.EqualFold(h.MatchersCondition, "and")) && slices.ContainsFunc(h.Matchers, func(m signature.Matcher) bool {
		if m.Negative {
			return false
		}
		if m.Type == "dsl" && (len(m.DSL) == 1 || m.Condition == "and") {
			return slices.ContainsFunc(m.DSL, errorStatus.MatchString)
		}
		return m.Type == "status" && len(m.Status) > 0 && !slices.ContainsFunc(m.Status, func(n int) bool { return !slices.Contains(errorStatuses, n) })
	})
}

// wants429 reports whether a block looks for status 429, which some products use to tell their state.
func wants429(h *signature.HTTP) bool {
	return slices.ContainsFunc(h.Matchers, func(m signature.Matcher) bool {
		return m.Type == "status" && slices.Contains(m.Status, http.StatusTooManyRequests) ||
			m.Type == "dsl" && slices.ContainsFunc(m.DSL, func(text string) bool { return strings.Contains(text, "429") })
	})
}

var (
	errorStatuses = []int{400, 404, 405, 410, 500, 501, 502, 503}
	errorStatus   = regexp.MustCompile(`^\s*status_code\s*==\s*(?:400|404|405|410|50[0-3])\s*(?:&&|$)`)
)

// isOwnPage reports whether a path is that of the target's own page.
func isOwnPage(path string) bool { return strings.TrimSuffix(path, "/") == "{{BaseURL}}" }

// Place is where {{BaseURL}} stands: below the folders of the target, and at its page for those that look at that too.
func (c *check) Place() scanner.Place {
	if c.ownPage {
		return scanner.PlacePages
	}
	return scanner.PlaceFolders
}

// Run sends the requests to one target and judges the responses.
func (c *check) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	v := c.newRun(p, false)
	if v.mistake != nil {
		return nil, v.verdict()
	}
	var err error
	if c.flow != nil {
		_, err = c.flow.eval(func(ids []string) (bool, error) { return v.call(ctx, ids) })
		v.notRun()
	} else {
		for _, b := range c.blocks {
			if _, err = v.run(ctx, b); err != nil {
				break
			}
		}
	}
	if err == nil {
		err = v.verdict()
	}
	return v.hits, err
}

// newRun starts on one target. While planning, nothing is known of the site.
func (c *check) newRun(p *scanner.Probe, planning bool) *run {
	v := &run{check: c, probe: p}
	if !planning {
		v.ran, v.matched = map[*block]bool{}, map[int]bool{}
	}
	if !planning && len(p.Signature.Needs) > 0 {
		v.known = factVars(p)
	}
	if c.usesRandom {
		v.seed = scanner.RandFor(c.id, p.Target).Uint64()
		v.roll(0)
	}
	if len(c.variables) > 0 {
		v.fixed = v.merged(v.address(p.Target.URL, true))
		v.mistake = fillIn(v.fixed, c.variables, nil)
	}
	v.madeUp = slices.Clone(c.random)
	for _, variable := range c.variables {
		if text, ok := v.fixed[variable.Name].(string); ok && len(text) > 2 && strings.Contains(variable.Value, "rand_") {
			v.madeUp = append(v.madeUp, text)
		}
	}
	return v
}
