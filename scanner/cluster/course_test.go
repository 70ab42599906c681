package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"golang.org/x/sync/errgroup"
)

// TestKeptChunks: chunks that an earlier coordinator kept are neither asked for nor kept again.
func TestKeptChunks(t *testing.T) {
	c := listen(t, Options{})
	b := newBook()
	job := b.job(3)
	job.Kept = func(group string) []int {
		return map[string][]int{"g0": {0, 2}, "g1": {0, 1, 2}}[group]
	}
	var mu sync.Mutex
	seen := map[string]map[int]bool{}
	ctx := within(t, time.Minute)
	w := join(t, c.JoinLine(), WorkerOptions{Tasks: 3})
	var g errgroup.Group
	g.Go(func() error {
		return w.Run(ctx, "v1", prepared(func(ctx context.Context, t Task, l Lease, done map[int]bool, send func(Chunk) error) error {
			mu.Lock()
			seen[t.Group] = done
			mu.Unlock()
			return three(ctx, t, l, done, send)
		}))
	})
	if err := errors.Join(c.Run(ctx, job), g.Wait()); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(seen); got != "map[g0:map[0:true 2:true] g1:map[0:true 1:true 2:true] g2:map[]]" {
		t.Errorf("done = %s", got)
	}
	if len(b.chunks["g0"]) != 1 || len(b.chunks["g1"]) != 0 || len(b.chunks["g2"]) != 3 {
		t.Errorf("kept %v", b.chunks)
	}
}

// TestLost: a task that fails three times without anything new is given up, and no chunk of it is kept after that.
func TestLost(t *testing.T) {
	cases := map[string]struct {
		fails func(attempt int, send func(int) error) error // what the n-th attempt at g0 does
		lost  int
		kept  int
	}{
		"always":           {func(int, func(int) error) error { return errors.New("no") }, 3, 0},
		"one_chunk":        {func(_ int, send func(int) error) error { return errors.Join(send(0), errors.New("no")) }, 3, 1},
		"twice":            {func(n int, _ func(int) error) error { return fails(n <= 2) }, 0, 0},
		"goes_on":          {func(n int, send func(int) error) error { return errors.Join(send(n-1), fails(n < 7)) }, 0, 7},
		"gap":              {func(_ int, send func(int) error) error { return send(5) }, 3, 1},
		"gap_that_is_late": {func(n int, send func(int) error) error { return send([]int{1, 2, 0}[n-1]) }, 0, 3},
	}
	for name, one := range cases {
		t.Run(name, func(t *testing.T) {
			c := listen(t, Options{})
			b := newBook()
			ctx := within(t, time.Minute)
			w := join(t, c.JoinLine(), WorkerOptions{})
			var attempt int
			var g errgroup.Group
			g.Go(func() error {
				return w.Run(ctx, "v1", prepared(func(_ context.Context, t Task, _ Lease, _ map[int]bool, send func(Chunk) error) error {
					attempt++
					return one.fails(attempt, func(n int) error { return send(Chunk{Group: t.Group, Number: n}) })
				}))
			})
			if err := errors.Join(c.Run(ctx, b.job(1)), g.Wait()); err != nil {
				t.Fatal(err)
			}
			if b.lost["g0"] != one.lost || len(b.chunks["g0"]) != one.kept {
				t.Errorf("after %d attempts: lost %v, kept %v", attempt, b.lost, b.chunks)
			}
			if s := c.Status(); s.Lost != len(b.lost) || s.Done != 1-len(b.lost) {
				t.Errorf("status %+v", s)
			}
		})
	}
}

func fails(yes bool) error {
	if yes {
		return errors.New("no")
	}
	return nil
}

// TestHandedBack: a worker that is told to stop hands its groups back at once, and that does not count as an attempt.
func TestHandedBack(t *testing.T) {
	c := listen(t, Options{Lease: time.Hour}) // that runs out later than this test
	b := newBook()
	ctx := within(t, time.Minute)
	var g errgroup.Group
	g.Go(func() error { return c.Run(ctx, b.job(1)) })
	for range 4 {
		begun := make(chan struct{})
		own, stop := context.WithCancel(ctx)
		w := join(t, c.JoinLine(), WorkerOptions{})
		var one errgroup.Group
		one.Go(func() error {
			return w.Run(own, "v1", prepared(func(ctx context.Context, _ Task, _ Lease, _ map[int]bool, _ func(Chunk) error) error {
				close(begun)
				<-ctx.Done()
				return ctx.Err()
			}))
		})
		<-begun
		stop()
		if err := one.Wait(); err != nil {
			t.Fatal(err)
		}
	}
	w := join(t, c.JoinLine(), WorkerOptions{})
	g.Go(func() error { return w.Run(ctx, "v1", prepared(three)) })
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if len(b.lost) > 0 || b.count() != 3 {
		t.Errorf("lost %v, %d chunks", b.lost, b.count())
	}
}

