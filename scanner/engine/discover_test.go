package engine

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// silentTLS speaks TLS only and closes what does not without a word, as Elasticsearch does.
func silentTLS(t *testing.T) string {
	t.Helper()
	lender := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(lender.Close)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			raw, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer raw.Close()
				c := tls.Server(raw, &tls.Config{Certificates: lender.TLS.Certificates})
				if _, err := c.Read(make([]byte, 4096)); err == nil {
					fmt.Fprint(c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello")
				}
			}()
		}
	}()
	return l.Addr().String()
}

func TestWrongScheme(t *testing.T) {
	client, err := web.NewClient(web.Options{Rate: -1, Retries: -1, Insecure: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	silent := silentTLS(t)
	plain := strings.TrimPrefix(hello(t).URL, "http://")
	for asked, want := range map[string]string{
		"http://" + silent: "a https://" + silent + " clean ",
		"https://" + plain: "a http://" + plain + " clean ",
		"http://" + plain:  "a http://" + plain + " clean ",
	} {
		got, _ := outcomes(t, Options{
			Client: client, Targets: mustTargets(t, asked), Signatures: []*signature.Signature{sig("a")},
			Checks: tableOf(map[string]scanner.Check{"a": checkFunc(quiet)}),
		})
		if d := cmp.Diff([]string{want}, got); d != "" {
			t.Errorf("%s: %s", asked, d)
		}
	}
}

// What the user gave to log in goes over plain HTTP only where the user wrote http://.
func TestCredentialsGoOverPlainHTTPOnlyWhereTheUserWroteIt(t *testing.T) {
	var shown atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		shown.Store(shown.Load() || r.Header.Get("Authorization") != "")
	}))
	t.Cleanup(s.Close)
	plain, closed := strings.TrimPrefix(s.URL, "http://"), closedPort(t)
	resolve := map[string]string{"h.test:443": closed, "h.test:80": plain, "h.test:8080": plain}
	session := []Visitor{{Name: "A"}}
	header := http.Header{"Authorization": {"Bearer secret"}}
	for name, c := range map[string]struct {
		target   string
		header   http.Header
		visitors []Visitor
		want     string // target and status
		shown    bool
	}{
		"https":                {"https://h.test:8080", header, nil, "https://h.test:8080 unreachable", false},
		"https_session":        {"https://h.test:8080", nil, session, "https://h.test:8080 unreachable", false},
		"host_and_port":        {"h.test:8080", header, nil, "https://h.test:8080 unreachable", false},
		"host_and_port_80":     {"h.test:80", header, nil, "http://h.test unreachable", false},
		"host":                 {"h.test", header, nil, "https://h.test unreachable", false},
		"host_session":         {"h.test", nil, session, "https://h.test unreachable", false},
		"http":                 {"http://h.test", header, nil, "http://h.test clean", true},
		"http_and_port":        {"http://h.test:8080", header, nil, "http://h.test:8080 clean", true},
		"host_without_headers": {"h.test", nil, nil, "http://h.test clean", false},
	} {
		t.Run(name, func(t *testing.T) {
			shown.Store(false)
			client, err := web.NewClient(web.Options{Rate: -1, Retries: -1, Header: c.header, Resolve: resolve})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(client.Close)
			got, _ := outcomes(t, withQuietCheck(Options{Client: client, Targets: mustTargets(t, c.target), Visitors: c.visitors}))
			if len(got) != 1 || !strings.HasPrefix(got[0], "a "+c.want+" ") || shown.Load() != c.shown {
				t.Errorf("outcomes %q, header shown: %v; want %s, shown: %v", got, shown.Load(), c.want, c.shown)
			}
			if strings.Contains(c.want, "unreachable") && !strings.Contains(got[0], "plain HTTP was not asked") {
				t.Errorf("%q does not say why", got[0])
			}
		})
	}
}

