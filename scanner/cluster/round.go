package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"sotomi/scanner/message"
)

// group is a task that was given out and is not at its end.
type group struct {
	task   Task
	kept   map[int]bool
	deaths int       // attempts in a row that brought nothing new
	queued time.Time // when it was last put into the queue of tasks
}

// round is one Run of a coordinator.
type round struct {
	*Coordinator
	job    Job
	bundle string // SHA-256 of the job's bundle

	window   chan struct{} // one for each group in groups
	first    chan struct{} // closed when the first window of tasks is known
	calling  sync.Mutex    // held while Keep or Lost is called, and what they rest on is judged
	kept     *mark         // how far chunks are judged
	leases   *mark         // how far lease records are read
	chores   *queue
	finished chan struct{} // closed when all groups are at their end

	mu      sync.Mutex
	groups  map[string]*group
	all     bool // every task is in groups or at its end
	ledger  map[string]*seat
	passes  map[string]bool // workers whose pass was checked
	workers map[string]*present
	counts  Status
	caught  time.Time     // all records and chunks that were written until then are read; kept with a cluster that was there
	silent  chan struct{} // closed, and another one made, when what follows the records says nothing any more
}

// Run gives the job's tasks away until all are at their end, or ctx ends. Before it returns it tells the workers to stop, and
// waits for them up to 5 s. It is called once.
func (c *Coordinator) Run(ctx context.Context, job Job) error {
	if len(job.Secret) > maxBody/2 {
		return message.Errorf("the settings for the workers are larger than %d bytes", maxBody/2)
	}
	sum := sha256.Sum256(job.Bundle)
	r := &round{
		Coordinator: c, job: job, bundle: hex.EncodeToString(sum[:]), window: make(chan struct{}, c.o.Window), first: make(chan struct{}),
		kept: newMark(), leases: newMark(), chores: newQueue(), finished: make(chan struct{}),
		groups: map[string]*group{}, ledger: map[string]*seat{}, passes: map[string]bool{}, workers: map[string]*present{},
		silent: make(chan struct{}),
	}
	if info, err := r.streams.out.Info(ctx); err == nil && info.State.FirstSeq > 0 {
		r.kept.reach(info.State.FirstSeq - 1)
	}
	c.run.Store(r)
	inner, cancel := context.WithCancel(context.WithoutCancel(ctx)) // what goes on while workers are told to stop
	defer cancel()
	g, inner := errgroup.WithContext(inner)
	r.start(inner, g)
	var err error
	select {
	case <-r.finished:
		c.done = true
	case <-ctx.Done():
		err = ctx.Err()
	case <-inner.Done():
	}
	r.stop(context.WithoutCancel(ctx), inner.Done())
	cancel()
	if e := g.Wait(); e != nil && !errors.Is(e, context.Canceled) {
		c.done = false
		return e
	}
	return err
}

// start starts all parts of the round.
func (r *round) start(ctx context.Context, g *errgroup.Group) {
	known := make(chan struct{}) // closed when the leases of before are read
	g.Go(func() error { return r.readLeases(ctx, known) })
	g.Go(func() error { return r.readWorkers(ctx) })
	g.Go(func() error { return r.work(ctx) })
	g.Go(func() error { return r.watchTime(ctx) })
	g.Go(func() error { return r.probe(ctx) })
	g.Go(func() error {
		select {
		case <-known:
		case <-ctx.Done():
			return nil
		}
		return r.feed(ctx)
	})
	g.Go(func() error {
		// A chunk is judged only when its group is known: those that workers had under way at an earlier start are in the first window.
		select {
		case <-r.first:
		case <-ctx.Done():
			return nil
		}
		return r.intake(ctx)
	})
	g.Go(func() error { return r.answer(ctx) })
	g.Go(func() error {
		ctx, cancel := r.denied.within(ctx)
		defer cancel()
		<-ctx.Done()
		return cause(ctx, nil)
	})
}

