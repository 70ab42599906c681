package pagechange_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"sotomi/scanner"
)

// changing is a site that tests change between scans.
type changing struct {
	*httptest.Server
	mu    sync.Mutex
	serve http.HandlerFunc
}

func newChanging(t *testing.T) *changing {
	c := &changing{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		defer c.mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		c.serve(w, r)
	}))
	t.Cleanup(c.Close)
	return c
}

func (c *changing) show(h http.HandlerFunc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.serve = h
}

func own(extra string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			page(w, "Shop", body+extra)
		case "/cups":
			page(w, "Cups", `<h1>Cups</h1><p>White</p><p>Green</p><p>Blue</p>`)
		default:
			http.NotFound(w, r)
		}
	}
}

// TestLearning: a page is compared when enough is known of it, and never called clean before.
func TestLearning(t *testing.T) {
	s, m, site := load(t, "page-changed"), memory{}, newChanging(t)
	site.show(own(""))
	look := func() (scanner.Outcome, []scanner.Finding) {
		t.Helper()
		c := scan(t, site.Server, s, m)
		return c.Outcomes[0], c.Findings
	}
	check := func(what string, status scanner.Status, reason string, findings int) {
		t.Helper()
		o, list := look()
		if o.Status != status || !strings.Contains(o.Reason.String(), reason) || len(list) != findings {
			t.Errorf("%s: %s (%s), %d findings; want %s (%s), %d", what, o.Status, o.Reason, len(list), status, reason, findings)
		}
	}
	for n := range 5 {
		check("learning", scanner.StatusNotApplicable, fmt.Sprintf("is being learned (%d of 5 looks)", n+1), 0)
	}
	if len(m) != 2 {
		t.Errorf("%d pages are known, want 2", len(m))
	}
	check("known", scanner.StatusClean, "2 pages were compared with what they were", 0)

	site.show(own(`<script src="https://evil.example/x.js"></script>`))
	check("changed", scanner.StatusFound, "", 1)
	check("still changed", scanner.StatusFound, "", 1)

	known := fmt.Sprint(m)
	site.show(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	if o, _ := look(); o.Status.Complete() {
		t.Errorf("a site that is down: %s (%s)", o.Status, o.Reason)
	}
	if fmt.Sprint(m) != known {
		t.Error("something was remembered of a site that is down")
	}

	site.show(own(""))
	check("mended", scanner.StatusClean, "2 pages were compared", 0)
	site.show(own(`<script src="https://evil.example/x.js"></script>`))
	check("back", scanner.StatusFound, "", 1)

	o := scan(t, site.Server, s, nil).Outcomes[0]
	if o.Status != scanner.StatusNotApplicable || !strings.Contains(o.Reason.String(), "sotomi watch") || o.Requests != 0 {
		t.Errorf("a scan alone: %s (%s), %d requests", o.Status, o.Reason, o.Requests)
	}
}

// TestPageThatBecomesAnother: one page of several that cannot be read is never clean, and a finding says what is where.
func TestPageThatBecomesAnother(t *testing.T) {
	s, m, site := load(t, "page-changed"), memory{}, newChanging(t)
	site.show(own(""))
	for range 6 {
		scan(t, site.Server, s, m)
	}
	site.show(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			page(w, "Hacked by Q", "<h1>Hacked by Q</h1>")
			return
		}
		w.WriteHeader(http.StatusForbidden)
	})
	c := scan(t, site.Server, s, m)
	if len(c.Findings) != 1 || c.Findings[0].Hit.URL != site.URL+"/" || c.Findings[0].Hit.Variant != "defaced" {
		t.Fatalf("findings: %+v", c.Findings)
	}
	if reason := c.Outcomes[0].Reason.String(); !strings.Contains(reason, "/cups could not be read: its answer was 403") {
		t.Errorf("outcome: %s (%s)", c.Outcomes[0].Status, reason)
	}
	if before := fmt.Sprint(c.Findings[0].Hit.Values["before"]); !strings.Contains(before, "Thrown and glazed by hand") {
		t.Errorf("before: %s", before)
	}
	site.show(own(""))
	if o := scan(t, site.Server, s, m).Outcomes[0]; o.Status != scanner.StatusClean {
		t.Errorf("restored: %s (%s)", o.Status, o.Reason)
	}
	site.show(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			own("")(w, r)
			return
		}
		w.WriteHeader(http.StatusForbidden)
	})
	if o := scan(t, site.Server, s, m).Outcomes[0]; o.Status != scanner.StatusFailed || !strings.Contains(o.Reason.String(), "/cups could not be read") {
		t.Errorf("one page unread: %s (%s)", o.Status, o.Reason)
	}
}