// A host that is named in two ways is one target, whatever it turns out to be.
func TestOneAddressNamedTwice(t *testing.T) {
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "hello") }))
	t.Cleanup(secure.Close)
	at, plain, closed := secure.Listener.Addr().String(), strings.TrimPrefix(hello(t).URL, "http://"), closedPort(t)
	both := map[string]string{"h.test:443": at, "h.test:80": plain, "h.test:9200": plain, "h.test:8080": plain}
	onlyHTTP := map[string]string{"h.test:443": closed, "h.test:80": plain, "h.test:9200": closed}
	cases := map[string]struct {
		args    []string
		resolve map[string]string
		want    []string
	}{
		"bare_and_https":      {[]string{"h.test", "https://h.test"}, both, []string{"http://h.test:9200", "https://h.test"}},
		"https_and_bare":      {[]string{"https://h.test/", "h.test"}, both, []string{"https://h.test", "http://h.test:9200"}},
		"bare_and_http":       {[]string{"h.test", "http://h.test"}, both, []string{"https://h.test", "http://h.test:9200", "http://h.test"}},
		"bare_without_https":  {[]string{"h.test", "http://h.test"}, onlyHTTP, []string{"https://h.test:9200", "http://h.test"}},
		"bare_and_port":       {[]string{"h.test", "h.test:9200"}, both, []string{"https://h.test", "http://h.test:9200"}},
		"bare_and_other_port": {[]string{"h.test", "h.test:8080"}, both, []string{"https://h.test", "http://h.test:9200", "http://h.test:8080"}},
		"port_and_url":        {[]string{"h.test:8080", "http://h.test:8080"}, both, []string{"http://h.test:8080"}},
		"other_path":          {[]string{"h.test", "https://h.test/shop/"}, both, []string{"https://h.test", "http://h.test:9200", "https://h.test/shop/"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			options := Options{
				Client: resolving(t, c.resolve), Targets: mustTargets(t, c.args...),
				Signatures: []*signature.Signature{sig("s", func(s *signature.Signature) { s.Ports = []int{9200} })},
				Checks:     tableOf(map[string]scanner.Check{"s": checkFunc(quiet)}),
			}
			lines, _ := outcomes(t, options)
			var got []string
			for _, l := range lines {
				got = append(got, strings.Fields(l)[1])
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("targets (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSitesThatLeadElsewhereAreNamed(t *testing.T) {
	to := ""
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusMovedPermanently) }))
	t.Cleanup(s.Close)
	address := strings.TrimPrefix(s.URL, "http://")
	client := resolving(t, map[string]string{"h.test:80": address, "www.h.test:443": pageOnly(t, httptest.NewTLSServer)})
	here := func(place string) []scanner.Redirected {
		return []scanner.Redirected{{Target: "http://h.test", To: place}}
	}
	for name, c := range map[string]struct {
		to      string
		targets []string
		want    []scanner.Redirected
	}{
		"other_host":      {"https://SSO.test:443/shop", []string{"http://h.test"}, here("https://sso.test")},
		"other_port":      {"http://h.test:8080/", []string{"http://h.test"}, here("http://h.test:8080")},
		"own_page":        {"/login", []string{"http://h.test"}, nil},
		"a_target_too":    {"https://www.h.test/", []string{"http://h.test", "https://www.h.test"}, nil},
		"a_bare_host_too": {"https://www.h.test/", []string{"http://h.test", "www.h.test"}, nil},
		"no_site":         {"mailto:a@h.test", []string{"http://h.test"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			to = c.to
			_, summary := outcomes(t, Options{
				Client: client, Targets: mustTargets(t, c.targets...), Signatures: []*signature.Signature{sig("a")},
				Checks: tableOf(map[string]scanner.Check{"a": checkFunc(quiet)}),
			})
			if diff := cmp.Diff(c.want, summary.Redirected); diff != "" {
				t.Errorf("redirected (-want +got):\n%s", diff)
			}
		})
	}
}

// Another port of a bare host is another origin, perhaps another's program.
func TestHeadersAreNotShownToFurtherPorts(t *testing.T) {
	got := map[string]string{}
	var mu sync.Mutex
	serve := func(start func(http.Handler) *httptest.Server) string {
		s := start(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			got[r.Host] += r.Header.Get("Authorization") + ";"
		}))
		t.Cleanup(s.Close)
		return s.Listener.Addr().String()
	}
	client, err := web.NewClient(web.Options{
		Rate: -1, Retries: -1, Insecure: true, Header: http.Header{"Authorization": {"secret"}},
		Resolve: map[string]string{"h.test:443": serve(httptest.NewTLSServer), "h.test:9200": serve(httptest.NewServer)},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	lines, _ := outcomes(t, Options{
		Client: client, Targets: mustTargets(t, "h.test"),
		Signatures: []*signature.Signature{sig("s", func(s *signature.Signature) { s.Ports = []int{9200} })},
		Checks: tableOf(map[string]scanner.Check{"s": checkFunc(func(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
			_, err := p.Session().Do(ctx, &web.Request{URL: p.Target.URL})
			return nil, err
		})}),
	})
	if diff := cmp.Diff(map[string]string{"h.test": "secret;secret;", "h.test:9200": ";;"}, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s\n%q", diff, lines)
	}
}
