package web

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// patience is the longest wait that a host may ask for.
const patience = 30 * time.Second

// How a host that refuses requests because it gets too many is asked more slowly.
const (
	slowest  = rate.Limit(0.5) // requests a second; a lower rate of the user's holds
	recovery = time.Minute     // in which the rate comes back from nothing to what the user allows
	maxVain  = 5               // requests refused in all their tries, after which slowing down is seen to be of no use
)

// hostState is what the limiter knows about one host:port.
type hostState struct {
	full   rate.Limit    // requests a second that the user allows; 0 means no limit
	atOnce int           // requests that may leave at once after a while without any
	tokens *rate.Limiter // nil without a limit
	slots  *slots        // for requests in flight
	burst  chan struct{} // held by the one burst that is gathering slots
	http1  atomic.Bool   // it does not want HTTP/2
	public atomic.Bool   // it was at a public address, so a name that now leads to a private one is an attack (DNS rebinding)

	users int // requests and bursts that hold it; under limiter.mu

	mu        sync.Mutex
	notBefore time.Time  // the host asked to be left alone until then
	slowed    time.Time  // when it was last slowed down for; zero for never
	slow      rate.Limit // the rate at that time
	vain      int        // requests that were refused in all their tries
}

func newHostState(o Options) *hostState {
	h := &hostState{slots: newSlots(o.InFlight), burst: make(chan struct{}, 1)}
	if o.Rate > 0 {
		h.full, h.atOnce = rate.Limit(o.Rate), max(1, min(o.InFlight, int(o.Rate)))
		h.tokens = rate.NewLimiter(h.full, h.atOnce)
	}
	return h
}

// wait takes a slot and a token.
func (h *hostState) wait(ctx context.Context) error {
	if err := h.slots.take(ctx); err != nil {
		return err
	}
	return h.paced(ctx)
}

// paced waits for a token, with a slot taken.
func (h *hostState) paced(ctx context.Context) error {
	err := h.pace(ctx)
	if err != nil {
		h.slots.free()
	}
	return err
}

// pace waits for a token, and for as long as the host asked.
func (h *hostState) pace(ctx context.Context) error {
	for {
		if err := sleep(ctx, h.adjust()); err != nil || h.tokens == nil {
			return err
		}
		h.adjust() // the pause may have been long
		token := h.tokens.Reserve()
		if err := sleep(ctx, token.Delay()); err != nil {
			token.Cancel()
			return err
		}
		if h.adjust() <= 0 { // else the host asked for a pause in the meantime
			return nil
		}
	}
}

// adjust sets the rate of tokens to what it is now, and says how long the host wants to be left alone. While a host is
// asked more slowly, its requests leave one by one.
func (h *hostState) adjust() (pause time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if h.tokens != nil {
		if limit := h.rate(now); limit != h.tokens.Limit() {
			h.tokens.SetLimitAt(now, limit)
			h.tokens.SetBurstAt(now, h.atOnce)
			if limit < h.full {
				h.tokens.SetBurstAt(now, 1)
			}
		}
	}
	return h.notBefore.Sub(now)
}

// rate is how many requests a second the host gets now: from what it was slowed down to, up to what the user allows.
func (h *hostState) rate(now time.Time) rate.Limit {
	if h.slowed.IsZero() {
		return h.full
	}
	from := h.slowed
	if h.notBefore.After(from) {
		from = h.notBefore
	}
	return min(h.full, h.slow+h.full*rate.Limit(max(0, now.Sub(from)).Seconds()/recovery.Seconds()))
}

// backOff takes note that the host refused a request, sent at that time, because it gets too many: nothing is sent for as
// long as it wants, and the rate is halved once a burst: refusals of requests that left before the last time count no more.
func (h *hostState) backOff(sent time.Time, wait time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	if sent.After(h.slowed) {
		h.slow = max(h.rate(now)/2, slowest)
		h.slowed = now
	}
	if until := now.Add(wait); until.After(h.notBefore) {
		h.notBefore = until
	}
}

// refusedInVain takes note that slowing down did not help a request.
func (h *hostState) refusedInVain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.vain++
}

// inVain reports whether slowing down was seen not to help.
func (h *hostState) inVain() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.vain >= maxVain
}

// idle reports whether nothing is lost when the host is forgotten.
func (h *hostState) idle(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.users == 0 && !h.notBefore.After(now) && h.rate(now) == h.full && h.slots.idle(now)
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
