package cacheleak

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// params configure the check "cache-leak".
type params struct {
	Mode   string `yaml:"mode"`   // leak (default): pages through caches; storable: heads only; mixup: named pages requested at once
	Rounds int    `yaml:"rounds"` // of simultaneous requests; 0 is 8
	Pages  int    `yaml:"pages"`  // of one target, those named with --page not counted; 0 is 6
}

// check looks whether one visitor's page reaches another.
type check struct{ params params }

// requestsPerPage is the most that one page is requested.
const requestsPerPage = 120

// New is the check of a signature.
func New(s *signature.Signature) (scanner.Check, error) {
	c := &check{}
	if err := s.With.Decode(&c.params); err != nil {
		return nil, err
	}
	c.params.Mode = cmp.Or(c.params.Mode, "leak")
	c.params.Rounds = cmp.Or(c.params.Rounds, 8)
	c.params.Pages = cmp.Or(c.params.Pages, 6)
	if !slices.Contains([]string{"leak", "storable", "mixup"}, c.params.Mode) {
		return nil, message.Errorf("%s: with: mode %q is none of leak, storable, mixup", s.File, c.params.Mode)
	}
	return c, nil
}

// run is the check on one target.
type run struct {
	params  params
	probe   *scanner.Probe
	guest   visitor
	members []visitor // test accounts of the operator, at most two
	named   []*url.URL
	mask    *mask
}

// Alone keeps other requests away: an answer may depend on who else asks at the moment.
func (c *check) Alone() bool { return true }

// Run looks at every page and puts the results together.
func (c *check) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	r := &run{params: c.params, probe: p, guest: visitor{name: anonymous, session: p.Session()}, named: p.Pages(), mask: newMask()}
	for _, name := range []string{"A", "B"} {
		if s, ok := p.Visitor(name); ok {
			r.members = append(r.members, visitor{name: name, session: s})
		}
	}
	if c.params.Mode == "mixup" && (len(r.named) == 0 || len(r.members) < 2) {
		return nil, scanner.NotApplicable("needs two visitors (--session A=FILE --session B=FILE) and pages to request (--page PATH)")
	}
	pages, err := r.pages(ctx)
	if err != nil {
		return nil, err
	}
	var hits []scanner.Hit
	var results []*pageResult
	for _, page := range pages {
		result, hit, err := r.page(ctx, page)
		if err != nil {
			return hits, err
		}
		results = append(results, result)
		if hit != nil {
			hits = append(hits, *hit)
		}
	}
	if len(hits) > 0 {
		return hits, nil
	}
	return nil, r.conclude(results)
}

// conclude says what no finding means: clean, or not determined and why.
func (r *run) conclude(results []*pageResult) error {
	var open []message.Message
	personal, same := 0, false
	loggedOut := map[string]bool{}
	for _, p := range results {
		if !p.open.IsZero() {
			open = append(open, message.New("%s: %s", p.page.RequestURI(), p.open))
		}
		if p.refs != nil && p.refs.personal() {
			personal++
		}
		same = same || p.refs != nil && p.refs.sameAccount()
		for _, name := range p.loggedOut {
			loggedOut[name] = true
		}
	}
	switch {
	case len(open) > 0 && (len(r.members) > 0 || len(open) == len(results)):
		return scanner.Undetermined("%s", message.Join("; ", open...))
	case len(r.members) == 0:
		r.probe.Explain("checked as anonymous visitors only. To check members' pages, use --session A=FILE --session B=FILE and --page PATH")
	case personal == 0 && len(loggedOut) > 0:
		return scanner.Undetermined("no longer logged in: visitor %s", listOf(slices.Sorted(maps.Keys(loggedOut))))
	case personal == 0 && same:
		return scanner.Undetermined("visitors A and B see the same mail address on their pages: use two different test accounts")
	case personal == 0 && len(r.named) == 0:
		return scanner.Undetermined("no page differs between the visitors: name personal pages with --page, and check that the sessions are still valid")
	case personal == 0:
		r.probe.Explain("no page shows anything that belongs to one visitor only. If one should, check that the sessions are still valid")
	default:
		r.probe.Explain("personal pages requested as %s and as a guest: %d; no visitor received another's page. Repeat after any cache change.", memberNames(r.members), personal)
	}
	return nil
}

func memberNames(members []visitor) message.Message {
	var list []string
	for _, m := range members {
		list = append(list, m.name)
	}
	return listOf(list)
}

// listOf is "A and B".
func listOf(names []string) message.Message {
	var list []message.Message
	for _, n := range names {
		list = append(list, message.New("%s", n))
	}
	return message.Join(" and ", list...)
}

// page looks at one page. The error ends the whole check; what is wrong with the page alone stands in the result.
func (r *run) page(ctx context.Context, page *url.URL) (*pageResult, *scanner.Hit, error) {
	g := &gatherer{page: page, guest: r.guest, members: r.members, used: map[string]bool{}, limit: requestsPerPage, count: r.probe.Count}
	result := &pageResult{page: page}
	err := r.look(ctx, g, result)
	switch kind := web.KindOf(err); {
	case err == nil:
	case ctx.Err() != nil, kind == web.KindUnreachable, kind == web.KindThrottled, kind == web.KindCanceled:
		return nil, nil, err
	default:
		var stop *scanner.StatusError
		if errors.As(err, &stop) {
			return nil, nil, err
		}
		if result.open.IsZero() {
			result.open = message.Of(err)
		}
	}
	var hit *scanner.Hit
	switch {
	case r.params.Mode == "storable":
		hit = r.storable(result)
	case result.leak != nil:
		hit = r.hit(g, result)
	}
	if hit == nil && g.cut && result.open.IsZero() {
		result.open = message.New("the page is too large to be compared in full")
	}
	return result, hit, nil
}

