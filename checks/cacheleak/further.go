package cacheleak

import (
	"context"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	"sotomi/scanner/web"
)

// How much of what pages name is looked at beside them.
const (
	mostFragments  = 4
	mostScripts    = 3 // that are read for addresses of fragments
	mostFiles      = 6 // with accounts
	mostGuestFiles = 2 // without
)

// further looks at what pages load: parts of pages, as members get them, and files, which caches keep for all and sites may
// answer with a new session cookie all the same.
func (r *run) further(ctx context.Context) error {
	if r.params.Mode == "mixup" {
		return nil
	}
	seen := map[string]bool{}
	named := []mentions{r.home}
	for _, p := range r.results {
		seen[p.page.Path] = true
		named = append(named, p.mentions)
	}
	if len(r.members) > 0 {
		list, err := r.fragmentsOf(ctx, named, seen)
		if err != nil {
			return err
		}
		if err := r.lookAtMore(ctx, list); err != nil {
			return err
		}
	}
	if r.params.Mode != "leak" {
		return nil
	}
	most := mostFiles
	if len(r.members) == 0 {
		most = mostGuestFiles
	}
	for _, u := range oneOfEachKind(named, most) {
		if err := r.file(ctx, u); err != nil {
			return err
		}
	}
	return nil
}

// lookAtMore looks at addresses that are no pages of their own: nothing is open because of them.
func (r *run) lookAtMore(ctx context.Context, list []*url.URL) error {
	known := len(r.results)
	err := r.lookAt(ctx, list)
	for _, result := range r.results[known:] {
		result.part = true
	}
	return err
}

// likelyFragment are addresses that usually answer with a part of a page that is made for one visitor.
var likelyFragment = regexp.MustCompile(`(?i)ajax|api|esi|fragment|partial|widget|section|session|graph|/me\b|whoami|current|greeting|header`)

// fragmentsOf are the addresses of parts that pages and their scripts name, the likely ones first.
func (r *run) fragmentsOf(ctx context.Context, named []mentions, seen map[string]bool) ([]*url.URL, error) {
	var likely, other, scripts []*url.URL
	add := func(list []*url.URL) {
		for _, u := range list {
			if seen[u.Path] {
				continue
			}
			seen[u.Path] = true
			if likelyFragment.MatchString(u.Path) || accountAddress.MatchString(u.Path) {
				likely = append(likely, u)
			} else {
				other = append(other, u)
			}
		}
	}
	for _, m := range named {
		add(m.fragments)
		for _, u := range m.scripts {
			if !seen[u.Path] && len(scripts) < mostScripts {
				seen[u.Path] = true
				scripts = append(scripts, u)
			}
		}
	}
	for _, u := range scripts {
		ex, err := r.probe.Do(ctx, &web.Request{Method: http.MethodGet, URL: u})
		if err != nil {
			return nil, err
		}
		if ex.Status == http.StatusOK {
			add(quotedIn(r.probe.Target.URL, ex.Text()))
		}
	}
	all := append(likely, other...)
	return all[:min(len(all), mostFragments)], nil
}

// oneOfEachKind are files of different kinds first: pictures, scripts and style sheets often are cached by different rules.
func oneOfEachKind(named []mentions, most int) []*url.URL {
	seen := map[string]bool{}
	kinds := map[string]int{}
	var rounds [][]*url.URL // the first of each kind, the second of each, ...
	for _, m := range named {
		for _, u := range m.files {
			if seen[u.Path] {
				continue
			}
			seen[u.Path] = true
			kind := strings.ToLower(path.Ext(u.Path))
			if kinds[kind] == len(rounds) {
				rounds = append(rounds, nil)
			}
			rounds[kinds[kind]] = append(rounds[kinds[kind]], u)
			kinds[kind]++
		}
	}
	var list []*url.URL
	for _, round := range rounds {
		list = append(list, round...)
	}
	return list[:min(len(list), most)]
}

// file asks for a file as a guest and then as a member. Where one of them gets a session cookie, it is looked at like a
// page. No member asks for what a cache keeps whatever the query is.
func (r *run) file(ctx context.Context, u *url.URL) error {
	g := r.gatherer(u)
	visits, err := g.inTurn(ctx, g.guest)
	if err != nil {
		return err
	}
	if cacheSigns(visits[0].ex).Hit {
		r.unasked++
		return nil
	}
	if len(g.members) > 0 {
		got, err := g.fresh(ctx, g.members[0])
		if err != nil {
			return err
		}
		visits = append(visits, got)
	}
	r.files = append(r.files, u.Path)
	for _, v := range visits {
		for t := range v.tokens {
			if v.handsOut(t) {
				return r.lookAtMore(ctx, []*url.URL{u})
			}
		}
	}
	return nil
}
