package cluster

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"
)

// An early version that works within one process only; the real one has the same functions.
var (
	fakeMu sync.Mutex
	fakes  = map[string]*Coordinator{}
)

// Coordinator gives the tasks of a job to workers and keeps what they send.
type Coordinator struct {
	line  string
	tasks chan Task
	ready chan struct{}
	stop  chan struct{}
	once  sync.Once
	mu    sync.Mutex
	job   Job
	open  sync.WaitGroup
	state Status
	kept  map[string]map[int]bool
}

// Listen starts a server of its own for this scan on address (host:port, port 0 for any), with TLS and keys made for it.
func Listen(ctx context.Context, address string, o Options) (*Coordinator, error) {
	_, _, _ = ctx, address, o
	c := &Coordinator{line: "sotomi-join:" + rand.Text(), tasks: make(chan Task), ready: make(chan struct{}), stop: make(chan struct{}), kept: map[string]map[int]bool{}}
	fakeMu.Lock()
	defer fakeMu.Unlock()
	fakes[c.line] = c
	return c, nil
}

// Connect uses a NATS cluster that is there; creds is its file with credentials, empty if it needs none.
func Connect(ctx context.Context, url, creds string, o Options) (*Coordinator, error) {
	_ = creds
	return Listen(ctx, url, o)
}

// JoinLine is what a worker needs to join, in one word. It is a secret.
func (c *Coordinator) JoinLine() string { return c.line }

// Run gives the job's tasks away until all are at their end, or ctx ends. Before it returns it tells the workers to stop, and
// waits for them up to 5 s. It is called once.
func (c *Coordinator) Run(ctx context.Context, job Job) error {
	c.job = job
	close(c.ready)
	var err error
	for t := range job.Tasks {
		c.open.Add(1)
		select {
		case c.tasks <- t:
		case <-ctx.Done():
			c.open.Done()
			err = ctx.Err()
		}
		if err != nil {
			break
		}
	}
	if err == nil {
		c.open.Wait()
	}
	c.Close()
	return err
}

// Status may be called at any time.
func (c *Coordinator) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// Close ends the server. After a Run that ended well it removes its state.
func (c *Coordinator) Close() { c.once.Do(func() { close(c.stop) }) }

// Worker does tasks of the coordinator whose join line it was given.
type Worker struct {
	c *Coordinator
	o WorkerOptions
}

// Join connects to the coordinator.
func Join(ctx context.Context, line string, o WorkerOptions) (*Worker, error) {
	_ = ctx
	fakeMu.Lock()
	defer fakeMu.Unlock()
	c := fakes[line]
	if c == nil {
		return nil, errors.New("no such coordinator")
	}
	return &Worker{c, o}, nil
}

// Run does tasks until the coordinator says that there are no more (nil), or ctx ends (nil too: its tasks are handed back). hash
// must be that of the job. prepare gets the job's secret and bundle, once, and makes what does the tasks.
func (w *Worker) Run(ctx context.Context, hash string, prepare func(secret, bundle []byte) (Execute, error)) error {
	select {
	case <-w.c.ready:
	case <-ctx.Done():
		return nil
	}
	if hash != w.c.job.Hash {
		return errors.New("the coordinator has another version, other signatures or other data")
	}
	do, err := prepare(w.c.job.Secret, w.c.job.Bundle)
	if err != nil {
		return err
	}
	var g errgroup.Group
	for range max(w.o.Tasks, 1) {
		g.Go(func() error {
			for {
				select {
				case <-ctx.Done():
					return nil
				case <-w.c.stop:
					return nil
				case t := <-w.c.tasks:
					w.one(ctx, t, do)
				}
			}
		})
	}
	return g.Wait()
}

func (w *Worker) one(ctx context.Context, t Task, do Execute) {
	c := w.c
	defer c.open.Done()
	done := map[int]bool{}
	if c.job.Kept != nil {
		for _, n := range c.job.Kept(t.Group) {
			done[n] = true
		}
	}
	for range 3 {
		err := do(ctx, t, fakeLease{ctx}, done, func(k Chunk) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			if done[k.Number] {
				return nil
			}
			done[k.Number] = true
			c.state.Chunks++
			return c.job.Keep(k)
		})
		if err == nil {
			return
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.job.Lost(t.Group, 3)
}

// Close leaves the cluster.
func (w *Worker) Close() {}

// AskStatus asks the coordinator of a join line how far it is.
func AskStatus(ctx context.Context, line string, o WorkerOptions) (Status, error) {
	w, err := Join(ctx, line, o)
	if err != nil {
		return Status{}, err
	}
	return w.c.Status(), nil
}

type fakeLease struct{ ctx context.Context }

func (l fakeLease) Valid() bool              { return l.ctx.Err() == nil }
func (l fakeLease) Context() context.Context { return l.ctx }
