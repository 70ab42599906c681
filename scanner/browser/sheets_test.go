package browser_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sotomi/scanner/browser"
)

// TestSheets: style sheets are read as they were sent, but one that says that it is huge is not, and that is said.
func TestSheets(t *testing.T) {
	const small = "body { color: red }"
	huge := small + strings.Repeat(" ", 9<<20)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := map[string]string{"/small.css": small, "/huge.css": huge}[r.URL.Path]
		w.Header().Set("Content-Type", "text/css")
		if text == "" {
			w.Header().Set("Content-Type", "text/html")
			text = `<!doctype html><link rel=stylesheet href=/small.css><link rel=stylesheet href=/huge.css>`
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		fmt.Fprint(w, text)
	}))
	t.Cleanup(s.Close)
	l := look(t, s.URL+"/", browser.VisitFirst)
	for path, want := range map[string]string{"/small.css": small, "/huge.css": ""} {
		i := slices.IndexFunc(l.Sheets, func(one browser.Sheet) bool { return one.URL == s.URL+path })
		if i < 0 || string(l.Sheets[i].Source) != want || want != "" && l.Sheets[i].SHA384 != sha384(want) {
			t.Errorf("%s: %d of %d sheets", path, i, len(l.Sheets))
		}
	}
	if !slices.Contains(l.Unseen, "The source of a script or style sheet was too large to be read.") {
		t.Errorf("unseen = %q", l.Unseen)
	}
}
