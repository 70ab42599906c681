package filehash

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"sotomi/checks/internal/releases"
	"sotomi/scanner/web"
)

var pageStart = regexp.MustCompile(`(?i)^\s*(<!doctype html|<html|<head|<!--)`)

// answerOf is what an exchange says about a file; false when it says nothing, as a refusal does. ex is nil when there was no
// answer. A page in place of another file is a missing file, unless a release has it: old scripts begin like a page.
func (g *gatherer) answerOf(file int, ex *web.Exchange) (releases.Answer, bool) {
	a := releases.Answer{File: file}
	switch {
	case ex == nil:
		return a, false
	case ex.Status >= 300 && ex.Status < 400:
		a.Missing = true
		return a, movedTo(ex) == nil
	case ex.Status == http.StatusNotFound, ex.Status == http.StatusGone:
		a.Missing = true
		return a, true
	case ex.Status != http.StatusOK, ex.Truncated:
		return a, false
	}
	body, ok := unpacked(ex.Body)
	if !ok {
		return a, false
	}
	a.Forms = releases.FormsOf(g.check.db.Files[file].Path, body)
	isPage := pageStart.Match(body[:min(512, len(body))])
	if isPage && !strings.HasSuffix(g.check.db.Files[file].Path, ".html") && g.seen.posterior.Fits(a).Count() == 0 {
		a = releases.Answer{File: file, Missing: true} // the site answers anything with a page
	}
	return a, true
}

// movedTo is where a file of the same name is that a redirect leads to, nil for any other answer: the server keeps its files
// elsewhere, which is no missing file.
func movedTo(ex *web.Exchange) *url.URL {
	if ex == nil || ex.Status < 300 || ex.Status > 399 {
		return nil
	}
	to, err := ex.URL.Parse(cmp.Or(ex.Header.Get("Location"), "/"))
	if err != nil || path.Base(to.Path) != path.Base(ex.URL.Path) || to.String() == ex.URL.String() {
		return nil
	}
	return to
}

// packedMost is the size in bytes up to which a packed file is unpacked; the database has no bigger ones.
const packedMost = 1 << 20

// unpacked is a body that a server packed without saying so; false when it cannot be unpacked.
func unpacked(body []byte) ([]byte, bool) {
	if !bytes.HasPrefix(body, []byte("\x1f\x8b\x08")) {
		return body, true
	}
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, false
	}
	plain, err := io.ReadAll(io.LimitReader(r, packedMost+1))
	return plain, err == nil && len(plain) <= packedMost
}

// givenToAll reports whether the site gives an answer that no release has for anything: it came for another file too, or one
// that is nowhere is there. Such an answer says nothing, so what came for the other file is forgotten.
func (g *gatherer) givenToAll(ctx context.Context, a releases.Answer) (bool, error) {
	if a.Missing || g.seen.posterior.Fits(a).Count() > 0 {
		return false, nil
	}
	for _, before := range g.seen.posterior.Answers() {
		if !before.Missing && before.Bytes == a.Bytes && before.File != a.File && !g.toAll[a.Bytes] {
			g.toAll[a.Bytes] = true
			g.forget(before.File)
		}
	}
	f := g.check.db.Files[a.File]
	unexpected := !f.Has.Has(g.seen.posterior.Leading())
	if !unexpected || g.toAll[a.Bytes] {
		return g.toAll[a.Bytes], nil
	}
	kind := path.Ext(f.Path)
	if _, asked := g.anything[kind]; !asked {
		ex, err := g.ask(ctx, g.addressOf(strings.TrimSuffix(f.Path, kind)+"-none"+kind))
		if err != nil {
			return false, err
		}
		g.anything[kind] = ex != nil && ex.Status == http.StatusOK
	}
	return g.anything[kind], nil
}

// forget begins the posterior anew without the answer for a file, which is not asked for again.
func (g *gatherer) forget(file int) {
	before := g.seen.posterior
	g.withoutFiles()
	for i := range g.check.db.Files {
		if before.Asked(i) {
			g.seen.posterior.Skip(i)
		}
	}
	for _, a := range before.Answers() {
		if a.File != file {
			g.seen.posterior.Observe(a)
		}
	}
	g.seen.files = slices.DeleteFunc(g.seen.files, func(f seenFile) bool { return f.file == file })
}
