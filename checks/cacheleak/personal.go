package cacheleak

import (
	"context"
	"errors"

	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// personal runs the probes on a page that differs between visitors, until one of them shows a leak.
func (r *run) personal(ctx context.Context, g *gatherer, result *pageResult) error {
	var err error
	if r.params.Mode == "leak" {
		if result.leak, err = g.sequential(ctx, result.refs); err != nil {
			return err
		}
		if l := result.leak; l != nil {
			l.stored(judgeStorage(r.headOf(result.refs, l.shown.origin())).Storage)
			return nil
		}
		result.did(wayInTurn)
	}
	if g.guest.session.InFlight() < 2 {
		result.open = message.New("simultaneous requests need --in-flight 2 or more")
		return nil
	}
	if result.leak, err = g.concurrent(ctx, result.refs, r.params.Rounds); err != nil || result.leak != nil {
		return err
	}
	result.did(wayAtOnce)
	if r.params.Mode != "leak" {
		return nil
	}
	if result.leak, err = g.deception(ctx, result.refs, result.mentions.folders()); err != nil || result.leak != nil {
		return err
	}
	result.did(wayAsFile)
	return r.ownAddress(ctx, g, result)
}

// stored says how the answer came to be stored. A cookie that is handed out is worse than what stores it.
func (l *leak) stored(how storage) {
	if l.via != "set-cookie" && how == storageValidator {
		l.via = "validator"
	}
}

// ownAddress looks at the page without a query, for caches that keep nothing under an address with one. Its own address
// is asked for with a session only where the operator allows that; other spellings of the path may do as well. Else guests
// ask, and where their answers are stored there and not under queries, it is not known what members would get.
func (r *run) ownAddress(ctx context.Context, g *gatherer, result *pageResult) error {
	if r.probe.Safety.Allows(signature.SafetyIntrusive) {
		if err := r.asItIs(ctx, g, result); err != nil || result.leak != nil {
			return err
		}
		result.did(wayOwnAddress)
	}
	l, refs, err := g.bareIfPossible(ctx)
	if err != nil || l != nil {
		result.leak = l
		return err
	}
	if refs != nil && refs.personal() {
		result.did(waySpelt)
		return nil
	}
	if result.has(wayOwnAddress) {
		return nil
	}
	return r.asGuestsFindIt(ctx, g, result)
}

// asGuestsFindIt asks for the page's own address as guests do all day.
func (r *run) asGuestsFindIt(ctx context.Context, g *gatherer, result *pageResult) error {
	stored, told, err := g.storedForGuests(ctx, result.refs, noBuster)
	if err != nil {
		return err
	}
	if stored {
		queries, _, err := g.storedForGuests(ctx, result.refs, inQuery)
		if err != nil {
			return err
		}
		if !queries {
			result.open = message.New("a cache keeps the page under its own address and not under an address with a parameter of sotomi's: its own address was requested as a guest only, and --safety intrusive requests it as a member too, which may leave that page in the cache for a while")
			return nil
		}
	}
	if !told && r.mayBeStored(result.refs) {
		result.open = message.New("its own address was requested as a guest only, and whether a cache keeps it could not be seen: --safety intrusive requests it as a member too, which may leave that page in the cache for a while")
		return nil
	}
	result.did(wayOwnAsGuest)
	return nil
}

// mayBeStored reports whether the head of a member's page lets caches hand it to others.
func (r *run) mayBeStored(refs *references) bool {
	for _, v := range refs.visits {
		if v.who != anonymous && judgeStorage(r.headOf(refs, v)).Storage != storageNone {
			return true
		}
	}
	return false
}

// storedForGuests has a guest ask twice at one address. told reports whether the answers tell at all where they come from.
func (g *gatherer) storedForGuests(ctx context.Context, refs *references, kind busterKind) (stored, told bool, err error) {
	before := g.kind
	g.kind = kind
	defer func() { g.kind = before }()
	twice, err := g.chain(ctx, false, g.guest, g.guest)
	if err != nil {
		return false, false, err
	}
	first, second := twice[0].got, twice[1].got
	if a, b := cacheSigns(first.ex), cacheSigns(second.ex); a.Hit || b.Hit {
		return true, true, nil
	} else if b.Miss {
		told = true
	}
	for t := range first.tokens {
		if !first.volatile(t) || refs.known(t) {
			continue
		}
		if !second.has(t) {
			return false, true, nil
		}
		stored, told = true, true
	}
	return stored, told, nil
}

// asItIs asks for the page's own address, which leaves a test visitor's page in the cache for a while: only where the
// operator allows that.
func (r *run) asItIs(ctx context.Context, g *gatherer, result *pageResult) error {
	g.kind = noBuster
	defer func() { g.kind = inQuery }()
	l, err := g.sequential(ctx, result.refs)
	if err != nil {
		return err
	}
	if l == nil {
		if l, err = g.displaced(ctx, result.refs); err != nil {
			return err
		}
	}
	if result.leak = l; l != nil {
		l.via, l.purge = "bare", true
	}
	return nil
}

// displaced looks whether members get a guest's page. Whoever comes first fills the cache: where that was a guest, no
// member's page is to be seen.
func (g *gatherer) displaced(ctx context.Context, refs *references) (*leak, error) {
	var seen []*crossUser
	for _, member := range []visitor{g.members[0], g.members[len(g.members)-1]} {
		visits, err := g.chain(ctx, true, g.guest, g.guest, member)
		if err != nil {
			return nil, err
		}
		if c := refs.displaced(visits[1].got, visits[2].got, visits[2].control); c != nil {
			seen = append(seen, c)
		}
	}
	return leakOf(seen), nil
}

// bare asks for the page without a query, for caches that store nothing under an address with one. The path is spelt anew
// with percent-encoding, so that nobody else uses the address; it goes on only where a guest's answers show that the
// cache keeps the spellings apart. The references are nil when it could not be tried.
func (g *gatherer) bare(ctx context.Context) (*leak, *references, error) {
	asked := g.kind
	g.kind = inPath
	defer func() { g.kind = asked }()
	twice, err := g.chain(ctx, false, g.guest, g.guest)
	if err != nil {
		return nil, nil, err
	}
	other, err := g.fresh(ctx, g.guest)
	if err != nil || !keyedByBuster(twice[0].got, twice[1].got, other) {
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

// unkeyed looks at a page that a cache serves whatever the query is.
func (r *run) unkeyed(ctx context.Context, g *gatherer, result *pageResult) error {
	cookie := result.refs.handsOutFromStore()
	result.refs = nil // some of the answers came from the store
	if len(g.members) == 0 {
		if cookie {
			result.open = message.New("the cache ignores the query, and a stored response hands a session cookie to guests: whether each visitor would have one of their own could not be told")
		}
		return nil
	}
	if r.params.Mode == "leak" {
		var err error
		if result.leak, result.refs, err = g.bareIfPossible(ctx); err != nil {
			return err
		}
		if result.refs != nil {
			result.did(waySpelt)
		}
	}
	switch {
	case !r.isNamed(g.page) || result.leak != nil:
	case result.refs == nil:
		result.open = message.New("the cache ignores the random parts of an address that keep test visitors' pages away from real visitors, so nothing was tried")
	case len(r.members) > 0:
		result.buster = busterWorks
		return r.doubts(ctx, g, result)
	}
	return nil
}

// cookies looks whether visitors get each other's new session cookie from a page that is the same for all.
func (r *run) cookies(ctx context.Context, g *gatherer, result *pageResult) error {
	if len(r.members) == 0 {
		g.members = nil
	}
	guests := []visitor{g.guest, g.guest, g.guest, g.guest, g.guest, g.guest, g.guest}
	orders := [][]visitor{guests}
	if len(g.members) > 0 {
		a, b := g.members[0], g.members[len(g.members)-1]
		orders = [][]visitor{{a, a, b, g.guest}, {a, a, a, a, a, a, g.guest, g.guest}, guests}
	}
	var err error
	if result.leak, err = g.inOrders(ctx, result.refs, orders); err != nil || result.leak != nil {
		return err
	}
	result.did(wayInTurn)
	dear := len(r.members) == 0 && web.IsFile(g.page.Path) // for what the pages have shown of the same cookies
	if !dear && g.guest.session.InFlight() >= 2 {
		if result.leak, err = g.concurrent(ctx, result.refs, r.params.Rounds); err != nil || result.leak != nil {
			return err
		}
		result.did(wayAtOnce)
	}
	return nil
}
