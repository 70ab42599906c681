package cacheleak

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"

	"sotomi/scanner/message"
)

// cacheParams configure the check "cache-leak".
type params struct {
	Mode   string `yaml:"mode"`   // leak (default): pages through caches; storable: heads only; mixup: named addresses asked for at once
	Rounds int    `yaml:"rounds"` // of asking together; 0 is 8
	Pages  int    `yaml:"pages"`  // looked at of one target, those named with --page not counted; 0 is 6
}

// cacheLeak looks whether one visitor's page reaches another.
type check struct{ params params }

// requestsPerPage bounds what one page is asked for.
const requestsPerPage = 120

func New(s *signature.Signature) (scanner.Check, error) {
	c := &check{}
	if err := s.With.Decode(&c.params); err != nil {
		return nil, err
	}
	c.params.Mode = cmp.Or(c.params.Mode, "leak")
	c.params.Rounds = cmp.Or(c.params.Rounds, 8)
	c.params.Pages = cmp.Or(c.params.Pages, 6)
	if !slices.Contains([]string{"leak", "storable", "mixup"}, c.params.Mode) {
		return nil, message.Errorf("%s: with: mode %q: there are leak, storable, mixup", s.File, c.params.Mode)
	}
	return c, nil
}

// cacheRun is the check on one target.
type cacheRun struct {
	params  params
	probe   *scanner.Probe
	guest   visitor
	members []visitor // test accounts of the operator, at most two
	named   []*url.URL
	mask    *mask
}

