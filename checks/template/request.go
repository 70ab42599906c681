package template

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sotomi/checks/template/match"
	"sotomi/scanner/web"

	"sotomi/scanner/message"
)

// requestTemplate is one request of a block before its placeholders are filled in.
type requestTemplate struct {
	order  int // in the template, from 1
	index  int // in the block, from 0
	number int // of its path or raw request in the block, from 1
	path   string
	raw    string
	round  int // of the payloads: which combination
}

// templates are the requests of a block in the order they are sent: all with the first payloads, then with the next.
func (b *block) templates() iter.Seq[requestTemplate] {
	return func(yield func(requestTemplate) bool) {
		rounds := 1
		if b.payloads != nil {
			rounds = b.payloads.count()
		}
		index := 0
		for round := range rounds {
			for i, path := range b.paths {
				if !yield(requestTemplate{order: b.first + index, index: index, number: i + 1, path: path, round: round}) {
					return
				}
				index++
			}
			for i, raw := range b.raws {
				if round > 0 && parseAnnotations(raw).once {
					continue
				}
				if !yield(requestTemplate{order: b.first + index, index: index, number: i + 1, raw: raw, round: round}) {
					return
				}
				index++
			}
		}
	}
}

// isPage reports whether a place on a target is a page and not a folder.
func isPage(u *url.URL) bool {
	return u.Path != "" && !strings.HasSuffix(u.Path, "/") || u.RawQuery != ""
}

// templates are those of the block that are sent from the run's place on the target: at a page only those that ask for it.
func (v *run) templates(b *block) iter.Seq[requestTemplate] {
	if !v.check.ownPage || !isPage(v.probe.Target.URL) {
		return b.templates()
	}
	return func(yield func(requestTemplate) bool) {
		for d := range b.templates() {
			if isOwnPage(d.path) && !yield(d) {
				return
			}
		}
	}
}

// preparedRequest is a request ready to be sent, and the variables for judging its response.
type preparedRequest struct {
	request *web.Request
	vars    func() match.Vars
	own     bool // it asks for the target's own page, or for a name made up on purpose: neither has a control
}

// build fills in a request. An *unresolvedError says that it uses a name without a value.
func (v *run) build(b *block, d requestTemplate, taken match.Vars) (*preparedRequest, error) {
	if len(taken) == 0 && !v.filling {
		if p := v.constant(b, d); p != nil {
			return p.at(v, b, d), nil
		}
	}
	v.roll(d.order)
	target, path := v.probe.Target.URL, d.path
	if d.raw == "" {
		target, path = otherPort(target, path)
	}
	vars, err := v.namesFor(b, d, taken)
	if err != nil {
		return nil, err
	}
	f := &filler{vars: vars}
	var req *web.Request
	if d.raw != "" {
		req, err = f.raw(d.raw, target, !b.withoutMerge)
	} else {
		req, err = f.path(b, path)
	}
	if err == nil && isOwnPage(d.path) && isPage(target) {
		page := *target
		req.URL = &page // the page that the user named, which no {{BaseURL}}/ would give
	}
	if err != nil {
		return nil, err
	}
	f.fields(req, b)
	if f.err != nil {
		return nil, f.err
	}
	if len(f.unresolved) > 0 && !b.withoutNamesCheck {
		return nil, &unresolvedError{f.unresolved}
	}
	if err := b.apply(req); err != nil {
		return nil, err
	}
	own := isOwn(req.URL, v.probe.Target.URL) || strings.Contains(d.path+firstLine(d.raw), "{{rand") ||
		slices.ContainsFunc(v.madeUp, func(word string) bool { return strings.Contains(req.URL.Path, word) })
	return &preparedRequest{request: req, vars: func() match.Vars { return vars }, own: own}, nil
}

// namesFor are the variables that a request may use.
func (v *run) namesFor(b *block, d requestTemplate, taken match.Vars) (match.Vars, error) {
	target, path, trimmed := v.probe.Target.URL, d.path, false
	if d.raw == "" {
		target, path = otherPort(target, path)
		trimmed = withSlash.MatchString(path)
	}
	vars, err := v.names(v.address(target, trimmed), taken)
	if err != nil || b.payloads == nil {
		return vars, err
	}
	return withValues(vars, b.payloads.combination(d.round))
}