// TestStop: when the coordinator is told to stop, all workers end soon, and nothing of its own is left.
func TestStop(t *testing.T) {
	c, err := Listen(t.Context(), "127.0.0.1:0", Options{})
	if err != nil {
		t.Fatal(err)
	}
	state := c.o.State
	b := newBook()
	ctx, cancel := context.WithCancel(within(t, time.Minute))
	var g, workers errgroup.Group
	begun := make(chan struct{}, 100)
	for range 3 {
		w := join(t, c.JoinLine(), WorkerOptions{Tasks: 2})
		workers.Go(func() error {
			return w.Run(t.Context(), "v1", prepared(func(ctx context.Context, _ Task, _ Lease, _ map[int]bool, _ func(Chunk) error) error {
				begun <- struct{}{}
				<-ctx.Done()
				return ctx.Err()
			}))
		})
	}
	g.Go(func() error { return c.Run(ctx, b.job(50)) })
	for range 6 {
		<-begun
	}
	at := time.Now()
	cancel()
	if err := workers.Wait(); err != nil {
		t.Error(err)
	}
	if took := time.Since(at); took > 5*time.Second {
		t.Errorf("workers took %s to end", took)
	}
	if err := g.Wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("Run = %v", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(state); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", state, err)
	}
}

// TestKeepFails: when nothing can be kept any more the coordinator says so, and tells the workers to stop.
func TestKeepFails(t *testing.T) {
	c := listen(t, Options{})
	job := newBook().job(10)
	full := errors.New("no space left")
	job.Keep = func(Chunk) error { return full }
	w := join(t, c.JoinLine(), WorkerOptions{Tasks: 2})
	var g errgroup.Group
	g.Go(func() error { return w.Run(within(t, time.Minute), "v1", prepared(three)) })
	if err := c.Run(t.Context(), job); !errors.Is(err, full) {
		t.Errorf("Run = %v", err)
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// TestStreamsFail: when nothing can be written into the streams any more, as on a full disk, the coordinator does not wait for ever.
func TestStreamsFail(t *testing.T) {
	c := listen(t, Options{Lease: 200 * time.Millisecond})
	var g errgroup.Group
	begun := make(chan struct{}, 100)
	w := join(t, c.JoinLine(), WorkerOptions{Patience: time.Second})
	ctx := within(t, time.Minute)
	g.Go(func() error {
		_ = w.Run(ctx, "v1", prepared(func(ctx context.Context, _ Task, _ Lease, _ map[int]bool, _ func(Chunk) error) error {
			begun <- struct{}{}
			<-ctx.Done()
			return ctx.Err()
		})) // it hears of nothing any more
		return nil
	})
	g.Go(func() error {
		<-begun
		return c.server.DisableJetStream()
	})
	if err := c.Run(ctx, newBook().job(3)); err == nil || !strings.Contains(err.Error(), "cannot be written any more") {
		t.Errorf("Run = %v", err)
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// TestStartsAgain: a coordinator that starts again with its state has the same line, and the workers of before go on with it.
func TestStartsAgain(t *testing.T) {
	dir := t.TempDir()
	b := newBook()
	ctx := within(t, time.Minute)
	options := Options{State: dir, Lease: 5 * time.Second}
	c, err := Listen(ctx, "127.0.0.1:0", options)
	if err != nil {
		t.Fatal(err)
	}
	line := c.JoinLine()
	first, cancel := context.WithCancel(ctx)
	job := b.job(20)
	var kept atomic.Int64
	job.Keep = func(c Chunk) error {
		if kept.Add(1) == 10 {
			cancel()
		}
		return b.keep(c)
	}
	// A worker that hears no order to stop, as if it was cut off then.
	w := join(t, line, WorkerOptions{Tasks: 2})
	var g errgroup.Group
	g.Go(func() error {
		for ctx.Err() == nil && len(b.lost) == 0 {
			if err := w.Run(ctx, "v1", prepared(three)); err != nil {
				return err
			}
			if b.count() == 60 {
				return nil
			}
		}
		return ctx.Err()
	})
	if err := c.Run(first, job); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c, err = Listen(ctx, "127.0.0.1:0", options)
	if err != nil {
		t.Fatal(err)
	}
	if c.JoinLine() != line {
		t.Error("it has another line")
	}
	job = b.job(20)
	job.Kept = func(group string) []int {
		b.mu.Lock()
		defer b.mu.Unlock()
		var list []int
		for n := range b.chunks[group] {
			list = append(list, n)
		}
		return list
	}
	if err := errors.Join(c.Run(ctx, job), g.Wait(), c.Close()); err != nil {
		t.Fatal(err)
	}
	if b.count() != 60 || len(b.twice) > 0 {
		t.Errorf("%d chunks, twice %v", b.count(), b.twice)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}

// TestWindow: tasks are read only as far as there is room, so that memory does not grow with their number.
func TestWindow(t *testing.T) {
	const window = 5
	c := listen(t, Options{Window: window})
	b := newBook()
	job := b.job(200)
	var given, most, done atomic.Int64
	tasks := job.Tasks
	job.Tasks = func(yield func(Task) bool) {
		tasks(func(t Task) bool {
			open := given.Add(1) - done.Load()
			most.Store(max(most.Load(), open))
			return yield(t)
		})
	}
	job.Keep = func(k Chunk) error {
		if k.Number == 2 {
			done.Add(1)
		}
		return b.keep(k)
	}
	w := join(t, c.JoinLine(), WorkerOptions{Tasks: 3})
	ctx := within(t, time.Minute)
	var g errgroup.Group
	g.Go(func() error { return w.Run(ctx, "v1", prepared(three)) })
	if err := errors.Join(c.Run(ctx, job), g.Wait()); err != nil {
		t.Fatal(err)
	}
	if most.Load() > window+1 || b.count() != 600 {
		t.Errorf("%d tasks at a time, want at most %d; %d chunks", most.Load(), window+1, b.count())
	}
}

// TestCluster: a NATS cluster that is there does as well, and nothing of the scan is left on it.
func TestCluster(t *testing.T) {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
	ctx := within(t, time.Minute)
	c, err := Connect(ctx, s.ClientURL(), "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := newBook()
	w := join(t, c.JoinLine(), WorkerOptions{Tasks: 2})
	var g errgroup.Group
	g.Go(func() error { return w.Run(ctx, "v1", prepared(three)) })
	if err := errors.Join(c.Run(ctx, b.job(20)), g.Wait()); err != nil {
		t.Fatal(err)
	}
	var left []string
	for name := range c.js.StreamNames(ctx).Name() {
		left = append(left, name)
	}
	if len(left) != 5 {
		t.Errorf("streams %v", left)
	}
	js := c.js
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	_ = js
	if n := s.JetStreamNumAccounts(); b.count() != 60 || n > 1 {
		t.Errorf("%d chunks, %d accounts", b.count(), n)
	}
	z, err := s.Jsz(&server.JSzOptions{})
	if err != nil || z.Streams != 0 {
		t.Errorf("%d streams are left, %v", z.Streams, err)
	}
}

// TestAskStatus: who has the join line can see how far it is, with what strangers say of themselves made harmless.
func TestAskStatus(t *testing.T) {
	s := newStage(t, 5*time.Second)
	<-s.hold
	w := join(t, s.c.JoinLine(), WorkerOptions{Name: "\x1b[31mred\u202e\n" + string(make([]byte, 500)), Version: "1.0", Address: func() string { return "192.0.2.1" }})
	ctx := within(t, 30*time.Second)
	own, stop := context.WithCancel(ctx)
	s.ended.Go(func() error { return w.Run(own, "v1", prepared(three)) })
	for {
		got, err := AskStatus(ctx, s.c.JoinLine(), WorkerOptions{})
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(got.Workers, func(w WorkerStatus) bool { return w.Version == "1.0" })
		if i < 0 {
			continue // its first sign of life is under way
		}
		if name := got.Workers[i].Name; name != "[31mred" {
			t.Errorf("name %q", name)
		}
		if a := got.Workers[i].Addresses; !slices.Equal(a, []string{"192.0.2.1", "127.0.0.1"}) {
			t.Errorf("addresses %q", a)
		}
		if got.Running != 1 || got.Total != 1 || got.Name != "test" {
			t.Errorf("status %+v", got)
		}
		break
	}
	stop()
	s.end(t, 0)
}
