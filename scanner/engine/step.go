package engine

import (
	"context"
	"maps"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// Ends without a reason of their own are shared: nearly every signature on every target has one of these.
var (
	clean       = &scanner.StatusError{Status: scanner.StatusClean}
	found       = &scanner.StatusError{Status: scanner.StatusFound}
	interrupted = scanner.End(scanner.StatusInterrupted, "the scan was stopped first")
)

// siteRun is one pass of steps over one site.
type siteRun struct {
	plan  *Plan
	site  *site
	work  *schedule
	gate  *gate // nil when no step of the scan must be alone
	steps []int // ascending

	mu           sync.Mutex
	results      map[int]*stepResult // by step, but for those in cleanResults
	cleanResults []cleanResult       // by step
	closed       bool                // results are final; steps that still run are too late
	result       targetResult
}

// cleanResult is the result of a step that ran to its end and has nothing to tell, as nearly all do.
type cleanResult struct {
	ran                 bool
	seen                sight
	fault, refusal      int16
	requests, lastOrder int32
	took                time.Duration
}

// stepResult is what one step came to, before it is known how the site ended.
type stepResult struct {
	findings   []scanner.Finding
	err        error // as the check returned it; nil when it ran to its end
	reason     message.Message
	missing    string // the fact that it lacked
	broken     bool   // it got an answer of which the rest is unknown
	cut        int    // bytes of an answer that went on past the limit; 0 for none
	fault      int    // status of the last server error that it got; 0 for none
	refusal    int    // status of the last closed address that it met; 0 for none
	seen       sight
	conclusive bool   // its reason holds whatever it saw
	filter     string // the product that gave an answer in place of the site; "" for none
	requests   int
	lastOrder  int
	suppressed int
	remembered []scanner.Remembered
	took       time.Duration
	deadline   bool
	crashed    bool
}

// scanSite runs the steps on a site, or ends them all with end. Results come in the order of the steps.
func (p *Plan) scanSite(ctx context.Context, s *site, o endpoint, end *scanner.StatusError) targetResult {
	r := &siteRun{plan: p, site: s, steps: o.steps, results: map[int]*stepResult{}, result: targetResult{info: s.info()}}
	if end == nil {
		r.cleanResults = make([]cleanResult, len(p.steps))
		_, _ = within(ctx, func() struct{} {
			r.run(ctx, o)
			s.health.lastCheck(ctx, s)
			return struct{}{}
		})
	} else if s.untrusted {
		_, _ = within(ctx, func() struct{} {
			r.handshakes(ctx)
			return struct{}{}
		})
	}
	return r.finish(ctx, end)
}

// handshakes runs the steps that a certificate which is not accepted does not keep out.
func (r *siteRun) handshakes(ctx context.Context) {
	for _, i := range r.steps {
		st := r.plan.steps[i]
		if h, ok := st.check.(scanner.Handshaker); !ok || !h.Handshaker() || st.end != nil || ctx.Err() != nil {
			continue
		}
		r.note(i, r.site.look(ctx, r.plan.options.StepTimeout, st, r.plan.options.Safety, nil))
	}
}

// run works through the steps with as many workers as requests may be under way at once.
func (r *siteRun) run(ctx context.Context, o endpoint) {
	plan := r.plan.requestPlanFor(r.site, o)
	r.site.follow(plan, len(r.steps))
	for _, i := range r.steps {
		if plan.perTarget[i] {
			r.site.expect(i, r.plan.perTargetOf(plan, i, r.site))
		}
	}
	r.work = r.plan.schedule(r.steps, plan)
	if host := r.site.target.URL.Hostname(); r.plan.alone {
		r.gate = r.plan.gates.enter(host)
		defer r.plan.gates.leave(host)
	}
	var group errgroup.Group
	for range min(r.plan.options.InFlight, len(r.steps)) {
		group.Go(func() error {
			for {
				chunk := r.work.take()
				if chunk == nil {
					return nil
				}
				for _, i := range chunk {
					r.step(ctx, i)
					r.work.done(i)
				}
			}
		})
	}
	_ = group.Wait() // the workers return no error
}

// step runs one signature and notes what it came to.
func (r *siteRun) step(ctx context.Context, i int) {
	st := r.plan.steps[i]
	c := &consumer{step: i}
	defer func() { r.site.release(*c) }()
	if end, _ := r.site.health.ended(); st.end != nil || end != nil || ctx.Err() != nil {
		return
	}
	for _, fact := range st.signature.Needs {
		if _, ok := r.site.fact(fact); !ok {
			r.note(i, &stepResult{missing: fact})
			return
		}
	}
	if r.gate != nil {
		if !r.gate.pass(ctx, st.alone) {
			return
		}
		defer r.gate.end(st.alone)
	}
	done, ok := r.site.bulk.turn(ctx)
	if !ok {
		return
	}
	defer done()
	result := r.site.look(ctx, r.plan.options.StepTimeout, st, r.plan.options.Safety, c)
	if len(result.findings) > 0 && st.signature.Gives != "" {
		r.site.learn(st.signature.Gives, i, result.findings[0].Hit.Values.Facts())
	}
	if r.site.ports != nil && !claimsPorts(st.check) {
		r.site.tellOfPorts(result.findings)
	}
	r.note(i, result)
}

// note keeps what a step came to, unless the site's run was given up before.
func (r *siteRun) note(i int, result *stepResult) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.closed:
	case r.cleanResults != nil && result.nothingToTell():
		r.cleanResults[i] = cleanResult{true, result.seen, int16(result.fault), int16(result.refusal), int32(result.requests), int32(result.lastOrder), result.took}
	default:
		r.results[i] = result
	}
}

