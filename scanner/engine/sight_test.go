package engine

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// endsOf runs a scan of one target and gives status and reason by signature.
func endsOf(t *testing.T, o Options) map[string]string {
	t.Helper()
	sink := &scanner.Collector{}
	o.Sinks = []scanner.Sink{sink}
	if _, err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	ends := map[string]string{}
	for _, out := range sink.Outcomes {
		ends[out.Signature] = string(out.Status) + " " + out.Reason.String()
	}
	return ends
}

func TestASiteThatAsksForALoginIsNotClean(t *testing.T) {
	for name, c := range map[string]struct {
		status func(path string) int
		header http.Header
		want   map[string]string
	}{
		"everywhere": {
			status: func(string) int { return 401 },
			want:   map[string]string{"home": "blocked asks for a log-in", "env": "blocked asks for a log-in"},
		},
		"at_a_proxy": {
			status: func(string) int { return 407 },
			want:   map[string]string{"home": "blocked asks for a log-in", "env": "blocked asks for a log-in"},
		},
		"with_the_wrong_password": {
			status: func(string) int { return 401 }, header: http.Header{"Authorization": {"Basic d3Jvbmc="}},
			want: map[string]string{
				"home": "blocked asks for a log-in, and does not accept the one given",
				"env":  "blocked asks for a log-in, and does not accept the one given",
			},
		},
		"but_not_for_what_is_not_there": {
			status: func(path string) int {
				if path == "/.env" {
					return 404
				}
				return 401
			},
			want: map[string]string{"home": "blocked asks for a log-in", "env": "clean "},
		},
		"in_a_folder_of_an_open_site": {
			status: func(path string) int {
				if path == "/.env" {
					return 401
				}
				return 200
			},
			want: map[string]string{"home": "clean ", "env": "clean "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(c.status(r.URL.Path)) }))
			defer s.Close()
			client, err := web.NewClient(web.Options{Rate: -1, Header: c.header})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			got := endsOf(t, Options{
				Client: client, Targets: mustTargets(t, s.URL), Signatures: sigsOf("home", "env"),
				Checks: tableOf(map[string]scanner.Check{"home": looksAt("/"), "env": looksAt("/.env")}),
			})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A site that sends everybody to its log-in page shows that page and nothing else.
func TestASiteThatSendsEverybodyToItsLogin(t *testing.T) {
	for name, c := range map[string]struct {
		page  string
		other func(http.ResponseWriter, *http.Request)
		want  map[string]string
	}{
		"everything": {
			page: `<form method="post"><input name="user"><input type="password" name="p"></form>`,
			other: func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/login?next="+r.URL.Path, http.StatusFound)
			},
			want: map[string]string{"env": "blocked asks for a log-in", "login": "clean "},
		},
		"but says what is not there": {
			page: `<form method="post"><input name="user"><input type="password" name="p"></form>`,
			other: func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/" {
					http.Redirect(w, r, "/login", http.StatusFound)
					return
				}
				http.NotFound(w, r)
			},
			want: map[string]string{"env": "clean ", "login": "clean "},
		},
		"a page that asks for nothing": {
			page:  `<h1>Shop</h1>`,
			other: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/login", http.StatusFound) },
			want:  map[string]string{"env": "clean ", "login": "clean "},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/login" {
					w.Header().Set("Content-Type", "text/html")
					_, _ = w.Write([]byte(c.page))
					return
				}
				c.other(w, r)
			}))
			defer s.Close()
			got := endsOf(t, Options{
				Client: newClient(t), Targets: mustTargets(t, s.URL), Signatures: sigsOf("env", "login"),
				Checks: tableOf(map[string]scanner.Check{"env": looksAt("/.env"), "login": looksAt("/login")}),
			})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A site whose own page is a redirect to no page has shown nothing where it answers with such redirects.
func TestASiteThatRedirectsToNoPage(t *testing.T) {
	const lost = "failed redirects, but to no page"
	for name, c := range map[string]struct {
		home, other string // the Location; "-" for status 200, "" for 404
		env         string
	}{
		"to_itself":                  {"/", "/", lost},
		"each_to_itself":             {"/", "PATH", lost},
		"ever_deeper":                {"/a/", "PATHa/", lost},
		"to_a_script":                {"javascript:alert(1)", "javascript:alert(1)", lost},
		"to_a_file":                  {"file:///etc/passwd", "file:///etc/passwd", lost},
		"without_an_address":         {"%zz", "%zz", lost},
		"but_says_what_is_not_there": {"/", "", "clean "},
		"its_own_page_is_open":       {"-", "PATH", "clean "},
		"all_to_the_own_page":        {"-", "/", "clean "},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				to := c.other
				if r.URL.Path == "/" {
					to = c.home
				}
				switch to {
				case "":
					http.NotFound(w, r)
				case "-":
				default:
					w.Header()["Location"] = []string{strings.ReplaceAll(to, "PATH", r.URL.Path)}
					w.WriteHeader(http.StatusFound)
				}
			}))
			defer s.Close()
			got := endsOf(t, Options{
				Client: newClient(t), Targets: mustTargets(t, s.URL), Signatures: sigsOf("env"),
				Checks: tableOf(map[string]scanner.Check{"env": looksAt("/.env")}),
			})
			if got["env"] != c.env {
				t.Errorf("%q, want %q", got["env"], c.env)
			}
		})
	}
}
