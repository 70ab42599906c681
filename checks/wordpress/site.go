package wordpress

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"sotomi/checks/internal/staticfiles"
	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// folders are where a site has WordPress, when the target itself is none.
var folders = []string{"", "blog/", "wordpress/", "wp/"}

// What a release rests on.
const (
	basisTold  = "told"  // WordPress itself tells it
	basisFiles = "files" // the content of static files
)

// found is a WordPress and what was learned about its release.
type found struct {
	page   *web.Page // nil when the answer is none
	ex     *web.Exchange
	home   *url.URL // where its pages start; ends in a slash
	base   *url.URL // where its files are; ends in a slash
	target string   // path of the folder that the target is; ends in a slash
	claims []claim
	files  *staticfiles.Verdict // nil unless files were asked for
}

// claim is a place that tells the release.
type claim struct {
	version string
	ex      *web.Exchange
}

// site is mode "site": is there a WordPress, and of which release.
func (c *check) site(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	f, err := find(ctx, p)
	if f == nil {
		return nil, err
	}
	f.claims = claimsOf(f)
	if len(f.claims) == 0 {
		if err := f.askPages(ctx, p); err != nil {
			return []scanner.Hit{f.hit()}, err
		}
	}
	if len(f.claims) == 0 {
		if err := c.askFiles(ctx, p, f); err != nil {
			return []scanner.Hit{f.hit()}, err
		}
	}
	return []scanner.Hit{f.hit()}, nil
}

// find asks for the pages that may be WordPress's. It is nil when none is; the error is that of a page that did not answer.
func find(ctx context.Context, p *scanner.Probe) (*found, error) {
	var failed error
	for _, folder := range folders {
		u := *p.Target.URL
		if folder != "" {
			u.Path, u.RawPath, u.RawQuery = strings.TrimSuffix(u.Path, "/")+"/"+folder, "", ""
		}
		ex, err := p.Do(ctx, &web.Request{URL: &u, Redirects: web.RedirectsHost, MaxRedirects: 2})
		if err != nil {
			failed = err
			if ctx.Err() != nil || folder == "" {
				break
			}
			continue
		}
		if f := recognise(ex); f != nil {
			f.target = folderOf(p.Target.URL).Path
			return f, nil
		}
	}
	return nil, failed
}

var (
	generator = regexp.MustCompile(`^WordPress\b`)
	coreFile  = regexp.MustCompile(`^(.*/)(?:wp-includes|wp-admin/(?:css|js|images))/`)
	ownFile   = regexp.MustCompile(`^(.*/)wp-content/(?:themes|plugins)/`)
	restLink  = regexp.MustCompile(`(?i)<([^>\s]+)>;\s*rel="?https://api\.w\.org/`)
)

// recognise is nil when WordPress did not make the page.
func recognise(ex *web.Exchange) *found {
	f := &found{ex: ex}
	made := false
	folder := ""
	if page, err := web.ParsePage(ex); err == nil {
		f.page = page
		made = slices.ContainsFunc(page.Generators, generator.MatchString)
		for _, pattern := range []*regexp.Regexp{coreFile, ownFile} {
			for _, u := range ownFiles(page) {
				if m := pattern.FindStringSubmatch(u.Path); m != nil && folder == "" {
					made, folder = true, m[1]
				}
			}
		}
	}
	at := folderOf(ex.URL)
	f.home = at
	for _, link := range ex.Header.Values("Link") {
		if m := restLink.FindStringSubmatch(link); m != nil {
			made = true
			if u, err := ex.URL.Parse(m[1]); err == nil && u.Host == ex.URL.Host {
				if path, ok := strings.CutSuffix(u.Path, "wp-json/"); ok || u.Query().Has("rest_route") {
					f.home = ex.URL.ResolveReference(&url.URL{Path: strings.TrimSuffix(path, "index.php")})
				}
			}
		}
	}
	if !made {
		return nil
	}
	f.base = f.home
	if folder != "" {
		f.base = ex.URL.ResolveReference(&url.URL{Path: folder})
	}
	if strings.Contains(f.home.Path, "/wp-") { // a page of the administration or of the installation
		f.home = f.base
	}
	return f
}

// folderOf is the address of the folder that a page is in.
func folderOf(u *url.URL) *url.URL {
	return u.ResolveReference(&url.URL{Path: u.Path[:strings.LastIndexByte(u.Path, '/')+1]})
}

// ownFiles are the scripts, style sheets and pictures of a page that its own host gives out.
func ownFiles(page *web.Page) []*url.URL {
	if page == nil {
		return nil
	}
	list := slices.Concat(page.Styles, page.Scripts, page.Media, page.Assets)
	return slices.DeleteFunc(list, func(u *url.URL) bool { return u.Host != page.Exchange.URL.Host })
}

// hit is the finding of the product, with the values that other signatures need.
func (f *found) hit() scanner.Hit {
	h := scanner.Hit{URL: f.home.String(), Certainty: scanner.Confirmed, Values: scanner.Values{
		"product": product, "root": f.base.EscapedPath(), "home": f.home.EscapedPath(),
	}}
	if f.base.Path != f.target {
		h.Values["inner"] = f.base.EscapedPath()
	}
	ex, note := f.ex, message.New("a page of WordPress")
	releases := f.versions()
	switch {
	case len(releases) == 1:
		h.Values["version"], h.Values["candidates"], h.Values["basis"] = releases[0], releases, basisTold
	case len(releases) > 1:
		h.Values["candidates"], h.Values["basis"] = releases, basisTold
	case f.files != nil && len(f.files.Candidates) > 0:
		h.Values["candidates"], h.Values["range"], h.Values["basis"] = f.files.Candidates, f.files.Range, basisFiles
	}
	keep := ""
	if len(f.claims) > 0 {
		ex, keep = f.claims[0].ex, f.claims[0].version
		note = message.New("WordPress, release %s", keep)
	}
	h.Evidence = []evidence.Evidence{evidence.New(ex, note, keepOf(keep)...)}
	if f.files != nil {
		h.Evidence = append(h.Evidence, f.files.Evidence...)
	}
	return h
}

// versions are the releases that are told, without repeats.
func (f *found) versions() []string {
	var list []string
	for _, c := range f.claims {
		if !slices.Contains(list, c.version) {
			list = append(list, c.version)
		}
	}
	return list
}

// keepOf is the part of an answer that evidence shows; none for "".
func keepOf(text string) []string {
	if text == "" {
		return nil
	}
	return []string{text}
}
