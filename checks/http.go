package checks

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/match"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// NewHTTP is the check "http": the blocks under http: of a signature, in the public template language.
//
// Requests that do not depend on earlier answers go out anonymously and are shared with all other signatures. A template
// whose blocks build on each other is one visitor: as soon as the site has given it a cookie its requests are its own.
func NewHTTP(s *signature.Signature) (scanner.Check, error) {
	c := &httpCheck{signature: s, certainty: scanner.Possible}
	if s.Strict {
		c.certainty = scanner.Confirmed
	}
	var mistakes []error
	for i := range s.HTTP {
		b, err := newBlock(s, &s.HTTP[i])
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s: %w", s.File, err))
			continue
		}
		c.blocks = append(c.blocks, b)
	}
	if len(mistakes) > 0 {
		return unlessUnsupported(s, errors.Join(mistakes...))
	}
	flow, err := parseFlow(s.Flow, len(c.blocks))
	if err != nil {
		return unlessUnsupported(s, fmt.Errorf("%s: %w", s.File, err))
	}
	c.flow = flow
	c.visitor = c.needsVisitor()
	return c, nil
}

// unlessUnsupported makes of a template that uses what sotomi lacks, or names a file that is not there, a check that says
// so. Mistakes in files with keys of ours stay mistakes.
func unlessUnsupported(s *signature.Signature, err error) (scanner.Check, error) {
	var lacking *match.UnsupportedError
	switch {
	case errors.As(err, &lacking):
		return unsupportedCheck{lacking.Feature}, nil
	case s.Strict:
		return nil, err
	default:
		return unsupportedCheck{err.Error()}, nil
	}
}

// unsupportedCheck ends with the name of what sotomi lacks.
type unsupportedCheck struct{ feature string }

func (c unsupportedCheck) Run(context.Context, *scanner.Probe) ([]scanner.Hit, error) {
	return nil, scanner.Unsupported(c.feature)
}

type httpCheck struct {
	signature *signature.Signature
	blocks    []*block
	flow      *flow // nil: all blocks in order
	visitor   bool  // cookies of earlier answers go with later requests
	certainty scanner.Certainty
}

// needsVisitor: several blocks or raw requests build on each other, unless they say that they do not.
func (c *httpCheck) needsVisitor() bool {
	requests := 0
	for _, b := range c.blocks {
		if b.spec.DisableCookie {
			return false
		}
		if b.spec.CookieReuse || b.program.HasInternalExtractors() {
			return true
		}
		requests += len(b.spec.Raw)
	}
	return len(c.blocks) > 1 || requests > 1
}

// Plan is the requests that do not depend on answers.
func (c *httpCheck) Plan(t scanner.Target) []*web.Request {
	p := &scanner.Probe{Target: t, Signature: c.signature}
	vars := c.variables(p, nil)
	var list []*web.Request
	for _, b := range c.blocks {
		_ = b.each(vars, func(r *templateRequest) error {
			if r.err == nil {
				list = append(list, r.request)
			}
			return nil
		})
	}
	return list
}

// Run works through the blocks on one target.
func (c *httpCheck) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	r := &httpRun{httpCheck: c, probe: p, taken: match.Vars{}}
	if c.visitor {
		r.session = p.Session()
	}
	var err error
	if c.flow != nil {
		_, err = c.flow.run(func(i int) (bool, error) { return r.block(ctx, c.blocks[i]) })
	} else {
		for _, b := range c.blocks {
			if _, err = r.block(ctx, b); err != nil {
				break
			}
		}
	}
	if err == nil && r.sent == 0 && len(r.hits) == 0 && r.skipped != "" {
		err = scanner.NotApplicable("%s", r.skipped)
	}
	return r.hits, err
}

// httpRun is one template on one target.
type httpRun struct {
	*httpCheck
	probe   *scanner.Probe
	session *web.Session // nil when no request depends on cookies
	taken   match.Vars   // by internal extractors
	hits    []scanner.Hit
	sent    int
	skipped string // why requests were not sent
}

var errStop = errors.New("stop at first match")

// block sends the requests of one block and reports whether it holds in a flow.
func (r *httpRun) block(ctx context.Context, b *block) (holds bool, err error) {
	vars := r.variables(r.probe, r.taken)
	answers := make([]*web.Exchange, len(b.spec.Path)+len(b.spec.Raw))
	err = b.eachDynamic(vars, r.taken, func(t *templateRequest) error {
		if t.err != nil {
			r.skipped = t.err.Error()
			return errStop // as the reference engine: what lacks a variable ends the block
		}
		ex, err := r.send(ctx, t.request)
		if err != nil {
			if web.KindOf(err) == web.KindScope {
				r.skipped = err.Error()
				return nil
			}
			return err
		}
		r.sent++
		answers[t.index] = ex
		found, held := r.judge(ctx, b, t, ex, answers)
		holds = holds || held
		if found && b.spec.StopAtFirstMatch {
			return errStop
		}
		return nil
	})
	if errors.Is(err, errStop) {
		err = nil
	}
	return holds, err
}

// send is the shared request of all signatures, or this visitor's own once it has cookies.
func (r *httpRun) send(ctx context.Context, q *web.Request) (*web.Exchange, error) {
	if r.session == nil {
		return r.probe.Do(ctx, q)
	}
	if len(r.session.Cookies(q.URL)) > 0 {
		return r.session.Do(ctx, q)
	}
	ex, err := r.probe.Do(ctx, q)
	if err == nil {
		r.session.Adopt(ex)
	}
	return ex, err
}

// judge looks at an answer and at the redirects that led to it, the last first.
func (r *httpRun) judge(ctx context.Context, b *block, t *templateRequest, ex *web.Exchange, answers []*web.Exchange) (found, holds bool) {
	for hop := ex; hop != nil; hop = hop.Previous {
		d := &match.Data{Exchange: hop, Earlier: earlier(answers, t.index), Vars: t.vars}
		result := b.program.Run(d)
		for name, value := range result.Dynamic {
			r.taken[name] = value
		}
		if b.program.Found(result) {
			if r.suppressed(ctx, b, t, d) {
				continue
			}
			r.add(hop, t, result)
			found = true
		}
		holds = holds || b.program.Holds(result)
		if found && b.spec.StopAtFirstMatch {
			break
		}
	}
	return found, holds
}

// earlier are the answers by number up to the one being judged.
func earlier(answers []*web.Exchange, index int) []*web.Exchange { return answers[:index] }

// suppressed reports whether the site answers like that to anything: then a name that cannot exist in the same folder
// matches as well. The address of the target itself is what it is.
func (r *httpRun) suppressed(ctx context.Context, b *block, t *templateRequest, d *match.Data) bool {
	if t.request.Target == "" && isRoot(t.request, r.probe.Target) {
		return false
	}
	control, err := r.probe.Control(ctx, t.request)
	if err != nil {
		return false
	}
	for hop := control; hop != nil; hop = hop.Previous {
		c := *d
		c.Exchange = hop
		if b.program.Found(b.program.Run(&c)) {
			r.probe.Suppress("the site answers like that to addresses that cannot exist")
			return true
		}
	}
	return false
}

func isRoot(q *web.Request, t scanner.Target) bool {
	path := strings.TrimSuffix(q.URL.Path, "/")
	return path == "" || path == strings.TrimSuffix(t.URL.Path, "/")
}
