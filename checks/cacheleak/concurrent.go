package cacheleak

import (
	"context"
	"slices"
	"time"

	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// enoughCookies is how often visitors must get one new cookie at once.
const enoughCookies = 3

// concurrent has all ask at once, round after round, until an answer in the wrong hands was seen twice; where it was seen
// once, for twice as long. Four ask: some caches merge only requests that come while an answer is being revalidated.
func (g *gatherer) concurrent(ctx context.Context, r *references, rounds int) (*leak, error) {
	var seen []*crossUser
	refuted, round := 0, 0
	for ; round < rounds || len(seen) > 0 && round < 2*rounds; round++ {
		c, looked, err := g.round(ctx, r, gap(r, round), g.crew(round))
		if err != nil {
			return concurrentLeak(lasting(seen), round), err
		}
		switch {
		case c != nil:
			seen = append(seen, c)
		case looked:
			refuted++
		}
		if g.momentary {
			seen = lasting(seen)
		}
		if len(lasting(seen)) >= enough || len(seen) >= enoughCookies || len(seen) == 0 && refuted >= confirmations {
			round++
			break
		}
	}
	if certain := lasting(seen); len(certain) > 0 || len(seen) == 0 {
		return concurrentLeak(certain, round), nil
	}
	return g.cookiesAtOnce(ctx, r, seen, round)
}

// lasting are the crossings that do not rest on a cookie of the moment alone.
func lasting(seen []*crossUser) []*crossUser {
	var list []*crossUser
	for _, c := range seen {
		if !c.made {
			list = append(list, c)
		}
	}
	return list
}

// cookiesAtOnce judges a new cookie that visitors got together: those made from the time are shared now and then by whoever
// asks at one moment. They must be shared often, and never in twice as many rounds in which everybody asks at an address of
// their own.
func (g *gatherer) cookiesAtOnce(ctx context.Context, r *references, seen []*crossUser, rounds int) (*leak, error) {
	for round := g.apart; round < 2*rounds; round++ {
		apart, err := g.cookiesApart(ctx, r, gap(r, round), g.crew(round))
		if err != nil || !apart {
			return nil, err
		}
	}
	if len(seen) < enoughCookies {
		return nil, message.Errorf("visitors who asked at the same moment received one new cookie in %d of %d rounds: that may be a cache, or cookies made from the time", len(seen), rounds)
	}
	return concurrentLeak(seen, rounds), nil
}

func concurrentLeak(seen []*crossUser, rounds int) *leak {
	l := leakOf(seen)
	if l != nil {
		l.via, l.rounds = "concurrent", rounds
	}
	return l
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

// round is one burst. What looks like another visitor's is held against a control; looked reports whether anything did.
func (g *gatherer) round(ctx context.Context, r *references, gap time.Duration, crew []visitor) (best *crossUser, looked bool, err error) {
	visits, err := g.burst(ctx, gap, true, crew...)
	if err != nil {
		return nil, false, err
	}
	asked := false // whether visitors who ask at once at addresses of their own get cookies of their own
	for i, got := range visits {
		others := append(slices.Clone(visits[:i]), visits[i+1:]...)
		marks, cookie := r.crossed(others, got, nil) != nil, r.cookieCrossed(others, got, nil) != nil
		if !marks && !cookie {
			if !g.shows && r.mixed(got, nil) {
				if err := g.lookAtMixed(ctx, r, got); err != nil {
					return nil, looked, err
				}
			}
			continue
		}
		looked = true
		if g.momentary && !marks {
			continue
		}
		control, err := g.control(ctx, g.named(got.who))
		if err != nil {
			return nil, looked, err
		}
		c := r.crossed(others, got, control)
		if c == nil && cookie {
			if !asked {
				if _, err = g.cookiesApart(ctx, r, gap, crew); err != nil {
					return nil, looked, err
				}
				asked = true
			}
			if !g.momentary {
				c = r.cookieCrossed(others, got, control)
			}
		}
		if c != nil && (best == nil || c.strength() > best.strength()) {
			best = c
		}
	}
	return best, looked, nil
}

// lookAtMixed asks as the receiver alone, whether the other's marks belong to the page.
func (g *gatherer) lookAtMixed(ctx context.Context, r *references, got *observation) error {
	control, err := g.control(ctx, g.named(got.who))
	if err != nil {
		return err
	}
	g.sawMixed(r, got, control)
	return nil
}

// cookiesApart has the same visitors ask in the same way, each at an address of their own: where two get one cookie then,
// it is the moment that they share, and no answer.
func (g *gatherer) cookiesApart(ctx context.Context, r *references, gap time.Duration, crew []visitor) (bool, error) {
	visits, err := g.burst(ctx, gap, false, crew...)
	if err != nil {
		return false, err
	}
	g.apart++
	for i, v := range visits {
		for _, w := range visits[:i] {
			for t := range v.tokens {
				if !r.known(t) && v.handsOut(t) && w.handsOut(t) && (v.who != w.who || v.who == anonymous) {
					g.momentary = true
					return false, nil
				}
			}
		}
	}
	return true, nil
}

func (g *gatherer) named(who string) visitor {
	for _, m := range g.members {
		if m.name == who {
			return m
		}
	}
	return g.guest
}

// burst has the first visitor ask and, gap later and before its answer can be there, all others: under one cache buster,
// or each under their own.
func (g *gatherer) burst(ctx context.Context, gap time.Duration, together bool, who ...visitor) ([]*observation, error) {
	if g.requests+len(who) > g.limit {
		return nil, errLimit
	}
	requests, keys := make([]web.BurstRequest, len(who)), make([]string, len(who))
	for i, v := range who {
		if i > 0 && together {
			keys[i] = keys[0]
		} else {
			key, err := g.cacheBuster()
			if err != nil {
				return nil, err
			}
			keys[i] = key
		}
		requests[i] = web.BurstRequest{Session: v.session, Request: g.request(v, keys[i])}
		if i > 0 {
			requests[i].After = gap
		}
	}
	g.tally(len(who))
	answers, err := web.Burst(ctx, requests)
	if err != nil {
		return nil, err
	}
	var list []*observation
	for i, a := range answers {
		if a.Err != nil {
			return nil, a.Err
		}
		list = append(list, g.observe(who[i], keys[i], a.Exchange))
	}
	return list, nil
}

// gap is how long the others wait in a round: the first request must have reached the origin, and its answer not be back.
func gap(refs *references, round int) time.Duration {
	if round%2 == 0 {
		return 0
	}
	var times []time.Duration
	for _, v := range refs.visits {
		if v.who != anonymous {
			times = append(times, v.ex.FirstByte)
		}
	}
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[len(times)/2] * 35 / 100
}
