package engine

import (
	"context"
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

// Ends that carry no words of their own are shared: there is one for nearly every signature on every target.
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
	steps []int // ascending

	mu           sync.Mutex
	results      map[int]*stepResult // by step; those that ran to their end and saw nothing are in plain
	cleanResults []cleanResult       // by step
	result       targetResult
}

// plainEnd is a step that ran to its end and has nothing to say: nearly all do.
type cleanResult struct {
	ran                 bool
	requests, lastOrder int32
	took                time.Duration
}

// ended is what one step came to, before the whole of the site is known.
type stepResult struct {
	findings  []scanner.Finding
	err       error // as the check returned it; nil when it ran to its end
	reason    message.Message
	missing   string // the fact that it lacked
	broken    bool   // it got an answer of which the rest is unknown
	requests  int
	lastOrder int
	suppress  int
	took      time.Duration
	deadline  bool
	crashed   bool
}

// scanSite runs the steps on a site, or ends them all with end. Results come in the order of the steps.
func (p *Plan) scanSite(ctx context.Context, s *site, o endpoint, end *scanner.StatusError) targetResult {
	r := &siteRun{plan: p, site: s, steps: o.steps, results: map[int]*stepResult{}, result: targetResult{target: s.target.String(), leads: s.leads}}
	if end == nil {
		r.cleanResults = make([]cleanResult, len(p.steps))
		f := p.requestPlanFor(s.target, o)
		s.follow(f)
		for _, i := range o.steps {
			if f.perTarget[i] {
				s.expect(i, p.perTargetOf(f, i, s.target))
			}
		}
		r.run(ctx, f)
	} else if s.untrusted {
		r.handshakes(ctx)
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
		r.results[i] = r.site.look(ctx, r.plan.options.StepTimeout, st, r.plan.options.Safety, nil)
	}
}

// run works through the steps with as many workers as the gate lets requests out at once.
func (r *siteRun) run(ctx context.Context, f *requestPlan) {
	r.work = r.plan.schedule(r.steps, f)
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
	a := &consumer{step: i}
	defer func() { r.site.release(*a) }()
	if end, _ := r.site.health.ended(); st.end != nil || end != nil || ctx.Err() != nil {
		return
	}
	for _, fact := range st.signature.Needs {
		if _, ok := r.site.fact(fact); !ok {
			r.note(i, &stepResult{missing: fact})
			return
		}
	}
	e := r.site.look(ctx, r.plan.options.StepTimeout, st, r.plan.options.Safety, a)
	if len(e.findings) > 0 && st.signature.Gives != "" {
		r.site.learn(st.signature.Gives, i, e.findings[0].Hit.Values.Facts())
	}
	r.note(i, e)
}

func (r *siteRun) note(i int, e *stepResult) {
	if e.missing == "" && e.reason.IsZero() && !e.broken && e.err == nil && len(e.findings)+e.suppress == 0 {
		r.cleanResults[i] = cleanResult{true, int32(e.requests), int32(e.lastOrder), e.took} // each step has its own
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.results[i] = e
}

// endOf is what step i came to, nil if it did not run.
func (r *siteRun) resultOf(i int) *stepResult {
	if r.cleanResults != nil && r.cleanResults[i].ran {
		return &stepResult{requests: int(r.cleanResults[i].requests), lastOrder: int(r.cleanResults[i].lastOrder), took: r.cleanResults[i].took}
	}
	return r.results[i]
}

// look runs the check of a step, for at most limit, and survives whatever it does.
func (s *site) look(ctx context.Context, limit time.Duration, st *step, safety signature.Safety, a *consumer) (e *stepResult) {
	p, view := s.probe(st.signature, safety, a)
	started := time.Now()
	inner, cancel := context.WithTimeout(ctx, limit)
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
		e.requests, e.lastOrder, e.suppress, e.reason, e.broken = view.requests+notes.Requests, view.lastOrder, notes.Suppressed, notes.Reason, view.broken
		e.took = time.Since(started)
	}()
	hits, err := st.check.Run(inner, p)
	e.err = err
	e.deadline = err != nil && inner.Err() != nil && ctx.Err() == nil
	e.findings = findings(p.Signature, p.Target, hits)
	return e
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
	stop := checkEnd(ctx, s.target, e, siteEnd, timeout)
	return e.findings, scanner.Outcome{
		Signature: sig.ID, Target: s.target.String(), Status: stop.Status, Reason: stop.Reason,
		Requests: e.requests, Took: e.took,
	}
}
