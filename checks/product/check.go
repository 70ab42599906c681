// Package product tells the release of a product by the contents of static files where the product keeps it to itself (check
// "product-release"), and holds releases against published weaknesses (check "product-weaknesses"). Another signature finds
// the product. The data is read when the product was seen, not before.
package product

import (
	"bytes"
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"sotomi/checks/internal/endoflife"
	"sotomi/checks/internal/releases"
	"sotomi/checks/internal/staticfiles"
	"sotomi/checks/internal/weaknesses"
	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// What a release rests on.
const (
	basisTold  = "told"  // the product itself tells it
	basisFiles = "files" // the content of static files
)

// unsupported is the variant for releases that get no fixes any more.
const unsupported = "unsupported"

// releaseParams are with: of a signature that tells a product's release.
type releaseParams struct {
	Product  string   `yaml:"product"`  // as reports write it
	Fact     string   `yaml:"fact"`     // what is known of the product; its "version" is the release or the beginning of it
	Database string   `yaml:"database"` // file beside the signature
	Files    []string `yaml:"files"`    // patterns of paths of files that pages load; group 1 is the product's folder
	Told     []string `yaml:"told"`     // patterns of paths and queries of such files; group 1 is the release
	Lines    string   `yaml:"lines"`    // the product in the data of lines that ended, "" for none
}

type release struct {
	params releaseParams
	files  []*regexp.Regexp
	told   []*regexp.Regexp
	db     func() (*releases.Database, error)
}

// NewRelease makes the check "product-release".
func NewRelease(s *signature.Signature) (scanner.Check, error) {
	c := &release{}
	if err := s.With.Decode(&c.params); err != nil {
		return nil, err
	}
	if c.params.Product == "" || c.params.Fact == "" || c.params.Database == "" {
		return nil, s.With.Mistake("product, fact and database are needed")
	}
	for _, list := range []struct {
		to    *[]*regexp.Regexp
		texts []string
	}{{&c.files, c.params.Files}, {&c.told, c.params.Told}} {
		for _, text := range list.texts {
			pattern, err := regexp.Compile(text)
			if err != nil || pattern.NumSubexp() < 1 {
				return nil, s.With.Mistake("%q is no pattern with a group", text)
			}
			*list.to = append(*list.to, pattern)
		}
	}
	c.db = readReleases(s, c.params.Database)
	return c, nil
}

// readReleases reads a database once, when it is needed.
func readReleases(s *signature.Signature, name string) func() (*releases.Database, error) {
	return sync.OnceValues(func() (*releases.Database, error) {
		text, err := s.ReadFile(name)
		if err != nil {
			return nil, message.Errorf("%s: database: %w", s.File, err)
		}
		db, err := releases.Parse(bytes.NewReader(text))
		if err != nil {
			return nil, message.Errorf("%s: %s: %w", s.File, name, err)
		}
		return db, nil
	})
}

// Run asks for a few static files, unless the product tells its release.
func (c *release) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	fact, ok := p.Fact(c.params.Fact)
	if !ok {
		return nil, scanner.NotApplicable("no %s here", c.params.Product)
	}
	db, err := c.db()
	if err != nil {
		return nil, err
	}
	ex, err := p.Do(ctx, &web.Request{URL: p.Target.URL, Redirects: web.RedirectsHost, MaxRedirects: 2})
	if err != nil {
		return nil, err
	}
	h := scanner.Hit{URL: p.Target.URL.String(), Certainty: scanner.Confirmed, Values: scanner.Values{"product": c.params.Product}}
	files := ownFiles(ex)
	if told := c.toldBy(fact, files); told != "" {
		h.Values["version"], h.Values["candidates"], h.Values["basis"] = told, []string{told}, basisTold
		if weaknesses.Compare(told, db.Releases[len(db.Releases)-1].Name) > 0 {
			h.Values["unlisted"] = "likely"
		}
		h.Evidence = []evidence.Evidence{evidence.New(ex, message.New("%s tells release %s", c.params.Product, told), told)}
		return []scanner.Hit{c.support(h, []string{told})}, nil
	}
	base := c.base(ex, files)
	v, err := staticfiles.Ask(ctx, p, db, base)
	if err != nil {
		return nil, err
	}
	candidates := slices.DeleteFunc(v.Candidates, func(name string) bool { return !begins(name, fact["version"]) })
	if len(candidates) == 0 {
		return nil, scanner.Undetermined("no static file tells the release of %s", c.params.Product)
	}
	h.Certainty = scanner.Possible
	h.Values["candidates"], h.Values["range"], h.Values["basis"], h.Values["root"] = candidates, rangeOf(candidates), basisFiles, base.EscapedPath()
	if v.Foreign > 0 && newest(db, candidates) {
		h.Values["unlisted"] = "possible"
	}
	h.Evidence = v.Evidence
	return []scanner.Hit{c.support(h, candidates)}, nil
}

