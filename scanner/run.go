package scanner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner/signature"
)

// goodbye is how long an interrupted scan goes on writing outcomes for inputs that it never looked at.
const goodbye = time.Second

// Run scans every target with every signature and returns when all outcomes are delivered. When ctx ends, what has not
// ended is interrupted. The error is that of a sink; what goes wrong with a target is an Outcome.
func Run(ctx context.Context, o Options) (Summary, error) {
	p, err := NewPlan(o)
	if err != nil {
		return Summary{}, err
	}
	return p.Run(ctx)
}

// Run scans as planned; see the function Run.
func (p *Plan) Run(ctx context.Context) (Summary, error) {
	started := time.Now()
	before := p.options.Client.Requests()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	d := newDelivery(ctx, p, cancel, before)
	d.sinks(func(s Sink) error { return s.Start(p.start(started)) })

	var group errgroup.Group
	group.Go(func() error {
		defer close(d.results)
		p.feed(inner, d)
		return nil
	})
	d.collect()
	if err := group.Wait(); err != nil { // feed has no error of its own
		d.fail(err)
	}
	d.summary.Took = time.Since(started)
	d.finish()
	return d.summary, errors.Join(d.errs...)
}

func (p *Plan) start(t time.Time) Start {
	return Start{
		Version: p.options.Version, SignatureSet: p.options.SignatureSet, Time: t.UTC(),
		Targets: p.options.Targets.Args(), Signatures: len(p.steps), AboveSafety: p.aboveSafety,
	}
}

// hostResult is all about one input, in the order in which it is written.
type hostResult struct {
	index   int // of the input
	targets []targetResult
}

// targetResult is one origin. Outcomes are kept small: many finished hosts may wait for a slow one named before them.
type targetResult struct {
	target     string
	findings   []Finding // by step
	ends       []stepEnd // by step
	suppressed int
	tally      tally
	leads      string // where the site's own page sends visitors; "" when that is a target too, or nowhere
}

// stepEnd is an Outcome without what its place tells.
type stepEnd struct {
	step     int32
	requests int32
	took     time.Duration
	stop     *Stop
}

// window is how many inputs may be under way or waiting for their turn to be written, so that one slow host stops the
// others late, and memory stays bounded.
func (p *Plan) window() int {
	const budget = 16 << 20
	const each = 32 // bytes of a stepEnd
	fit := budget / (each * max(1, len(p.steps)))
	return max(4*p.options.Concurrency, min(fit, 4096))
}

// feed scans the inputs, Concurrency of them side by side.
func (p *Plan) feed(ctx context.Context, d *delivery) {
	var group errgroup.Group
	group.SetLimit(p.options.Concurrency)
	index := 0
	var stopped time.Time
	for in := range p.options.Targets.All() {
		if ctx.Err() != nil {
			if stopped.IsZero() {
				stopped = time.Now()
			}
			if time.Since(stopped) > goodbye {
				break
			}
		}
		d.room <- struct{}{}
		at := index
		group.Go(func() error {
			d.results <- hostResult{at, p.scanInput(ctx, in)}
			return nil
		})
		index++
	}
	_ = group.Wait() // nothing above returns an error
	d.fed = index
}

// delivery writes results in the order of the inputs, from one goroutine.
type delivery struct {
	plan    *Plan
	outer   context.Context
	cancel  context.CancelFunc
	before  int64
	room    chan struct{}
	results chan hostResult
	fed     int // inputs that gave a result; set before results is closed

	waiting  map[int]hostResult
	next     int
	finished int
	findings int
	errs     []error
	summary  Summary
}

func newDelivery(outer context.Context, p *Plan, cancel context.CancelFunc, before int64) *delivery {
	return &delivery{
		plan: p, outer: outer, cancel: cancel, before: before,
		room: make(chan struct{}, p.window()), results: make(chan hostResult), waiting: map[int]hostResult{},
		summary: Summary{Severities: map[string]int{}, Statuses: map[Status]int{}, AboveSafety: len(p.aboveSafety), Complete: true},
	}
}

// collect takes results until the feeder is done.
func (d *delivery) collect() {
	const tick = 250 * time.Millisecond
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case r, ok := <-d.results:
			if !ok {
				return
			}
			d.finished++
			d.waiting[r.index] = r
			d.deliver()
		case <-ticker.C:
		}
		d.progress()
	}
}

func (d *delivery) deliver() {
	for {
		r, ok := d.waiting[d.next]
		if !ok {
			return
		}
		delete(d.waiting, d.next)
		d.next++
		<-d.room
		for _, t := range r.targets {
			d.write(t)
		}
	}
}

func (d *delivery) write(t targetResult) {
	d.summary.Targets++
	d.summary.Suppressed += t.suppressed
	d.summary.Planned += t.tally.planned
	d.summary.Answered += t.tally.answered
	d.summary.Unneeded += t.tally.unneeded
	if t.leads != "" && len(d.summary.Redirected) < maxRedirected {
		d.summary.Redirected = append(d.summary.Redirected, Redirected{t.target, t.leads})
	}
	findings := t.findings
	for _, end := range t.ends {
		sig := d.plan.steps[end.step].signature
		for len(findings) > 0 && findings[0].Signature == sig {
			f := findings[0]
			findings = findings[1:]
			d.findings++
			d.summary.Severities[string(f.Severity)]++
			d.sinks(func(s Sink) error { return s.Finding(f) })
		}
		d.summary.Statuses[end.stop.Status]++
		d.summary.Complete = d.summary.Complete && end.stop.Status.Complete()
		o := Outcome{
			Signature: sig.ID, Target: t.target, Status: end.stop.Status, Reason: end.stop.Reason,
			Requests: int(end.requests), Took: end.took,
		}
		d.sinks(func(s Sink) error { return s.Outcome(o) })
	}
}

func (d *delivery) progress() {
	pr := Progress{
		TargetsDone: d.finished, TargetsTotal: d.plan.options.Targets.Len(),
		Requests: d.plan.options.Client.Requests() - d.before, Findings: d.findings,
	}
	d.sinks(func(s Sink) error { return s.Progress(pr) })
}

// sinks calls every sink. The first error ends the scan: results that nobody keeps are not worth their packets.
func (d *delivery) sinks(call func(Sink) error) {
	if len(d.errs) > 0 {
		return
	}
	for _, s := range d.plan.options.Sinks {
		if err := call(s); err != nil {
			d.fail(fmt.Errorf("writing results: %w", err))
		}
	}
}

func (d *delivery) fail(err error) {
	d.errs = append(d.errs, err)
	d.cancel()
}

// finish closes every sink, also those that had an error: a file must be closed.
func (d *delivery) finish() {
	s := &d.summary
	s.Requests = d.plan.options.Client.Requests() - d.before
	s.Interrupted = d.outer.Err() != nil
	s.NotStarted = d.plan.options.Targets.Len() - d.fed
	s.Complete = s.Complete && s.NotStarted == 0 && !s.Interrupted && len(d.errs) == 0
	for _, sink := range d.plan.options.Sinks {
		if err := sink.Close(*s); err != nil {
			d.errs = append(d.errs, fmt.Errorf("writing results: %w", err))
		}
	}
}

// severityOf is the severity of a hit: its variant's, or the signature's own.
func severityOf(s *signature.Signature, variant string) signature.Severity {
	severity := s.Info.Severity
	if v, ok := s.Variants[variant]; ok && v.Severity != "" {
		severity = v.Severity
	}
	if severity == "" {
		return signature.SeverityUnknown
	}
	return severity
}
