package cluster

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// book is what a job kept.
type book struct {
	mu     sync.Mutex
	chunks map[string]map[int]string
	twice  []string
	lost   map[string]int
}

func newBook() *book { return &book{chunks: map[string]map[int]string{}, lost: map[string]int{}} }

func (b *book) keep(c Chunk) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	of := b.chunks[c.Group]
	if of == nil {
		of = map[int]string{}
		b.chunks[c.Group] = of
	}
	if _, there := of[c.Number]; there {
		b.twice = append(b.twice, fmt.Sprintf("%s/%d", c.Group, c.Number))
	}
	of[c.Number] = string(c.Body)
	return nil
}

func (b *book) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, of := range b.chunks {
		n += len(of)
	}
	return n
}

// job is one of n tasks with this book.
func (b *book) job(n int) Job {
	return Job{
		Name: "test", Hash: "v1", Secret: []byte("a secret"), Bundle: []byte("a bundle"), Total: n,
		Tasks: func(yield func(Task) bool) {
			for i := range n {
				if !yield(Task{Group: fmt.Sprintf("g%d", i), Body: fmt.Appendf(nil, "body %d", i)}) {
					return
				}
			}
		},
		Keep: b.keep,
		Lost: func(group string, n int) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.lost[group] = n
			return nil
		},
	}
}

// within is a context for a whole test.
func within(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func listen(t *testing.T, o Options) *Coordinator {
	t.Helper()
	if o.Lease == 0 {
		o.Lease = time.Second
	}
	c, err := Listen(t.Context(), "127.0.0.1:0", o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func join(t *testing.T, line string, o WorkerOptions) *Worker {
	t.Helper()
	w, err := Join(t.Context(), line, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

// three gives three chunks of each task.
func three(_ context.Context, t Task, _ Lease, done map[int]bool, send func(Chunk) error) error {
	for n := range 3 {
		if done[n] {
			continue
		}
		if err := send(Chunk{Group: t.Group, Number: n, Body: fmt.Appendf(nil, "%s, %d", t.Body, n)}); err != nil {
			return err
		}
	}
	return nil
}

func prepared(do Execute) func(secret, bundle []byte) (Execute, error) {
	return func(secret, bundle []byte) (Execute, error) {
		if string(secret) != "a secret" || string(bundle) != "a bundle" {
			return nil, fmt.Errorf("secret %q, bundle %q", secret, bundle)
		}
		return do, nil
	}
}

// TestManyWorkers: all tasks are done once, whoever does them, and all workers end with the job.
func TestManyWorkers(t *testing.T) {
	ctx := within(t, time.Minute)
	c := listen(t, Options{Window: 7})
	b := newBook()
	var g errgroup.Group
	for range 3 {
		w := join(t, c.JoinLine(), WorkerOptions{Tasks: 2})
		g.Go(func() error { return w.Run(ctx, "v1", prepared(three)) })
	}
	if err := c.Run(ctx, b.job(50)); err != nil {
		t.Fatal(err)
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if b.count() != 150 || len(b.twice) > 0 || len(b.lost) > 0 {
		t.Errorf("%d chunks, want 150; twice %v; lost %v", b.count(), b.twice, b.lost)
	}
	if got := b.chunks["g7"][2]; got != "body 7, 2" {
		t.Errorf("chunk 2 of g7 = %q", got)
	}
	s := c.Status()
	if s.Done != 50 || s.Running != 0 || s.Waiting != 0 || s.Chunks != 150 || s.Refused != 0 || len(s.Workers) != 3 {
		t.Errorf("status %+v", s)
	}
	for _, w := range s.Workers {
		if !w.Left || len(w.Addresses) != 1 || w.Addresses[0] != "127.0.0.1" {
			t.Errorf("worker %+v", w)
		}
	}
}
