package wordpress

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"

	"sotomi/checks/internal/staticfiles"
	"sotomi/scanner"
	"sotomi/scanner/web"
)

const number = `([0-9]+(?:\.[0-9]+){1,3})`

var (
	told = regexp.MustCompile(`^WordPress ` + number)
	// counted are core files that are delivered with the release in their address, unless a plug-in takes it out. Others,
	// such as jQuery, carry a number of their own.
	counted = regexp.MustCompile(`/wp-includes/(?:css/dist/(?:block-library|components|block-editor)/[a-z-]+|css/(?:dashicons|buttons|admin-bar|classic-themes)|` +
		`js/(?:wp-embed|wp-emoji-release|comment-reply|admin-bar|wp-util|wp-a11y|wp-auth-check))(?:-rtl)?(?:\.min)?\.(?:css|js)$|` +
		`/wp-admin/css/(?:login|install|forms|l10n)(?:-rtl)?(?:\.min)?\.css$`)
	// scripted is the same in a script of the page, where slashes are escaped.
	scripted = regexp.MustCompile(`\\?/wp-includes\\?/js\\?/wp-e(?:moji-release|mbed)(?:\.min)?\.js\?ver=` + number)
	exactly  = regexp.MustCompile(`^` + number + `$`)
)

// claimsOf are the releases that the page itself tells: by its generator, else by the addresses of core files.
func claimsOf(f *found) []claim {
	if f.page == nil {
		return nil
	}
	for _, g := range f.page.Generators {
		if m := told.FindStringSubmatch(g); m != nil {
			return []claim{{m[1], f.ex}}
		}
	}
	var list []claim
	add := func(version string) {
		if version != "" && !slices.ContainsFunc(list, func(c claim) bool { return c.version == version }) {
			list = append(list, claim{version, f.ex})
		}
	}
	for _, m := range scripted.FindAllStringSubmatch(f.ex.Text(), -1) {
		add(m[1])
	}
	for _, u := range ownFiles(f.page) {
		if counted.MatchString(u.Path) && exactly.MatchString(u.Query().Get("ver")) {
			add(u.Query().Get("ver"))
		}
	}
	return list
}

// tellers are pages of WordPress that tell its release where themes and plug-ins take it out of the others.
var tellers = []struct {
	path    string
	home    bool // below the pages, not the files
	pattern *regexp.Regexp
}{
	{"feed/", true, regexp.MustCompile(`<generator(?: uri="https?://wordpress\.org/" version="|>https?://wordpress\.org/\?v=)` + number + `[<"]`)},
	{"wp-links-opml.php", false, regexp.MustCompile(`<!-- generator="WordPress/` + number + `" -->`)},
	{"wp-login.php", false, regexp.MustCompile(`/wp-admin/(?:load-styles\.php\?[^"'<>]*?[&;]ver=|css/login(?:-rtl)?(?:\.min)?\.css\?ver=)` + number + `["']`)},
}

// askPages asks one after the other of the pages that tell the release.
func (f *found) askPages(ctx context.Context, p *scanner.Probe) error {
	for _, t := range tellers {
		at := f.base
		if t.home {
			at = f.home
		}
		ex, err := p.Do(ctx, &web.Request{URL: at.ResolveReference(&url.URL{Path: t.path}), Redirects: web.RedirectsHost, MaxRedirects: 2})
		switch {
		case staticfiles.Unanswered(err):
			continue
		case err != nil:
			return err
		}
		if m := t.pattern.FindStringSubmatch(ex.Text()); m != nil && ex.Status == http.StatusOK {
			f.claims = []claim{{m[1], ex}}
			return nil
		}
	}
	return nil
}

// askFiles tells the release by the contents of a few static files.
func (c *check) askFiles(ctx context.Context, p *scanner.Probe, f *found) error {
	db, err := c.releases()
	if err != nil {
		return err
	}
	v, err := staticfiles.Ask(ctx, p, db, f.base)
	if err != nil {
		return err
	}
	f.files = &v
	return nil
}
