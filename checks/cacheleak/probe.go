package cacheleak

import (
	"context"
	"net/url"

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
	doubt     message.Message // why nothing found means little; empty when it does not
	public    bool            // it was seen to be the same for all
	loggedOut []string        // visitors
	part      bool            // no page of its own: a fragment, or a file
	tried     []way
	mentions  mentions // by what its first visitor got
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
