package engine

import (
	"context"
	"time"

	"sotomi/scanner/web"
)

// stepClock gives the steps of one worker a context each that ends with the parent, or when a step takes too long. Steps
// that end in time, as nearly all do, share one.
type stepClock struct {
	limit time.Duration

	ctx    context.Context // nil when the next step needs a new one
	cancel context.CancelFunc
	timer  *time.Timer
}

// start begins a step; the parent is the same for all of them.
func (c *stepClock) start(parent context.Context) context.Context {
	if c.ctx == nil {
		ctx, cancel := context.WithCancel(parent)
		c.ctx, c.cancel = web.InSeries(ctx), cancel
		c.timer = time.AfterFunc(c.limit, c.cancel)
	} else {
		c.timer.Reset(c.limit)
	}
	return c.ctx
}

// stop ends it.
func (c *stepClock) stop() {
	if !c.timer.Stop() {
		c.end() // its time was up
	}
}

// end frees what the clock holds.
func (c *stepClock) end() {
	if c.ctx != nil {
		c.timer.Stop()
		c.cancel()
		c.ctx = nil
	}
}
