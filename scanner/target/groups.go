package target

import (
	"context"
	"crypto/sha256"
	"fmt"
	"iter"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Group is inputs that one machine should look at, for they are on one host: they have a name or an address in common.
type Group struct {
	Name   string // the same for the same inputs: digits, letters and -
	Places []Place
}

// Groups forms groups of the inputs of a list while they are asked for, so that a list of a million lines is not looked up before
// the first of them is begun. Inputs far from each other in the list do not come together, but a group is kept back while another
// one on the same host is under way.
type Groups struct {
	lookUp func(ctx context.Context, name string) []netip.Addr
	mu     sync.Mutex
	busy   map[string]bool     // names and addresses of groups that are under way
	keys   map[string][]string // the same by group
	freed  chan struct{}       // has one when a group has ended
}

const (
	groupWindow  = 256  // inputs that are looked up together
	lookUpsAhead = 64   // names that are looked up at a time
	maxHeld      = 1000 // groups that are kept back before no more are formed
)

// NewGroups forms groups by the addresses that lookUp gives for a name, none when they are not known, and by names alone when it is
// nil. It is called by several goroutines.
func NewGroups(lookUp func(ctx context.Context, name string) []netip.Addr) *Groups {
	return &Groups{lookUp: lookUp, busy: map[string]bool{}, keys: map[string][]string{}, freed: make(chan struct{}, 1)}
}

// All gives the groups of a list, each while no other one on its host is under way. Done must follow for each. It ends early with
// ctx.
func (g *Groups) All(ctx context.Context, list *List) iter.Seq[Group] {
	return func(yield func(Group) bool) {
		next, stop := iter.Pull2(list.Places())
		defer stop()
		ctx, cancel := context.WithCancel(ctx)
		window := g.ahead(ctx, next)
		defer func() {
			cancel()
			window()
		}()
		q := &groupQueue{groups: g, yield: yield}
		for formed := window(); formed != nil; formed = window() {
			window = g.ahead(ctx, next)
			for _, p := range formed {
				q.offer(p)
				for len(q.held) > maxHeld && q.wait(ctx) {
					q.again()
				}
				if q.over || ctx.Err() != nil {
					return
				}
			}
		}
		for len(q.held) > 0 && q.wait(ctx) {
			q.again()
		}
	}
}

// Done says that a group is over.
func (g *Groups) Done(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, key := range g.keys[name] {
		delete(g.busy, key)
	}
	delete(g.keys, name)
	select {
	case g.freed <- struct{}{}:
	default: // one is enough
	}
}

// begin marks a group as under way, unless another one on its host is.
func (g *Groups) begin(p *pending) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for key := range p.keys {
		if g.busy[key] {
			return false
		}
	}
	for key := range p.keys {
		g.busy[key] = true
	}
	g.keys[p.Name] = slices.Collect(maps.Keys(p.keys))
	return true
}

// pending is a group that was not begun.
type pending struct {
	Group
	keys map[string]bool // its names and addresses
}

// groupQueue gives groups, and keeps those back whose host is busy.
type groupQueue struct {
	groups *Groups
	yield  func(Group) bool
	held   []*pending
	over   bool // nobody wants more
}

func (q *groupQueue) offer(p *pending) {
	select {
	case <-q.groups.freed:
		q.again()
	default: // nothing has changed
	}
	if !q.give(p) {
		q.held = append(q.held, p)
	}
}

// give gives a group, unless it is to be kept back.
func (q *groupQueue) give(p *pending) bool {
	if q.over || !q.groups.begin(p) {
		return false
	}
	q.over = !q.yield(p.Group)
	return true
}

// again gives those that were kept back and need not be any more.
func (q *groupQueue) again() { q.held = slices.DeleteFunc(q.held, q.give) }

// wait waits until a group has ended. It reports whether there is something left to do.
func (q *groupQueue) wait(ctx context.Context) bool {
	if q.over {
		return false
	}
	select {
	case <-q.groups.freed:
		return true
	case <-ctx.Done():
		return false
	}
}

// ahead reads the next inputs of a list and begins to look their names up. The result waits for that, and gives their groups; it is
// nil at the end of the list.
func (g *Groups) ahead(ctx context.Context, next func() (Place, Input, bool)) func() []*pending {
	var hosts []*pending
	byName := map[string]*pending{}
	for range groupWindow {
		place, in, ok := next()
		if !ok {
			break
		}
		name := strings.ToLower(in.hostOf())
		if byName[name] == nil {
			byName[name] = &pending{keys: map[string]bool{name: true}}
			hosts = append(hosts, byName[name])
		}
		byName[name].Places = append(byName[name].Places, place)
	}
	var all, names errgroup.Group
	names.SetLimit(lookUpsAhead)
	all.Go(func() error {
		for name, p := range byName {
			if _, err := netip.ParseAddr(name); err == nil || g.lookUp == nil || ctx.Err() != nil {
				continue
			}
			names.Go(func() error {
				for _, a := range g.lookUp(ctx, name) {
					p.keys[a.Unmap().String()] = true
				}
				return nil
			})
		}
		return names.Wait()
	})
	return func() []*pending {
		_ = all.Wait() // a name that cannot be looked up stands for itself
		return united(hosts)
	}
}

// united makes groups of hosts: what has a name or an address in common is one.
func united(hosts []*pending) []*pending {
	owner := map[string]*pending{}
	var groups []*pending
	for _, h := range hosts {
		of := h
		for key := range h.keys {
			if other := owner[key]; other != nil && other.Places[0].Index < of.Places[0].Index {
				of = other
			}
		}
		for key := range h.keys {
			if other := owner[key]; other != nil && other != of {
				of.take(other, owner)
				groups = slices.DeleteFunc(groups, func(p *pending) bool { return p == other })
			}
		}
		if of == h {
			groups = append(groups, h)
		}
		of.take(h, owner)
	}
	for _, p := range groups {
		slices.SortFunc(p.Places, func(a, b Place) int { return a.Index - b.Index })
		sum := sha256.New()
		for _, place := range p.Places {
			fmt.Fprintln(sum, place.Index, place.Address)
		}
		p.Name = fmt.Sprintf("%d-%x", p.Places[0].Index, sum.Sum(nil)[:6])
	}
	return groups
}

// take makes another group a part of this one.
func (p *pending) take(other *pending, owner map[string]*pending) {
	if p != other {
		p.Places = append(p.Places, other.Places...)
		maps.Copy(p.keys, other.keys)
	}
	for key := range p.keys {
		owner[key] = p
	}
}
