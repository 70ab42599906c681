package scriptlibrary

import (
	"bytes"
	"cmp"
	"context"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// How much of a site is read.
const (
	scriptsMax = 30       // scripts of the site itself
	bytesMax   = 16 << 20 // of them together
)

// seen is all that was learned of one site.
type seen struct {
	found  []found
	own    int // scripts of the site that were read
	others int // scripts of other hosts: told by their addresses alone
	unread int // scripts of the site that could not be read, or were left out
}

// found is one library in one version on a site.
type found struct {
	told
	url      string
	evidence evidence.Evidence
}

// shared is what the signatures of this check learn of one site together. Whoever put the one token into turn looks.
type shared struct {
	turn chan struct{}
	seen *seen
}

// look reads the site once, whoever asks.
func look(ctx context.Context, p *scanner.Probe) (*seen, error) {
	s, _ := p.Derived("script libraries", func() any { return &shared{turn: make(chan struct{}, 1)} }).(*shared)
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.turn }()
	pages, err := pagesOf(ctx, p) // asked by each signature, so that each outcome knows what was seen
	if err != nil || s.seen != nil {
		return s.seen, err
	}
	g := gatherer{probe: p, done: map[string]bool{}}
	if g.libraries, err = known(); err != nil {
		return nil, err
	}
	for _, page := range pages {
		if err := g.page(ctx, page); err != nil {
			return nil, err
		}
	}
	s.seen = &g.seen
	return s.seen, nil
}

// pagesOf are the target's own page and those that it leads to.
func pagesOf(ctx context.Context, p *scanner.Probe) ([]*web.Page, error) {
	home, err := p.Do(ctx, &web.Request{URL: p.Target.URL, Redirects: web.RedirectsHost, MaxRedirects: 2}) // as signatures of products ask
	if err != nil {
		return nil, err
	}
	return p.PagesFrom(ctx, home)
}

// gatherer looks at the scripts of one site.
type gatherer struct {
	probe     *scanner.Probe
	libraries []*library
	done      map[string]bool // addresses
	asked     int             // scripts of the site
	bytes     int
	seen      seen
}

func (g *gatherer) page(ctx context.Context, page *web.Page) error {
	for _, u := range page.Styles {
		if !g.done[u.String()] {
			g.done[u.String()] = true
			g.byAddress(page, u, inAddress(g.libraries, u, web.OnSite(g.probe.Target.URL, u)))
		}
	}
	for _, u := range page.Scripts {
		if g.done[u.String()] {
			continue
		}
		g.done[u.String()] = true
		if err := g.script(ctx, page, u); err != nil {
			return err
		}
	}
	return nil
}

// script looks at one script. Other hosts are not asked: the user named this one.
func (g *gatherer) script(ctx context.Context, page *web.Page, u *url.URL) error {
	own := web.OnSite(g.probe.Target.URL, u)
	named := inAddress(g.libraries, u, own)
	if !own {
		g.seen.others++
		g.byAddress(page, u, named)
		return nil
	}
	if g.asked == scriptsMax || g.bytes > bytesMax || !harmless(u) {
		g.seen.unread++
		g.byAddress(page, u, named)
		return nil
	}
	g.asked++
	ex, err := g.probe.Do(ctx, &web.Request{URL: u})
	if ctx.Err() != nil {
		return err
	}
	switch {
	case err != nil || unknown(ex):
		g.seen.unread++
	case isScript(ex):
		g.bytes += len(ex.Body)
		g.seen.own++
		if ex.Truncated {
			g.seen.unread++
		}
		inside := inContent(ctx, g.libraries, ex.Text())
		if ctx.Err() != nil {
			return ctx.Err()
		}
		named = g.byContent(ex, inside, named)
	}
	g.byAddress(page, u, named)
	return nil
}

// harmless reports whether asking for a script only shows it. Names of files are not those of actions: jquery-migrate.js.
func harmless(u *url.URL) bool {
	ending := path.Ext(u.Path)
	if ending == ".js" || ending == ".mjs" {
		u = &url.URL{RawQuery: u.RawQuery}
	}
	return !web.ChangesState(u)
}

// unknown reports whether an answer does not say what visitors get at an address.
func unknown(ex *web.Exchange) bool {
	switch {
	case ex.Broken, ex.Status >= 500:
		return true
	}
	return slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests}, ex.Status)
}

// isScript reports whether an answer is a script, and no page in its place.
func isScript(ex *web.Exchange) bool {
	if _, err := web.ParsePage(ex); err == nil {
		return false
	}
	return ex.Status == http.StatusOK && !bytes.HasPrefix(bytes.TrimSpace(ex.Body), []byte("<"))
}

// byContent notes what a script contains, and gives what of its address still counts: a file is what it says inside.
func (g *gatherer) byContent(ex *web.Exchange, inside, named []told) []told {
	for _, t := range inside {
		for _, n := range named {
			if n.library == t.library && strings.HasPrefix(n.version, t.version+"-") {
				t.version = n.version // "1.12.4-wp", which says 1.12.4 inside
			}
		}
		note := message.New("The script says which version it is.")
		if t.by == byHash {
			note = message.New("The script is the published file, byte for byte.")
		}
		g.add(found{t, ex.URL.String(), evidence.New(ex, note, shownOf(t)...)})
	}
	return slices.DeleteFunc(named, func(n told) bool {
		return slices.ContainsFunc(inside, func(t told) bool { return t.library == n.library })
	})
}

func (g *gatherer) byAddress(page *web.Page, u *url.URL, named []told) {
	for _, t := range named {
		g.add(found{t, u.String(), evidence.New(page.Exchange, message.New("The page loads %s.", u.String()), shownOf(t)...)})
	}
}

func shownOf(t told) []string {
	if t.shown == "" {
		return nil
	}
	return []string{t.shown}
}

// partOf are parts of a library that the data lists beside it.
var partOf = map[string]string{"jquery-ui-dialog": "jquery-ui", "jquery-ui-autocomplete": "jquery-ui", "jquery-ui-tooltip": "jquery-ui"}

// add notes a library. Of several places that load it in one version, the one that says so itself counts, else the first.
func (g *gatherer) add(f found) {
	for i := range g.seen.found {
		old := &g.seen.found[i]
		if old.library == f.library && old.version == f.version {
			if old.by == byAddress && f.by != byAddress {
				*old = f
			}
			return
		}
	}
	g.seen.found = append(g.seen.found, f)
}

// displayed are the names of libraries as their makers write them.
var displayed = map[string]string{
	"jquery": "jQuery", "jquery-ui": "jQuery UI", "jquery-migrate": "jQuery Migrate", "jquery-mobile": "jQuery Mobile",
	"jquery-validation": "jQuery Validation", "jquery.datatables": "DataTables", "moment.js": "Moment.js", "tinyMCE": "TinyMCE",
	"angularjs": "AngularJS", "@angular/core": "Angular", "bootstrap": "Bootstrap", "bootstrap-select": "bootstrap-select",
	"vue": "Vue", "prototypejs": "Prototype", "ckeditor": "CKEditor", "ckeditor5": "CKEditor 5", "react": "React", "nextjs": "Next.js",
	"lodash": "Lodash", "underscore.js": "Underscore.js", "handlebars": "Handlebars", "swiper": "Swiper", "threejs": "Three.js",
}

func displayName(library string) string {
	library = cmp.Or(partOf[library], library)
	return cmp.Or(displayed[library], library)
}
