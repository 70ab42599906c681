package cacheleak

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"sync"

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
const requestsPerPage = 150

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

	results []*pageResult
	hits    []scanner.Hit
	files   []string // paths that were asked for as files
	unasked int      // files that no member asked for, because the cache ignores the query
	home    mentions // by the start page, when pages were found through it
}

// Alone keeps other requests away: an answer may depend on who else asks at the moment.
func (c *check) Alone() bool { return true }

// Run looks at every page and puts the results together.
func (c *check) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	r := &run{params: c.params, probe: p, guest: visitor{name: anonymous, session: p.Session()}, named: p.Pages(), mask: newMask()}
	for _, v := range p.Visitors() {
		r.members = append(r.members, visitor{name: v.Name, session: v.Session})
	}
	if c.params.Mode == "mixup" && (len(r.named) == 0 || len(r.members) < 2) {
		if len(r.named) > 0 && len(r.members) == 1 {
			return nil, scanner.Undetermined("needs two visitors, and only visitor %s was given (--session A=FILE --session B=FILE): nothing was requested", r.members[0].name)
		}
		return nil, scanner.NotApplicable("needs two visitors (--session A=FILE --session B=FILE) and pages to request (--page PATH)")
	}
	pages, err := r.pages(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.lookAt(ctx, pages); err != nil {
		return r.hits, err
	}
	if err := r.further(ctx); err != nil || len(r.hits) > 0 {
		return r.hits, err
	}
	return nil, r.conclude()
}

// lookAt looks at pages one after another.
func (r *run) lookAt(ctx context.Context, pages []*url.URL) error {
	for _, page := range pages {
		result, hit, err := r.page(ctx, page)
		if err != nil {
			return err
		}
		r.results = append(r.results, result)
		if hit != nil {
			r.hits = append(r.hits, *hit)
		}
	}
	return nil
}

// page looks at one page. The error ends the whole check; what is wrong with the page alone stands in the result.
func (r *run) page(ctx context.Context, page *url.URL) (*pageResult, *scanner.Hit, error) {
	g := r.gatherer(page)
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
	switch {
	case hit != nil || !result.open.IsZero():
	case g.cut:
		result.open = message.New("the page is too large to be compared in full")
	case g.mixedUp():
		result.open = message.New("responses contained marks of another visitor beside the receiver's own: the page shows other visitors, or requests are mixed up")
	default:
		result.open = result.doubt
	}
	return result, hit, nil
}

func (r *run) gatherer(page *url.URL) *gatherer {
	return &gatherer{page: page, guest: r.guest, members: r.members, used: map[string]bool{}, limit: requestsPerPage, count: r.probe.Count}
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
	refs, state, err := r.references(ctx, g)
	if err != nil {
		return err
	}
	result.refs, result.buster, result.mentions = refs, state, refs.mentions()
	if state == busterFails {
		return nil
	}
	result.open, result.loggedOut = refs.usable(g.members)
	if !r.isNamed(g.page) || len(r.members) == 0 || !result.open.IsZero() {
		return nil
	}
	if len(result.loggedOut) > 0 {
		result.open = message.New("no longer logged in, or not allowed to see the page: visitor %s", listOf(result.loggedOut))
		return nil
	}
	if status := refs.status(g.members[0].name); status >= 300 && !refs.personal() {
		result.open = message.New("the page answers %d", status)
		return nil
	}
	return r.doubts(ctx, g, result)
}

// references are those of a page, gathered once for all signatures that compare the visitors of --session.
func (r *run) references(ctx context.Context, g *gatherer) (*references, busterResult, error) {
	if len(r.members) == 0 && r.params.Mode != "storable" {
		return g.references(ctx) // its newcomers go on asking
	}
	known, ok := r.probe.Derived("visitors' pages", func() any { return &library{} }).(*library)
	if !ok {
		return g.references(ctx)
	}
	known.mu.Lock()
	defer known.mu.Unlock()
	if b, ok := known.pages[g.page.String()]; ok {
		g.cut = b.cut
		return b.refs, b.state, nil
	}
	refs, state, err := g.references(ctx)
	if err == nil {
		if known.pages == nil {
			known.pages = map[string]borrowed{}
		}
		known.pages[g.page.String()] = borrowed{refs, state, g.cut}
	}
	return refs, state, err
}

// library keeps what visitors got, for the other signatures that look at the same pages.
type library struct {
	mu    sync.Mutex
	pages map[string]borrowed
}

// borrowed are references and what was noted with them. They never change.
type borrowed struct {
	refs  *references
	state busterResult
	cut   bool
}

// doubts says why nothing found on a named page would mean little: not every visitor's own marks were seen on it, and it
// is not plainly the same for all.
func (r *run) doubts(ctx context.Context, g *gatherer, result *pageResult) error {
	refs := result.refs
	var without []string
	for _, m := range g.members {
		if len(refs.markers(m.name)) == 0 {
			without = append(without, m.name)
		}
	}
	switch {
	case len(without) == 0:
		return nil
	case len(without) < len(g.members):
		result.doubt = message.New("nothing on the page belongs to visitor %s alone, as something does to the other: check that the session is still valid", listOf(without))
		return nil
	}
	stranger, err := g.fresh(ctx, stranger(r.probe))
	if err != nil {
		return err
	}
	if result.public = refs.plainlyPublic(g.page, stranger, result.buster); result.public {
		return nil
	}
	result.doubt = message.New("neither does the page show anything of the visitors %s alone, nor is it plainly the same for all: one stored copy may go to everybody, or the sessions are no longer valid", memberNames(g.members))
	if refs.sameAccount() {
		result.doubt = message.New("visitors %s see the same mail address on their pages: use two different test accounts", memberNames(r.members))
	}
	return nil
}

func (r *run) isNamed(page *url.URL) bool {
	return slices.ContainsFunc(r.named, func(u *url.URL) bool { return u.String() == page.String() })
}
