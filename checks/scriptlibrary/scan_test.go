package scriptlibrary

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
)

// scanned is what the three signatures of the check make of a site.
func scanned(t *testing.T, site http.Handler) *sigtest.Result {
	t.Helper()
	var list []*signature.Signature
	for id, with := range map[string]string{"all": "{mode: inventory}", "bad": "{mode: vulnerable}", "old": "{mode: ended}"} {
		s, err := signature.Parse(id+".yaml", fmt.Appendf(nil, "id: %s\ninfo: {name: x, author: x, severity: low}\nsafety: passive\ncheck: script-library\nwith: %s\n", id, with), false)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, s)
	}
	r, err := sigtest.Scan(t.Context(), site, nil, sigtest.Options{Checks: scanner.Table{"script-library": New}, Safety: signature.SafetyPassive}, list...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// shop serves a page with scripts, and the scripts by path.
type shop struct {
	page    string
	scripts map[string]string

	mu    sync.Mutex
	asked map[string]int // requests for scripts
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/" {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<!DOCTYPE html><html><head>" + s.page + "</head><body><p>Hello</p></body></html>"))
		return
	}
	script, ok := s.scripts[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked == nil {
		s.asked = map[string]int{}
	}
	s.asked[r.URL.Path]++
	w.Header().Set("Content-Type", "text/javascript")
	_, _ = w.Write([]byte(script))
}

const oldJQuery = "/*! jQuery v1.12.4 | (c) jQuery Foundation | jquery.org/license */ !function(a,b){}"

func TestScriptsAreAskedForOnce(t *testing.T) {
	s := &shop{page: `<script src="/a.js"></script><script src="/b.js"></script>`, scripts: map[string]string{"/a.js": oldJQuery, "/b.js": oldJQuery}}
	r := scanned(t, s)
	if s.asked["/a.js"] != 1 || s.asked["/b.js"] != 1 {
		t.Errorf("requests by 3 signatures: %v", s.asked)
	}
	for id, o := range r.Outcomes {
		if o.Status != scanner.StatusFound {
			t.Errorf("%s: %s (%s)", id, o.Status, o.Reason)
		}
	}
	if len(r.Findings) != 3 {
		t.Errorf("%d findings, want one of each signature", len(r.Findings))
	}
	for _, f := range r.Findings {
		if f.Hit.Certainty != scanner.Confirmed || !strings.Contains(f.Hit.Evidence[0].Response, "jQuery v1.12.4") {
			t.Errorf("%s: %s %v", f.Signature.ID, f.Hit.Certainty, f.Hit.Evidence)
		}
	}
}

// The user named one host: others are told by their addresses, and only possibly.
func TestOtherHostsAreNotAsked(t *testing.T) {
	var asked atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer other.Close()
	r := scanned(t, &shop{page: `<script src="` + other.URL + `/jquery-1.12.4.min.js"></script>`})
	if asked.Load() > 0 {
		t.Error("another host was asked")
	}
	if len(r.Findings) != 3 {
		t.Errorf("%d findings, want one of each signature", len(r.Findings))
	}
	for _, f := range r.Findings {
		if f.Hit.Certainty != scanner.Possible {
			t.Errorf("%s is %s by its address alone", f.Signature.ID, f.Hit.Certainty)
		}
	}
}

// A file that WordPress corrected keeps its label, also where its text was read.
func TestLabelStaysWithTheContent(t *testing.T) {
	s := &shop{page: `<script src="/wp-includes/js/jquery/jquery.js?ver=1.12.4-wp"></script>`, scripts: map[string]string{"/wp-includes/js/jquery/jquery.js": oldJQuery}}
	r := scanned(t, s)
	if len(r.Findings) != 3 {
		t.Fatalf("%d findings, want one of each signature", len(r.Findings))
	}
	for _, f := range r.Findings {
		if f.Hit.Values["version"] != "1.12.4-wp" || f.Hit.Certainty != scanner.Confirmed {
			t.Errorf("%s: %v %s", f.Signature.ID, f.Hit.Values, f.Hit.Certainty)
		}
	}
}

// A site with more scripts than are read is not called clean.
func TestScriptsBeyondTheLimit(t *testing.T) {
	s := &shop{scripts: map[string]string{}}
	for i := range scriptsMax + 5 {
		path := fmt.Sprintf("/%d.js", i)
		s.page += `<script src="` + path + `"></script>`
		s.scripts[path] = "var a;"
	}
	r := scanned(t, s)
	if n := len(s.asked); n != scriptsMax {
		t.Errorf("%d scripts were asked for, want %d", n, scriptsMax)
	}
	for id, o := range r.Outcomes {
		if o.Status != scanner.StatusFailed || o.Reason.String() != "5 of the site's scripts were not read, or not to their end" {
			t.Errorf("%s: %s (%s)", id, o.Status, o.Reason)
		}
	}
}

func TestScriptsThatAreRead(t *testing.T) {
	s := &shop{page: `<script src="/a.js"></script><script src="/gone.js"></script><script src="https://cdn.test/app.js"></script>`, scripts: map[string]string{"/a.js": "var a;"}}
	for id, o := range scanned(t, s).Outcomes {
		if o.Status != scanner.StatusClean || o.Reason.String() != "1 scripts of the site were read, 1 of other hosts are told by their addresses alone" {
			t.Errorf("%s: %s (%s)", id, o.Status, o.Reason)
		}
	}
}

// What stands beyond the part that is read may be a library too.
func TestScriptThatGoesOn(t *testing.T) {
	s := &shop{page: `<script src="/a.js"></script>`, scripts: map[string]string{"/a.js": strings.Repeat("var a;\n", 200_000) + oldJQuery}}
	for id, o := range scanned(t, s).Outcomes {
		if o.Status != scanner.StatusFailed {
			t.Errorf("%s: %s (%s)", id, o.Status, o.Reason)
		}
	}
}
