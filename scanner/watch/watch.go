package watch

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	"sotomi/scanner/history"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// ErrCut is the error of a scan that did not end; it is finished later.
var ErrCut = errors.New("the scan did not end")

// Watcher scans by a schedule until it is stopped.
type Watcher struct {
	History   *history.File
	Schedule  *Schedule // may be nil for Once
	Jitter    time.Duration
	Receivers []*Receiver
	Reminders map[signature.Severity]time.Duration // how long a finding of a severity stays open until it is told again; 0 is never
	Keep      time.Duration                        // how long reports of runs stay; 0 is for ever

	// Scan finishes what there is of a run, or begins it, and gives its report in JSON lines and the exit status. ErrCut is
	// the error of one that was stopped before its end.
	Scan func(ctx context.Context, run history.Run) (report io.ReadSeekCloser, status int, err error)
	// Done is called when all of a run is in the history: what the scan keeps outside is not needed any more. next is when the
	// next run is to begin, zero when there is no schedule.
	Done func(ctx context.Context, run history.Run, next time.Time) error
	Say  func(message.Message) // to people at the terminal

	notBefore time.Time // when a run that was cut is gone on with
}

// pause is how long a run that could not end, such as on a full disk, waits before it is gone on with.
const pause = 5 * time.Minute

// retries are the waits before a message is tried again; after the last it is given up.
var retries = []time.Duration{time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour}

// Once finishes the run that was cut, or makes one, and tells what has changed. The status is that of the scan; unsent is
// how many messages are still to be sent.
func (w *Watcher) Once(ctx context.Context) (status, unsent int, err error) {
	run, err := w.run(ctx)
	if err != nil {
		return 0, 0, err
	}
	unsent, err = w.deliver(ctx)
	return run.Status, unsent, err
}

// Watch makes a run whenever the schedule says so, until ctx ends.
func (w *Watcher) Watch(ctx context.Context) error {
	for {
		if _, err := w.deliver(ctx); err != nil {
			return err
		}
		at, err := w.next(ctx)
		if err != nil {
			return err
		}
		wake := at
		due, waits, err := w.History.NextMessage(ctx)
		if err != nil {
			return err
		}
		if waits && due.Before(at) {
			wake = due
		}
		if err := sleep(ctx, wake); err != nil {
			return err
		}
		if time.Now().Before(at) {
			continue // for a message
		}
		err = w.runBeforeBlackout(ctx)
		switch {
		case errors.Is(err, ErrCut) && ctx.Err() == nil:
			w.notBefore = time.Now().Add(pause)
		case err != nil:
			return err
		}
	}
}

// next is when the next run is to begin, and says so.
func (w *Watcher) next(ctx context.Context) (time.Time, error) {
	now := time.Now()
	if _, cut, err := w.History.Unfinished(ctx); err != nil || cut {
		at := now
		if w.notBefore.After(now) {
			at = w.notBefore
		}
		at, _ = w.Schedule.allowed(at)
		return at, err
	}
	last, _, err := w.History.Last(ctx)
	at := w.Schedule.Next(last.Began, now)
	if at.After(now) {
		if w.Jitter > 0 {
			at, _ = w.Schedule.allowed(at.Add(rand.N(w.Jitter))) //nolint:gosec // so that many do not begin at once
		}
		w.Say(message.New("next run: %s", at.In(w.Schedule.zone).Format("2006-01-02 15:04 MST")))
	}
	return at, err
}

// runBeforeBlackout makes a run that is cut when a blackout begins.
func (w *Watcher) runBeforeBlackout(ctx context.Context) error {
	if closes := w.Schedule.Closes(time.Now()); !closes.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, closes)
		defer cancel()
	}
	_, err := w.run(ctx)
	return err
}