// feed gives out tasks as the window allows.
func (r *round) feed(ctx context.Context) error {
	next, end := iter.Pull(iter.Seq[Task](r.job.Tasks))
	defer end()
	open := sync.OnceFunc(func() { close(r.first) })
	defer open()
	for {
		select {
		case r.window <- struct{}{}:
		default:
			open()
			select {
			case r.window <- struct{}{}:
			case <-ctx.Done():
				return nil
			}
		}
		t, ok := next()
		if !ok {
			break
		}
		if err := r.add(t); err != nil {
			return err
		}
	}
	<-r.window
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = true
	r.checkEnd()
	return nil
}

// add takes a task into the window.
func (r *round) add(t Task) error {
	if !groupName.MatchString(t.Group) {
		return message.Errorf("%q is no name of a group", t.Group)
	}
	if len(t.Body) > maxBody {
		return message.Errorf("task %s: larger than %d bytes", t.Group, maxBody)
	}
	kept := map[int]bool{}
	if r.job.Kept != nil {
		for _, n := range r.job.Kept(t.Group) {
			kept[n] = true
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.groups[t.Group] != nil {
		return message.Errorf("task %s is there twice", t.Group)
	}
	r.groups[t.Group] = &group{task: t, kept: kept}
	r.giveOut(t.Group)
	return nil
}

// giveOut puts a group into the queue of tasks, unless somebody works on it. The caller holds mu.
func (r *round) giveOut(name string) {
	g := r.groups[name]
	if g == nil {
		return
	}
	if s := r.ledger[name]; s != nil && s.holder != nil {
		return
	}
	g.queued = time.Now()
	r.chores.add(func(ctx context.Context) error {
		data, err := seal(r.key, r.task(name), head{}, g.task.Body)
		if err != nil {
			return err
		}
		_, err = r.js.Publish(ctx, r.task(name), data)
		if isThere(err) {
			return nil // it is waiting already
		}
		return err
	})
}

// end takes a group out of the round. The caller holds mu.
func (r *round) endGroup(name string) {
	if r.groups[name] == nil {
		return
	}
	delete(r.groups, name)
	delete(r.ledger, name)
	<-r.window
	r.chores.add(func(ctx context.Context) error {
		err := r.streams.task.Purge(ctx, jetstream.WithPurgeSubject(r.task(name)))
		return errors.Join(err, r.purgeLease(ctx, name))
	})
	r.checkEnd()
}

// checkEnd ends the round when nothing is left. The caller holds mu.
func (r *round) checkEnd() {
	if r.all && len(r.groups) == 0 {
		select {
		case <-r.finished:
		default:
			close(r.finished)
		}
	}
}

// fail counts an attempt that brought nothing new. After the third the task is lost.
func (r *round) fail(name string) error {
	r.calling.Lock()
	defer r.calling.Unlock()
	r.mu.Lock()
	g := r.groups[name]
	if g == nil {
		r.mu.Unlock()
		return nil
	}
	g.deaths++
	if g.deaths < attempts {
		r.giveOut(name)
		r.mu.Unlock()
		return nil
	}
	r.mu.Unlock()
	if err := r.job.Lost(name, g.deaths); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts.Lost++
	r.endGroup(name)
	return nil
}

// attempts is how many workers a task may cost.
const attempts = 3

// stop tells the workers to stop and waits until they have said goodbye, at most 4 s, or nobody listens any more.
func (r *round) stop(ctx context.Context, deaf <-chan struct{}) {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Second)
	defer cancel()
	data, err := seal(r.key, r.subject("stop"), head{}, nil)
	if err != nil {
		return
	}
	if _, err := r.streams.ctrl.Put(ctx, "stop", data); err != nil {
		return // they end when the leases do
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for r.anybody() {
		select {
		case <-tick.C:
		case <-deaf:
			return
		case <-ctx.Done():
			return
		}
	}
}