// challenge is what a filter answers in place of a page.
func challenge(w http.ResponseWriter, status int) {
	w.Header().Set("Cf-Mitigated", "challenge")
	w.WriteHeader(status)
	page(w, "Just a moment...", `<h1>shop.example</h1><script src="https://challenges.example/x.js"></script>`)
}

// TestFilters: a filter's page is never taken for the site's, and one that turns some visitors away keeps nobody from comparing
// what the others see.
func TestFilters(t *testing.T) {
	s, m, site := load(t, "page-changed"), memory{}, newChanging(t)
	refuses := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.UserAgent(), "Mozilla") {
				challenge(w, http.StatusForbidden)
				return
			}
			h(w, r)
		}
	}
	site.show(refuses(own("")))
	for range 5 {
		scan(t, site.Server, s, m)
	}
	if o := scan(t, site.Server, s, m).Outcomes[0]; o.Status != scanner.StatusClean || !strings.Contains(o.Reason.String(), "but not as visitors from a search engine see them") {
		t.Errorf("visitors with browsers are refused: %s (%s)", o.Status, o.Reason)
	}
	known := fmt.Sprint(m)
	site.show(func(w http.ResponseWriter, _ *http.Request) { challenge(w, http.StatusOK) })
	c := scan(t, site.Server, s, m)
	if o := c.Outcomes[0]; o.Status != scanner.StatusBlocked || len(c.Findings) > 0 {
		t.Errorf("everybody is refused: %s (%s), %d findings", o.Status, o.Reason, len(c.Findings))
	}
	if fmt.Sprint(m) != known {
		t.Error("the page of a filter was remembered")
	}
	site.show(refuses(own(`<script src="https://evil.example/x.js"></script>`)))
	if c := scan(t, site.Server, s, m); len(c.Findings) != 1 {
		t.Errorf("changed: %d findings, %s (%s)", len(c.Findings), c.Outcomes[0].Status, c.Outcomes[0].Reason)
	}
	if o := scan(t, site.Server, load(t, "page-cloaked"), nil).Outcomes[0]; o.Status != scanner.StatusBlocked {
		t.Errorf("cloaked: %s (%s)", o.Status, o.Reason)
	}
}

// TestTroubledPages: a page of which something was told is looked at until that is gone, whichever pages are named.
func TestTroubledPages(t *testing.T) {
	s, m, site := load(t, "page-changed"), memory{}, newChanging(t)
	site.show(own(""))
	for range 6 {
		scan(t, site.Server, s, m)
	}
	script := `<script src="https://evil.example/x.js"></script>`
	site.show(own(script))
	scan(t, site.Server, s, m)
	if c := scan(t, site.Server, s, m, "/cups"); len(c.Findings) != 1 || c.Findings[0].Hit.URL != site.URL+"/" {
		t.Errorf("another page is named: %d findings", len(c.Findings))
	}
	site.show(own(""))
	if c := scan(t, site.Server, s, m, "/cups"); c.Outcomes[0].Status != scanner.StatusClean {
		t.Errorf("restored: %s (%s)", c.Outcomes[0].Status, c.Outcomes[0].Reason)
	}
	scan(t, site.Server, s, m, "/cups")
	if len(m) != 1 {
		t.Errorf("%d pages are known, want the one that is named", len(m))
	}
}

// TestCloakedPageIsLookedAtAgain: a page that showed spam to some is looked at until it does not, whatever links lead to it.
func TestCloakedPageIsLookedAtAgain(t *testing.T) {
	s, m, site := load(t, "page-cloaked"), memory{}, newChanging(t)
	serve := func(home, cups string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/":
				page(w, "Shop", home)
			case r.URL.Path == "/cups" && cups == "":
				w.WriteHeader(http.StatusForbidden)
			case r.URL.Path == "/cups" && strings.Contains(r.UserAgent(), "Googlebot"):
				page(w, "Cups", body+cups)
			case r.URL.Path == "/cups":
				page(w, "Cups", body)
			default:
				http.NotFound(w, r)
			}
		}
	}
	alone := "<h1>Shop</h1><p>Nothing here</p>"
	for _, c := range []struct {
		what, home, cups string
		status           scanner.Status
	}{
		{"linked", body, farm(20, "x"), scanner.StatusFound},
		{"no_longer_linked", alone, farm(20, "x"), scanner.StatusFound},
		{"refused", alone, "", scanner.StatusFailed},
		{"mended", alone, "<p>all is well</p>", scanner.StatusClean},
	} {
		site.show(serve(c.home, c.cups))
		if o := scan(t, site.Server, s, m).Outcomes[0]; o.Status != c.status {
			t.Errorf("%s: %s (%s), want %s", c.what, o.Status, o.Reason, c.status)
		}
	}
	if len(m) != 0 {
		t.Errorf("%d pages are remembered", len(m))
	}
}
