package engine

import (
	"context"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

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
	summary  scanner.Summary
}

func newDelivery(outer context.Context, p *Plan, cancel context.CancelFunc, before int64) *delivery {
	return &delivery{
		plan: p, outer: outer, cancel: cancel, before: before,
		room: make(chan struct{}, p.window()), results: make(chan hostResult), waiting: map[int]hostResult{},
		summary: scanner.Summary{Severities: map[string]int{}, Statuses: map[scanner.Status]int{}, AboveSafety: len(p.aboveSafety), Complete: true},
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
		d.summary.Redirected = append(d.summary.Redirected, scanner.Redirected{Target: t.target, To: t.leads})
	}
	findings := t.findings
	for _, end := range t.outcomes {
		sig := d.plan.steps[end.step].signature
		for len(findings) > 0 && findings[0].Signature == sig {
			f := findings[0]
			findings = findings[1:]
			d.findings++
			d.summary.Severities[string(f.Severity)]++
			d.sinks(func(s scanner.Sink) error { return s.Finding(f) })
		}
		d.summary.Statuses[end.end.Status]++
		d.summary.Complete = d.summary.Complete && end.end.Status.Complete()
		o := scanner.Outcome{
			Signature: sig.ID, Target: t.target, Status: end.end.Status, Reason: end.end.Reason,
			Requests: int(end.requests), Took: end.took,
		}
		d.sinks(func(s scanner.Sink) error { return s.Outcome(o) })
	}
}

func (d *delivery) progress() {
	pr := scanner.Progress{
		TargetsDone: d.finished, TargetsTotal: d.plan.options.Targets.Len(),
		Requests: d.plan.options.Client.Requests() - d.before, Findings: d.findings,
	}
	d.sinks(func(s scanner.Sink) error { return s.Progress(pr) })
}

// sinks calls every sink. The first error ends the scan: results that nobody keeps are not worth their packets.
func (d *delivery) sinks(call func(scanner.Sink) error) {
	if len(d.errs) > 0 {
		return
	}
	for _, s := range d.plan.options.Sinks {
		if err := call(s); err != nil {
			d.fail(message.Errorf("writing results: %w", err))
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
			d.errs = append(d.errs, message.Errorf("writing results: %w", err))
		}
	}
}

// maxRedirected is how many are kept for the summary.
const maxRedirected = 20
