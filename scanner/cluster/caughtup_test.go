package cluster

import (
	"testing"
	"time"
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