// look gathers as far as needed.
func (r *run) look(ctx context.Context, g *gatherer, result *pageResult) error {
	if len(g.members) == 0 {
		members, err := newcomers(ctx, r.probe, g.page)
		if err != nil {
			return err
		}
		g.members = members
	}
	if err := r.learn(ctx, g, result); err != nil || !result.open.IsZero() {
		return err
	}
	switch refs := result.refs; {
	case result.buster == busterFails:
		return r.unkeyed(ctx, g, result)
	case r.params.Mode == "storable":
		return nil
	case refs.personal():
		return r.personal(ctx, g, result)
	case r.params.Mode == "leak" && refs.handsOutCookies():
		return r.cookies(ctx, g, result)
	}
	return nil
}

// learn gathers the references. Where the cache ignores the query, no visitor with a session asks for anything more
// under a query.
func (r *run) learn(ctx context.Context, g *gatherer, result *pageResult) error {
	refs, state, err := g.references(ctx)
	if err != nil {
		return err
	}
	result.refs, result.buster = refs, state
	if state == busterFails {
		return nil
	}
	result.open, result.loggedOut = refs.usable(g.members)
	if !r.isNamed(g.page) || len(r.members) == 0 || !result.open.IsZero() {
		return nil
	}
	if len(result.loggedOut) > 0 {
		result.open = message.New("no longer logged in, or not allowed to see the page: visitor %s", listOf(result.loggedOut))
	} else if status := refs.status(g.members[0].name); status >= 300 && !refs.personal() {
		result.open = message.New("the page answers %d", status)
	}
	return nil
}

func (r *run) isNamed(page *url.URL) bool {
	return slices.ContainsFunc(r.named, func(u *url.URL) bool { return u.String() == page.String() })
}

// personal runs the probes on a page that differs between visitors, until one of them shows a leak.
func (r *run) personal(ctx context.Context, g *gatherer, result *pageResult) error {
	var err error
	if r.params.Mode == "leak" {
		if result.leak, err = g.sequential(ctx, result.refs); err != nil {
			return err
		}
		if l := result.leak; l != nil {
			if l.via != "set-cookie" && judgeStorage(r.headOf(result.refs, l.shown.origin())).Storage == storageValidator {
				l.via = "validator"
			}
			return nil
		}
	}
	if g.guest.session.InFlight() < 2 {
		result.open = message.New("simultaneous requests need --in-flight 2 or more")
		return nil
	}
	if result.leak, err = g.concurrent(ctx, result.refs, r.params.Rounds); err != nil || result.leak != nil {
		return err
	}
	if r.params.Mode != "leak" || !r.probe.Safety.Allows(signature.SafetyActive) {
		return nil
	}
	if result.leak, err = g.deception(ctx, result.refs); err != nil || result.leak != nil {
		return err
	}
	if r.probe.Safety.Allows(signature.SafetyIntrusive) {
		if err := r.asItIs(ctx, g, result); err != nil || result.leak != nil {
			return err
		}
	}
	result.leak, _, err = g.bareIfPossible(ctx)
	return err
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
		// Whoever comes first fills the cache. Where that was a guest, the member gets the guest's page.
		visits, err := g.chain(ctx, g.guest, g.guest, g.members[0])
		if err != nil {
			return err
		}
		control, err := g.control(ctx, g.members[0])
		if err != nil {
			return err
		}
		if c := result.refs.displaced(visits[1], visits[2], control); c != nil {
			l = &leak{shown: c}
		}
	}
	if result.leak = l; l != nil {
		l.via, l.purge = "bare", true
	}
	return nil
}

// unkeyed looks at a page that a cache serves whatever the query is.
func (r *run) unkeyed(ctx context.Context, g *gatherer, result *pageResult) error {
	result.refs = nil // some of the answers came from the store
	if len(g.members) == 0 {
		return nil
	}
	if r.params.Mode == "leak" {
		var err error
		if result.leak, result.refs, err = g.bareIfPossible(ctx); err != nil {
			return err
		}
	}
	if result.refs == nil && r.isNamed(g.page) {
		result.open = message.New("the cache ignores the random parts of an address that keep test visitors' pages away from real visitors, so nothing was tried")
	}
	return nil
}

// cookies looks whether guests get each other's new session cookie from a page that is the same for all.
func (r *run) cookies(ctx context.Context, g *gatherer, result *pageResult) error {
	g.members = nil
	first, err := g.findInChain(ctx, result.refs, []visitor{g.guest, g.guest, g.guest})
	if err != nil {
		return err
	}
	if first != nil {
		again, err := g.findInChain(ctx, result.refs, []visitor{g.guest, g.guest, g.guest})
		result.leak = &leak{via: "set-cookie", shown: first, again: again}
		return err
	}
	if g.guest.session.InFlight() >= 2 {
		result.leak, err = g.concurrent(ctx, result.refs, r.params.Rounds)
	}
	return err
}
