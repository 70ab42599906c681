package engine

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// outOfTime ends what a host's time limit leaves undone. It is the cause of the context that ends then.
var outOfTime = scanner.End(scanner.StatusFailed, "not done within the host's time limit")

// outOfScanTime ends what the scan's time limit leaves undone.
var outOfScanTime = scanner.End(scanner.StatusFailed, "not done within the time limit of the scan")

func isOutOfScanTime(reason message.Message) bool {
	return reason.Format == outOfScanTime.Reason.Format
}

// timed is ctx for the whole scan: it ends with the scan's time limit, too.
func (p *Plan) timed(ctx context.Context) (context.Context, context.CancelFunc) {
	if p.options.MaxTime <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, p.options.MaxTime, outOfScanTime)
}

// limited is ctx for one input: it ends with the host's time limit, too.
func (p *Plan) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	if p.options.HostTimeout <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, p.options.HostTimeout, outOfTime)
}

// cutShort is how everything ends that was not done when ctx ended.
func cutShort(ctx context.Context) *scanner.StatusError {
	var end *scanner.StatusError
	if errors.As(context.Cause(ctx), &end) {
		return end
	}
	return interrupted
}

// within does work, and gives up on it when it goes on for long after ctx has ended: a check may be deep in a computation
// that looks at no context. Work that was given up must not write to anything that others still read.
func within[T any](ctx context.Context, work func() T) (result T, ok bool) {
	if ctx.Err() != nil {
		return result, false
	}
	done := make(chan T, 1)
	var group errgroup.Group
	group.Go(func() error {
		done <- work()
		return nil
	})
	select {
	case result = <-done:
		return result, true
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case result = <-done:
		return result, true
	case <-timer.C:
		return result, false
	}
}
