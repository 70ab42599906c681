package cacheleak

import (
	"context"
	"errors"
	"net/url"
	"time"

	"sotomi/scanner/message"
)

// leak is an answer in the wrong hands, seen twice under cache busters that nobody else used.
type leak struct {
	via    string // sequential, concurrent, anonymous, set-cookie, deception, bare, validator
	shown  *crossUser
	again  *crossUser // nil when it was seen only once
	rounds int        // of simultaneous requests, when via is concurrent
	detail string     // the form of the address, for deception
	purge  bool       // the page's own address holds a test visitor's page now
}

// pageResult is what one page came to.
type pageResult struct {
	page      *url.URL
	refs      *references // nil when nothing was tried on the page
	buster    busterResult
	leak      *leak
	open      message.Message // why it could not be told; empty when it could
	loggedOut []string        // visitors
}

// references asks in turn, guests first: where the cache ignores the cache buster, it is then a guest's page that is
// stored. It ends early with busterFails.
func (g *gatherer) references(ctx context.Context) (*references, busterResult, error) {
	visits, err := g.inTurn(ctx, g.guest, g.guest)
	if err != nil {
		return nil, "", err
	}
	if judgeBuster(visits) == busterFails {
		again, err := g.inTurn(ctx, g.guest, g.guest)
		if err != nil || judgeBuster(again) == busterFails {
			return newReferences(visits), busterFails, err
		}
		visits = again
	}
	for round := range 3 {
		who := append([]visitor{}, g.members...)
		if round < 2 {
			who = append(who, g.guest)
		}
		for _, v := range who {
			got, err := g.fresh(ctx, v)
			if err != nil {
				return nil, "", err
			}
			if cacheSigns(got.ex).Hit {
				// A single hit may be a request that went out twice because a connection broke. A guest's next request tells.
				guest, err := g.fresh(ctx, g.guest)
				if err != nil || cacheSigns(guest.ex).Hit {
					return newReferences(append(visits, got)), busterFails, err
				}
				if got, err = g.fresh(ctx, v); err != nil {
					return nil, "", err
				}
			}
			if visits = append(visits, got); cacheSigns(got.ex).Hit {
				return newReferences(visits), busterFails, nil
			}
		}
	}
	return newReferences(visits), judgeBuster(visits), nil
}

// usable says why the references allow no judgement, empty when they do, and who is not logged in.
func (r *references) usable(members []visitor) (reason message.Message, loggedOut []string) {
	for _, m := range members {
		statuses := map[int]bool{}
		off := 0
		for _, v := range r.visits {
			if v.who != m.name {
				continue
			}
			statuses[v.ex.Status] = true
			if v.loggedOut {
				off++
			}
			if v.ex.Truncated && v.size == 0 {
				return message.New("a response was cut off or could not be decoded"), loggedOut
			}
		}
		if off > 0 && len(r.markers(m.name)) == 0 {
			loggedOut = append(loggedOut, m.name)
			continue
		}
		if len(statuses) > 1 {
			return message.New("the page is not stable: visitor %s got different statuses for the same request", m.name), loggedOut
		}
		for s := range statuses {
			if s >= 500 {
				return message.New("the page answers %d", s), loggedOut
			}
		}
	}
	return message.Message{}, loggedOut
}

