package engine

import (
	"context"
	"sync/atomic"

	"sotomi/scanner/web"
)

// bulk keeps a site whose answers are nearly all large from filling the memory: fewer of its steps run at once, so fewer of
// its answers wait to be judged. No other site notices.
type bulk struct {
	answers, large atomic.Int32
	turns          chan struct{} // of steps, once the site is heavy
}

const (
	largeAnswer = 256 << 10 // bytes
	fewLarge    = 2         // that a plain site may have, with its films and scripts
	heavySteps  = 2
)

func newBulk() bulk { return bulk{turns: make(chan struct{}, heavySteps)} }

func (b *bulk) add(ex *web.Exchange) {
	b.answers.Add(1)
	if len(ex.Body) >= largeAnswer {
		b.large.Add(1)
	}
}

func (b *bulk) heavy() bool {
	large := b.large.Load()
	return large > fewLarge && 2*large > b.answers.Load()
}

// turn waits until a step may run, false when ctx ends first; done must be called.
func (b *bulk) turn(ctx context.Context) (done func(), ok bool) {
	if !b.heavy() {
		return func() {}, true
	}
	select {
	case b.turns <- struct{}{}:
		return func() { <-b.turns }, true
	case <-ctx.Done():
		return nil, false
	}
}
