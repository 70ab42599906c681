package engine

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// outlet is a sink and what is known of it. The sink is called from a goroutine of its own, for it may hang: a report that
// is written to a program that does not read it. While the scan goes on the scan waits for it, as any program in a pipe does.
type outlet struct {
	sink   scanner.Sink
	report bool // it keeps results
	failed bool
	hung   bool // it is still in its last call

	calls   chan func() error
	results chan error
}

// sinkPatience is how long a sink may take for a call after ctx has ended: with grace and goodbye it is less than the two
// seconds within which a signal must end a scan.
const sinkPatience = 300 * time.Millisecond

var errHung = message.Errorf("the results are not taken")

func newOutlet(s scanner.Sink, report bool) *outlet {
	o := &outlet{report: report, sink: s, calls: make(chan func() error), results: make(chan error, 1)}
	var group errgroup.Group
	group.Go(func() error {
		for call := range o.calls {
			o.results <- call()
		}
		return nil
	})
	return o
}

// call calls the sink and gives its error, or errHung when ctx has ended and the sink does not come back.
func (o *outlet) call(ctx context.Context, do func(scanner.Sink) error) error {
	o.calls <- func() error { return do(o.sink) }
	select {
	case err := <-o.results:
		return err
	case <-ctx.Done():
	}
	timer := time.NewTimer(sinkPatience)
	defer timer.Stop()
	select {
	case err := <-o.results:
		return err
	case <-timer.C:
		o.hung = true
		return errHung
	}
}

// close closes the sink, also one that has had an error, but not one that hangs.
func (o *outlet) close(ctx context.Context, s scanner.Summary) error {
	defer close(o.calls)
	if o.hung {
		return errHung
	}
	return o.call(ctx, func(sink scanner.Sink) error { return sink.Close(s) })
}
