package engine

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
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

// handshakeOnly is a check that looks at the certificate alone.
type handshakeOnly struct{ at *string }

func (handshakeOnly) Handshaker() bool { return true }

func (c handshakeOnly) Run(_ context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	*c.at = p.Target.String()
	return []scanner.Hit{{}}, nil
}

// The certificate that is not accepted is that of the place where the site is now: it is what there is to tell.
func TestTheCertificateOfASiteThatMovedIsLookedAt(t *testing.T) {
	client, err := web.NewClient(web.Options{Rate: -1, Resolve: map[string]string{
		"shop.example:80": redirecting(t, 301, "https://shop.example{path}"), "shop.example:443": pageOnly(t, httptest.NewTLSServer),
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	at := ""
	sink := &scanner.Collector{}
	if _, err := Run(t.Context(), Options{
		Client: client, Targets: mustTargets(t, "http://shop.example"), Signatures: sigsOf("certificate", "page"), Sinks: []scanner.Sink{sink},
		Checks: tableOf(map[string]scanner.Check{"certificate": handshakeOnly{&at}, "page": looksAt("/")}),
	}); err != nil {
		t.Fatal(err)
	}
	if at != "https://shop.example" || len(sink.Findings) != 1 {
		t.Errorf("the certificate was looked at for %q, %d findings", at, len(sink.Findings))
	}
	if end := sink.Outcomes[1]; end.Target != "https://shop.example" || end.Status != scanner.StatusUnreachable || sink.Targets[0].Asked != "http://shop.example" {
		t.Errorf("%+v, asked for %q", end, sink.Targets[0].Asked)
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
