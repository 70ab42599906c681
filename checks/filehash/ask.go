package filehash

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"sotomi/checks/internal/releases"
	"sotomi/scanner/web"
)

// pageURL is the address of a page of the likeliest release. A page of a numbered thing, such as a product, needs a link of
// the site that gives the number; without one it is nil. No other link is followed: some do things.
func (g *gatherer) pageURL(page int) *url.URL {
	paths := g.check.db.Pages[page].Paths
	path := paths[0]
	if g.seen.posterior.Leading() >= g.check.rooted {
		path = paths[len(paths)-1]
	}
	first := g.seen.first.URL
	plain, _, numbered := strings.Cut(path, "1")
	plain = g.base() + plain
	if !numbered {
		return first.ResolveReference(pathURL(plain))
	}
	for _, u := range g.links {
		number, ok := strings.CutPrefix(u.RequestURI(), plain)
		if ok && u.Host == first.Host && u.Scheme == first.Scheme && digits.MatchString(number) {
			return u
		}
	}
	return nil
}

var digits = regexp.MustCompile(`^[0-9]+$`)

// askPage views a page. What is not there, or no HTML, says nothing.
func (g *gatherer) askPage(ctx context.Context, page int) error {
	u := g.pageURL(page)
	g.viewed[page] = true
	ex, err := g.ask(ctx, u)
	if err != nil || ex == nil || ex.Status != http.StatusOK {
		return err
	}
	if p, err := web.ParsePage(ex); err == nil {
		g.links = append(g.links, addressesOf(p)...)
		g.check.rename(g.found.renamed, ex.URL.Host, addressesOf(p))
		g.view(page, ex, releases.PageMarks(ex.Text()))
	}
	return nil
}

// askFile observes the answer for a file, or skips the file when the answer says nothing about it.
func (g *gatherer) askFile(ctx context.Context, file int) error {
	u := cmp.Or(g.found.renamed[file], g.addressOf(g.check.db.Files[file].Path))
	ex, err := g.ask(ctx, u)
	if to := movedTo(ex); err == nil && to != nil && to.Host == u.Host && to.Scheme == u.Scheme {
		ex, err = g.ask(ctx, to)
	}
	if err != nil {
		return err
	}
	a, ok := g.answerOf(file, ex)
	if ok {
		var toAll bool
		if toAll, err = g.givenToAll(ctx, a); err != nil {
			return err
		}
		ok = !toAll
	}
	if !ok || a.Missing && len(g.found.renamed) > 0 { // it may be there by another name
		g.seen.posterior.Skip(file)
		return nil
	}
	g.seen.posterior.Observe(a)
	g.seen.files = append(g.seen.files, seenFile{file, ex})
	return nil
}

// addressOf is where the site has a file of the package.
func (g *gatherer) addressOf(name string) *url.URL {
	at, public := strings.CutPrefix(name, g.check.params.Folder+"/")
	switch {
	case public:
		at = g.seen.public + at
	case g.check.params.Folder == "":
		at = g.seen.public + name
	default:
		at = g.packageRoot() + name
	}
	return g.seen.first.URL.ResolveReference(pathURL(at))
}

// ask sends one request. Without an answer it is nil, and an error only when there were too many of those in a row.
func (g *gatherer) ask(ctx context.Context, u *url.URL) (*web.Exchange, error) {
	g.asked++
	ex, err := g.probe.Do(ctx, &web.Request{URL: u})
	if err == nil {
		g.broken = 0
		return ex, nil
	}
	if g.broken++; g.broken >= errorsMax || ctx.Err() != nil {
		return nil, err
	}
	return nil, nil
}

// firstGroup is group 1 of the first pattern that matches.
func firstGroup(list []*regexp.Regexp, text string) string {
	for _, re := range list {
		if m := re.FindStringSubmatch(text); m != nil {
			return m[1]
		}
	}
	return ""
}

// pathURL is a reference to a path of the same host.
func pathURL(path string) *url.URL { return &url.URL{Path: path} }