func (e *stepResult) nothingToTell() bool {
	return e.missing+e.filter == "" && e.reason.IsZero() && !e.broken && e.cut == 0 && e.err == nil && len(e.findings)+len(e.remembered)+e.suppressed == 0
}

// close makes what the steps came to final.
func (r *siteRun) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}

// resultOf is what step i came to, nil if it did not run.
func (r *siteRun) resultOf(i int) *stepResult {
	if r.cleanResults != nil && r.cleanResults[i].ran {
		c := r.cleanResults[i]
		return &stepResult{seen: c.seen, fault: int(c.fault), refusal: int(c.refusal), requests: int(c.requests), lastOrder: int(c.lastOrder), took: c.took}
	}
	return r.results[i]
}

// look runs the check of a step, for at most limit, and survives whatever it does.
func (s *site) look(ctx context.Context, limit time.Duration, st *step, safety signature.Safety, c *consumer) (e *stepResult) {
	p, view := s.probe(st.signature, safety, c)
	started := time.Now()
	inner, cancel := context.WithTimeout(web.By(ctx, st.signature.ID), limit)
	defer cancel()
	e = &stepResult{}
	defer func() {
		if v := recover(); v != nil {
			e.findings, e.crashed = nil, true
			e.err = scanner.End(scanner.StatusCrashed, "%v at %s", v, panicPlace(debug.Stack()))
		}
		notes := p.Notes()
		view.mu.Lock()
		defer view.mu.Unlock()
		e.requests, e.lastOrder, e.suppressed, e.reason, e.broken = view.requests+notes.Requests, view.lastOrder, notes.Suppressed, notes.Reason, view.broken
		e.cut, e.remembered = view.cut, notes.Remembered
		e.fault, e.refusal, e.filter, e.seen, e.conclusive = view.fault, view.refusal, view.filter, view.seen, notes.Conclusive
		if notes.Filters {
			e.filter = ""
		}
		e.took = time.Since(started)
	}()
	var hits []scanner.Hit
	n := narrow(st.check, s.places(st.check), s.settings.narrow[st.signature.ID])
	p.Only = n.only
	for _, place := range n.places {
		p.Target = place
		more, err := st.check.Run(inner, p)
		hits = withMore(hits, more, place.URL.Path)
		if e.err == nil {
			e.err = err
		}
		if inner.Err() != nil {
			break
		}
	}
	e.deadline = e.err != nil && inner.Err() != nil && ctx.Err() == nil
	e.findings = findings(p.Signature, s.target, hits)
	s.date(e.findings)
	return e
}

// withMore adds hits that say something new: a request of the root may come from every folder, and a product that shows
// itself on the site's page shows itself on those of its folders too.
func withMore(hits, more []scanner.Hit, place string) []scanner.Hit {
	known := len(hits)
	for _, h := range more {
		page := isAt(h.URL, place)
		same := func(k scanner.Hit) bool {
			return (page || k.URL == h.URL) && k.Matcher == h.Matcher && k.Variant == h.Variant && maps.Equal(k.Values.Facts(), h.Values.Facts())
		}
		if !slices.ContainsFunc(hits[:known], same) {
			hits = append(hits, h)
		}
	}
	return hits
}

// isAt reports whether an address is a place itself, not something below it.
func isAt(address, place string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Path == place
}

// panicPlace is the innermost line of a stack that is neither the runtime's nor of this file.
func panicPlace(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	raised := slices.IndexFunc(lines, func(s string) bool { return strings.HasPrefix(s, "panic(") })
	for _, line := range lines[max(0, raised):] {
		if !strings.HasPrefix(line, "\t") || strings.Contains(line, "/runtime/") {
			continue
		}
		place, _, _ := strings.Cut(strings.TrimSpace(line), " +0x")
		if i := strings.LastIndex(place, "/"); i >= 0 {
			if j := strings.LastIndex(place[:i], "/"); j >= 0 {
				place = place[j+1:]
			}
		}
		return place
	}
	return "an unknown place"
}

// RunCheck runs the check of one signature on one target by itself, as Run would, facts and further signatures left aside.
func RunCheck(ctx context.Context, client *web.Client, t target.Target, sig *signature.Signature, c scanner.Check, safety signature.Safety) ([]scanner.Finding, scanner.Outcome) {
	const timeout = 10 * time.Minute
	s := newSite(client, t, siteSettings{crawlPages: crawlPages})
	e := s.look(ctx, timeout, &step{signature: sig, check: c}, safety, nil)
	siteEnd, _ := s.health.ended()
	end := endOfCheck(ctx, s.target, e, siteEnd, timeout)
	return e.findings, scanner.Outcome{
		Signature: sig.ID, Target: s.target.String(), Status: end.Status, Reason: end.Reason,
		Requests: e.requests, Took: e.took,
	}
}
