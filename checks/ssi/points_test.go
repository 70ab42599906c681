package ssi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// pointsOf are the places of a target, "where | address", by their names.
func pointsOf(t *testing.T, base string, pages ...*web.Page) []string {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, p := range injectionPoints(u, pages, "zzzzzz") {
		list = append(list, fmt.Sprintf("%s | %s", p.Where, p.Request("TEXT").URL))
	}
	return list
}

// TestTargetThatChangesSomething: the query of such an address is left as it is.
func TestTargetThatChangesSomething(t *testing.T) {
	for base, want := range map[string]bool{"http://site.test/view?id=1": true, "http://site.test/delete?id=1": false} {
		got := slices.ContainsFunc(pointsOf(t, base), func(p string) bool { return strings.Contains(p, "?id=…") })
		if got != want {
			t.Errorf("%s: its query is probed: %v, want %v", base, got, want)
		}
	}
}

// TestHeadersGoToThePage: headers are sent to the page that the target leads to, since a redirect shows none of them, but
// never to the path of another host.
func TestHeadersGoToThePage(t *testing.T) {
	for at, want := range map[string]string{
		"http://site.test/":        "Referer: … | http://site.test/?zzzzzz=TEXT",
		"http://site.test/ja/home": "Referer: … | http://site.test/ja/home?zzzzzz=TEXT",
		"http://other.test/ja/":    "Referer: … | http://site.test/?zzzzzz=TEXT",
	} {
		if got := pointsOf(t, "http://site.test/", page(t, at, "")); !slices.Contains(got, want) {
			t.Errorf("the target leads to %s: no %q in\n%s", at, want, strings.Join(got, "\n"))
		}
	}
}

// TestFoldersOfPages: some folders of pages are probed, none twice, and none of another host.
func TestFoldersOfPages(t *testing.T) {
	var pages []*web.Page
	for _, at := range []string{"http://other.test/x/a", "http://site.test/1/a", "http://site.test/1/b", "http://site.test/2/", "http://site.test/3/", "http://site.test/4/"} {
		pages = append(pages, page(t, at, ""))
	}
	var got []string
	for _, p := range pointsOf(t, "http://site.test/", pages...) {
		if where, _, _ := strings.Cut(p, " | "); strings.HasSuffix(where, "/…") {
			got = append(got, where)
		}
	}
	if d := cmp.Diff([]string{"/…", "/1/…", "/2/…", "/3/…"}, got); d != "" {
		t.Error(d)
	}
}

// TestCookiesOfPages: two cookies that may be shown are probed, each once: no session, no token of a form, no counter. The
// probe is the only cookie of its request, and the address is one that no cache keeps for others.
func TestCookiesOfPages(t *testing.T) {
	home := page(t, "http://site.test/shop/?id=1", "")
	home.Exchange.Header["Set-Cookie"] = []string{"xsrf=a1", "_ga=GA1.2.3", "PHPSESSID=5f2d8c1e", "nick=guest", "nick=guest; Path=/", "color=red", "size=big"}
	var got []string
	for _, p := range injectionPoints(home.Exchange.URL, []*web.Page{home}, "zzzzzz") {
		if name, ok := strings.CutPrefix(p.Where, "Cookie "); ok {
			r := p.Request("TEXT")
			got = append(got, fmt.Sprintf("%s | %s %v alone %v", name, r.URL, r.Header["Cookie"], r.NoCookies))
		}
	}
	want := []string{
		"nick=… | http://site.test/shop/?zzzzzz=TEXT [nick=TEXT] alone true",
		"color=… | http://site.test/shop/?zzzzzz=TEXT [color=TEXT] alone true",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestFilterAtOnePlace: what a filter refuses at one place takes nothing from the proof at another.
func TestFilterAtOnePlace(t *testing.T) {
	outcome, findings := injected(t, shop(func(w http.ResponseWriter, r *http.Request) string {
		from := r.Header.Get("X-Forwarded-For")
		if strings.Contains(from, "<!--#") {
			w.WriteHeader(http.StatusForbidden)
			return "refused"
		}
		return from + evaluated(r.FormValue("q"), true)
	}))
	if outcome.Status != scanner.StatusFound || len(findings) == 0 {
		t.Errorf("outcome %s (%s), want found", outcome.Status, outcome.Reason)
	}
}
