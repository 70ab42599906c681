package cacheleak

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"sotomi/scanner/web"
)

// mayRequest reports whether an address is probably a page, and none that ends a session or changes something. It holds for
// every address that the check finds by itself.
func mayRequest(u *url.URL) bool { return !web.ChangesState(u) && !web.IsFile(u.Path) }

// accountAddress are addresses that usually show visitors their own data.
var accountAddress = regexp.MustCompile(`(?i)(my[-_]?page|my[-_]?account|account|profile|/me\b|/my\b|user|member|order|cart|basket|dashboard|setting|history|favorite|wish|point|coupon|invoice|mypage|login|signin)`)

// pages are the addresses to look at: those that the user named, else those that probably differ between visitors.
func (r *run) pages(ctx context.Context) ([]*url.URL, error) {
	list := slices.Clone(r.named)
	if r.params.Mode == "mixup" {
		return list, nil
	}
	var likely, other []*url.URL
	seen := map[string]bool{}
	for _, u := range list {
		seen[u.String()] = true
	}
	add := func(u *url.URL) {
		if u.Scheme != r.probe.Target.URL.Scheme || !strings.EqualFold(u.Host, r.probe.Target.URL.Host) ||
			seen[u.String()] || !mayRequest(u) {
			return
		}
		seen[u.String()] = true
		if accountAddress.MatchString(u.Path) {
			likely = append(likely, u)
		} else {
			other = append(other, u)
		}
	}
	r.productPages(add)
	home := *r.probe.Target.URL
	if home.Path == "" {
		home.Path = "/"
	}
	if len(list) > 0 {
		return append(list, likely...), nil
	}
	add(&home)
	if err := r.linked(ctx, &home, add); err != nil {
		return nil, err
	}
	limit := r.params.Pages
	if len(r.members) == 0 {
		limit = min(limit, guestPages)
	}
	all := append(likely, other...)
	return all[:min(len(all), limit)], nil
}

// guestPages is how many pages are looked at when there are no accounts to look with.
const guestPages = 3

// productPages adds the account pages of a product that was recognised.
func (r *run) productPages(add func(*url.URL)) {
	fact, ok := r.probe.Fact("eccube")
	if !ok {
		return
	}
	base, err := r.probe.Target.URL.Parse(strings.TrimSuffix(fact["base"], "/") + "/")
	if err != nil {
		return
	}
	for _, path := range []string{"mypage", "cart"} {
		if u, err := base.Parse(path); err == nil {
			add(u)
		}
	}
}

// linked adds the pages that the start page links to for the first member, and those that the crawl found.
func (r *run) linked(ctx context.Context, home *url.URL, add func(*url.URL)) error {
	if len(r.members) > 0 {
		u := *home
		u.RawQuery = "sotomi=" + unguessableKey()
		r.probe.Count(1)
		ex, err := r.members[0].session.Do(ctx, &web.Request{Method: http.MethodGet, URL: &u, NoCookies: true, Redirects: web.RedirectsHost})
		if err != nil {
			return err
		}
		if page, err := web.ParsePage(ex); err == nil {
			for _, link := range page.Links {
				add(link)
			}
			r.home = mentionsOf(page, readMarkup(ex.Text()))
		}
	}
	crawled, err := r.probe.Crawl(ctx)
	if err != nil {
		return err
	}
	for _, page := range crawled {
		add(page.Exchange.URL)
	}
	return nil
}
