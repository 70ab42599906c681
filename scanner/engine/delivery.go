package engine

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// delivery hands results to the sinks, from one goroutine. Inputs are delivered in their order as long as that keeps
// nothing back for long: when the window is full of results that wait for one slow input, or they have waited for
// orderPatience, they are delivered at once and the slow one when it ends.
type delivery struct {
	plan    *Plan
	outer   context.Context
	cancel  context.CancelFunc
	before  int64
	room    chan struct{}
	results chan hostResult
	fed     int // inputs that gave a result; set before results is closed
	outlets []*outlet
	errs    []error

	waiting  map[int]hostResult
	next     int // inputs before this one are not waited for
	finished int
	findings int
	summary  scanner.Summary
}

// orderPatience is how long a finished input waits for those named before it.
const orderPatience = 30 * time.Second

func newDelivery(outer context.Context, p *Plan, cancel context.CancelFunc, reports []scanner.Sink) *delivery {
	d := &delivery{
		plan: p, outer: outer, cancel: cancel, before: p.options.Client.Requests(),
		room: make(chan struct{}, p.window()), results: make(chan hostResult), waiting: map[int]hostResult{},
		summary: scanner.Summary{Severities: map[string]int{}, Confirmed: map[string]int{}, Statuses: map[scanner.Status]int{}, AboveSafety: len(p.aboveSafety), Complete: true},
	}
	for _, s := range p.options.Watchers {
		d.outlets = append(d.outlets, newOutlet(s, false)) // a progress bar takes its line away before a report writes
	}
	for _, s := range reports {
		d.outlets = append(d.outlets, newOutlet(s, true))
	}
	return d
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
			d.take(r)
		case <-ticker.C:
			d.hurry()
		}
		d.progress()
	}
}

// take writes a result, unless it is to wait for those before it.
func (d *delivery) take(r hostResult) {
	if r.index < d.next {
		d.deliver(r)
		return
	}
	r.at = time.Now()
	d.waiting[r.index] = r
	for next, ok := d.waiting[d.next]; ok; next, ok = d.waiting[d.next] {
		d.deliver(next)
	}
	if len(d.room) == cap(d.room) {
		d.deliverAll()
	}
}

// hurry writes what has waited for too long.
func (d *delivery) hurry() {
	late := len(d.room) == cap(d.room)
	for _, r := range d.waiting {
		late = late || time.Since(r.at) > orderPatience
	}
	if late {
		d.deliverAll()
	}
}

func (d *delivery) deliverAll() {
	for _, i := range slices.Sorted(maps.Keys(d.waiting)) {
		d.deliver(d.waiting[i])
	}
}

func (d *delivery) deliver(r hostResult) {
	delete(d.waiting, r.index)
	d.next = max(d.next, r.index+1)
	<-d.room
	for _, t := range r.targets {
		d.write(t)
	}
}

// write tells of one target, and counts what some report took: the summary must agree with what was written.
func (d *delivery) write(t targetResult) {
	if d.nobodyReports() {
		return
	}
	d.summary.Targets++
	d.summary.Suppressed += t.suppressed
	d.summary.Planned += t.tally.planned
	d.summary.Answered += t.tally.answered
	d.summary.Unneeded += t.tally.unneeded
	if t.info.Leads != "" && len(d.summary.Redirected) < maxRedirected {
		d.summary.Redirected = append(d.summary.Redirected, scanner.Redirected{Target: t.info.Target, To: t.info.Leads})
	}
	d.tell(func(s scanner.Sink) error { return s.Target(t.info) })
	findings := t.findings
	for _, end := range t.outcomes {
		st := d.plan.steps[end.step]
		sig := st.signature
		for len(findings) > 0 && findings[0].Signature == sig {
			f := findings[0]
			findings = findings[1:]
			if !d.plan.wanted(st, f) {
				continue
			}
			if d.tell(func(s scanner.Sink) error { return s.Finding(f) }) {
				d.findings++
				d.summary.Severities[string(f.Severity)]++
				if f.Hit.Certainty != scanner.Possible {
					d.summary.Confirmed[string(f.Severity)]++
				}
			}
		}
		if st.helper {
			continue
		}
		o := scanner.Outcome{
			Signature: sig.ID, Target: t.info.Target, Status: end.end.Status, Reason: end.end.Reason,
			Requests: int(end.requests), Took: end.took,
		}
		if d.tell(func(s scanner.Sink) error { return s.Outcome(o) }) {
			d.summary.Statuses[o.Status]++
			d.summary.Complete = d.summary.Complete && !o.Status.Gap()
		}
	}
}

func (d *delivery) progress() {
	pr := scanner.Progress{
		TargetsDone: d.finished, TargetsTotal: d.plan.options.Targets.Len(),
		Requests: d.plan.options.Client.Requests() - d.before, Findings: d.findings,
	}
	d.tell(func(s scanner.Sink) error { return s.Progress(pr) })
}

// tell calls every sink that has not failed. One that fails is told no more, and the others go on. It reports whether there
// is still a report to write to; when there is none the scan ends, for results that nobody keeps are not worth their
// packets.
func (d *delivery) tell(call func(scanner.Sink) error) bool {
	for _, o := range d.outlets {
		if o.failed {
			continue
		}
		if err := o.call(d.outer, call); err != nil {
			o.failed = true
			d.errs = append(d.errs, message.Errorf("writing results: %w", err))
		}
	}
	if d.nobodyReports() {
		d.cancel()
		return false
	}
	return true
}

// nobodyReports: there were reports, and all have failed.
func (d *delivery) nobodyReports() bool {
	reports, failed := 0, 0
	for _, o := range d.outlets {
		if o.report {
			reports++
			if o.failed {
				failed++
			}
		}
	}
	return reports > 0 && failed == reports
}

// finish closes every sink, also those that had an error: a file must be closed. The summary of such a sink is not
// complete.
func (d *delivery) finish() error {
	s := &d.summary
	s.Requests = d.plan.options.Client.Requests() - d.before
	s.Interrupted = d.outer.Err() != nil
	s.NotStarted = d.plan.options.Targets.Len() - d.fed
	s.Complete = s.Complete && s.NotStarted == 0 && !s.Interrupted && !d.nobodyReports()
	for _, o := range d.outlets {
		own := *s
		own.Complete = own.Complete && !o.failed
		if err := o.close(d.outer, own); err != nil && !o.failed {
			d.errs = append(d.errs, message.Errorf("writing results: %w", err))
		}
	}
	return errors.Join(d.errs...)
}

// maxRedirected is how many are kept for the summary.
const maxRedirected = 1000