// ownFiles are the scripts, style sheets and pictures of a page that its own host gives out.
func ownFiles(ex *web.Exchange) []*url.URL {
	page, err := web.ParsePage(ex)
	if err != nil {
		return nil
	}
	list := slices.Concat(page.Styles, page.Scripts, page.Media, page.Assets)
	return slices.DeleteFunc(list, func(u *url.URL) bool { return u.Host != ex.URL.Host })
}

// toldBy is the release that the product tells, "" when it tells none or only its line.
func (c *release) toldBy(fact map[string]string, files []*url.URL) string {
	if told := fact["version"]; strings.Count(told, ".") >= 2 {
		return told
	}
	for _, u := range files {
		for _, pattern := range c.told {
			if m := pattern.FindStringSubmatch(u.Path + "?" + u.RawQuery); m != nil {
				return m[1]
			}
		}
	}
	return ""
}

// base is the product's folder: by a file that the page loads, else that of the page.
func (c *release) base(ex *web.Exchange, files []*url.URL) *url.URL {
	for _, u := range files {
		for _, pattern := range c.files {
			if m := pattern.FindStringSubmatch(u.Path); m != nil {
				return ex.URL.ResolveReference(&url.URL{Path: m[1]})
			}
		}
	}
	return ex.URL.ResolveReference(&url.URL{Path: ex.URL.Path[:strings.LastIndexByte(ex.URL.Path, '/')+1]})
}

// support adds when fixes ended, where they have for every one of the releases.
func (c *release) support(h scanner.Hit, candidates []string) scanner.Hit {
	last := ""
	for _, name := range candidates {
		end := endoflife.End(c.params.Lines, name, time.Now().UTC())
		if end == "" {
			return h
		}
		last = max(last, strings.TrimPrefix(end, "≤"))
	}
	h.Values["support-ended"], h.Variant = last, unsupported
	return h
}

// begins reports whether a release is of what the product tells of it: 10.2.3 is of 10.
func begins(name, told string) bool {
	return told == "" || name == told || strings.HasPrefix(name, told+".")
}

// newest reports whether the newest release that the data have of a line is among the candidates: the site can run one that
// came after it, with some of its files.
func newest(db *releases.Database, candidates []string) bool {
	for i, r := range db.Releases {
		last := i+1 == len(db.Releases) || lineOf(db.Releases[i+1].Name, 2) != lineOf(r.Name, 2)
		if last && slices.Contains(candidates, r.Name) {
			return true
		}
	}
	return false
}

// lineOf is the line of a release, by the first of its numbers: 10.2 of 10.2.3.
func lineOf(name string, numbers int) string {
	parts := strings.Split(name, ".")
	return strings.Join(parts[:min(numbers, len(parts))], ".")
}

// rangeOf is some releases for people.
func rangeOf(candidates []string) string {
	if len(candidates) <= 3 {
		return strings.Join(candidates, ", ")
	}
	return candidates[0] + " – " + candidates[len(candidates)-1]
}
