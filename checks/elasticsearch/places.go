package elasticsearch

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// Bounds of what is asked because a page or a script names it.
const (
	maxScripts = 6
	maxNamed   = 6 // places
)

// library are names of scripts that hold no addresses of the site's own.
var library = regexp.MustCompile(`(?i)/(?:jquery|bootstrap|popper|modernizr|slick|swiper|lodash|underscore|moment|react(?:-dom)?|vue|angular|gtm|gtag|analytics|fontawesome)[^/]*\.js|/wp-includes/`)

// scripts are those of the site's own host that its pages load, libraries left out.
func scripts(ctx context.Context, p *scanner.Probe, pages []*web.Page) ([]*web.Exchange, error) {
	var list []*web.Exchange
	seen := map[string]bool{}
	for _, page := range pages {
		for _, u := range page.Scripts {
			if len(seen) == maxScripts {
				return list, nil
			}
			if seen[u.String()] || u.Host != page.Exchange.URL.Host || library.MatchString(u.Path) {
				continue
			}
			seen[u.String()] = true
			ex, err := p.Do(ctx, &web.Request{URL: u})
			switch {
			case ctx.Err() != nil:
				return list, err
			case err != nil || ex.Status != http.StatusOK:
				continue // a script that is not there names nothing
			}
			list = append(list, ex)
		}
	}
	return list, nil
}

var (
	// prefixOf finds addresses that sound like a search server behind a proxy.
	prefixOf = regexp.MustCompile("[\"'`(=]((?:https?://[^/\"'`\\s]+)?(?:/[\\w.-]+)*/(?:es|elastic|elasticsearch|opensearch|search-api)[\\w-]*)(?:/|[\"'`?])")
	// asked finds what a script asks a search server for: the address before is the server, or one index of it.
	asked = regexp.MustCompile("[\"'`(=]((?:https?://[^/\"'`\\s]+)?(?:/[\\w.-]+)+)/_(?:search|msearch|count|mapping)\\b")
)

// telling are texts without one of which neither finds anything.
var telling = []string{"/_", "/es", "/elastic", "/opensearch", "/search-api"}

// namedPlaces are the addresses on the site's own host that its pages and scripts name.
func namedPlaces(texts []*web.Exchange) []place {
	var list []place
	add := func(ex *web.Exchange, address string, index bool) {
		u, err := ex.URL.Parse(address)
		if err != nil || u.Host != ex.URL.Host || u.Path == "" || u.Path == "/" || len(list) == maxNamed {
			return
		}
		u.RawPath, u.RawQuery, u.Fragment = "", "", ""
		if !slices.ContainsFunc(list, func(p place) bool { return p.base.Path == u.Path && p.index == index }) {
			list = append(list, place{base: u, index: index})
		}
	}
	for _, ex := range texts {
		if !slices.ContainsFunc(telling, func(text string) bool { return bytes.Contains(ex.Body, []byte(text)) }) {
			continue // as nearly all: to search a large page for patterns takes long
		}
		for _, m := range asked.FindAllSubmatch(ex.Body, -1) {
			add(ex, string(m[1]), true)
			if u, err := url.Parse(string(m[1])); err == nil {
				u.Path = path.Dir(u.Path)
				add(ex, u.String(), false)
			}
		}
		for _, m := range prefixOf.FindAllSubmatch(ex.Body, -1) {
			if !strings.Contains(string(m[1]), "/_") {
				add(ex, string(m[1]), false)
			}
		}
	}
	return list
}
