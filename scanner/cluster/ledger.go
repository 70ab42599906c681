package cluster

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sotomi/scanner/message"
)

// Ops of lease records. A worker takes, renews and gives back; the coordinator frees what was not renewed in time. Nothing
// else ends a lease: no clock but the coordinator's own, which only ever runs forward, and the worker's.
const (
	opTake  = "take"
	opRenew = "renew"
	opBack  = "back" // the worker was told to stop, or lost its connection
	opFail  = "fail" // the task ended in an error
	opFree  = "free" // by the coordinator
)

// seat is what the coordinator knows of the lease on one group. It follows from the group's records, each of which names the
// one before it.
type seat struct {
	rev     uint64    // of the latest record, good or not
	strange bool      // that record was not one that may follow
	again   time.Time // not before then is it freed once more
	holder  *tenure
	past    []*tenure // the latest that ended
}

// tenure is the time for which one worker holds one group.
type tenure struct {
	worker, lease string
	until         time.Time // when it ends unless it is renewed, by the coordinator's own clock
	begun         bool      // the worker was told to begin
	grew          bool      // a chunk of it was kept
	ended         time.Time // by the clock of the streams' server, as are the times of chunks
}

// readLeases follows the records of all leases.
func (r *round) readLeases(ctx context.Context, known chan struct{}) error {
	tell := sync.OnceFunc(func() { close(known) })
	return r.follow(ctx, r.streams.lease, func(e jetstream.KeyValueEntry) error {
		switch {
		case e == nil:
			tell()
			return nil
		case r.leases.reached(e.Revision()):
			return nil // it is told again
		}
		if err := r.record(e); err != nil {
			return err
		}
		r.leases.reach(e.Revision())
		return nil
	}, jetstream.IncludeHistory())
}

// follow gives the entries of a bucket to each as they are written, and nil once all that was there is read, until ctx ends. A watch
// does not always outlive the server that it ran on, and then says nothing any more; another one tells all from the beginning.
func (r *round) follow(ctx context.Context, bucket jetstream.KeyValue, each func(jetstream.KeyValueEntry) error, options ...jetstream.WatchOpt) error {
	for first := true; ; first = false {
		silent := r.whenSilent()
		w, err := bucket.WatchAll(ctx, options...)
		switch {
		case err == nil:
			err = r.read(ctx, w, silent, each)
			_ = w.Stop()
			if !errors.Is(err, errSilent) {
				return err
			}
		case first:
			return err
		case pause(ctx, r.o.Lease/4) != nil:
			return nil
		}
	}
}

var errSilent = errors.New("the watch says nothing any more")

// read reads one watch until ctx ends or the watch is silent.
func (r *round) read(ctx context.Context, w jetstream.KeyWatcher, silent <-chan struct{}, each func(jetstream.KeyValueEntry) error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-silent:
			return errSilent
		case e, ok := <-w.Updates():
			switch {
			case !ok && ctx.Err() == nil && r.server == nil:
				return errSilent
			case !ok:
				return ended(ctx)
			}
			if err := each(e); err != nil {
				return err
			}
		}
	}
}

// whenSilent is closed when what was followed until then says nothing any more.
func (r *round) whenSilent() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.silent
}

// followAnew has all that is followed be followed anew.
func (r *round) followAnew() {
	r.mu.Lock()
	defer r.mu.Unlock()
	close(r.silent)
	r.silent = make(chan struct{})
}

// record reads one record.
func (r *round) record(e jetstream.KeyValueEntry) error {
	name := e.Key()
	if name == probeKey {
		return nil
	}
	if !groupName.MatchString(name) {
		r.refuse()
		return nil
	}
	l, err := open(leaseSubject(name), e.Value())
	good := err == nil && e.Operation() == jetstream.KeyValuePut && (l.From == r.public) == (l.Op == opFree) && (l.From == r.public || r.admitted(l))
	r.mu.Lock()
	s := r.ledger[name]
	fresh := s == nil
	if fresh {
		s = &seat{rev: l.Prev} // the records before it are gone with their group, or too old to be kept
		r.ledger[name] = s
	}
	good = good && l.Prev == s.rev
	failed := false
	switch h := s.holder; {
	case !good:
		s.strange = true
		r.counts.Refused++
	case l.Op == opFree:
		failed = h != nil && h.begun && !h.grew && !s.strange
		r.leave(s, e.Created())
		if !failed {
			r.giveOut(name)
		}
	case h != nil && h.worker == l.From && h.lease == l.Lease && l.Op == opRenew:
		h.until = time.Now().Add(r.o.Lease)
	case h != nil && h.worker == l.From && h.lease == l.Lease && (l.Op == opBack || l.Op == opFail):
		failed = l.Op == opFail && !h.grew
		r.leave(s, e.Created())
		if !failed {
			r.giveOut(name)
		}
	case h == nil && (l.Op == opTake || l.Op == opRenew && len(s.past) == 0):
		// A renewal comes first when its lease is older than the records that are kept.
		s.holder = &tenure{worker: l.From, lease: l.Lease, until: time.Now().Add(r.o.Lease)}
	case fresh && (l.Op == opBack || l.Op == opFail): // its lease is older than the records that are kept
	default:
		good = false
		r.counts.Refused++
		if h != nil && !s.strange && l.Op == opTake {
			r.thief(l.From) // it saw a lease that is held, and took it
		}
		s.strange = true
	}
	if good {
		s.strange = false
	}
	s.rev = e.Revision()
	r.mu.Unlock()
	if failed {
		return r.fail(name)
	}
	return nil
}

