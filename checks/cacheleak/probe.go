package cacheleak

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// leak is a crossing that was seen twice, under keys that nobody else used.
type leak struct {
	via    string // sequential, concurrent, anonymous, set-cookie, deception, bare, validator
	shown  *crossUser
	again  *crossUser // nil when it was seen only once
	rounds int        // of asking together, when via is concurrent
	detail string     // the variant of the address, for deception
	purge  bool       // the plain address holds a test visitor's page now
}

// pageResult is what one page came to.
type pageResult struct {
	page   *url.URL
	refs   *references // nil when the page was given up before
	buster busterResult
	leak   *leak
	rounds int             // of asking together without a crossing
	open   message.Message // why it could not be told; zero when it could
	out    []string
}

// references asks in turn, guests first: on a cache that does not look at our key it is then a guest's page that is
// stored. It ends early with the isolation that forbids going on.
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
				// Once may be a request that was sent twice, after a connection broke; a guest's next one tells.
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

// loginAddress is where sites send those whom they do not know.
var loginAddress = regexp.MustCompile(`(?i)(log[-_]?in|sign[-_]?in|auth|sso|entrance)`)

// loggedOut reports whether an answer is what somebody gets who is not logged in.
func loggedOut(ex *web.Exchange) bool {
	switch ex.Status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return true
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return loginAddress.MatchString(ex.Header.Get("Location"))
	}
	page, err := web.ParsePage(ex)
	if err != nil {
		return false
	}
	for _, f := range page.Forms {
		for _, field := range f.Fields {
			if field.Type == "password" {
				return len(f.Fields) <= 6 // more is a form to change one's data
			}
		}
	}
	return false
}

// usable says why the references do not allow a judgement, and who is not logged in; "" when they do.
func (r *references) usable(members []visitor) (reason message.Message, out []string) {
	for _, m := range members {
		statuses := map[int]bool{}
		off := 0
		for _, v := range r.visits {
			if v.who != m.name {
				continue
			}
			statuses[v.ex.Status] = true
			if loggedOut(v.ex) {
				off++
			}
			if v.ex.Truncated && len(v.ex.Body) == 0 {
				return message.New("a response was cut off or could not be decoded"), out
			}
		}
		if off > 0 && len(r.markers(m.name)) == 0 {
			out = append(out, m.name)
			continue
		}
		if len(statuses) > 1 {
			return message.New("the page is not stable: visitor %s got different statuses for the same request", m.name), out
		}
		for s := range statuses {
			if s >= 500 {
				return message.New("the page answers %d", s), out
			}
		}
	}
	return message.Message{}, out
}

// sequential has one member after another ask under one key, and a guest: twice the first, for caches that store at the
// second time; a guest each time, because some caches pass by whoever has a session and store the answer all the same.
func (g *gatherer) sequential(ctx context.Context, r *references) (*leak, error) {
	a, b := g.members[0], g.members[len(g.members)-1]
	orders := [][]visitor{{a, a, b, g.guest}}
	if len(g.members) > 1 {
		orders = append(orders, []visitor{b, b, g.guest, a})
	} else {
		orders = [][]visitor{{a, a, g.guest}}
	}
	for _, order := range orders {
		first, err := g.findInChain(ctx, r, order)
		if err != nil || first == nil {
			if err != nil {
				return nil, err
			}
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

// findInChain runs a chain and looks for a crossing in it. What looks like one is held against an answer to the same
// visitor under a fresh key at the same moment.
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

// confirm asks for the control only when there is something to control.
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

// control is what a visitor gets under an address that is nobody else's, also where the plain address is looked at.
func (g *gatherer) control(ctx context.Context, v visitor) (*observation, error) {
	if g.kind != keyNone {
		return g.fresh(ctx, v)
	}
	g.kind = keyQuery
	defer func() { g.kind = keyNone }()
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

// concurrent has all ask at once, round after round, until a crossing was seen twice. Four ask: some caches merge only
// those who come while the first is being asked about again.
func (g *gatherer) concurrent(ctx context.Context, r *references, rounds int) (*leak, int, error) {
	var l *leak
	for round := range rounds {
		c, err := g.round(ctx, r, gap(r, round), g.crew(round))
		if err != nil {
			return l, round, err
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
			return l, round + 1, nil
		}
	}
	if l != nil {
		l.rounds = rounds
	}
	return l, rounds, nil
}

// crew is who asks in a round, the leader first.
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
			c.together = true
			best = c
		}
	}
	return best, nil
}

// bare goes through the address without a query, for caches that store nothing under an address with one. The path is
// respelt, so that it is still ours alone; it goes on only where a guest's answers show that the cache keeps the
// spellings apart.
// The references are nil when it could not be tried.
func (g *gatherer) bare(ctx context.Context) (*leak, *references, error) {
	asked := g.kind
	g.kind = keyPath
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
	if errors.Is(err, errNoKey) {
		err = nil
	}
	return l, refs, err
}

// deceptions are addresses that some origins take for the page and some caches for a static file (web cache deception).
// NAME is made up for each use, in the path: rules for extensions often drop the query.
var deceptions = []string{
	"PATH/NAME.css", "PATH;NAME.css", "PATH%3BNAME.css", "PATH%2FNAME.css", "PATH%3FNAME.css", "PATH%23NAME.css",
	"PATH/NAME.js", "PATH/NAME.jpg", "/static/NAME%2F..%2F..PATH", "/assets/NAME%2F..%2F..PATH",
}

// deception asks for such an address as a member. Only one that brings the member's page is asked for as a guest.
func (g *gatherer) deception(ctx context.Context, r *references) (*leak, error) {
	member := g.members[0]
	marks := r.markers(member.name)
	for _, pattern := range deceptions {
		got, err := g.deceive(ctx, pattern, unguessableKey(), member)
		if err != nil {
			return nil, err
		}
		if !holdsAny(got, marks) {
			continue
		}
		var l *leak
		for range 2 {
			c, err := g.deceived(ctx, r, pattern)
			if err != nil {
				return l, err
			}
			switch {
			case c == nil:
			case l == nil:
				l = &leak{via: "deception", shown: c, detail: pattern}
			default:
				l.again = c
			}
		}
		if l != nil {
			return l, nil
		}
	}
	return nil, nil
}

func (g *gatherer) deceived(ctx context.Context, r *references, pattern string) (*crossUser, error) {
	member, name := g.members[0], unguessableKey()
	var visits []*observation
	for _, v := range []visitor{member, member, g.guest} {
		got, err := g.deceive(ctx, pattern, name, v)
		if err != nil {
			return nil, err
		}
		visits = append(visits, got)
	}
	got := visits[2]
	if r.crossed(visits[:2], got, nil) == nil {
		return nil, nil
	}
	control, err := g.deceive(ctx, pattern, unguessableKey(), g.guest)
	if err != nil {
		return nil, err
	}
	return r.crossed(visits[:2], got, control), nil
}

func (g *gatherer) deceive(ctx context.Context, pattern, name string, v visitor) (*observation, error) {
	path := strings.TrimSuffix(g.page.EscapedPath(), "/")
	target := strings.NewReplacer("PATH", path, "NAME", name).Replace(pattern)
	if g.page.RawQuery != "" {
		target += "?" + g.page.RawQuery
	}
	u := *g.page
	return g.ask(ctx, v, name, v.request(&u, target))
}
