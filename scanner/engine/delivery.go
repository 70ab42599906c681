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
	before  int64 // requests of the client that are not of this scan
	begun   time.Time
	since   time.Time // when the scan would have begun if it had never been interrupted
	room    chan struct{}
	results chan hostResult
	fed     int  // inputs that gave a result; set before results is closed
	stopped bool // the scan is over before all inputs gave one
	outlets []*outlet
	journal *outlet // nil without one
	errs    []error

	waiting  map[int]hostResult
	next     int // inputs before this one are not waited for
	finished int
	findings int
	summary  scanner.Summary

	repeating bool // what is told now is in the journal already
}

// orderPatience is how long a finished input waits for those named before it.
const orderPatience = 30 * time.Second

func newDelivery(outer context.Context, p *Plan, cancel context.CancelFunc, reports []scanner.Sink) *delivery {
	d := &delivery{
		plan: p, outer: outer, cancel: cancel, before: p.options.Client.Requests(), begun: time.Now(), since: time.Now(),
		room: make(chan struct{}, p.window()), results: make(chan hostResult), waiting: map[int]hostResult{},
		summary: scanner.Summary{Severities: map[string]int{}, Confirmed: map[string]int{}, Statuses: map[scanner.Status]int{}, AboveSafety: len(p.aboveSafety), Complete: true},
	}
	for _, s := range p.options.Watchers {
		d.outlets = append(d.outlets, newOutlet(s, false)) // a progress bar takes its line away before a report writes
	}
	for _, s := range reports {
		d.outlets = append(d.outlets, newOutlet(s, true))
	}
	if p.journal != nil {
		d.journal = newOutlet(p.journal, false)
		d.outlets = append(d.outlets, d.journal)
	}
	if p.earlier != nil {
		d.before -= p.earlier.Requests()
		d.since = d.since.Add(-p.earlier.Took())
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
	switch {
	case d.nobodyReports():
		return
	case r.earlier:
		d.repeat(r.index)
		return
	}
	c := r.checkpoint()
	d.count(c)
	whole, _ := d.plan.write(r, told{delivery: d}) // it keeps the errors itself
	if whole && !d.nobodyReports() {
		d.checkpoint(c)
	}
}

// count, target, finding and outcome tell of what there is, and count what some report took: the summary must agree with
// what was written.
func (d *delivery) count(c scanner.Checkpoint) {
	d.summary.Targets += c.Targets
	d.summary.Suppressed += c.Suppressed
	d.summary.Planned += c.Planned
	d.summary.Answered += c.Answered
	d.summary.Unneeded += c.Unneeded
}

func (d *delivery) target(t scanner.TargetInfo) {
	if t.Leads != "" && len(d.summary.Redirected) < maxRedirected {
		d.summary.Redirected = append(d.summary.Redirected, scanner.Redirected{Target: t.Target, To: t.Leads})
	}
	d.tell(func(s scanner.Sink) error { return s.Target(t) })
}

func (d *delivery) finding(f scanner.Finding) {
	if !d.tell(func(s scanner.Sink) error { return s.Finding(f) }) {
		return
	}
	d.findings++
	d.summary.Severities[string(f.Severity)]++
	if f.Hit.Certainty != scanner.Possible {
		d.summary.Confirmed[string(f.Severity)]++
	}
}

func (d *delivery) outcome(o scanner.Outcome) {
	d.summary.OutOfTime = d.summary.OutOfTime || isOutOfScanTime(o.Reason)
	if d.tell(func(s scanner.Sink) error { return s.Outcome(o) }) {
		d.summary.Statuses[o.Status]++
		d.summary.Complete = d.summary.Complete && !o.Status.Gap()
	}
}

func (d *delivery) progress() {
	pr := scanner.Progress{
		TargetsDone: d.finished, TargetsTotal: d.plan.options.Targets.Len(),
		Requests: d.plan.options.Client.Requests() - d.before, Findings: d.findings,
		Took: time.Since(d.since), Left: d.left(),
	}
	d.tell(func(s scanner.Sink) error { return s.Progress(pr) })
}

// left is how long the scan will still take.
func (d *delivery) left() time.Duration {
	left := d.plan.forecast.left(d.plan.options.Targets.Len() - d.finished)
	if limit := d.plan.options.MaxTime; limit > 0 {
		left = min(left, max(0, limit-time.Since(d.begun)))
	}
	return left
}

// tell calls every sink that has not failed. One that fails is told no more, and the others go on. It reports whether there
// is still a report to write to; when there is none the scan ends, for results that nobody keeps are not worth their
// packets.
func (d *delivery) tell(call func(scanner.Sink) error) bool {
	for _, o := range d.outlets {
		if o != d.journal || !d.repeating {
			d.tellOne(o, call)
		}
	}
	if d.nobodyReports() {
		d.cancel()
		return false
	}
	return true
}

func (d *delivery) tellOne(o *outlet, call func(scanner.Sink) error) {
	if o.failed {
		return
	}
	if err := o.call(d.outer, call); err != nil {
		o.failed = true
		d.errs = append(d.errs, message.Errorf("writing results: %w", err))
	}
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
	s.Interrupted = d.stopped || d.outer.Err() != nil
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
