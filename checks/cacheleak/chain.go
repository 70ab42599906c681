package cacheleak

import (
	"context"
	"slices"
	"time"
)

// confirmations is how often a crossing that was seen is looked for again, and enough how often it must come back.
const (
	confirmations = 3
	enough        = 2
)

// sequential has the members and a guest ask one after another under one cache buster: the first member twice, for caches
// that store at the second request; a guest, because some caches serve nobody with a session from the store and yet
// store the answers to them; at last many times, for caches that store late and for caches of several machines that take
// turns.
func (g *gatherer) sequential(ctx context.Context, r *references) (*leak, error) {
	a, b := g.members[0], g.members[len(g.members)-1]
	orders := [][]visitor{{a, a, b, g.guest}, {b, b, g.guest, a}, {a, a, a, a, a, a, b, g.guest, b, g.guest}}
	if len(g.members) == 1 {
		orders = [][]visitor{{a, a, g.guest}, {a, a, a, a, a, a, g.guest, g.guest}}
	}
	return g.inOrders(ctx, r, orders)
}

// inOrders has visitors ask in one order after another until an answer crossed again. What crossed once and did not come
// back may be the chance of several machines, which longer orders leave less to.
func (g *gatherer) inOrders(ctx context.Context, r *references, orders [][]visitor) (*leak, error) {
	var once *leak
	for _, order := range orders {
		visits, err := g.chain(ctx, false, order...)
		if err != nil {
			return once, err
		}
		tries := confirmations
		if g.crossedIn(r, visits) == nil {
			if g.shows || !slices.ContainsFunc(visits, func(l link) bool { return r.mixed(l.got, nil) }) {
				continue
			}
			tries = enough
		}
		l, err := g.confirmed(ctx, r, order, tries)
		if once == nil || l != nil && l.again != nil {
			once = l
		}
		if err != nil || once != nil && once.again != nil {
			return once, err
		}
	}
	return once, nil
}

// confirmed looks for a crossing again, each time under a new cache buster and against controls of the same moment. It
// is nil when the crossing never comes back.
func (g *gatherer) confirmed(ctx context.Context, r *references, order []visitor, tries int) (*leak, error) {
	var seen []*crossUser
	for range tries {
		visits, err := g.chain(ctx, true, order...)
		if err != nil {
			return leakOf(seen), err
		}
		if c := g.crossedIn(r, visits); c != nil {
			seen = append(seen, c)
		}
		if len(seen) == enough || tries < confirmations && g.shows {
			break
		}
	}
	return leakOf(seen), nil
}

// leakOf is what crossings of one kind come to, the best of them first.
func leakOf(seen []*crossUser) *leak {
	if len(seen) == 0 {
		return nil
	}
	slices.SortStableFunc(seen, func(a, b *crossUser) int { return b.strength() - a.strength() })
	l := &leak{via: viaOf(seen[0]), shown: seen[0]}
	if len(seen) >= enough {
		l.again = seen[1]
	}
	return l
}

func viaOf(c *crossUser) string {
	switch {
	case c.cookie:
		return "set-cookie"
	case c.got.who == anonymous:
		return "anonymous"
	}
	return "sequential"
}

// link is one answer of a chain and what the same visitor got at an address of their own just before; nil when that was
// not asked for.
type link struct{ got, control *observation }

// chain has the visitors ask one after another under one cache buster. With controls, whoever may receive another's
// answer asks at an address of their own first: between the answer that is stored and the one that is received, so that
// whatever changes with time alone changes there too.
func (g *gatherer) chain(ctx context.Context, controls bool, who ...visitor) ([]link, error) {
	key, err := g.cacheBuster()
	if err != nil {
		return nil, err
	}
	var list []link
	for i, v := range who {
		if i > 0 && v.name != who[i-1].name {
			if err := pause(ctx, list[0].got.ex.FirstByte); err != nil {
				return list, err
			}
		}
		var l link
		if receiver := i > 0 && (v.name != who[0].name || v.name == anonymous); controls && receiver {
			if l.control, err = g.control(ctx, v); err != nil {
				return list, err
			}
		}
		if l.got, err = g.visit(ctx, v, key); err != nil {
			return list, err
		}
		list = append(list, l)
	}
	return list, nil
}

// crossedIn is the best crossing of a chain. Without controls it is a first look.
func (g *gatherer) crossedIn(r *references, chain []link) *crossUser {
	var fills []*observation
	var best *crossUser
	for _, l := range chain {
		c := r.crossed(fills, l.got, l.control)
		if c == nil {
			c = r.cookieCrossed(fills, l.got, l.control)
		}
		if c != nil && (best == nil || c.strength() > best.strength()) {
			best = c
		}
		if c == nil && l.control != nil {
			g.sawMixed(r, l.got, l.control)
		}
		fills = append(fills, l.got)
	}
	return best
}

// sawMixed notes marks of another visitor beside the receiver's own. Where the control has them too, the page shows its
// visitors to each other.
func (g *gatherer) sawMixed(r *references, got, control *observation) {
	switch {
	case r.mixed(got, control):
		g.mixed++
	case r.mixed(got, nil):
		g.shows = true
	}
}

// mixedUp reports whether marks of others came beside the receiver's own again, on a page that does not show its visitors
// to each other.
func (g *gatherer) mixedUp() bool { return g.mixed >= enough && !g.shows }

// pause is long enough that the next request is not taken for a simultaneous one, however briefly a cache keeps an
// answer that has expired, and too short for one that is kept for a second.
func pause(ctx context.Context, firstByte time.Duration) error {
	const shortest, longest = 20 * time.Millisecond, 100 * time.Millisecond
	timer := time.NewTimer(min(max(2*firstByte, shortest), longest))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
