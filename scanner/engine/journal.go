package engine

import (
	"errors"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// Journal keeps results so that a scan that is killed can be finished: after all about one input it gets a checkpoint,
// unless the scan was stopped before that input had ended. Results that it holds already are not told again.
type Journal interface {
	scanner.Sink
	Checkpoint(c scanner.Checkpoint) error
}

// Earlier is what an interrupted scan of the same inputs left.
type Earlier interface {
	// Has reports whether all about an input is there.
	Has(input int) bool
	// Repeat tells what is there about an input.
	Repeat(input int, to scanner.Sink) (scanner.Checkpoint, error)
	// Started is when the scan began.
	Started() time.Time
	// Took is how long it ran.
	Took() time.Duration
	// Requests is how many it sent.
	Requests() int64
}

// Resumable makes the scan one that can be finished when it is killed, and one that goes on where an earlier one ended.
// Either may be nil.
func (p *Plan) Resumable(journal Journal, earlier Earlier) { p.journal, p.earlier = journal, earlier }

// checkpoint tells the journal that all about an input is written.
func (d *delivery) checkpoint(c scanner.Checkpoint) {
	if d.journal == nil {
		return
	}
	c.Requests = d.plan.options.Client.Requests() - d.before
	c.Seconds = time.Since(d.since).Seconds()
	d.tellOne(d.journal, func(scanner.Sink) error { return d.plan.journal.Checkpoint(c) })
}

// repeat tells the reports what the journal has about an input.
func (d *delivery) repeat(input int) {
	d.repeating = true
	defer func() { d.repeating = false }()
	m := &moves{plan: d.plan, to: told{delivery: d}}
	c, err := d.plan.earlier.Repeat(input, m)
	m.end()
	if err != nil {
		d.errs = append(d.errs, message.Errorf("reading the journal: %w", err))
		d.summary.Complete = false
		d.cancel()
		return
	}
	d.count(c)
}

// told is a delivery as a sink.
type told struct {
	scanner.Discard
	delivery *delivery
}

func (t told) Target(info scanner.TargetInfo) error {
	t.delivery.target(info)
	return nil
}

func (t told) Finding(f scanner.Finding) error {
	t.delivery.finding(f)
	return nil
}

func (t told) Outcome(o scanner.Outcome) error {
	t.delivery.outcome(o)
	return nil
}

// records takes what there is about an input.
type records interface {
	Target(scanner.TargetInfo) error
	Finding(scanner.Finding) error
	Outcome(scanner.Outcome) error
}

// checkpoint counts what there is about an input.
func (r hostResult) checkpoint() scanner.Checkpoint {
	c := scanner.Checkpoint{Input: r.index, Targets: len(r.targets)}
	for _, t := range r.targets {
		c.Suppressed += t.suppressed
		c.Planned += t.tally.planned
		c.Answered += t.tally.answered
		c.Unneeded += t.tally.unneeded
	}
	return c
}

// write tells all about an input. It reports whether every signature came to its end there.
func (p *Plan) write(r hostResult, to records) (whole bool, err error) {
	whole = true
	for _, t := range r.targets {
		err = errors.Join(err, to.Target(t.info))
		findings := t.findings
		for _, end := range t.outcomes {
			st := p.steps[end.step]
			sig := st.signature
			for len(findings) > 0 && findings[0].Signature == sig {
				f := findings[0]
				findings = findings[1:]
				if p.wanted(st, f) {
					err = errors.Join(err, to.Finding(f))
				}
			}
			if st.helper {
				continue
			}
			if isOutOfScanTime(end.end.Reason) || end.end.Status == scanner.StatusInterrupted {
				whole = false
			}
			err = errors.Join(err, to.Outcome(scanner.Outcome{
				Signature: sig.ID, Target: t.info.Target, Status: end.end.Status, Reason: end.end.Reason,
				Requests: int(end.requests), Took: end.took,
			}))
		}
	}
	return whole, err
}