// leave ends the tenure on a seat. The caller holds mu.
func (r *round) leave(s *seat, at time.Time) {
	if s.holder == nil {
		return
	}
	s.holder.ended = at
	s.past = append(s.past, s.holder)
	if len(s.past) > 4 {
		s.past = s.past[1:]
	}
	s.holder = nil
}

// thief bars a worker that takes what is held.
func (r *round) thief(worker string) {
	connection, ok := r.door.refuse(worker)
	delete(r.passes, worker)
	if ok && r.server != nil {
		r.chores.add(func(context.Context) error { return r.server.DisconnectClientByID(connection) })
	}
}

// probe writes a record of its own where leases are kept, as often as a lease lasts. On a cluster that was there it does so four times
// as often, and waits until it has read the record. When that fails for long, nobody's results can come any more: the disk of the server is full, or the cluster has gone.
func (r *round) probe(ctx context.Context) error {
	every, patience := r.o.Lease, 3*r.o.Lease // the server is in this process
	if r.server == nil {
		every, patience = r.o.Lease/4, max(patience, clusterPatience)
	}
	for last := time.Now(); pause(ctx, every) == nil; {
		begun := time.Now()
		within, cancel := context.WithTimeout(ctx, r.o.Lease)
		rev, err := r.streams.lease.Put(within, probeKey, nil)
		cancel()
		if err == nil && r.server == nil {
			err = r.readBack(ctx, rev, begun, begun.Sub(last) > r.o.Lease/2)
		}
		switch {
		case err == nil:
			last = begun
		case ctx.Err() == nil && time.Since(last) > patience:
			return message.Errorf("the streams of the scan cannot be written any more (%w); is the disk full?", err)
		}
	}
	return nil
}

// readBack waits until a record that was written then is read, and the chunks that were there then are judged.
func (r *round) readBack(ctx context.Context, rev uint64, written time.Time, stood bool) error {
	ctx, cancel := context.WithTimeout(ctx, r.o.Lease)
	defer cancel()
	if err := r.leases.wait(ctx, rev); err != nil {
		r.followAnew()
		return err
	}
	info, err := r.streams.out.Info(ctx)
	if err == nil {
		err = r.kept.wait(ctx, info.State.LastSeq)
	}
	if err == nil {
		r.catchUp(written, stood)
	}
	return err
}

// catchUp notes that all records and chunks which were written until then are read. When the streams stood still before that, renewals could
// not come in.
func (r *round) catchUp(until time.Time, stood bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.caught = until
	for _, s := range r.ledger {
		if stood && s.holder != nil {
			s.holder.until = time.Now().Add(r.o.Lease)
		}
	}
}

// isOver reports whether a lease was not renewed in time: nothing of its worker is under way that is not read yet. The caller holds
// mu.
func (r *round) isOver(held *tenure, now time.Time) bool {
	return held != nil && now.After(held.until) && (r.server != nil || r.caught.After(held.until))
}

const (
	probeKey        = "coordinator="  // which is no name of a group
	clusterPatience = 5 * time.Minute // for servers that are started again
)

// watchTime frees leases that were not renewed in time, and gives groups out again that nobody has.
func (r *round) watchTime(ctx context.Context) error {
	tick := time.NewTicker(max(r.o.Lease/10, 10*time.Millisecond))
	defer tick.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := time.Now()
		r.look(now, now.Sub(last))
		last = now
	}
}

// look looks for what is due. after is the time since the last look.
func (r *round) look(now time.Time, after time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name, s := range r.ledger {
		if s.holder != nil && after > r.o.Lease/2 { // this machine stood still, so renewals could not come in
			s.holder.until = now.Add(r.o.Lease)
		}
		if r.isOver(s.holder, now) || s.holder == nil && s.strange {
			r.end(name, s, now)
		}
	}
	for name, g := range r.groups {
		if now.Sub(g.queued) > 2*r.o.Lease {
			r.giveOut(name)
		}
	}
}

// end ends a lease that ran out, and cleans a seat on which something strange was put. The caller holds mu.
func (r *round) end(name string, s *seat, now time.Time) {
	if now.Before(s.again) {
		return
	}
	s.again = now.Add(r.o.Lease / 2)
	if r.groups[name] == nil {
		delete(r.ledger, name)
		r.chores.add(func(ctx context.Context) error { return r.purgeLease(ctx, name) })
		return
	}
	rev := s.rev
	r.chores.add(func(ctx context.Context) error {
		data, err := seal(r.key, leaseSubject(name), head{Op: opFree, Prev: rev}, nil)
		if err != nil {
			return err
		}
		_, err = r.streams.lease.Update(ctx, name, data, rev) // a renewal that comes at the last moment wins
		return err
	})
}

// purgeLease removes all records of a group.
func (r *round) purgeLease(ctx context.Context, name string) error {
	s, err := r.js.Stream(ctx, "KV_"+r.bucket(kindLease))
	if err != nil {
		return err
	}
	return s.Purge(ctx, jetstream.WithPurgeSubject("$KV."+r.bucket(kindLease)+"."+name))
}

// leaseSubject is what the signature of a lease record is for.
func leaseSubject(group string) string { return "lease." + group }

// ended is nil when a part of the round ended because it was told to.
func ended(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil
	}
	return errors.New("the connection to the streams was closed")
}
