package engine

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
)

// folderCheck notes where it was run.
type folderCheck struct {
	place scanner.Place
	at    func(string)
}

func (c folderCheck) Place() scanner.Place { return c.place }

func (c folderCheck) Run(_ context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	c.at(p.Target.URL.RequestURI())
	return nil, nil
}

func TestChecksLookBelowEachFolderOfTheTarget(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			http.Redirect(w, r, "/ja/", http.StatusFound)
		case "/ja/":
			http.Redirect(w, r, "/ja/top.html", http.StatusFound)
		case "/closed":
			http.Redirect(w, r, "/login", http.StatusFound)
		}
	}))
	t.Cleanup(s.Close)
	for path, want := range map[string][2][]string{
		"/about.html":       {{"/"}, {"/about.html", "/"}},
		"/?p=1":             {{"/", "/ja/"}, {"/?p=1", "/ja/top.html", "/", "/ja/"}},
		"/a/b/index.php":    {{"/a/b/", "/a/", "/"}, {"/a/b/index.php", "/a/b/", "/a/", "/"}},
		"/a/b/":             {{"/a/b/", "/a/", "/"}, {"/a/b/", "/a/", "/"}},
		"/shop":             {{"/shop/", "/"}, {"/shop", "/shop/", "/"}},
		"/v1.0":             {{"/v1.0/", "/"}, {"/v1.0", "/v1.0/", "/"}},
		"/":                 {{"/", "/ja/"}, {"/ja/top.html", "/", "/ja/"}},
		"/closed":           {{"/closed/", "/"}, {"/closed", "/login", "/closed/", "/"}},
		"/%E5%BA%97/?q=%31": {{"/%E5%BA%97/", "/"}, {"/%E5%BA%97/?q=%31", "/%E5%BA%97/", "/"}},
	} {
		t.Run(path, func(t *testing.T) {
			var got [2][]string
			for i, place := range []scanner.Place{scanner.PlaceFolders, scanner.PlacePages} {
				sink := &scanner.Collector{}
				if _, err := Run(t.Context(), Options{
					Client: newClient(t), Targets: mustTargets(t, s.URL+path), Signatures: sigsOf("a"), Sinks: []scanner.Sink{sink},
					Checks: tableOf(map[string]scanner.Check{"a": folderCheck{place, func(at string) { got[i] = append(got[i], at) }}}),
				}); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
