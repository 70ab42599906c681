package filehash

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"sotomi/checks/internal/releases"
	"sotomi/scanner/web"
)

// pagePath is the address of a page: a link that the site has, or the product's own unless the page needs a number.
func (g *gatherer) pagePath(page int) *url.URL {
	paths := g.check.db.Pages[page].Paths
	path := paths[0]
	if g.seen.posterior.Leading() >= g.check.rooted {
		path = paths[len(paths)-1]
	}
	plain, _, numbered := strings.Cut(path, "1")
	plain = g.base() + plain
	for _, u := range g.links {
		if u.Host == g.seen.first.URL.Host && strings.HasPrefix(u.RequestURI(), plain) && (!numbered || len(u.RequestURI()) > len(plain)) {
			return u
		}
	}
	if numbered {
		return nil
	}
	u, err := g.seen.first.URL.Parse(plain)
	if err != nil {
		return nil
	}
	return u
}

func (g *gatherer) askPage(ctx context.Context, page int) error {
	u := g.pagePath(page)
	g.looked[page] = true
	ex, err := g.ask(ctx, u)
	if err != nil || ex == nil || ex.Status != http.StatusOK {
		return err
	}
	if p, err := web.ParsePage(ex); err == nil {
		g.links = append(g.links, addressesOf(p)...)
		g.view(page, ex, releases.PageMarks(ex.Text()))
	}
	return nil
}

func (g *gatherer) askFile(ctx context.Context, file int) error {
	f := g.check.db.Files[file]
	path, ok := strings.CutPrefix(f.Path, g.check.params.Folder+"/")
	at := g.seen.place + path
	if !ok && g.check.params.Folder != "" {
		at = g.packageRoot() + f.Path
	}
	ex, err := g.ask(ctx, g.seen.first.URL.ResolveReference(&url.URL{Path: at}))
	if err != nil {
		return err
	}
	a, ok := releases.Answer{File: file}, false
	if ex != nil {
		a, ok = answerOf(file, f.Path, ex)
	}
	if !ok {
		g.seen.posterior.Skip(file)
		return nil
	}
	g.seen.posterior.Observe(a)
	g.seen.files = append(g.seen.files, seenFile{file, ex})
	return nil
}

// ask is nil without an error when there was no answer; too many of those in a row are an error.
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

var pageStart = regexp.MustCompile(`(?i)^\s*(<!doctype html|<html|<head|<!--)`)

// answerOf reads what came for a file; false when it says nothing about the file, as a refusal does.
func answerOf(file int, path string, ex *web.Exchange) (releases.Answer, bool) {
	a := releases.Answer{File: file}
	switch {
	case ex.Status == http.StatusNotFound, ex.Status == http.StatusGone, ex.Status >= 300 && ex.Status < 400:
		a.Missing = true
	case ex.Status != http.StatusOK, ex.Truncated:
		return a, false
	case pageStart.Match(ex.Body[:min(512, len(ex.Body))]) && !strings.HasSuffix(path, ".html"):
		a.Missing = true // the site answers with a page to anything
	default:
		a.Bytes, a.Text = releases.Digest(ex.Body), releases.Digest(releases.Unix(ex.Body))
	}
	return a, true
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
