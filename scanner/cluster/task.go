package cluster

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"golang.org/x/sync/errgroup"

	"sotomi/scanner/message"
)

// slot does one task after the other until ctx ends.
func (w *Worker) slot(ctx context.Context, do Execute, stop context.CancelCauseFunc) {
	for ctx.Err() == nil {
		if !w.nc.IsConnected() {
			_ = pause(ctx, 100*time.Millisecond)
			continue
		}
		within, cancel := context.WithTimeout(ctx, 2*time.Second)
		batch, err := w.tasks.Fetch(1, jetstream.FetchContext(within)) // which takes the question back when ctx ends
		if err != nil {
			cancel()
			_ = pause(ctx, 100*time.Millisecond)
			continue
		}
		msg, ok := <-batch.Messages()
		cancel()
		switch {
		case ok:
			if err := w.one(ctx, msg, do); err != nil {
				stop(err)
			}
		case batch.Error() != nil && !errors.Is(batch.Error(), context.DeadlineExceeded):
			_ = pause(ctx, 100*time.Millisecond)
		}
	}
}

// one does one task. An error is one that ends the worker.
func (w *Worker) one(ctx context.Context, msg jetstream.Msg, do Execute) error {
	l, err := open(msg.Subject(), msg.Data())
	group, ok := strings.CutPrefix(msg.Subject(), w.task(""))
	if err != nil || !ok || l.From != w.line.coordinator || !groupName.MatchString(group) {
		_ = msg.Term() // nobody can do it
		return nil
	}
	if ctx.Err() != nil {
		_ = msg.Nak()
		return nil
	}
	within, cancel := context.WithTimeout(ctx, w.lease)
	defer cancel()
	h, err := w.takeLease(within, group)
	if err != nil {
		_ = msg.NakWithDelay(w.lease / 3)
		return nil
	}
	cancel()
	held, lose := context.WithCancel(ctx)
	defer lose()
	h.ctx, h.lose = held, lose
	var g errgroup.Group
	renew, end := context.WithCancel(context.WithoutCancel(ctx)) // it is renewed until what was begun is wound up
	g.Go(func() error { h.keep(renew); return nil })
	op, err := w.under(held, h, msg, Task{Group: group, Body: l.body}, do)
	end()
	_ = g.Wait()
	if op != "" { // also when it may not be relied on any more: nobody works under it, so another need not wait
		h.giveBack(context.WithoutCancel(ctx), op)
	}
	return err
}

// under does a task under a lease, whose own context ctx is. It gives the op with which the lease is to be given back, "" for not
// at all.
func (w *Worker) under(ctx context.Context, h *hold, msg jetstream.Msg, t Task, do Execute) (string, error) {
	var reply beginReply
	err := w.ask(ctx, askBegin, head{Lease: h.name, Rev: h.revision()}, []byte(t.Group), "begin."+t.Group+"."+h.name, &reply)
	switch {
	case err != nil:
		_ = msg.Nak()
		return opBack, nil
	case reply.Say == sayGone:
		_ = msg.Term()
		return opBack, nil
	case reply.Say == sayLeave:
		_ = msg.Nak()
		_, err := w.register(ctx)
		return opBack, err
	case reply.Say != sayGo:
		_ = msg.NakWithDelay(w.lease / 3)
		return opBack, nil
	}
	within, cancel := context.WithTimeout(ctx, w.lease)
	err = msg.DoubleAck(within)
	cancel()
	if err != nil {
		return opBack, nil // the coordinator gives it out again
	}
	w.running.Add(1)
	defer w.running.Add(-1)
	done := set(reply.Done)
	count := 0
	for n := range done {
		count = max(count, n+1)
	}
	p := &post{Worker: w, hold: h, group: t.Group, count: count, done: done}
	send := func(c Chunk) error { return p.send(ctx, c) }
	if err := do(ctx, t, h, set(reply.Done), send); err != nil {
		if ctx.Err() != nil || !h.Valid() {
			return opBack, nil // nor did the task fail when the streams did not answer for so long that the lease is over
		}
		return opFail, nil
	}
	if err := p.put(ctx, w.end(t.Group, h.name), head{Count: p.chunks()}, nil); err != nil {
		return opBack, nil
	}
	w.done.Add(1)
	return "", nil // the coordinator takes the lease
}

var (
	errLost = errors.New("the lease is lost")
	errTask = message.Errorf("a chunk that is not of this task")
)
