package engine

import (
	"context"
	"errors"
	"time"

	"sotomi/scanner"

	"golang.org/x/sync/errgroup"
)

// goodbye is how long an interrupted scan goes on writing outcomes for inputs that it never looked at.
const goodbye = time.Second

// Run scans every target with every signature and returns when all outcomes are delivered. When ctx ends, what has not
// ended is interrupted. The error is that of a sink; what goes wrong with a target is an Outcome.
func Run(ctx context.Context, o Options) (scanner.Summary, error) {
	p, err := NewPlan(o)
	if err != nil {
		return scanner.Summary{}, err
	}
	return p.Run(ctx)
}

// Run scans as planned; see the function Run.
func (p *Plan) Run(ctx context.Context) (scanner.Summary, error) {
	started := time.Now()
	before := p.options.Client.Requests()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	d := newDelivery(ctx, p, cancel, before)
	d.sinks(func(s scanner.Sink) error { return s.Start(p.start(started)) })

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

func (p *Plan) start(t time.Time) scanner.Start {
	return scanner.Start{
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
	findings   []scanner.Finding // by step
	outcomes   []stepOutcome     // by step
	suppressed int
	tally      tally
	leads      string // where the site's own page sends visitors; "" when that is a target too, or nowhere
}

// stepEnd is an Outcome without what its place tells.
type stepOutcome struct {
	step     int32
	requests int32
	took     time.Duration
	end      *scanner.StatusError
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
