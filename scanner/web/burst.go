package web

import (
	"context"
	"sync/atomic"
	"time"

	"sotomi/scanner/message"

	"golang.org/x/sync/errgroup"
)

// BurstRequest is one request of a burst.
type BurstRequest struct {
	Session *Session
	Request *Request
	After   time.Duration // how much later than the start of the burst it leaves
}

// BurstAnswer is what came of a request: an Exchange, or a *Error.
type BurstAnswer struct {
	Exchange *Exchange
	Err      error
}

// InFlight is how many requests a burst may have.
func (s *Session) InFlight() int { return s.client.options.InFlight }

// Burst sends requests of several visitors of one client to one host at the same time. Their slots and tokens are all taken
// before the first of them leaves, so that neither the rate nor the cap on requests in flight pulls them apart; both still
// hold. The cap is the user's, also for a host that gets fewer requests at once because it does not bear them. Answers come in the order of the requests. The error says why nothing was sent: more requests than InFlight, or ctx
// ended.
func Burst(ctx context.Context, requests []BurstRequest) ([]BurstAnswer, error) {
	if len(requests) == 0 {
		return nil, nil
	}
	c, host := requests[0].Session.client, requests[0].Request.URL.Host
	if len(requests) > c.options.InFlight {
		return nil, message.Errorf("%d requests at once are more than the %d allowed in flight", len(requests), c.options.InFlight)
	}
	h := c.limiter.host(host)
	defer c.limiter.leave(h)
	if err := h.acquireAll(ctx, len(requests)); err != nil {
		return nil, &Error{Kind: KindCanceled, URL: requests[0].Request.URL.String(), Err: err}
	}
	answers := make([]BurstAnswer, len(requests))
	var group errgroup.Group
	for i, r := range requests {
		group.Go(func() error {
			p := &permit{host: h}
			defer p.release()
			if err := sleep(ctx, r.After); err != nil {
				answers[i].Err = &Error{Kind: KindCanceled, URL: r.Request.URL.String(), Err: err}
				return nil
			}
			ex, err := r.Session.Do(context.WithValue(ctx, permitKey{}, p), r.Request)
			answers[i] = BurstAnswer{ex, err}
			return nil
		})
	}
	_ = group.Wait() // each request keeps its own error
	return answers, nil
}

// permitKey finds a permit in the context of a request.
type permitKey struct{}

// permit is a slot and a token of a host that were taken beforehand, for one request.
type permit struct {
	host *hostState
	used atomic.Bool
}

// acquire reports whether the permit is for h and was not used yet; it is used then.
func (p *permit) acquire(h *hostState) bool {
	return p != nil && p.host == h && p.used.CompareAndSwap(false, true)
}

// release frees the slot of a permit that nobody used.
func (p *permit) release() {
	if p.used.CompareAndSwap(false, true) {
		p.host.slots.free()
	}
}

// acquireAll takes n slots and n tokens. Only one burst gathers slots at a time, or two could each wait for the other's.
func (h *hostState) acquireAll(ctx context.Context, n int) error {
	select {
	case h.burst <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-h.burst }()
	h.slots.gather(true)
	defer h.slots.gather(false)
	for taken := range n {
		err := h.slots.takeAny(ctx)
		if err == nil {
			err = h.paced(ctx)
		}
		if err != nil {
			for range taken {
				h.slots.free()
			}
			return err
		}
	}
	return nil
}
