package scriptlibrary

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"sotomi/scanner"
)

// A library and its parts are one hit, with what is known against both; a part of another version is one of its own.
func TestPartsAreToldWithTheWhole(t *testing.T) {
	of := func(library, version string) found {
		return found{told: told{library: named(t, library), version: version, by: byContent}}
	}
	const dialog = "CVE-2016-7103"
	for name, c := range map[string]struct {
		found  []found
		hits   int
		dialog bool // the first hit has it
	}{
		"whole_and_part": {[]found{of("jquery-ui", "1.11.4"), of("jquery-ui-dialog", "1.11.4")}, 1, true},
		"whole_alone":    {[]found{of("jquery-ui", "1.11.4")}, 1, false},
		"part_alone":     {[]found{of("jquery-ui-dialog", "1.11.4")}, 1, true},
		"two_versions":   {[]found{of("jquery-ui", "1.12.1"), of("jquery-ui-dialog", "1.11.4")}, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			hits := vulnerable(&seen{found: c.found})
			if len(hits) != c.hits {
				t.Fatalf("%d hits, want %d", len(hits), c.hits)
			}
			ids, _ := hits[0].Values["known-weaknesses"].([]string)
			if hits[0].Values["library"] != "jQuery UI" || slices.Contains(ids, dialog) != c.dialog {
				t.Errorf("%v", hits[0].Values)
			}
		})
	}
}

// Of two places with one version, the one that says so itself counts.
func TestContentCountsMoreThanAnAddress(t *testing.T) {
	for _, page := range []string{
		`<script src="https://cdn.test/jquery-1.12.4.min.js"></script><script src="/a.js"></script>`,
		`<script src="/a.js"></script><script src="https://cdn.test/jquery-1.12.4.min.js"></script>`,
	} {
		r := scanned(t, &shop{page: page, scripts: map[string]string{"/a.js": oldJQuery}})
		if len(r.Findings) != 3 {
			t.Errorf("%d findings, want one of each signature", len(r.Findings))
		}
		for _, f := range r.Findings {
			if f.Hit.Certainty != scanner.Confirmed || !strings.HasSuffix(f.Hit.URL, "/a.js") {
				t.Errorf("%s: %s %s", f.Signature.ID, f.Hit.Certainty, f.Hit.URL)
			}
		}
	}
}

// What a site does not give out is not known to be harmless; what is not there does no harm.
func TestScriptsThatAreNotGivenOut(t *testing.T) {
	for status, want := range map[int]scanner.Status{
		http.StatusUnauthorized: scanner.StatusFailed, http.StatusForbidden: scanner.StatusFailed,
		http.StatusNotFound: scanner.StatusClean, http.StatusGone: scanner.StatusClean,
	} {
		s := &shop{page: `<script src="/a.js"></script><script src="/b.js"></script>`, scripts: map[string]string{"/b.js": "var b;"}}
		r := scanned(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/a.js" {
				w.WriteHeader(status)
				return
			}
			s.ServeHTTP(w, r)
		}))
		for id, o := range r.Outcomes {
			if o.Status != want {
				t.Errorf("%d: %s: %s (%s), want %s", status, id, o.Status, o.Reason, want)
			}
		}
	}
}
