package cluster

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/nats-io/nats.go/jetstream"
)

// life is a worker's sign of life.
type life struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Address string `json:"address"`
	Running int    `json:"running"`
	Done    int    `json:"done"`
	Left    bool   `json:"left"`
}

// present is a worker as the coordinator sees it.
type present struct {
	life
	said []string // addresses from which its requests went out, as it says
	seen time.Time
}

// silent is after how many leases without a sign of life a worker is taken to be gone.
const silent = 2

// readWorkers follows the signs of life of all workers.
func (r *round) readWorkers(ctx context.Context) error {
	return r.follow(ctx, r.streams.worker, func(e jetstream.KeyValueEntry) error {
		if e == nil {
			return nil
		}
		l, err := open("life."+e.Key(), e.Value())
		var says life
		if err != nil || l.From != e.Key() || !r.admitted(l) || json.Unmarshal(l.body, &says) != nil {
			r.refuse()
			return nil
		}
		says.Name, says.Version, says.Address = plain(says.Name), plain(says.Version), plain(says.Address)
		says.Running, says.Done = max(says.Running, 0), max(says.Done, 0)
		r.mu.Lock()
		defer r.mu.Unlock()
		if len(r.workers) >= maxWorkers {
			maps.DeleteFunc(r.workers, func(_ string, p *present) bool { return p.Left || time.Since(p.seen) > silent*r.o.Lease })
		}
		before := r.workers[l.From]
		if before == nil {
			if len(r.workers) >= maxWorkers {
				return nil
			}
			before = &present{}
		}
		r.workers[l.From] = &present{life: says, said: oneMore(before.said, says.Address), seen: time.Now()}
		return nil
	}, jetstream.UpdatesOnly())
}

// plain makes a stranger's text printable and short.
func plain(s string) string {
	var b strings.Builder
	n := 0
	for _, c := range s {
		if n == maxText {
			break
		}
		if c != unicode.ReplacementChar && unicode.IsPrint(c) {
			b.WriteRune(c)
			n++
		}
	}
	return strings.TrimSpace(b.String())
}

// anybody reports whether a worker is there that has not said goodbye.
func (r *round) anybody() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, p := range r.workers {
		if !p.Left && time.Since(p.seen) < silent*r.o.Lease {
			return true
		}
	}
	return false
}

// status is how far the round is.
func (r *round) status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.counts
	s.Name, s.Total, s.Workers = r.job.Name, r.job.Total, []WorkerStatus{}
	for name := range r.groups {
		if seat := r.ledger[name]; seat != nil && seat.holder != nil {
			s.Running++
		}
	}
	s.Waiting = len(r.groups) - s.Running
	if s.Total > 0 {
		s.Waiting = max(s.Waiting, s.Total-s.Done-s.Lost-s.Running)
	}
	for id, p := range r.workers {
		w := WorkerStatus{ID: id, Name: p.Name, Version: p.Version, Addresses: []string{}, Seen: time.Since(p.seen), Running: p.Running, Done: p.Done, Left: p.Left}
		for _, a := range append(slices.Clone(p.said), r.door.addresses(id)...) {
			w.Addresses = oneMore(w.Addresses, a)
		}
		s.Workers = append(s.Workers, w)
	}
	slices.SortFunc(s.Workers, func(a, b WorkerStatus) int {
		return strings.Compare(a.Name+" "+a.ID, b.Name+" "+b.ID)
	})
	return s
}
