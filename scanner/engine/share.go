package engine

import (
	"context"
	"errors"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/target"
)

// A scan may be shared by several processes, each with the same plan: each input is looked at by one of them, which tells a
// journal all about it, and whoever has all journals tells the reports.

// AtOnce is how many inputs a process should have under way: those that are scanned, and those that are looked for meanwhile.
func (p *Plan) AtOnce() int { return p.options.Concurrency + p.ahead() }

// errNotWhole means that an input did not come to its end.
var errNotWhole = message.Errorf("the scan of this input was stopped")

// Look scans one input and tells the journal all about it. There is an error, and no checkpoint, when it did not come to its end.
func (p *Plan) Look(ctx context.Context, index int, in target.Input, to Journal) error {
	p.shared.Store(true)
	r := p.result(ctx, index, in)
	whole, err := p.write(r, to)
	if err == nil && (!whole || ctx.Err() != nil) {
		err = errNotWhole
	}
	if err != nil {
		return err
	}
	return to.Checkpoint(r.checkpoint())
}

// Give tells the journal that an input ended without having been looked at.
func (p *Plan) Give(index int, in target.Input, end *scanner.StatusError, to Journal) error {
	r := p.unseen(context.Background(), index, in, end)
	_, err := p.write(r, to)
	return errors.Join(err, to.Checkpoint(r.checkpoint()))
}

// unseen is all about an input that ended without having been looked at.
func (p *Plan) unseen(ctx context.Context, index int, in target.Input, end *scanner.StatusError) hostResult {
	endpoints := p.endpoints(in)
	if o, ok := p.portEndpoint(in); ok {
		endpoints = append(endpoints, o)
	}
	var results []targetResult
	for _, o := range endpoints {
		s := p.newSite(o, o.candidates[0])
		if !p.options.Targets.Named(in, s.target.URL) {
			results = append(results, p.scanSite(ctx, s, o, end)) // which asks for nothing
		}
	}
	return about(index, in, results)
}

// Ending is how a scan ends that was shared.
type Ending struct {
	Missing   *scanner.StatusError // of inputs that the journal lacks; nil when the scan was stopped
	OutOfTime bool                 // by its own time limit
	Asked     []string             // addresses that sent the requests
}

// missing is how inputs end that the journal lacks.
func (e Ending) missing() *scanner.StatusError {
	switch {
	case e.Missing != nil:
		return e.Missing
	case e.OutOfTime:
		return outOfScanTime
	}
	return interrupted
}

// Report tells the reports all that the earlier scan has, in the order of the inputs, and how those that it lacks ended. ctx must
// not have ended.
func (p *Plan) Report(ctx context.Context, e Ending, reports ...scanner.Sink) (scanner.Summary, error) {
	d := newDelivery(ctx, p, func() {}, append(append([]scanner.Sink(nil), p.options.Sinks...), reports...))
	d.tell(func(s scanner.Sink) error { return s.Start(p.Start(p.earlier.Started())) })
	begun, index, missed := time.Now(), 0, false
	for in := range p.options.Targets.All() {
		at := index
		index++
		has := p.earlier.Has(at)
		missed = missed || !has
		switch {
		case has:
			d.repeat(at)
		case e.Missing == nil && time.Since(begun) > goodbye:
			continue // there is no time left to tell of it
		default:
			r := p.unseen(ctx, at, in, e.missing())
			d.count(r.checkpoint())
			_, _ = p.write(r, told{delivery: d}) // it keeps the errors itself
		}
		d.fed++
		if d.nobodyReports() {
			break
		}
	}
	d.stopped = e.Missing == nil && !e.OutOfTime && missed
	d.summary.Took, d.summary.Asked = p.earlier.Took(), e.Asked
	err := d.finish()
	return d.summary, err
}
