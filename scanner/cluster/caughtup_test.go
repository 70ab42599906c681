package cluster

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// TestLeaseEndsWhenAllRenewalsAreRead: on a cluster a lease is over only when what was written until its end has been read, and time
// in which the streams stood still counts for nobody.
func TestLeaseEndsWhenAllRenewalsAreRead(t *testing.T) {
	const lease = time.Minute
	end := time.Now()
	now := end.Add(time.Second)
	for name, c := range map[string]struct {
		caught time.Time
		stood  bool
		over   bool
	}{
		"nothing was read":         {time.Time{}, false, false},
		"not until the end":        {end.Add(-time.Second), false, false},
		"until after the end":      {now, false, true},
		"the streams stood before": {now, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			held := &seat{holder: &tenure{until: end}}
			r := &round{
				Coordinator: &Coordinator{o: Options{Lease: lease}}, chores: newQueue(),
				ledger: map[string]*seat{"g": held}, groups: map[string]*group{"g": {queued: now}},
			}
			if !c.caught.IsZero() {
				r.catchUp(c.caught, c.stood)
			}
			r.look(now, 0)
			if over := !held.again.IsZero(); over != c.over {
				t.Errorf("over = %v", over)
			}
		})
	}
}

// TestRecordsAreFollowedAnew: when the watch of the records is begun anew in the middle of a job, each record counts once.
func TestRecordsAreFollowedAnew(t *testing.T) {
	ctx := within(t, time.Minute)
	c := listen(t, Options{Window: 5})
	b := newBook()
	job := b.job(40)
	job.Keep = func(chunk Chunk) error {
		if b.count()%3 == 0 {
			c.run.Load().followAnew()
		}
		return b.keep(chunk)
	}
	var g errgroup.Group
	for range 2 {
		w := join(t, c.JoinLine(), WorkerOptions{Tasks: 2})
		g.Go(func() error { return w.Run(ctx, "v1", prepared(three)) })
	}
	if err := errors.Join(c.Run(ctx, job), g.Wait()); err != nil {
		t.Error(err)
	}
	if s := c.Status(); b.count() != 120 || len(b.twice) > 0 || len(b.lost) > 0 || s.Refused > 0 {
		t.Errorf("%d chunks, twice %v, lost %v, %d refused", b.count(), b.twice, b.lost, s.Refused)
	}
}