// withValues adds the values of payloads, in which the other variables may stand.
func withValues(vars, values match.Vars) (match.Vars, error) {
	all := make(match.Vars, len(vars)+len(values))
	maps.Copy(all, vars)
	for name, value := range values {
		text, ok := value.(string)
		if !ok {
			text = fmt.Sprint(value)
		}
		text, _, err := match.Expand(text, vars)
		if err != nil {
			return nil, err
		}
		all[name] = text
	}
	return all, nil
}

// unresolvedError says that a request is not sent because it uses names without a value.
type unresolvedError struct{ names []string }

func (e *unresolvedError) Error() string { return "no value for " + strings.Join(e.names, ", ") }

// writeError says that a request is never sent because it would change the site.
type writeError struct{ method string }

func (e *writeError) Error() string { return "writes: " + e.method }

// filler replaces placeholders and remembers those without a value.
type filler struct {
	vars       match.Vars
	unresolved []string
	err        error // the first
}

func (f *filler) fill(text string) string {
	if !strings.Contains(text, "{{") {
		return text
	}
	out, unresolved, err := match.Expand(text, f.vars)
	if err != nil && f.err == nil {
		f.err = message.Errorf("%q: %w", text, err)
	}
	f.unresolved = append(f.unresolved, unresolved...)
	return out
}

func (f *filler) path(b *block, path string) (*web.Request, error) {
	text := strings.TrimLeft(f.fill(path), " ")
	if len(f.unresolved) > 0 && !b.withoutNamesCheck {
		return nil, &unresolvedError{f.unresolved}
	}
	u, err := parseAddress(text)
	if err != nil {
		return nil, err
	}
	method := strings.ToUpper(strings.TrimSpace(f.fill(b.method)))
	return &web.Request{Method: method, URL: u, Header: http.Header{}}, nil
}

func (f *filler) raw(text string, target *url.URL, merge bool) (*web.Request, error) {
	notes := parseAnnotations(text)
	r, err := parseRaw(f.fill(text))
	if err != nil {
		return nil, err
	}
	u, err := r.address(target, merge)
	if err != nil {
		return nil, err
	}
	if host := f.fill(notes.host); host != "" {
		otherHost(u, host)
	}
	req := &web.Request{Method: strings.ToUpper(r.method), URL: u, Header: r.header, Body: []byte(r.body), Timeout: notes.timeout}
	if !strings.EqualFold(r.host, target.Host) {
		req.Host = r.host
	}
	return req, nil
}

// otherHost sends the request where @Host says.
func otherHost(u *url.URL, host string) {
	if scheme, rest, ok := strings.Cut(host, "://"); ok {
		u.Scheme, host = scheme, rest
	}
	to := url.URL{Host: host}
	if to.Port() == "" && u.Port() != "" {
		host += ":" + u.Port()
	}
	u.Host = host
}

// fields adds the headers and the body that the block has for all its requests.
func (f *filler) fields(req *web.Request, b *block) {
	for _, name := range slices.Sorted(maps.Keys(b.headers)) {
		value := f.fill(b.headers[name])
		switch {
		case strings.EqualFold(name, "Host"):
			req.Host = value
		case strings.EqualFold(name, "Connection"), strings.EqualFold(name, "Content-Length"):
		default:
			req.Header[http.CanonicalHeaderKey(name)] = []string{value}
		}
	}
	if b.body != "" {
		req.Body = []byte(f.fill(withCRLF(b.body)))
	}
	if req.Host == req.URL.Host {
		req.Host = ""
	}
	if len(req.Header) == 0 {
		req.Header = nil
	}
}

// apply sets what holds for all requests of the block. A method that could change the site is refused.
func (o *options) apply(req *web.Request) error {
	switch req.Method = cmp.Or(req.Method, http.MethodGet); req.Method {
	case http.MethodGet:
		req.Method = ""
	case http.MethodHead, http.MethodPost, http.MethodOptions, http.MethodTrace:
	default:
		return &writeError{req.Method}
	}
	if req.Redirects = o.redirects; req.Redirects != web.RedirectsNone {
		req.MaxRedirects = o.maxRedirects
	}
	req.MaxBody, req.Wants429 = o.maxSize, o.wants429
	return nil
}

// isOwn reports whether u is the root of the host or the target's own page.
func isOwn(u, target *url.URL) bool {
	at := strings.TrimSuffix(u.Path, "/")
	return at == "" || at == strings.TrimSuffix(target.Path, "/")
}

// firstLine is the request line of a raw request.
func firstLine(raw string) string {
	for line := range strings.Lines(raw) {
		if !strings.HasPrefix(line, "@") {
			return line
		}
	}
	return ""
}