// sequential has the members and a guest ask one after another under one cache buster: the first member twice, for caches
// that store at the second request; a guest, because some caches serve nobody with a session from the store and yet
// store the answers to them.
func (g *gatherer) sequential(ctx context.Context, r *references) (*leak, error) {
	a, b := g.members[0], g.members[len(g.members)-1]
	orders := [][]visitor{{a, a, b, g.guest}, {b, b, g.guest, a}}
	if len(g.members) == 1 {
		orders = [][]visitor{{a, a, g.guest}}
	}
	for _, order := range orders {
		first, err := g.findInChain(ctx, r, order)
		if err != nil {
			return nil, err
		}
		if first == nil {
			continue
		}
		l := &leak{via: viaOf(first), shown: first}
		const tries = 2
		for range tries {
			if l.again, err = g.findInChain(ctx, r, order); err != nil || l.again != nil {
				return l, err
			}
		}
		return l, nil
	}
	return nil, nil
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

// findInChain has visitors ask one after another under one cache buster and looks for an answer in the wrong hands.
func (g *gatherer) findInChain(ctx context.Context, r *references, order []visitor) (*crossUser, error) {
	visits, err := g.chain(ctx, order...)
	if err != nil {
		return nil, err
	}
	for i, got := range visits {
		c, err := g.confirm(ctx, r, visits[:i], got)
		if c != nil || err != nil {
			return c, err
		}
	}
	return nil, nil
}

// confirm compares got with the answers to others. What looks like another visitor's is held against a control: an answer
// to the same visitor under a new cache buster at the same moment.
func (g *gatherer) confirm(ctx context.Context, r *references, fills []*observation, got *observation) (*crossUser, error) {
	if r.crossed(fills, got, nil) == nil && r.cookieCrossed(fills, got, nil) == nil {
		return nil, nil
	}
	control, err := g.control(ctx, g.named(got.who))
	if err != nil {
		return nil, err
	}
	if c := r.crossed(fills, got, control); c != nil {
		return c, nil
	}
	return r.cookieCrossed(fills, got, control), nil
}

// control is what a visitor gets at an address that nobody else asks for, also while the page's own address is probed.
func (g *gatherer) control(ctx context.Context, v visitor) (*observation, error) {
	if g.kind != noBuster {
		return g.fresh(ctx, v)
	}
	g.kind = inQuery
	defer func() { g.kind = noBuster }()
	return g.fresh(ctx, v)
}

func (g *gatherer) named(who string) visitor {
	for _, m := range g.members {
		if m.name == who {
			return m
		}
	}
	return g.guest
}

// concurrent has all ask at once, round after round, until an answer in the wrong hands was seen twice. Four ask: some
// caches merge only requests that come while an answer is being revalidated.
func (g *gatherer) concurrent(ctx context.Context, r *references, rounds int) (*leak, error) {
	var l *leak
	for round := range rounds {
		c, err := g.round(ctx, r, gap(r, round), g.crew(round))
		if err != nil {
			return l, err
		}
		switch {
		case c == nil:
		case l == nil:
			l = &leak{via: "concurrent", shown: c}
		default:
			if l.again = c; c.strength() > l.shown.strength() {
				l.shown, l.again = c, l.shown
			}
			l.rounds = round + 1
			return l, nil
		}
	}
	if l != nil {
		l.rounds = rounds
	}
	return l, nil
}

// crew is who asks in a round. The first leads.
func (g *gatherer) crew(round int) []visitor {
	if len(g.members) == 0 {
		return []visitor{g.guest, g.guest, g.guest, g.guest}
	}
	leader, other := g.members[0], g.members[len(g.members)-1]
	if round%4 >= 2 {
		leader, other = other, leader
	}
	all := []visitor{leader, other, g.guest, other}
	if n := g.guest.session.InFlight(); n < len(all) {
		all = all[:max(n, 1)]
	}
	return all
}

func (g *gatherer) round(ctx context.Context, r *references, gap time.Duration, crew []visitor) (*crossUser, error) {
	visits, err := g.burst(ctx, gap, crew...)
	if err != nil {
		return nil, err
	}
	var best *crossUser
	for i, got := range visits {
		others := append(append([]*observation{}, visits[:i]...), visits[i+1:]...)
		c, err := g.confirm(ctx, r, others, got)
		if err != nil {
			return nil, err
		}
		if c != nil && (best == nil || c.strength() > best.strength()) {
			best = c
		}
	}
	return best, nil
}

// bare asks for the page without a query, for caches that store nothing under an address with one. The path is spelt anew
// with percent-encoding, so that nobody else uses the address; it goes on only where a guest's answers show that the
// cache keeps the spellings apart. The references are nil when it could not be tried.
func (g *gatherer) bare(ctx context.Context) (*leak, *references, error) {
	asked := g.kind
	g.kind = inPath
	defer func() { g.kind = asked }()
	twice, err := g.chain(ctx, g.guest, g.guest)
	if err != nil {
		return nil, nil, err
	}
	other, err := g.fresh(ctx, g.guest)
	if err != nil || !keyedByBuster(twice[0], twice[1], other) {
		return nil, nil, err
	}
	refs, state, err := g.references(ctx)
	if err != nil || state == busterFails {
		return nil, nil, err
	}
	if !refs.personal() {
		return nil, refs, nil
	}
	l, err := g.sequential(ctx, refs)
	if l != nil {
		l.via = "bare"
	}
	return l, refs, err
}

// bareIfPossible is bare; too short a path is no error.
func (g *gatherer) bareIfPossible(ctx context.Context) (*leak, *references, error) {
	l, refs, err := g.bare(ctx)
	if errors.Is(err, errNoBuster) {
		err = nil
	}
	return l, refs, err
}
