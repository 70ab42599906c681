package cluster

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
)

// intake judges what workers put into OUT, in order, and keeps what is good. A message is confirmed, and so gone from the
// stream, only when its chunk is kept.
func (r *round) intake(ctx context.Context) error {
	it, err := r.streams.keep.Messages(jetstream.PullMaxMessagesWithBytesLimit(256, 2*maxPayload))
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, it.Stop)
	defer stop()
	defer it.Stop()
	for {
		msg, err := it.Next()
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, jetstream.ErrMsgIteratorClosed) {
			return ended(ctx)
		}
		if err != nil {
			continue // of one pull: the next one follows
		}
		meta, err := msg.Metadata()
		if err != nil {
			continue
		}
		if err := r.take(ctx, msg, meta.Timestamp); err != nil {
			return err
		}
		_ = msg.Ack() // not confirmed: it comes again, and is known
		r.kept.reach(meta.Sequence.Stream)
	}
}

// take judges one message.
func (r *round) take(ctx context.Context, msg jetstream.Msg, at time.Time) error {
	name, number, ok := r.piece(msg.Subject())
	if !ok {
		r.refuse()
		return nil
	}
	l, err := open(msg.Subject(), msg.Data())
	if err != nil || !r.admitted(l) || len(l.body) > maxBody || !r.see(ctx, l.Rev) {
		if ctx.Err() == nil {
			r.refuse()
		}
		return ctx.Err()
	}
	r.calling.Lock()
	defer r.calling.Unlock()
	return r.judge(name, number, l, at)
}

// judge keeps a chunk, or ends a group. The caller holds calling.
func (r *round) judge(name string, number int, l letter, at time.Time) error {
	r.mu.Lock()
	g, t := r.groups[name], r.tenureOf(name, l, at)
	if g == nil || t == nil {
		if g != nil { // late chunks of a group that is done are no offence
			r.counts.Refused++
		}
		r.mu.Unlock()
		return nil
	}
	if number < 0 {
		defer r.mu.Unlock()
		r.endOf(name, l, t)
		return nil
	}
	if g.kept[number] {
		r.mu.Unlock()
		return nil
	}
	r.mu.Unlock()
	if err := r.job.Keep(Chunk{Group: name, Number: number, Body: l.body}); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	g.kept[number], g.deaths, t.grew = true, 0, true
	r.counts.Chunks++
	return nil
}

// endOf ends a group when all its chunks are kept. When some are missing its lease runs out at once, as after a worker that died.
// The caller holds mu.
func (r *round) endOf(name string, l letter, t *tenure) {
	g := r.groups[name]
	for n := range l.Count {
		if n >= maxChunks || !g.kept[n] {
			t.until = time.Now() // the worker holds it no longer
			return
		}
	}
	r.counts.Done++
	r.endGroup(name)
}

// tenureOf finds the tenure under which a letter was sent: by its worker, under its lease, and not after that had ended. The
// caller holds mu.
func (r *round) tenureOf(name string, l letter, at time.Time) *tenure {
	s := r.ledger[name]
	if s == nil {
		return nil
	}
	if h := s.holder; h != nil && h.worker == l.From && h.lease == l.Lease {
		return h
	}
	for _, p := range s.past {
		if p.worker == l.From && p.lease == l.Lease && !at.After(p.ended) {
			return p
		}
	}
	return nil
}

// see waits until the record of a lease with this revision is read, and reports false when there is none. While the streams do not
// answer, as when a server of a cluster died, it waits: what a worker sent must not be taken for a forgery because of that.
func (r *round) see(ctx context.Context, rev uint64) bool {
	for !r.leases.reached(rev) {
		within, cancel := context.WithTimeout(ctx, 5*time.Second)
		s, err := r.js.Stream(within, "KV_"+r.bucket(kindLease))
		if err == nil && s.CachedInfo().State.LastSeq < rev {
			cancel()
			return false // none of its kind was ever written
		}
		_ = r.leases.wait(within, rev)
		cancel()
		if ctx.Err() != nil {
			return false
		}
	}
	return true
}

// admitted reports whether a letter is from a worker that was let in, of this job's version, and not barred since.
func (r *round) admitted(l letter) bool {
	if r.door.isRefused(l.From) {
		return false
	}
	r.mu.Lock()
	known := r.passes[l.From]
	r.mu.Unlock()
	if known {
		return true
	}
	key, err := nkeys.FromPublicKey(r.public)
	if err != nil || key.Verify(passText(r.scan, r.job.Hash, l.From), l.Pass) != nil {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.passes) >= maxWorkers {
		clear(r.passes) // each is checked once more
	}
	r.passes[l.From] = true
	return true
}

// refuse counts a message that is not as it must be.
func (r *round) refuse() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Refused++
}