// run finishes the run that was cut or makes one, and keeps what it changes.
func (w *Watcher) run(ctx context.Context) (history.Run, error) {
	run, cut, err := w.History.Begin(ctx, time.Now())
	if err != nil {
		return run, err
	}
	if cut {
		w.Say(message.New("run %d of %s did not end; it is finished now", int(run.ID), run.Began.Format("2006-01-02 15:04")))
	}
	file, status, err := w.Scan(ctx, run)
	if err != nil {
		return run, err
	}
	err = w.keep(context.WithoutCancel(ctx), &run, file, status)
	if err := errors.Join(err, file.Close()); err != nil {
		return run, err
	}
	var next time.Time
	if w.Schedule != nil {
		next = w.Schedule.Next(run.Began, time.Now())
	}
	if err := w.Done(context.WithoutCancel(ctx), run, next); err != nil {
		return run, err
	}
	if w.Keep > 0 {
		_, err = w.History.Prune(context.WithoutCancel(ctx), time.Now().Add(-w.Keep))
	}
	return run, err
}

// keep writes what a run has changed, and the messages about it.
func (w *Watcher) keep(ctx context.Context, run *history.Run, file io.ReadSeeker, status int) error {
	seen, err := readLook(file)
	if err != nil {
		return err
	}
	before, err := w.History.Known(ctx)
	if err != nil {
		return err
	}
	findings, err := Findings(before)
	if err != nil {
		return err
	}
	now := time.Now()
	c, err := compare(&known{before, findings}, seen, now, w.Reminders)
	if err != nil {
		return err
	}
	for _, r := range w.Receivers {
		if m, ok := r.digest(c.events, now); ok {
			c.update.Messages = append(c.update.Messages, m)
		}
	}
	c.update.Memory = seen.memory
	run.Ended, run.Complete, run.Status = now, seen.summary.Complete, status
	run.Targets, run.Findings, run.Requests = seen.summary.Targets, len(seen.findings), seen.summary.Requests
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	if err := w.History.End(ctx, *run, withoutMemory(file, c.wasOpen), c.update); err != nil {
		return err
	}
	counts := map[Kind]int{}
	for _, e := range c.events {
		counts[e.Kind]++
	}
	w.Say(message.New("run %d: new %d, back %d, changed %d, no longer checked %d, gone %d; open %d",
		int(run.ID), counts[New], counts[Back], counts[Changed], counts[Unchecked]+counts[Unseen], counts[Gone], run.Findings))
	return nil
}

// deliver sends the messages that are due, and counts those that are left.
func (w *Watcher) deliver(ctx context.Context) (left int, err error) {
	list, err := w.History.Waiting(ctx, time.Now())
	if err != nil {
		return 0, err
	}
	for _, m := range list {
		if ctx.Err() != nil {
			return left, ctx.Err()
		}
		sent := w.send(ctx, m)
		if sent == nil {
			if err := w.History.Sent(ctx, m.ID, time.Now()); err != nil {
				return left, err
			}
			continue
		}
		left++
		var again time.Time
		if m.Attempts < len(retries) {
			again = time.Now().Add(retries[m.Attempts])
			w.Say(message.New("message %d to %s was not sent: %v; it is tried again at %s", int(m.ID), m.Receiver, sent, again.Format("2006-01-02 15:04")))
		} else {
			w.Say(message.New("message %d to %s was not sent: %v; it is given up", int(m.ID), m.Receiver, sent))
		}
		if err := w.History.NotSent(ctx, m.ID, sent.Error(), again); err != nil {
			return left, err
		}
	}
	return left, nil
}

// send sends a message to its receiver. Its number is in it: one that comes twice can be told.
func (w *Watcher) send(ctx context.Context, m history.Message) error {
	for _, r := range w.Receivers {
		if r.Name == m.Receiver {
			id := message.In(r.Language).Text(message.New("message %d", int(m.ID)))
			return r.Send(ctx, m.Title, m.Body+"\n\n"+id)
		}
	}
	return message.Errorf("there is no receiver of this name any more")
}

func sleep(ctx context.Context, until time.Time) error {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
