package wordpress

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"sotomi/checks/internal/releases"
	"sotomi/checks/internal/staticfiles"
	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

// ownSignature is an embedded signature.
func ownSignature(t *testing.T, id string) *signature.Signature {
	t.Helper()
	set, err := signature.Load(signature.Sources{Embedded: signatures.FS})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range set.Signatures {
		if s.ID == id {
			return s
		}
	}
	t.Fatalf("no signature %s", id)
	return nil
}

// scan runs one signature on a site, with what is known of its WordPress unless facts is nil.
func scan(t *testing.T, s *signature.Signature, site http.HandlerFunc, facts map[string]string) *sigtest.Result {
	t.Helper()
	c := &signature.Case{}
	if facts != nil {
		c.Facts = map[string]map[string]string{"wordpress": facts}
	}
	r, err := sigtest.Scan(t.Context(), site, c, sigtest.Options{Checks: scanner.Table{"wordpress": New}}, s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// blog is a site whose pages load a plug-in's script with a release in its address; other addresses are for files.
func blog(files http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			files(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<html><head><script src="/wp-content/plugins/wp-file-manager/a.js?ver=6.8"></script></head></html>`)
	}
}

var told642 = map[string]string{"candidates": "6.4.2", "version": "6.4.2", "basis": basisTold, "home": "/", "root": "/"}

// A release counts as told only when a file of the component tells it; what is not there, refused or a page tells nothing.
func TestCertaintyOfComponents(t *testing.T) {
	for name, c := range map[string]struct {
		files http.HandlerFunc
		want  scanner.Certainty
	}{
		"its file": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "=== File Manager ===\nStable tag: 6.8\n") }, scanner.Confirmed},
		"missing":  {http.NotFound, scanner.Possible},
		"refused":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }, scanner.Possible},
		"a page":   {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>=== A ===\nStable tag: 6.8\n") }, scanner.Possible},
		"trunk": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "=== File Manager ===\nStable tag: trunk\n")
		}, scanner.Possible},
	} {
		r := scan(t, ownSignature(t, "wordpress-components"), blog(c.files), told642)
		if len(r.Findings) != 2 {
			t.Errorf("%s: %d findings, want the list and one weak plug-in", name, len(r.Findings))
			continue
		}
		if h := r.Findings[1].Hit; h.Certainty != c.want || h.Values["version"] != "6.8" || h.Variant != "critical" {
			t.Errorf("%s: %s, %v, variant %q", name, h.Certainty, h.Values["version"], h.Variant)
		}
	}
}

// The Stable tag of a readme is often left behind: the higher of it and the first heading of its changes is the release. A
// weakness is confirmed when both have it, or when nothing speaks against the tag.
func TestStableTagThatWasLeftBehind(t *testing.T) {
	for name, c := range map[string]struct {
		readme string
		worst  string // CVE that only releases up to 6.8 have, or none
		want   string // "" when no weakness is found
		sure   scanner.Certainty
	}{
		"alone":                       {"Stable tag: 6.8\n", "CVE-2020-25213", "6.8", scanner.Confirmed},
		"the same":                    {"Stable tag: 6.8\n\n== Changelog ==\n\n= 6.8 (31st Aug, 2020) =\n\n* a\n\n= 6.7 =\n", "CVE-2020-25213", "6.8", scanner.Confirmed},
		"changes older than the tag":  {"Stable tag: 6.8\n\n== Changelog ==\n\n= 6.0 =\n* a\n", "CVE-2020-25213", "6.8", scanner.Confirmed},
		"oldest first":                {"Stable tag: 6.8\n\n== Changelog ==\n\n= 1.0 =\n* a\n\n= 6.8 =\n", "CVE-2020-25213", "6.8", scanner.Confirmed},
		"left behind, both are weak":  {"Stable tag: 6.5\n\n== Changelog ==\n= 6.8 =\n* a\n", "CVE-2020-25213", "6.8", scanner.Confirmed},
		"left behind, weak as well":   {"Stable tag: 6.8\n\n== Changelog ==\n= Version 7.2.1 =\n* a\n", "", "7.2.1", scanner.Confirmed},
		"left behind, mended":         {"Stable tag: 6.8\n\n== Changelog ==\n\n#### v8.0.4 - 2025-01-02\n* a\n", "", "", ""},
		"left behind, bold":           {"Stable tag: 6.8\n\n== Changelog ==\n\n**8.0.4 (2025-01-02)**\n* a\n", "", "", ""},
		"left behind, words only":     {"Stable tag: 6.8\n\n== Changelog ==\n\nVersion 8.0.4\n--------\n* a\n", "", "", ""},
		"a date is no release":        {"Stable tag: 6.8\n\n== Changelog ==\n\n= 2020.08.31 =\n* a\n", "CVE-2020-25213", "6.8", scanner.Confirmed},
		"what is to come":             {"Stable tag: 6.8\n\n== Changelog ==\n\n= Unreleased =\n* 9.0 is planned\n\n= 6.8 =\n", "CVE-2020-25213", "6.8", scanner.Confirmed},
		"a list in another part":      {"Stable tag: 6.8\n\n== Upgrade Notice ==\n= 8.0.4 =\nUpdate.\n", "CVE-2020-25213", "6.8", scanner.Confirmed},
		"after the changes":           {"Stable tag: 6.8\n\n== Changelog ==\nSee our site.\n\n== Upgrade Notice ==\n= 8.0.4 =\nUpdate.\n", "CVE-2020-25213", "6.8", scanner.Confirmed},
		"trunk and changes":           {"Stable tag: trunk\n\n== Changelog ==\n= 6.8 =\n", "CVE-2020-25213", "6.8", scanner.Possible},
		"no tag but changes":          {"Requires at least: 4.0\n\n== Changelog ==\n= 6.8 =\n", "CVE-2020-25213", "6.8", scanner.Possible},
		"trunk and a version":         {"Stable tag: trunk\nVersion: 6.8\n", "CVE-2020-25213", "6.8", scanner.Confirmed},
		"a version above the tag":     {"Stable tag: 6.8\nVersion: 8.0.4\n", "", "", ""},
		"a version further below":     {"Stable tag: 6.8\n\n== Description ==\nVersion: 8.0.4\n", "CVE-2020-25213", "6.8", scanner.Confirmed},
		"changes beyond what is read": {"Stable tag: 6.8\n\n== Description ==\n" + strings.Repeat("words ", headSize/6) + "\n== Changelog ==\n= 6.8 =\n", "CVE-2020-25213", "6.8", scanner.Confirmed},
	} {
		readme := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "=== File Manager ===\n"+c.readme) }
		page := blog(readme)
		r := scan(t, ownSignature(t, "wordpress-components"), func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/" {
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprint(w, `<html><head><script src="/wp-content/plugins/wp-file-manager/a.js"></script></head></html>`)
				return
			}
			page(w, r)
		}, told642)
		if c.want == "" {
			if len(r.Findings) != 1 {
				t.Errorf("%s: %d findings, want the list", name, len(r.Findings))
			}
			continue
		}
		if len(r.Findings) != 2 {
			t.Errorf("%s: %d findings, want the list and one weak plug-in", name, len(r.Findings))
			continue
		}
		h := r.Findings[1].Hit
		cves, _ := h.Values["cve"].([]string)
		if h.Certainty != c.sure || h.Values["version"] != c.want || c.worst != "" != slices.Contains(cves, "CVE-2020-25213") {
			t.Errorf("%s: %s, %v, %v", name, h.Certainty, h.Values["version"], cves)
		}
	}
}

// The release of WordPress, which it fills in for components that give none, is not theirs; nor is one of two.
func TestGuess(t *testing.T) {
	for name, c := range map[string]struct {
		counts map[string]int
		want   string
	}{
		"one":                 {map[string]int{"6.8": 1}, "6.8"},
		"that of wordpress":   {map[string]int{"6.4.2": 5}, ""},
		"beside wordpress's":  {map[string]int{"6.4.2": 5, "6.8": 1}, "6.8"},
		"two":                 {map[string]int{"6.8": 1, "1.12.4": 1}, ""},
		"most of its files":   {map[string]int{"6.8": 2, "1.12.4": 1}, "6.8"},
		"none":                {nil, ""},
		"another of no count": {map[string]int{}, ""},
	} {
		one := component{counts: c.counts}
		if one.guess([]string{"6.4.2"}); one.version != c.want {
			t.Errorf("%s: %q, want %q", name, one.version, c.want)
		}
	}
}

// A plug-in that pages load is looked at even when other requests go wrong, and that they did is told.
func TestComponentsThatBreakOff(t *testing.T) {
	r := scan(t, ownSignature(t, "wordpress-components"), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, told642)
	if o := r.Outcomes["wordpress-components"]; o.Status.Complete() {
		t.Errorf("a site that breaks off: %s (%s)", o.Status, o.Reason)
	}
}

// Where the release is not known, or newer than the data, nothing is called clean.
func TestUnknownReleaseIsNotClean(t *testing.T) {
	for name, facts := range map[string]map[string]string{
		"not known": {"home": "/", "root": "/"}, "newer than the data": {"candidates": "99.1", "basis": basisTold, "home": "/", "root": "/"},
	} {
		s := ownSignature(t, "wordpress-weaknesses")
		r := scan(t, s, http.NotFound, facts)
		if o := r.Outcomes[s.ID]; o.Status != scanner.StatusFailed {
			t.Errorf("%s: %s (%s)", name, o.Status, o.Reason)
		}
	}
}

const smallDatabase = "release 1.0 2020-01-01\nrelease 1.1 2020-02-01\nrelease 1.2 2020-03-01\nfile wp-includes/a.js\n %s 1.0\n %s 1.1..1.2\nfile wp-includes/b.js\n %s 1.0..1.1\n %s 1.2\n"

// A site that tells its release nowhere is told by its files; no more than five are asked for, and a page in place of them
// tells nothing.
func TestReleaseByFiles(t *testing.T) {
	digest := func(text string) string { return releases.Digest([]byte(text)) }
	database := fmt.Sprintf(smallDatabase, digest("a one"), digest("a two"), digest("b one"), digest("b two"))
	set, err := signature.Load(signature.Sources{Embedded: fstest.MapFS{
		"blog/blog.yaml": {Data: []byte("id: blog\ninfo: {name: A, author: a, severity: info, reference: https://a.example/}\nsafety: active\ngives: wordpress\ncheck: wordpress\nwith: {mode: site, database: a.db}\n")},
		"blog/a.db":      {Data: []byte(database)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		a, b string
		want string
	}{
		"one release":       {"a two", "b two", "1.2"},
		"two of them":       {"a two", "", "1.1, 1.2"},
		"nothing that fits": {"a changed", "b changed", ""},
		"nothing there":     {"", "", ""},
	} {
		var asked atomic.Int32
		r := scan(t, set.Signatures[0], blog(func(w http.ResponseWriter, r *http.Request) {
			text, isFile := map[string]string{"/wp-includes/a.js": c.a, "/wp-includes/b.js": c.b}[r.URL.Path]
			if isFile {
				asked.Add(1)
			}
			if text == "" {
				http.NotFound(w, r)
				return
			}
			fmt.Fprint(w, text)
		}), nil)
		if len(r.Findings) != 1 {
			t.Fatalf("%s: %d findings", name, len(r.Findings))
		}
		if got := r.Findings[0].Hit.Values.Facts()["candidates"]; got != c.want || asked.Load() > staticfiles.Asked {
			t.Errorf("%s: %q after %d files, want %q", name, got, asked.Load(), c.want)
		}
	}
}

// A site without WordPress is asked for the four places where it may be and nothing else.
func TestRequestsWithoutWordPress(t *testing.T) {
	var asked atomic.Int32
	scan(t, ownSignature(t, "wordpress"), func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.URL.Path, "sotomi") {
			asked.Add(1)
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html><head><title>Shop</title></head><p>We compared WordPress 4.2.</p></html>")
	}, nil)
	if n := asked.Load(); n != 5 { // four places, and the control of the site
		t.Errorf("%d requests", n)
	}
}

// A weakness that only the higher of two releases has is possible: the lower may be the one that runs.
func TestWeaknessOfTheHigherRelease(t *testing.T) {
	table := theTable(t)
	told := &web.Exchange{URL: &url.URL{Scheme: "http", Host: "site.test", Path: "/"}}
	for lower, want := range map[string]scanner.Certainty{"": scanner.Confirmed, "2.6.1": scanner.Confirmed, "2.5.9": scanner.Possible} { // CVE-2022-41840: 2.6.0 to 2.7.7
		one := &component{kind: "plugin", name: "usc-e-shop", told: told, toldRelease: toldRelease{version: "2.6.2", lower: lower, basis: byFile}}
		h, err := one.judge(table)
		if err != nil || h == nil || h.Certainty != want {
			t.Errorf("with %q as the stable one: %v, %v, want %s", lower, h, err, want)
		}
	}
}
