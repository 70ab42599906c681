package scanner

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// Ends that carry no words of their own are shared: there is one for nearly every signature on every target.
var (
	clean       = &Stop{Status: StatusClean}
	found       = &Stop{Status: StatusFound}
	interrupted = &Stop{StatusInterrupted, "the scan was stopped first"}
)

// siteRun is one pass of steps over one site.
type siteRun struct {
	plan  *Plan
	site  *site
	work  *schedule
	steps []int // ascending

	mu     sync.Mutex
	ended  map[int]*ended // by step; those that ran to their end and saw nothing are in plain
	plain  []plainEnd     // by step
	result targetResult
}

// plainEnd is a step that ran to its end and has nothing to say: nearly all do.
type plainEnd struct {
	ran                 bool
	requests, lastOrder int32
	took                time.Duration
}

// ended is what one step came to, before the whole of the site is known.
type ended struct {
	findings  []Finding
	err       error // as the check returned it; nil when it ran to its end
	reason    string
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
func (p *Plan) scanSite(ctx context.Context, s *site, o origin, end *Stop) targetResult {
	r := &siteRun{plan: p, site: s, steps: o.steps, ended: map[int]*ended{}, result: targetResult{target: s.target.String(), leads: s.leads}}
	if end == nil {
		r.plain = make([]plainEnd, len(p.steps))
		f := p.forecastFor(s.target, o)
		s.follow(f)
		for _, i := range o.steps {
			if f.own[i] {
				s.expect(i, p.ownOf(f, i, s.target))
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
	clock := &stepClock{limit: r.plan.options.StepTimeout}
	defer clock.end()
	for _, i := range r.steps {
		st := r.plan.steps[i]
		if h, ok := st.check.(Handshaker); !ok || !h.Handshaker() || st.end != nil || ctx.Err() != nil {
			continue
		}
		r.ended[i] = r.site.look(ctx, clock, st, r.plan.options.Safety, nil)
	}
}

// run works through the steps with as many workers as the gate lets requests out at once.
func (r *siteRun) run(ctx context.Context, f *forecast) {
	r.work = r.plan.schedule(r.steps, f)
	var group errgroup.Group
	for range min(r.plan.options.InFlight, len(r.steps)) {
		group.Go(func() error {
			clock := &stepClock{limit: r.plan.options.StepTimeout}
			defer clock.end()
			for {
				chunk := r.work.take()
				if chunk == nil {
					return nil
				}
				for _, i := range chunk {
					r.step(ctx, clock, i)
					r.work.done(i)
				}
			}
		})
	}
	_ = group.Wait() // the workers return no error
}

// step runs one signature and notes what it came to.
func (r *siteRun) step(ctx context.Context, clock *stepClock, i int) {
	st := r.plan.steps[i]
	a := &asker{step: i}
	defer func() { r.site.release(*a) }()
	if end, _ := r.site.health.ended(); st.end != nil || end != nil || ctx.Err() != nil {
		return
	}
	for _, fact := range st.signature.Needs {
		if _, ok := r.site.fact(fact); !ok {
			r.note(i, &ended{missing: fact})
			return
		}
	}
	e := r.site.look(ctx, clock, st, r.plan.options.Safety, a)
	if len(e.findings) > 0 && st.signature.Gives != "" {
		r.site.learn(st.signature.Gives, i, factValues(e.findings[0].Hit.Values))
	}
	r.note(i, e)
}

func (r *siteRun) note(i int, e *ended) {
	if e.missing == "" && e.reason == "" && !e.broken && e.err == nil && len(e.findings)+e.suppress == 0 {
		r.plain[i] = plainEnd{true, int32(e.requests), int32(e.lastOrder), e.took} // each step has its own
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended[i] = e
}

// endOf is what step i came to, nil if it did not run.
func (r *siteRun) endOf(i int) *ended {
	if r.plain != nil && r.plain[i].ran {
		return &ended{requests: int(r.plain[i].requests), lastOrder: int(r.plain[i].lastOrder), took: r.plain[i].took}
	}
	return r.ended[i]
}

// look runs the check of a step and survives whatever it does.
func (s *site) look(ctx context.Context, clock *stepClock, st *step, safety signature.Safety, a *asker) (e *ended) {
	p, view := s.probe(st.signature, safety, a)
	started := time.Now()
	inner := clock.start(ctx)
	defer clock.stop()
	e = &ended{}
	defer func() {
		if v := recover(); v != nil {
			e.findings, e.crashed = nil, true
			e.err = &Stop{StatusCrashed, fmt.Sprintf("%v at %s", v, panicPlace(debug.Stack()))}
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

// factValues are the values of a finding as facts.
func factValues(values Values) map[string]string {
	facts := make(map[string]string, len(values))
	for k, v := range values {
		facts[k] = fmt.Sprint(v)
	}
	return facts
}

// finish turns what the steps came to into outcomes, knowing how the site ended.
func (r *siteRun) finish(ctx context.Context, end *Stop) targetResult {
	if end == nil {
		r.site.health.close()
	}
	siteEnd, from := r.site.health.ended()
	if end == nil {
		end = siteEnd
	}
	if ctx.Err() != nil {
		end = interrupted
	}
	stops := map[int]*Stop{}
	var stopOf func(i int) *Stop
	stopOf = func(i int) *Stop {
		if stop, ok := stops[i]; ok {
			return stop
		}
		st, e := r.plan.steps[i], r.endOf(i)
		stop := st.end
		switch {
		case stop != nil:
		case e == nil && end != nil:
			stop = end
		case e == nil:
			stop = &Stop{StatusCrashed, "it was planned and never run"}
		case e.missing != "":
			stop = r.lacking(st, e.missing, stopOf)
		default:
			stop = r.stop(ctx, e, siteEnd, from)
		}
		stops[i] = stop
		return stop
	}
	for _, i := range r.steps {
		out := stepEnd{step: int32(i), stop: stopOf(i)}
		if e := r.endOf(i); e != nil {
			out.requests, out.took = int32(e.requests), e.took
			r.result.findings = append(r.result.findings, e.findings...)
			r.result.suppressed += e.suppress
		}
		r.result.ends = append(r.result.ends, out)
	}
	r.site.mu.Lock()
	defer r.site.mu.Unlock()
	r.result.tally = r.site.tally
	return r.result
}

// lacking is the end of a step whose fact nobody established: there is none here, unless one that looks for it could not
// tell.
func (r *siteRun) lacking(st *step, fact string, stopOf func(int) *Stop) *Stop {
	looked := false
	for _, g := range st.givers {
		giver := r.plan.steps[g].signature
		if _, here := slices.BinarySearch(r.steps, g); !here || giver.Gives != fact {
			continue
		}
		looked = true
		if stop := stopOf(g); !stop.Status.Complete() {
			return &Stop{stop.Status, fmt.Sprintf("%s was looked for by %s: %s", fact, giver.ID, stop.Reason)}
		}
	}
	if !looked {
		return &Stop{StatusNotApplicable, fmt.Sprintf("no selected signature looks for %s", fact)}
	}
	return &Stop{StatusNotApplicable, fmt.Sprintf("no %s here", fact)}
}

// stop is the end of a step that ran.
func (r *siteRun) stop(ctx context.Context, e *ended, siteEnd *Stop, from int) *Stop {
	stop := stopOfCheck(ctx, r.site.target, e, siteEnd, r.plan.options.StepTimeout)
	if silent(stop) && siteEnd != nil && from > 0 && e.lastOrder >= from {
		return siteEnd // it read the filter's page and took it for the site's
	}
	return stop
}

func silent(s *Stop) bool { return s.Status == StatusClean || s.Status == StatusNotApplicable }

// stopOfCheck is the end of a check that ran. One that saw nothing in an answer of which it got a part cannot tell.
func stopOfCheck(ctx context.Context, t Target, e *ended, siteEnd *Stop, timeout time.Duration) *Stop {
	stop := stopAsSaid(ctx, t, e, siteEnd, timeout)
	if e.broken && silent(stop) {
		return &Stop{StatusFailed, "an answer breaks off, or cannot be decoded"}
	}
	return stop
}

func stopAsSaid(ctx context.Context, t Target, e *ended, siteEnd *Stop, timeout time.Duration) *Stop {
	var stop *Stop
	switch {
	case len(e.findings) > 0 && e.err == nil:
		return found
	case len(e.findings) > 0:
		return &Stop{StatusFound, "then " + e.err.Error()}
	case e.err == nil && e.reason == "":
		return clean
	case e.err == nil:
		return &Stop{StatusClean, e.reason}
	case e.crashed:
		errors.As(e.err, &stop)
		return stop
	case ctx.Err() != nil:
		return interrupted
	case e.deadline:
		return &Stop{StatusFailed, fmt.Sprintf("not done after %s", timeout)}
	case errors.As(e.err, &stop):
		return stop
	}
	var failure *web.Error
	if errors.As(e.err, &failure) && failure.Kind == web.KindUnreachable && elsewhere(t, failure.URL) != "" {
		return &Stop{StatusNotApplicable, fmt.Sprintf("port %s closed", elsewhere(t, failure.URL))}
	}
	switch web.KindOf(e.err) {
	case web.KindUnreachable:
		return &Stop{StatusUnreachable, plainError(e.err)}
	case web.KindThrottled:
		return &Stop{StatusThrottled, plainError(e.err)}
	case web.KindTimeout, web.KindClosed, web.KindTLS, web.KindProtocol:
		if siteEnd != nil {
			return siteEnd
		}
		return &Stop{StatusFailed, plainError(e.err)}
	case web.KindScope, web.KindCanceled:
	}
	return &Stop{StatusFailed, e.err.Error()}
}

// elsewhere is the port of an address that is not the target's, "" when it is.
func elsewhere(t Target, address string) string {
	u, err := url.Parse(address)
	if err != nil || portOf(u) == portOf(t.URL) {
		return ""
	}
	return portOf(u)
}

// findings gives hits the signature's words.
func findings(s *signature.Signature, t Target, hits []Hit) []Finding {
	list := make([]Finding, 0, len(hits))
	seen := map[string]int{}
	for _, h := range hits {
		if h.Certainty == "" {
			h.Certainty = Confirmed
		}
		if h.URL == "" {
			h.URL = t.URL.String()
		}
		f := Finding{Signature: s, Severity: severityOf(s, h.Variant), Target: t.String(), Hit: h}
		f.Fingerprint = fingerprint(f, seen)
		list = append(list, f)
	}
	return list
}

// RunCheck runs the check of one signature on one target by itself, as Run would, facts and further signatures left aside.
func RunCheck(ctx context.Context, client *web.Client, t Target, sig *signature.Signature, c Check, safety signature.Safety) ([]Finding, Outcome) {
	const timeout = 10 * time.Minute
	s := newSite(client, t, siteSettings{crawlPages: crawlPages})
	clock := &stepClock{limit: timeout}
	defer clock.end()
	e := s.look(ctx, clock, &step{signature: sig, check: c}, safety, nil)
	siteEnd, _ := s.health.ended()
	stop := stopOfCheck(ctx, s.target, e, siteEnd, timeout)
	return e.findings, Outcome{
		Signature: sig.ID, Target: s.target.String(), Status: stop.Status, Reason: stop.Reason,
		Requests: e.requests, Took: e.took,
	}
}
