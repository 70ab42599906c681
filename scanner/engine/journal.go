package engine

import (
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
	c, err := d.plan.earlier.Repeat(input, repeated{delivery: d})
	if err != nil {
		d.errs = append(d.errs, message.Errorf("reading the journal: %w", err))
		d.summary.Complete = false
		d.cancel()
		return
	}
	d.count(c)
}

// repeated is a delivery as a sink.
type repeated struct {
	scanner.Discard
	delivery *delivery
}

func (r repeated) Target(t scanner.TargetInfo) error {
	r.delivery.target(t)
	return nil
}

func (r repeated) Finding(f scanner.Finding) error {
	r.delivery.finding(f)
	return nil
}

func (r repeated) Outcome(o scanner.Outcome) error {
	r.delivery.outcome(o)
	return nil
}
