package template

import (
	"errors"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sotomi/checks/template/match"
	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// A template that can never report anything, or never sends anything, would be clean on every site. It is not run, and says
// why.

// neverError says that a published template can never report anything. Collections hold a few of them: they are
// unsupported for a scan, and mistakes for lint.
type neverError struct {
	status   error
	mistakes error
}

func (e *neverError) Error() string { return e.status.Error() }

func (e *neverError) Unwrap() error { return e.status }

// Mistakes are what the template does wrong, each with file and line.
func (e *neverError) Mistakes() error { return e.mistakes }

func never(file string, mistakes []error) error {
	all := placed(file, errors.Join(mistakes...))
	return &neverError{scanner.Unsupported("it can never match: %s", message.Of(all)), all}
}

// Notes are mistakes in parts of a public template without which the rest of it can still match.
func (c *check) Notes() []error { return c.notes }

// idle says that matchers and extractors can never match. Of a public template they count only when nothing is left.
func (c *check) idle(s *signature.Signature) error {
	var idle []error
	all := true
	for i, b := range c.blocks {
		found, never := b.program.Idle(&s.HTTP[i])
		idle = append(idle, found...)
		all = all && (never || !b.judges && !b.extracts)
	}
	switch {
	case len(idle) == 0:
	case s.Strict:
		return placed(s.File, errors.Join(idle...))
	case all:
		return never(s.File, idle)
	default:
		c.notes = append(c.notes, placed(s.File, errors.Join(idle...)))
	}
	return nil
}

// requestMistakes are those for which requests are never sent, and parts that no response has. Addresses that are none count
// of a public template only when no request is left.
func (c *check) requestMistakes(s *signature.Signature) error {
	n := newNaming(c, s)
	var all, astray []error
	note := func(to *[]error, line int, err error) {
		if err != nil {
			*to = append(*to, &match.Mistake{Line: line, Err: err})
		}
	}
	sent := 0
	for i, b := range c.blocks {
		h := &s.HTTP[i]
		first := i == 0 && c.flow == nil && b.payloads == nil
		for d := range b.templates() {
			if d.round > 0 {
				break
			}
			sent++
			named, address := n.request(c, b, d, first)
			note(&all, h.Line, named)
			note(&astray, h.Line, address)
			first = false
		}
		for _, m := range h.Matchers {
			note(&all, m.Line, n.part(m.Part))
			note(&all, m.Line, n.expressions(m.DSL))
		}
		for _, e := range h.Extractors {
			note(&all, e.Line, n.part(e.Part))
			note(&all, e.Line, n.expressions(e.DSL))
		}
	}
	if s.Strict || len(astray) == sent {
		all = append(all, astray...)
	} else if len(astray) > 0 {
		c.notes = append(c.notes, placed(s.File, errors.Join(astray...)))
	}
	return placed(s.File, errors.Join(all...))
}

// naming is which names a template may use.
type naming struct {
	known     match.Vars      // with a value to try out
	extracted []string        // those of them that come from responses
	public    map[string]bool // taken by extractors that are not internal, and so unknown to requests
	needs     []string        // facts
	requests  int             // of all blocks, 0 for any number
}

// example is a target to fill requests in for.
var example = &url.URL{Scheme: "http", Host: "www.sotomi-one.test:61234", Path: "/"}

func newNaming(c *check, s *signature.Signature) *naming {
	n := &naming{known: match.Vars{}, public: map[string]bool{}, needs: s.Needs}
	for _, name := range []string{"RDN", "DN", "TLD", "SD"} {
		n.known[name] = "sotomi"
	}
	for _, b := range c.blocks {
		n.requests += len(b.paths) + len(b.raws)
	}
	many := false
	for i, b := range c.blocks {
		h := &s.HTTP[i]
		many = many || b.payloads != nil || b.iterateAll || c.flow != nil || len(c.blocks) > 1
		for _, e := range h.Extractors {
			if e.Internal {
				n.extracted = append(n.extracted, e.Name)
				n.known[e.Name] = "1"
			} else if e.Name != "" {
				n.public[e.Name] = true
			}
		}
	}
	if many {
		n.requests = 0
	}
	maps.Copy(n.known, addressVars(example, true))
	for _, variable := range s.Variables {
		if _, ok := n.known[variable.Name]; !ok {
			text, _, err := match.Expand(variable.Value, n.known)
			if err != nil || strings.Contains(text, "{{") {
				text = "1" // of its own mistakes the request tells
			}
			n.known[variable.Name] = text
		}
	}
	for _, b := range c.blocks {
		if b.payloads != nil {
			n.payloads(b.payloads)
		}
	}
	return n
}

// payloads are known by the first of their values.
func (n *naming) payloads(p *payloads) {
	for i, name := range p.names {
		n.known[name] = "1" // of a list, too, which is known on a target only
		if len(p.values[i]) == 0 {
			continue
		}
		if out, _, err := match.Expand(p.values[i][0], n.known); err == nil && !strings.Contains(out, "{{") {
			n.known[name] = out
		}
	}
}

// request says why a request can never be sent: because of a name, or because of its address. A request that leads away from
// the target is never sent anyway; a block may want its requests sent with names unresolved.
func (n *naming) request(c *check, b *block, d requestTemplate, first bool) (named, address error) {
	if b.withoutNamesCheck || leadsAway(d) {
		return nil, nil
	}
	texts := []string{d.path, d.raw, b.method, b.body}
	for _, name := range slices.Sorted(maps.Keys(b.headers)) {
		texts = append(texts, name, b.headers[name])
	}
	vars := n.known
	if first {
		vars = maps.Clone(n.known)
		for _, name := range n.extracted {
			delete(vars, name)
		}
	}
	complete := true
	for _, text := range texts {
		_, unresolved, err := match.Expand(text, vars)
		if err != nil {
			return nil, nil //nolint:nilerr // an expression that cannot be computed with these values
		}
		for _, name := range unresolved {
			if err := n.unset(c, name, first); err != nil {
				return message.Errorf("request %d is never sent: %w", d.number, err), nil
			}
		}
		complete = complete && len(unresolved) == 0 && !slices.ContainsFunc(n.extracted, func(name string) bool { return strings.Contains(text, name) })
	}
	if !complete {
		return nil, nil
	}
	return nil, n.address(b, d)
}

// leadsAway reports whether a request is written to go to another host than the target.
func leadsAway(d requestTemplate) bool {
	return strings.HasPrefix(d.path, "http://") || strings.HasPrefix(d.path, "https://") || parseAnnotations(d.raw).host != ""
}

// placeholderName is a placeholder that is a name and no expression.
var placeholderName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]*$`)

// unset says that nothing gives a value to a name.
func (n *naming) unset(c *check, name string, first bool) error {
	name = strings.TrimSpace(name)
	if !placeholderName.MatchString(name) || strings.HasPrefix(name, "interactsh") {
		return nil
	}
	for _, fact := range n.needs {
		if strings.HasPrefix(name, fact+"_") {
			return nil
		}
	}
	for _, b := range c.blocks {
		if strings.HasPrefix(name, b.prefix()) {
			return nil
		}
	}
	bare := strings.TrimRight(name, "0123456789") // token1 is the second value of token
	switch {
	case n.public[name]:
		return message.Errorf("it uses {{%s}}, whose extractor is not internal", name)
	case first && slices.Contains(n.extracted, name):
		return message.Errorf("it uses {{%s}}, which is extracted from a later response only", name)
	case slices.Contains(n.extracted, bare):
		return nil
	}
	return message.Errorf("it uses {{%s}}, which nothing sets%s", name, signature.DidYouMean(name, slices.Sorted(maps.Keys(n.known))))
}

// address says that a request has no address that it could be sent to.
func (n *naming) address(b *block, d requestTemplate) error {
	f := &filler{vars: n.known}
	var err error
	if d.raw != "" {
		_, err = f.raw(d.raw, example, !b.withoutMerge)
	} else if target, path := otherPort(example, d.path); target == example {
		_, err = f.path(b, path)
	}
	if err == nil || f.err != nil || len(f.unresolved) > 0 {
		return nil
	}
	if d.raw == "" {
		err = message.Errorf("%q is no address", d.path)
	}
	return message.Errorf("request %d is never sent: %w", d.number, err)
}

// expressions says that an expression uses a name which no response has.
func (n *naming) expressions(list []string) error {
	for _, text := range list {
		for _, name := range match.Variables(text) {
			if err := n.part(name); err != nil {
				return message.Errorf("dsl %q: %w", text, err)
			}
		}
	}
	return nil
}

// parts are those that every response has.
var parts = []string{"body", "header", "all_headers", "all", "response", "request", "status_code", "content_length", "content_type", "location", "set_cookie", "duration", "raw"}

var numberedPart = regexp.MustCompile(`^(.+)_(\d+)$`)

// part says that no response has a part. Any header or cookie is one, under its name in lower case.
func (n *naming) part(name string) error {
	base, number := name, 0
	if m := numberedPart.FindStringSubmatch(name); m != nil && slices.Contains(parts, m[1]) {
		base = m[1]
		number, _ = strconv.Atoi(m[2]) // digits
	}
	_, known := n.known[name]
	switch {
	case name == "" || slices.Contains(parts, name) || known || n.public[name]:
		return nil
	case number > 0 && (n.requests == 0 || number <= n.requests):
		return nil
	case base != name:
		return message.Errorf("part %q: there are only %d responses", name, n.requests)
	case name != strings.ToLower(name) || strings.ContainsAny(name, " \t"):
		return message.Errorf("part %q: no response has it; names of headers and cookies are in lower case%s", name, signature.DidYouMean(strings.ToLower(name), parts))
	}
	if hint := signature.DidYouMean(name, parts); !hint.IsZero() {
		return message.Errorf("part %q: no response has it%s", name, hint)
	}
	return nil
}
