package cluster

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
	"golang.org/x/sync/errgroup"
)

// TestStale: a chunk is kept when it was sent by the worker that held the lease, while it held it.
func TestStale(t *testing.T) {
	cases := map[string]struct {
		records []string // after A took it
		who     byte
		lease   string
		at      time.Duration // when it was stored, from the last record on
		kept    bool
	}{
		"holder":             {nil, 'A', "1", 0, true},
		"before_it_ended":    {[]string{"A-back 1"}, 'A', "1", -time.Second, true},
		"after_it_ended":     {[]string{"A-back 1"}, 'A', "1", time.Second, false},
		"after_it_was_freed": {[]string{"C-free 1", "B-take 2"}, 'A', "1", time.Second, false},
		"next_holder":        {[]string{"C-free 1", "B-take 2"}, 'B', "2", time.Second, true},
		"another":            {nil, 'B', "1", 0, false},
		"another_lease":      {nil, 'A', "2", 0, false},
		"thief":              {[]string{"B-take 2"}, 'B', "2", time.Second, false},
		"victim":             {[]string{"B-take 2"}, 'A', "1", time.Second, true},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, keys := ledgerRound(t)
				kept := 0
				r.job.Keep = func(Chunk) error { kept++; return nil }
				read(t, r, keys, "A-take 1")
				read(t, r, keys, one.records...)
				for range 2 { // the second time it is there already
					err := r.judge("g", 0, letter{head: head{From: publicKey(t, keys[one.who]), Lease: one.lease}}, time.Now().Add(one.at))
					if err != nil {
						t.Fatal(err)
					}
				}
				if (kept == 1) != one.kept || kept > 1 {
					t.Errorf("kept %d times, want %v", kept, one.kept)
				}
			})
		})
	}
}

// TestRunOut: a lease ends when its worker was silent for its time while the coordinator listened, not before.
func TestRunOut(t *testing.T) {
	for name, one := range map[string]struct {
		silent, after time.Duration // since the last renewal; since the coordinator looked last
		freed         bool
	}{
		"in_time":     {900 * time.Millisecond, 100 * time.Millisecond, false},
		"too_late":    {1100 * time.Millisecond, 100 * time.Millisecond, true},
		"stood_still": {5 * time.Second, 4 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, keys := ledgerRound(t)
				r.groups["g"].queued = time.Now().Add(time.Hour)
				read(t, r, keys, "A-take 1")
				r.catchUp(time.Now().Add(one.silent), false)
				r.look(time.Now().Add(one.silent), one.after)
				if freed := len(r.chores.take()) > 0; freed != one.freed {
					t.Errorf("freed: %v", freed)
				}
			})
		})
	}
}

// TestBegin: only who holds a group is told to begin it.
func TestBegin(t *testing.T) {
	s := newStage(t, 5*time.Second)
	own := <-s.hold
	h := newHostile(t, s.c)
	for name, one := range map[string]struct {
		group, lease, say string
	}{
		"no_lease":      {"g0", "", sayWait},
		"of_another":    {"g0", own.name, sayWait},
		"unknown_group": {"g9", "MINE", sayGone},
	} {
		var reply beginReply
		about := "begin." + one.group + "." + one.lease
		if err := h.ask(within(t, 20*time.Second), askBegin, head{Lease: one.lease}, []byte(one.group), about, &reply); err != nil || reply.Say != one.say {
			t.Errorf("%s: %+v, %v, want %s", name, reply, err, one.say)
		}
	}
	s.end(t, 0)
}

// TestBeginWaits: a worker that goes on with a group knows of each chunk that was stored before, also of those that are not kept
// yet.
func TestBeginWaits(t *testing.T) {
	c := listen(t, Options{Lease: 20 * time.Second})
	b := newBook()
	job := b.job(1)
	slow := make(chan struct{})
	job.Keep = func(c Chunk) error {
		<-slow
		return b.keep(c)
	}
	ctx := within(t, time.Minute)
	var g errgroup.Group
	g.Go(func() error { return c.Run(ctx, job) })
	first, stop := context.WithCancel(ctx)
	one := join(t, c.JoinLine(), WorkerOptions{})
	err := one.Run(first, "v1", prepared(func(ctx context.Context, t Task, _ Lease, _ map[int]bool, send func(Chunk) error) error {
		err := send(Chunk{Group: t.Group, Number: 0, Body: []byte("of the first")})
		stop()
		return errors.Join(err, ctx.Err())
	}))
	if err != nil {
		t.Fatal(err)
	}
	two := join(t, c.JoinLine(), WorkerOptions{})
	var done map[int]bool
	g.Go(func() error {
		return two.Run(ctx, "v1", prepared(func(ctx context.Context, t Task, l Lease, d map[int]bool, send func(Chunk) error) error {
			done = d
			return three(ctx, t, l, d, send)
		}))
	})
	for { // until the second one holds the group, and so asks
		r := c.run.Load()
		r.mu.Lock()
		s := r.ledger["g0"]
		held := s != nil && s.holder != nil && s.holder.worker == two.id
		r.mu.Unlock()
		if held {
			break
		}
		if pause(ctx, 5*time.Millisecond) != nil {
			t.Fatal("it does not get the group")
		}
	}
	_ = pause(ctx, 100*time.Millisecond) // for an answer that comes too soon
	close(slow)
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if !done[0] || len(done) != 1 || b.chunks["g0"][0] != "of the first" {
		t.Errorf("the second one was told of %v; kept %v", done, b.chunks)
	}
}

