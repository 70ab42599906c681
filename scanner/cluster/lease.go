package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// hold is a worker's lease on one group.
type hold struct {
	w     *Worker
	group string
	name  string // random; with the worker's key it says whose tenure this is
	ctx   context.Context
	lose  context.CancelFunc

	mu   sync.Mutex
	rev  uint64    // of our latest record that was confirmed
	sent time.Time // when that record was sent off
}

var errHeld = errors.New("another holds it")

// takeLease takes the lease on a group that nobody holds.
func (w *Worker) takeLease(ctx context.Context, group string) (*hold, error) {
	var rev uint64
	e, err := w.leases.Get(ctx, group)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound) && !errors.Is(err, jetstream.ErrKeyDeleted):
	case err != nil:
		return nil, err
	default:
		l, err := open(leaseSubject(group), e.Value())
		if err != nil || l.Op != opBack && l.Op != opFail && l.Op != opFree {
			return nil, errHeld
		}
		rev = e.Revision()
	}
	h := &hold{w: w, group: group, name: rand.Text(), rev: rev}
	if err := h.put(ctx, opTake); err != nil {
		return nil, err
	}
	return h, nil
}

// put writes the next record of the lease; it is refused when another wrote one since ours.
func (h *hold) put(ctx context.Context, op string) error {
	prev, sent := h.revision(), time.Now() // before it is sent: the coordinator's time begins later
	data, err := seal(h.w.key, leaseSubject(h.group), head{Pass: *h.w.pass.Load(), Op: op, Lease: h.name, Prev: prev}, nil)
	if err != nil {
		return err
	}
	rev, err := h.w.leases.Update(ctx, h.group, data, prev)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rev, h.sent = rev, sent
	return nil
}

func (h *hold) revision() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.rev
}

// left is for how long the lease may still be relied on: two thirds of its time after the last renewal that was confirmed.
// The clock that only runs forward stands still while a machine sleeps, the other does not; the one that says less counts.
func (h *hold) left() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	return h.w.lease*2/3 - max(now.Sub(h.sent), now.Round(0).Sub(h.sent.Round(0)))
}

// Valid implements Lease.
func (h *hold) Valid() bool { return h.ctx.Err() == nil && h.left() > 0 }

// Context implements Lease.
func (h *hold) Context() context.Context { return h.ctx }

// keep renews the lease until ctx ends; when it is lost it ends the lease's own context.
func (h *hold) keep(ctx context.Context) {
	defer h.lose()
	for {
		// A renewal that fails is tried again at once; three are possible before the lease is lost.
		if pause(ctx, min(h.w.lease/5, h.left())) != nil {
			return
		}
		for {
			left := h.left()
			if left <= 0 {
				return
			}
			within, cancel := context.WithTimeout(ctx, min(left, max(h.w.lease/5, 100*time.Millisecond)))
			err := h.put(within, opRenew)
			if errors.Is(err, jetstream.ErrKeyRevisionMismatch) && !h.adopt(within) {
				cancel()
				return
			}
			cancel()
			if err == nil {
				break
			}
			if pause(ctx, min(h.left(), h.w.lease/50)) != nil {
				return
			}
		}
	}
}

// adopt takes over the revision of a renewal of ours that was written although its answer was lost. It reports false when the
// latest record is not ours.
func (h *hold) adopt(ctx context.Context) bool {
	e, err := h.w.leases.Get(ctx, h.group)
	if err != nil {
		return !errors.Is(err, jetstream.ErrKeyNotFound) // no answer: another look follows
	}
	l, err := open(leaseSubject(h.group), e.Value())
	if err != nil || l.From != h.w.id || l.Lease != h.name || l.Op != opRenew {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.rev = e.Revision()
	return true
}

// giveBack ends the lease so that another can have the group at once.
func (h *hold) giveBack(ctx context.Context, op string) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	err := h.put(ctx, op)
	if errors.Is(err, jetstream.ErrKeyRevisionMismatch) && h.adopt(ctx) {
		_ = h.put(ctx, op) // else it runs out
	}
}
