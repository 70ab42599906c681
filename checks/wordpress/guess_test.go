package wordpress

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"sotomi/checks/internal/weaknesses"
	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
)

// guess scans a site with the word list, and counts the files of plug-ins and themes that it asks for.
func guess(t *testing.T, site http.HandlerFunc, wordlist string) (*sigtest.Result, []string) {
	t.Helper()
	var mu sync.Mutex
	var asked []string
	s := ownSignature(t, "wordpress-components")
	c := &signature.Case{Facts: map[string]map[string]string{"wordpress": told642}}
	r, err := sigtest.Scan(t.Context(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/wp-content/") {
			mu.Lock()
			if !slices.Contains(asked, r.URL.Path) { // the scan looks at what it found once more
				asked = append(asked, r.URL.Path)
			}
			mu.Unlock()
		}
		site(w, r)
	}), c, sigtest.Options{Checks: scanner.Table{"wordpress": New}, Wordlist: wordlist}, s)
	if err != nil {
		t.Fatal(err)
	}
	return r, asked
}

// hidden is a site whose pages name no plug-in, with files by path.
func hidden(files map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, ok := files[r.URL.Path]
		switch {
		case r.URL.Path == "/":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html><head><title>Blog</title></head><body>x</body></html>")
		case ok:
			fmt.Fprint(w, text)
		default:
			http.NotFound(w, r)
		}
	}
}

// from: wp-file-manager 6.8, readme.txt
const fileManager = "=== File Manager ===\nContributors: mndpsingh287\nStable tag: 6.8\n"

// Names are guessed only when the user wants that. What is there is judged like what pages name.
func TestGuess_onlyWhenAsked(t *testing.T) {
	site := hidden(map[string]string{"/wp-content/plugins/wp-file-manager/readme.txt": fileManager})
	if r, asked := guess(t, site, ""); len(r.Findings) > 0 || len(asked) > 0 {
		t.Errorf("without a list: %d findings, asked for %v", len(r.Findings), asked)
	}
	r, asked := guess(t, site, scanner.WordlistWordPress)
	if len(r.Findings) != 2 {
		t.Fatalf("%d findings, want the list and one weak plug-in", len(r.Findings))
	}
	if h := r.Findings[1].Hit; h.Certainty != scanner.Confirmed || h.Values["plugin"] != "wp-file-manager" || h.Values["version"] != "6.8" {
		t.Errorf("%s, %v", h.Certainty, h.Values)
	}
	if want := guesses + 2; len(asked) != want {
		t.Errorf("asked for %d files, want %d: the list and a control of each kind", len(asked), want)
	}
}

// What pages name is not found twice.
func TestGuess_besideWhatPagesName(t *testing.T) {
	site := blog(hidden(map[string]string{"/wp-content/plugins/wp-file-manager/readme.txt": fileManager}))
	r, _ := guess(t, site, scanner.WordlistWordPress)
	if len(r.Findings) != 2 {
		t.Fatalf("%d findings, want the list and one weak plug-in", len(r.Findings))
	}
	if got := fmt.Sprint(r.Findings[0].Hit.Values["plugins"]); got != "[wp-file-manager 6.8]" {
		t.Errorf("plug-ins: %s", got)
	}
}

// What a site says to anything, or nothing that tells, is no plug-in, and not clean either.
func TestGuess_sitesThatTellNothing(t *testing.T) {
	always := func(status int, text string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.Path, "/wp-content/") {
				w.WriteHeader(status)
				fmt.Fprint(w, text)
				return
			}
			hidden(nil)(w, r)
		}
	}
	for name, c := range map[string]struct {
		site   http.HandlerFunc
		status scanner.Status
	}{
		"not_there":           {always(http.StatusNotFound, "no"), scanner.StatusClean},
		"a_page_for_anything": {always(http.StatusOK, "<html>=== A ===\nStable tag: 1.0\n</html>"), scanner.StatusClean},
		"a_readme_for_any":    {always(http.StatusOK, "=== A ===\nStable tag: 1.0\n"), scanner.StatusFailed},
		"a_style_for_any":     {always(http.StatusOK, "/*\nTheme Name: A\nVersion: 1.0\n*/"), scanner.StatusFailed},
		"readmes_refused":     {always(http.StatusForbidden, "Forbidden"), scanner.StatusFailed},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := guess(t, c.site, scanner.WordlistWordPress)
			if len(r.Findings) > 0 {
				t.Errorf("%d findings", len(r.Findings))
			}
			if o := r.Outcomes["wordpress-components"]; o.Status != c.status {
				t.Errorf("%s (%s), want %s", o.Status, o.Reason, c.status)
			}
		})
	}
}

// The list comes from the data: what is exploited first, then by critical weaknesses. WordPress itself is not on it.
func TestGravest(t *testing.T) {
	const id = "6711f542-8b75-4968-86ac-9686ded775b7"
	line := func(cve, score string) string { return " " + cve + " " + score + " " + id + " *\n" }
	small, err := weaknesses.Parse("# date: 2026-08-22\ncore wordpress\n" + line("CVE-1!", "10.0") + "plugin many\n" + line("CVE-2", "9.1") + line("CVE-3", "9.0") +
		"plugin one\n" + line("CVE-4", "10.0") + "theme one\n" + line("CVE-5", "9.8") + "plugin high\n" + line("CVE-6", "8.9") + "plugin used\n" + line("CVE-7!", "6.5"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"plugin used", "plugin many", "plugin one", "theme one", "plugin high"}
	for n := range len(want) + 2 {
		if got, err := gravest(small, n); err != nil || !slices.Equal(got, want[:min(n, len(want))]) {
			t.Errorf("gravest(%d) = %v, %v", n, got, err)
		}
	}
	all, err := gravest(theTable(t), guesses)
	if err != nil || len(all) != guesses || !slices.Contains(all[:6], "plugin wp-file-manager") {
		t.Errorf("%d names, %v, %v", len(all), all[:min(6, len(all))], err)
	}
}

// A scan that is interrupted while it guesses ends.
func TestGuess_ends(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	s := ownSignature(t, "wordpress-components")
	c := &signature.Case{Facts: map[string]map[string]string{"wordpress": told642}}
	r, err := sigtest.Scan(ctx, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/wp-content/") {
			stop()
		}
		hidden(nil)(w, r)
	}), c, sigtest.Options{Checks: scanner.Table{"wordpress": New}, Wordlist: scanner.WordlistWordPress}, s)
	if err == nil && r.Outcomes[s.ID].Status == scanner.StatusClean {
		t.Error("clean, though it was stopped")
	}
}