// Run looks at every page and puts the results together.
func (c *check) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	r := &cacheRun{params: c.params, probe: p, guest: visitor{name: anonymous, session: p.Session()}, named: p.Pages(), mask: newMask()}
	for _, name := range []string{"A", "B"} {
		if s, ok := p.Visitor(name); ok {
			r.members = append(r.members, visitor{name: name, session: s})
		}
	}
	if c.params.Mode == "mixup" && (len(r.named) == 0 || len(r.members) < 2) {
		return nil, scanner.NotApplicable("needs two visitors (--session A=FILE --session B=FILE) and addresses to ask for (--page PATH)")
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
func (r *cacheRun) conclude(results []*pageResult) error {
	var open []message.Message
	personal, same := 0, false
	out := map[string]bool{}
	for _, p := range results {
		if !p.open.IsZero() {
			open = append(open, message.New("%s: %s", p.page.RequestURI(), p.open))
		}
		if p.refs != nil && p.refs.personal() {
			personal++
		}
		same = same || p.refs != nil && p.refs.sameAccount()
		for _, name := range p.out {
			out[name] = true
		}
	}
	switch {
	case len(open) > 0 && (len(r.members) > 0 || len(open) == len(results)):
		return scanner.Undetermined("%s", message.Join("; ", open...))
	case len(r.members) == 0:
		r.probe.Explain("looked at as anonymous visitors only; --session A=FILE --session B=FILE and --page PATH show what members' pages do")
	case personal == 0 && len(out) > 0:
		return scanner.Undetermined("visitor %s is not logged in any more", strings.Join(slices.Sorted(maps.Keys(out)), " and "))
	case personal == 0 && same:
		return scanner.Undetermined("visitors A and B get the same mail address on their pages: two different test accounts are needed")
	case personal == 0 && len(r.named) == 0:
		return scanner.Undetermined("no page was found that differs between the visitors: name personal pages with --page, and check that the sessions still hold")
	case personal == 0:
		r.probe.Explain("none of the pages holds anything of one visitor only; if one should, check that the sessions still hold")
	default:
		r.probe.Explain("%d personal pages asked for as %s and as a guest: nobody got another's (again after any change of cache, its version or headers)", personal, memberNames(r.members))
	}
	return nil
}

func memberNames(members []visitor) string {
	var list []string
	for _, m := range members {
		list = append(list, m.name)
	}
	return strings.Join(list, " and ")
}

// page looks at one page. The error ends the whole check; what is wrong with the page alone stands in the result.
func (r *cacheRun) page(ctx context.Context, page *url.URL) (*pageResult, *scanner.Hit, error) {
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
	if r.params.Mode == "storable" {
		return result, r.storable(result), nil
	}
	if result.leak == nil {
		return result, nil, nil
	}
	return result, r.hit(g, result), nil
}

// look gathers as far as needed.
func (r *cacheRun) look(ctx context.Context, g *gatherer, result *pageResult) error {
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
	refs := result.refs
	if r.params.Mode == "storable" {
		return nil
	}
	var err error
	switch {
	case result.buster == busterFails:
		return r.unkeyed(ctx, g, result)
	case refs.personal():
		err = r.personal(ctx, g, result)
	case r.params.Mode == "leak" && refs.handsOutCookies():
		err = r.cookies(ctx, g, result)
	}
	return err
}

// learn takes the references. Where the cache does not look at the query, no visitor with a session asks for anything
// under a query.
func (r *cacheRun) learn(ctx context.Context, g *gatherer, result *pageResult) error {
	refs, state, err := g.references(ctx)
	if err != nil {
		return err
	}
	result.refs, result.buster = refs, state
	if state == busterFails {
		return nil
	}
	result.open, result.out = refs.usable(g.members)
	if !r.isNamed(g.page) || len(r.members) == 0 || !result.open.IsZero() {
		return nil
	}
	if len(result.out) > 0 {
		result.open = message.New("visitor %s is not logged in any more (or may not see the page)", strings.Join(result.out, " and "))
	} else if status := refs.status(g.members[0].name); status >= 300 && !refs.personal() {
		result.open = message.New("the page answers %d", status)
	}
	return nil
}

func (r *cacheRun) isNamed(page *url.URL) bool {
	return slices.ContainsFunc(r.named, func(u *url.URL) bool { return u.String() == page.String() })
}

// personal runs the probes on a page that differs between visitors, until one of them shows a leak.
func (r *cacheRun) personal(ctx context.Context, g *gatherer, result *pageResult) error {
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
		result.open = message.New("asking together needs --in-flight 2 or more")
		return nil
	}
	if result.leak, result.rounds, err = g.concurrent(ctx, result.refs, r.params.Rounds); err != nil || result.leak != nil {
		return err
	}
	if r.params.Mode != "leak" || !r.probe.Safety.Allows(signature.SafetyActive) {
		return nil
	}
	if result.leak, err = g.deception(ctx, result.refs); err != nil || result.leak != nil {
		return err
	}
	if r.probe.Safety.Allows(signature.SafetyIntrusive) {
		if err := r.plain(ctx, g, result); err != nil || result.leak != nil {
			return err
		}
	}
	result.leak, _, err = g.bareIfPossible(ctx)
	return err
}

// plain asks for the address as it is, which leaves a test visitor's page in the cache for a while: only where the
// operator allows that.
func (r *cacheRun) plain(ctx context.Context, g *gatherer, result *pageResult) error {
	g.kind = keyNone
	defer func() { g.kind = keyQuery }()
	l, err := g.sequential(ctx, result.refs)
	if err != nil {
		return err
	}
	if l == nil {
		// Whoever was there first fills the cache. Where that was a guest, the member is given the guest's page.
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

// unkeyed looks at a page that a cache serves without looking at the query.
func (r *cacheRun) unkeyed(ctx context.Context, g *gatherer, result *pageResult) error {
	if r.params.Mode != "leak" || len(g.members) == 0 {
		return nil
	}
	leak, refs, err := g.bareIfPossible(ctx)
	if err != nil {
		return err
	}
	result.leak = leak
	if refs != nil {
		result.refs = refs
	} else if r.isNamed(g.page) {
		result.open = message.New("the cache answers addresses that were never asked for before from its store, so no key of ours keeps the test visitors' pages from others; nothing was tried")
	}
	return nil
}

// cookies looks whether guests get each other's new session cookie from a page that is the same for all.
func (r *cacheRun) cookies(ctx context.Context, g *gatherer, result *pageResult) error {
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
		result.leak, result.rounds, err = g.concurrent(ctx, result.refs, r.params.Rounds)
	}
	return err
}