// message is one that a worker gets.
type given struct {
	jetstream.Msg
	subject string
	data    []byte
	ended   string
}

func (g *given) Subject() string                   { return g.subject }
func (g *given) Data() []byte                      { return g.data }
func (g *given) Term() error                       { g.ended = "term"; return nil }
func (g *given) Nak() error                        { g.ended = "nak"; return nil }
func (g *given) NakWithDelay(time.Duration) error  { g.ended = "nak"; return nil }
func (g *given) DoubleAck(_ context.Context) error { g.ended = "ack"; return nil }

// TestForgedTask: a worker does no task and obeys no order that is not signed by its coordinator, for that very purpose.
func TestForgedTask(t *testing.T) {
	s := newStage(t, 5*time.Second)
	<-s.hold
	h := newHostile(t, s.c)
	for name, one := range map[string]struct {
		who     string
		subject string
	}{
		"by_a_worker":   {"worker", h.task("g0")},
		"of_another":    {"coordinator", h.task("g1")},
		"an_order":      {"coordinator", h.subject("stop")},
		"no_letter":     {"", ""},
		"of_other_scan": {"coordinator", names{"other"}.task("g0")},
	} {
		key := h.key
		if one.who == "coordinator" {
			key = s.c.key
		}
		data, err := seal(key, one.subject, head{}, []byte("attack them"))
		if err != nil {
			t.Fatal(err)
		}
		if one.who == "" {
			data = []byte("attack them")
		}
		m := &given{subject: h.task("g0"), data: data}
		err = h.one(t.Context(), m, func(context.Context, Task, Lease, map[int]bool, func(Chunk) error) error {
			t.Errorf("%s: it was done", name)
			return nil
		})
		if err != nil || m.ended != "term" {
			t.Errorf("%s: %q, %v", name, m.ended, err)
		}
	}
	for name, one := range map[string]struct {
		key     nkeys.KeyPair
		subject string
		obey    bool
	}{
		"coordinator": {s.c.key, h.subject("stop"), true},
		"worker":      {h.key, h.subject("stop"), false},
		"a_task":      {s.c.key, h.task("g0"), false},
	} {
		data, err := seal(one.key, one.subject, head{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if h.isStop(data) != one.obey {
			t.Errorf("%s: obeyed: %v", name, !one.obey)
		}
	}
	s.end(t, 0)
}

// TestLostAnswer: a renewal that was written counts although its answer was lost; after another's record nothing does.
func TestLostAnswer(t *testing.T) {
	s := newStage(t, 20*time.Second)
	<-s.hold
	h := newHostile(t, s.c)
	ctx := within(t, 20*time.Second)
	l, err := h.takeLease(ctx, "other")
	if err != nil {
		t.Fatal(err)
	}
	before := l.revision()
	if err := l.put(ctx, opRenew); err != nil {
		t.Fatal(err)
	}
	l.rev = before // as if it had not come
	if err := l.put(ctx, opRenew); !errors.Is(err, jetstream.ErrKeyRevisionMismatch) || !l.adopt(ctx) {
		t.Errorf("put = %v; it was not recognised", err)
	}
	if err := l.put(ctx, opRenew); err != nil {
		t.Error(err)
	}
	if _, err := h.takeLease(ctx, "other"); !errors.Is(err, errHeld) {
		t.Errorf("taken twice: %v", err)
	}
	for name, one := range map[string]struct {
		key   nkeys.KeyPair
		lease string
		op    string
	}{
		"other_worker": {s.c.key, l.name, opRenew}, "other_lease": {h.key, "other", opRenew}, "given_back": {h.key, l.name, opBack},
	} {
		data, err := seal(one.key, leaseSubject("other"), head{Op: one.op, Lease: one.lease}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.leases.Put(ctx, "other", data); err != nil {
			t.Fatal(err)
		}
		if err := l.put(ctx, opRenew); !errors.Is(err, jetstream.ErrKeyRevisionMismatch) || l.adopt(ctx) {
			t.Errorf("%s: put = %v; the record was taken for its own", name, err)
		}
	}
	s.end(t, 0)
}
