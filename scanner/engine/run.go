package engine

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
	"sotomi/scanner/target"
)

// When ctx ends, a scan goes on for this long: first what is under way may come to its end, then outcomes are written for
// inputs that it never looked at. Together they are less than the two seconds within which a signal must end a scan.
const (
	grace   = 500 * time.Millisecond
	goodbye = 750 * time.Millisecond
)

// Run scans every target with every signature and returns when all outcomes are delivered. When ctx ends, what has not
// ended is interrupted. The error is that of sinks; what goes wrong with a target is an Outcome.
func Run(ctx context.Context, o Options) (scanner.Summary, error) {
	p, err := NewPlan(o)
	if err != nil {
		return scanner.Summary{}, err
	}
	return p.Run(ctx)
}

// Run scans as planned; see the function Run. reports are sinks beside those of the options.
func (p *Plan) Run(ctx context.Context, reports ...scanner.Sink) (scanner.Summary, error) {
	started := time.Now()
	if e := p.earlier; e != nil {
		started = e.Started()
	}
	inner, cancel := p.timed(ctx)
	defer cancel()
	d := newDelivery(ctx, p, cancel, slices.Concat(p.options.Sinks, reports))
	d.tell(func(s scanner.Sink) error { return s.Start(p.Start(started)) })

	var group errgroup.Group
	group.Go(func() error {
		defer close(d.results)
		p.feed(inner, d)
		return nil
	})
	d.collect()
	_ = group.Wait() // feed has no error of its own
	p.browsing.close()
	d.summary.Took = time.Since(d.since)
	err := d.finish()
	return d.summary, err
}

// Start is what is known of the scan before the first packet.
func (p *Plan) Start(t time.Time) scanner.Start {
	return scanner.Start{
		Version: p.options.Version, SignatureSet: p.options.SignatureSet, Time: t.UTC(),
		Targets: p.options.Targets.Args(), Signatures: p.selected(), AboveSafety: p.aboveSafety,
		Renamed: p.options.Renamed, Data: p.options.Data, Settings: p.options.Settings,
	}
}

// hostResult is all about one input, in the order in which it is written.
type hostResult struct {
	index   int       // of the input
	earlier bool      // the results are those of an earlier scan
	at      time.Time // when it was ready
	targets []targetResult
}

// targetResult is all about one target. Outcomes are kept small: many finished hosts may wait for a slow one named before
// them.
type targetResult struct {
	info       scanner.TargetInfo
	findings   []scanner.Finding // by step
	outcomes   []stepOutcome     // by step
	suppressed int
	tally      tally
}

// stepOutcome is an Outcome without the names of signature and target.
type stepOutcome struct {
	step     int32
	requests int32
	took     time.Duration
	end      *scanner.StatusError
}

// window is how many inputs may be under way or finished and not yet written: it bounds the memory of waiting results.
func (p *Plan) window() int {
	const budget = 16 << 20
	const each = 32 // bytes of a stepOutcome
	fit := budget / (each * max(1, len(p.steps)))
	return max(p.options.Concurrency+p.ahead()+1, min(fit, 4096))
}

// feed scans the inputs, Concurrency of them side by side, and looks for some more meanwhile.
func (p *Plan) feed(ctx context.Context, d *delivery) {
	var group errgroup.Group
	group.SetLimit(p.options.Concurrency + p.ahead())
	index := 0
	var ended time.Time // when the scan was found to be interrupted
	for in := range p.options.Targets.All() {
		if d.outer.Err() != nil { // nobody waits for a scan that is merely out of time
			if ended.IsZero() {
				ended = time.Now()
			}
			if time.Since(ended) > goodbye {
				break
			}
		}
		d.room <- struct{}{}
		at := index
		index++
		if p.earlier != nil && p.earlier.Has(at) {
			d.results <- hostResult{index: at, earlier: true}
			continue
		}
		group.Go(func() error {
			d.results <- p.result(ctx, at, in)
			return nil
		})
	}
	_ = group.Wait() // nothing above returns an error
	d.fed = index
}

// result scans an input.
func (p *Plan) result(ctx context.Context, index int, in target.Input) hostResult {
	return about(index, in, p.scanInput(ctx, in))
}

// about is all about an input.
func about(index int, in target.Input, targets []targetResult) hostResult {
	for i := range targets {
		targets[i].info.About = in.About
	}
	return hostResult{index: index, targets: targets}
}
