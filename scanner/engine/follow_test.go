package engine

import (
	"context"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// redirecting is a host that sends every request on, to an address in which {path} is the path asked for.
func redirecting(t *testing.T, status int, to string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", strings.ReplaceAll(to, "{path}", r.URL.RequestURI()))
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// pageOnly is a site with a page and a 404 for everything else.
func pageOnly(t *testing.T, start func(http.Handler) *httptest.Server) string {
	t.Helper()
	s := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// looksAt is a check that asks for two addresses.
func looksAt(paths ...string) scanner.Check {
	return checkFunc(func(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
		for _, path := range paths {
			if _, err := p.Get(ctx, path); err != nil {
				return nil, err
			}
		}
		return nil, nil
	})
}

func TestASiteThatMovedIsFollowedAndOthersAreNot(t *testing.T) {
	plain, secure := pageOnly(t, httptest.NewServer), pageOnly(t, httptest.NewTLSServer)
	loop := redirecting(t, 301, "http://shop.example{path}")
	for name, c := range map[string]struct {
		target  string
		resolve map[string]string
		header  http.Header
		options func(*Options)
		want    []string // "target status reason"
	}{
		"to_sso": {
			target: "http://shop.example", resolve: map[string]string{"shop.example:80": redirecting(t, 302, "https://sso.example/login?next={path}")},
			want: []string{"http://shop.example elsewhere leads to https://sso.example, which was not looked at"},
		},
		"to_https": {
			target: "http://shop.example", resolve: map[string]string{"shop.example:80": redirecting(t, 308, "https://shop.example{path}"), "shop.example:443": secure},
			want: []string{"https://shop.example clean "},
		},
		"to_https_on_its_own_port": {
			target: "http://shop.example:8080", resolve: map[string]string{"shop.example:8080": redirecting(t, 307, "https://shop.example:8443{path}"), "shop.example:8443": secure},
			want: []string{"https://shop.example:8443 clean "},
		},
		"to_www": {
			target: "http://shop.example", resolve: map[string]string{"shop.example:80": redirecting(t, 301, "http://www.shop.example{path}"), "www.shop.example:80": plain},
			want: []string{"http://www.shop.example clean "},
		},
		"from_www_to_https_without": {
			target: "http://www.shop.example", resolve: map[string]string{"www.shop.example:80": redirecting(t, 301, "https://shop.example/"), "shop.example:443": secure},
			want: []string{"https://shop.example clean "},
		},
		"two_steps": {
			target: "http://shop.example", resolve: map[string]string{
				"shop.example:80": redirecting(t, 301, "http://www.shop.example{path}"), "www.shop.example:80": redirecting(t, 301, "https://www.shop.example{path}"), "www.shop.example:443": secure,
			},
			want: []string{"https://www.shop.example clean "},
		},
		"to_www_and_back": {
			target: "http://shop.example", resolve: map[string]string{"shop.example:80": redirecting(t, 301, "http://www.shop.example{path}"), "www.shop.example:80": loop},
			want: []string{"http://shop.example failed its redirects lead in a circle between http://www.shop.example and http://shop.example"},
		},
		"to_www_of_a_public_suffix": {
			target: "http://github.io", resolve: map[string]string{"github.io:80": redirecting(t, 301, "http://www.github.io{path}"), "www.github.io:80": plain},
			want: []string{"http://github.io elsewhere leads to http://www.github.io, which was not looked at"},
		},
		"to_a_closed_port": {
			target: "http://shop.example", resolve: map[string]string{"shop.example:80": redirecting(t, 301, "https://shop.example{path}"), "shop.example:443": closedPort(t)},
			want: []string{"http://shop.example unreachable leads to https://shop.example: connection refused"},
		},
		"back_to_plain_http": {
			target: "https://shop.example", resolve: map[string]string{"shop.example:443": tlsRedirecting(t, "http://shop.example/"), "shop.example:80": plain},
			want: []string{"https://shop.example elsewhere leads to http://shop.example, which was not looked at"},
		},
		"told_not_to": {
			target: "http://shop.example", resolve: map[string]string{"shop.example:80": redirecting(t, 301, "https://shop.example{path}"), "shop.example:443": secure},
			options: func(o *Options) { o.NoFollow = true },
			want:    []string{"http://shop.example elsewhere leads to https://shop.example, which was not looked at"},
		},
		"headers_stay_with_the_host_named": {
			target: "http://shop.example", resolve: map[string]string{"shop.example:80": redirecting(t, 301, "http://www.shop.example{path}"), "www.shop.example:80": plain},
			header: http.Header{"Authorization": {"Basic c2VjcmV0"}},
			want:   []string{"http://shop.example elsewhere leads to http://www.shop.example, which was not looked at"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := web.NewClient(web.Options{Rate: -1, Insecure: true, Resolve: c.resolve, Header: c.header})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			sink := &scanner.Collector{}
			o := Options{
				Client: client, Targets: mustTargets(t, c.target), Signatures: []*signature.Signature{sig("a")}, Sinks: []scanner.Sink{sink},
				Checks: tableOf(map[string]scanner.Check{"a": looksAt("/", "/.env")}),
			}
			if c.options != nil {
				c.options(&o)
			}
			if _, err := Run(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			if len(sink.Outcomes) != len(c.want) {
				t.Fatalf("%d outcomes: %v", len(sink.Outcomes), sink.Outcomes)
			}
			for i, out := range sink.Outcomes {
				if got := out.Target + " " + string(out.Status) + " " + out.Reason.String(); !strings.HasPrefix(got, c.want[i]) || c.want[i] == "" {
					t.Errorf("%q, want %q", got, c.want[i])
				}
			}
			if moved := sink.Targets[0].Asked; (moved != "") != (sink.Targets[0].Target != c.target) {
				t.Errorf("%q is said to have been asked for instead of %s", moved, sink.Targets[0].Target)
			}
		})
	}
}

func tlsRedirecting(t *testing.T, to string) string {
	t.Helper()
	s := httptest.NewTLSServer(http.RedirectHandler(to, http.StatusFound))
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// A host whose own page alone moves on still has the rest of its addresses.
func TestAHostThatMovesItsOwnPageOnlyIsLookedAtToo(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "https://shop.example/", http.StatusFound)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	client := resolving(t, map[string]string{"shop.example:80": s.Listener.Addr().String(), "shop.example:443": pageOnly(t, httptest.NewTLSServer)})
	sink := &scanner.Collector{}
	_, err := Run(t.Context(), Options{
		Client: client, Targets: mustTargets(t, "http://shop.example"), Signatures: sigsOf("a", "b"), Sinks: []scanner.Sink{sink},
		Checks: tableOf(map[string]scanner.Check{"a": looksAt("/"), "b": looksAt("/.env")}),
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, o := range sink.Outcomes {
		got = append(got, o.Target+" "+o.Signature+" "+string(o.Status))
	}
	want := []string{
		"https://shop.example a clean", "https://shop.example b clean",
		"http://shop.example a elsewhere", "http://shop.example b clean",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Two targets that lead to each other are both looked at in vain.
func TestTwoTargetsThatLeadToEachOtherAreNotDone(t *testing.T) {
	client := resolving(t, map[string]string{
		"shop.example:80": redirecting(t, 301, "http://www.shop.example{path}"), "www.shop.example:80": redirecting(t, 301, "http://shop.example{path}"),
	})
	_, summary := outcomes(t, Options{
		Client: client, Targets: mustTargets(t, "http://shop.example", "http://www.shop.example"), Signatures: sigsOf("a"),
		Checks: tableOf(map[string]scanner.Check{"a": looksAt("/.env")}),
	})
	if summary.Complete || summary.Statuses[scanner.StatusElsewhere] != 2 {
		t.Errorf("%v, complete %t", summary.Statuses, summary.Complete)
	}
}

// Two addresses that lead to one site are looked at once.
func TestTwoTargetsThatLeadToOneSite(t *testing.T) {
	on := redirecting(t, 301, "https://www.shop.example{path}")
	client := resolving(t, map[string]string{"shop.example:80": on, "www.shop.example:80": on, "www.shop.example:443": pageOnly(t, httptest.NewTLSServer)})
	sink := &scanner.Collector{}
	_, err := Run(t.Context(), Options{
		Client: client, Targets: mustTargets(t, "http://shop.example", "http://www.shop.example"), Signatures: sigsOf("a"), Sinks: []scanner.Sink{sink},
		Checks: tableOf(map[string]scanner.Check{"a": looksAt("/.env")}), Concurrency: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	statuses := map[string]scanner.Status{}
	for _, o := range sink.Outcomes {
		statuses[o.Target] = o.Status
	}
	want := map[string]scanner.Status{"https://www.shop.example": scanner.StatusClean, "http://www.shop.example": scanner.StatusNotApplicable}
	if diff := cmp.Diff(want, statuses); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
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
			sink := &scanner.Collector{}
			if _, err := Run(t.Context(), Options{
				Client: client, Targets: mustTargets(t, s.URL), Signatures: sigsOf("home", "env"), Sinks: []scanner.Sink{sink},
				Checks: tableOf(map[string]scanner.Check{"home": looksAt("/"), "env": looksAt("/.env")}),
			}); err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, o := range sink.Outcomes {
				got[o.Signature] = string(o.Status) + " " + o.Reason.String()
			}
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
			sink := &scanner.Collector{}
			if _, err := Run(t.Context(), Options{
				Client: newClient(t), Targets: mustTargets(t, s.URL), Signatures: sigsOf("env", "login"), Sinks: []scanner.Sink{sink},
				Checks: tableOf(map[string]scanner.Check{"env": looksAt("/.env"), "login": looksAt("/login")}),
			}); err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for _, o := range sink.Outcomes {
				got[o.Signature] = string(o.Status) + " " + o.Reason.String()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

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

// What others need runs, counts for nobody, and is not reported.
func TestHelpersRunUnseen(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	giver, taker := sig("giver"), sig("taker")
	giver.Gives, taker.Needs = "shop", []string{"shop"}
	hit := checkFunc(func(context.Context, *scanner.Probe) ([]scanner.Hit, error) { return []scanner.Hit{{}}, nil })
	sink := &scanner.Collector{}
	summary, err := Run(t.Context(), Options{
		Client: newClient(t), Targets: mustTargets(t, s.URL), Signatures: []*signature.Signature{taker}, Helpers: []*signature.Signature{giver},
		Sinks: []scanner.Sink{sink}, Checks: tableOf(map[string]scanner.Check{"giver": hit, "taker": hit}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(sink.Findings) != 1 || sink.Findings[0].Signature.ID != "taker" || len(sink.Outcomes) != 1 || sink.Outcomes[0].Status != scanner.StatusFound {
		t.Errorf("findings %v, outcomes %v", sink.Findings, sink.Outcomes)
	}
	if got := slices.Collect(maps.Values(summary.Statuses)); len(got) != 1 || got[0] != 1 {
		t.Errorf("summary counts %v", summary.Statuses)
	}
}

func TestSameSite(t *testing.T) {
	for _, c := range []struct {
		from, to string
		want     bool
	}{
		{"http://a.example/", "https://a.example/", true},
		{"http://a.example:8080/", "https://a.example:8443/", true},
		{"http://a.example/", "https://www.a.example/", true},
		{"https://www.a.co.jp/", "https://a.co.jp/", true},
		{"http://192.0.2.1/", "https://192.0.2.1/", true},
		{"http://a.example:8080/", "http://www.a.example/", false},
		{"https://a.example/", "http://a.example/", false},
		{"https://a.example/", "https://a.example:8443/", false},
		{"http://a.example/", "https://b.example/", false},
		{"http://co.jp/", "http://www.co.jp/", false},
		{"http://shop.a.example/", "http://a.example/", false},
		{"http://a.example/", "http://www.a.example.evil.example/", false},
	} {
		from, _ := url.Parse(c.from)
		to, _ := url.Parse(c.to)
		if got := sameSite(from, to); got != c.want {
			t.Errorf("sameSite(%s, %s) = %t", c.from, c.to, got)
		}
	}
}
