package command

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
)

// Addresses that nobody else on the machine asks by mistake.
const ours, theirs = "127.83.19.7", "127.83.19.8"

// strangers are addresses that no user names: another port of the address of the sites, also in other spellings, and another
// address. They count what reaches them.
type strangers struct {
	packets   atomic.Int64
	addresses []string // host:port
}

func newStrangers(t *testing.T) *strangers {
	t.Helper()
	s := &strangers{}
	for _, host := range []string{ours, theirs} {
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", host+":0")
		if err != nil {
			t.Skipf("SKIPPED: no second address: %v", err)
		}
		var group errgroup.Group
		t.Cleanup(func() { _ = group.Wait() })
		t.Cleanup(func() { _ = listener.Close() })
		s.addresses = append(s.addresses, listener.Addr().String())
		if host == ours {
			_, port, _ := net.SplitHostPort(listener.Addr().String())
			s.addresses = append(s.addresses, "2136150791:"+port, "[::ffff:"+ours+"]:"+port, ours+".:"+port)
		}
		group.Go(func() error {
			for {
				c, err := listener.Accept()
				if err != nil {
					return nil //nolint:nilerr // it was closed
				}
				s.packets.Add(1)
				_ = c.SetReadDeadline(time.Now().Add(time.Second))
				begin := make([]byte, 200) // says what has asked
				n, _ := c.Read(begin)
				t.Logf("%s got %q", listener.Addr(), begin[:n])
				_ = c.Close()
			}
		})
	}
	return s
}

// traps are what a site says that leads a visitor to another address: by name, a handler for the address.
var traps = map[string]func(w http.ResponseWriter, r *http.Request, other string){
	"redirect_of_the_front_page": func(w http.ResponseWriter, r *http.Request, other string) {
		http.Redirect(w, r, "http://"+other+"/", http.StatusFound)
	},
	"redirect_of_every_page_but_the_first": func(w http.ResponseWriter, r *http.Request, other string) {
		if r.URL.Path == "/" {
			fmt.Fprint(w, "<html><title>Shop</title><a href=/a>a</a><a href=/b/c>b</a></html>")
			return
		}
		http.Redirect(w, r, "http://"+other+r.URL.Path, http.StatusMovedPermanently)
	},
	"redirect_without_scheme": func(w http.ResponseWriter, _ *http.Request, other string) {
		w.Header().Set("Location", "//"+other+"/x")
		w.WriteHeader(http.StatusTemporaryRedirect)
	},
	"redirect_with_a_user": func(w http.ResponseWriter, r *http.Request, other string) {
		w.Header().Set("Location", "http://"+r.Host+"@"+other+"/x")
		w.WriteHeader(http.StatusPermanentRedirect)
	},
	"redirect_with_backslashes": func(w http.ResponseWriter, _ *http.Request, other string) {
		w.Header().Set("Location", `http:\\`+other+`\x`)
		w.WriteHeader(http.StatusFound)
	},
	"redirect_after_itself": func(w http.ResponseWriter, r *http.Request, other string) {
		if strings.HasPrefix(r.URL.Path, "/hop") {
			http.Redirect(w, r, "http://"+other+"/", http.StatusFound)
			return
		}
		http.Redirect(w, r, "/hop", http.StatusFound)
	},
	"header_refresh": func(w http.ResponseWriter, _ *http.Request, other string) {
		w.Header().Set("Refresh", "0; url=http://"+other+"/")
		fmt.Fprint(w, "<html><title>Shop</title></html>")
	},
	"headers_that_name_places": func(w http.ResponseWriter, _ *http.Request, other string) {
		for name, value := range map[string]string{
			"Link": `<http://OTHER/>; rel=preload, <http://OTHER/a>; rel="canonical"`, "Content-Location": "http://OTHER/", "SourceMap": "http://OTHER/x.map",
			"Alt-Svc": `h2="OTHER"; ma=86400, h3="OTHER"`, "Report-To": `{"endpoints":[{"url":"http://OTHER/r"}]}`, "NEL": `{"report_to":"x"}`,
			"Content-Security-Policy": "default-src 'self' http://OTHER; report-uri http://OTHER/csp", "WWW-Authenticate": `Bearer realm="http://OTHER/token"`,
			"Server": "nginx http://OTHER/", "X-Pingback": "http://OTHER/xmlrpc.php", "Set-Cookie": "a=b; Domain=OTHER",
		} {
			w.Header().Set(name, strings.ReplaceAll(value, "OTHER", other))
		}
		fmt.Fprint(w, "<html><title>Shop</title></html>")
	},
	"page_that_names_places": func(w http.ResponseWriter, r *http.Request, other string) { say(w, r, other, "") },
	"page_with_a_base": func(w http.ResponseWriter, r *http.Request, other string) {
		say(w, r, other, `<base href="http://OTHER/">`)
	},
	"page_that_refreshes": func(w http.ResponseWriter, r *http.Request, other string) {
		say(w, r, other, `<meta http-equiv=refresh content="0;url=http://OTHER/">`)
	},
	"search_server": func(w http.ResponseWriter, r *http.Request, other string) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path != "/" && !strings.HasPrefix(r.URL.Path, "/_") {
			w.WriteHeader(http.StatusNotFound)
		}
		fmt.Fprintf(w, `{"name":"http://%[1]s/","cluster_name":"x","version":{"number":"7.10.2"},"tagline":"You Know, for Search","nodes":{"a":{"http":{"publish_address":"%[1]s"},"host":"%[1]s"}},"url":"http://%[1]s/"}`, other)
	},
}

// say is a page full of addresses, and what its files and the well-known ones say.
func say(w http.ResponseWriter, r *http.Request, other, head string) {
	at := func(text string) string { return strings.ReplaceAll(text, "OTHER", other) }
	switch path := r.URL.Path; {
	case path == "/robots.txt":
		fmt.Fprint(w, at("User-agent: *\nDisallow: http://OTHER/admin/\nDisallow: //OTHER/x/\nSitemap: http://OTHER/sitemap.xml\n"))
	case path == "/sitemap.xml":
		fmt.Fprint(w, at(`<?xml version="1.0"?><urlset><url><loc>http://OTHER/a</loc></url></urlset>`))
	case strings.HasPrefix(path, "/.well-known/"):
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, at(`{"issuer":"http://OTHER","jwks_uri":"http://OTHER/jwks","authorization_endpoint":"http://OTHER/a","Contact":"http://OTHER/"}`))
	case strings.HasSuffix(path, ".js"):
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, at("fetch('http://OTHER/api/graphql');import('//OTHER/x.js');new WebSocket('ws://OTHER/');/*! jQuery v1.8.0 */\n//# sourceMappingURL=http://OTHER/app.js.map\n"))
	case strings.HasSuffix(path, ".css"):
		w.Header().Set("Content-Type", "text/css")
		fmt.Fprint(w, at("@import url(http://OTHER/x.css);a{background:url(//OTHER/x.png)}"))
	case strings.HasSuffix(path, ".json"), strings.HasSuffix(path, ".webmanifest"):
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, at(`{"start_url":"http://OTHER/","servers":[{"url":"http://OTHER/"}],"swagger":"2.0","host":"OTHER","basePath":"/"}`))
	case path == "/", strings.HasPrefix(path, "/page"):
		fmt.Fprint(w, at(`<!DOCTYPE html><html><head>`+head+`<title>Shop</title><link rel=stylesheet href="http://OTHER/a.css"><link rel=stylesheet href=/a.css>
<link rel=canonical href="http://OTHER/"><link rel=manifest href=/m.webmanifest><link rel=icon href="//OTHER/favicon.ico"><meta property="og:url" content="http://OTHER/">
<meta name=generator content="WordPress 5.0"><script src="http://OTHER/jquery-1.8.0.js"></script><script src=/app.js></script><script src="//OTHER/wp-content/plugins/x/a.js"></script></head>
<body><a href="http://OTHER/a">a</a><a href="//OTHER/a/">a</a><a href="http:\\OTHER\a">a</a><a href="/page1">1</a><a href="/page2?a=b">2</a><a href="ftp://OTHER/">f</a>
<img src="http://OTHER/a.png"><iframe src="http://OTHER/f"></iframe><form action="http://OTHER/search"><input name=q type=search></form><form action="//OTHER/cart" method=post><input name=card_number></form>
<object data="http://OTHER/o"></object><video src="http://OTHER/v.mp4"></video><area href="http://OTHER/area"><embed src="http://OTHER/e"><img srcset="http://OTHER/1.png 1x"></body></html>`))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// templates of strangers that name other addresses, by whatever they can be put together of.
func strangeTemplates(other string) string {
	const head = "id: stranger-%d\ninfo: {name: S, author: us, severity: info}\n"
	matched := "    matchers: [{type: status, status: [200, 404]}]\n"
	list := []string{
		"http:\n  - path: ['http://OTHER/']\n" + matched,
		"http:\n  - path: ['{{Scheme}}://OTHER/a']\n" + matched,
		"http:\n  - path: ['{{BaseURL}}@OTHER/']\n" + matched,
		"http:\n  - path: ['http://{{p}}/']\n    payloads: {p: ['OTHER']}\n" + matched,
		"http:\n  - path: ['{{RootURL}}:PORT/']\n" + matched,
		"http:\n  - path: ['http://{{Host}}:PORT/']\n" + matched,
		"http:\n  - path: ['{{BaseURL}}:PORT/x']\n" + matched,
		"http:\n  - path: ['{{BaseURL}}/a']\n    redirects: true\n    max-redirects: 9\n" + matched,
		"http:\n  - path: ['{{BaseURL}}/b']\n    host-redirects: true\n" + matched,
		"http:\n  - raw: [\"GET / HTTP/1.1\\nHost: OTHER\\n\\n\"]\n" + matched,
		"http:\n  - raw: [\"GET http://OTHER/ HTTP/1.1\\nHost: {{Hostname}}\\n\\n\"]\n" + matched,
		"http:\n  - raw: [\"@Host: OTHER\\nGET / HTTP/1.1\\nHost: x\\n\\n\"]\n" + matched,
		"http:\n  - raw: [\"@Host: http://OTHER\\nGET / HTTP/1.1\\nHost: x\\n\\n\"]\n    unsafe: true\n" + matched,
		"http:\n  - path: ['{{BaseURL}}/']\n    extractors: [{type: regex, name: u, internal: true, regex: ['http://[0-9.]+:[0-9]+']}]\n  - path: ['{{u}}/x']\n" + matched,
		"self-contained: true\nhttp:\n  - path: ['http://OTHER/']\n" + matched,
		"tcp:\n  - host: ['OTHER']\n    inputs: [{data: x}]\n    matchers: [{type: word, words: [x]}]\n",
		"dns:\n  - name: '{{FQDN}}'\n    type: A\n    matchers: [{type: word, words: [x]}]\n",
		"variables: {v: 'http://OTHER'}\nhttp:\n  - path: ['{{v}}/']\n" + matched,
	}
	var all []string
	_, port, _ := net.SplitHostPort(other)
	for i, text := range list {
		all = append(all, fmt.Sprintf(head, i)+strings.NewReplacer("OTHER", other, "PORT", port).Replace(text))
	}
	return strings.Join(all, "\x00")
}

// TestNothingLeavesForWhatWasNotNamed: whatever a site says and whatever a template asks for, no connection is made to an
// address that the user did not name.
func TestNothingLeavesForWhatWasNotNamed(t *testing.T) {
	if testing.Short() {
		t.Skip("scans fifty sites with all signatures")
	}
	s := newStrangers(t)
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, "http://"+s.addresses[0])
	}
	var targets []string
	for _, other := range s.addresses {
		for _, trap := range traps {
			site := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				trap(w, r, other)
			}))
			_ = site.Listener.Close()
			var err error
			if site.Listener, err = (&net.ListenConfig{}).Listen(t.Context(), "tcp4", ours+":0"); err != nil {
				t.Fatal(err)
			}
			site.Start()
			t.Cleanup(site.Close)
			targets = append(targets, site.URL)
		}
	}
	folder := t.TempDir()
	for i, other := range s.addresses {
		for j, text := range strings.Split(strangeTemplates(other), "\x00") {
			file := filepath.Join(folder, fmt.Sprintf("stranger-%d-%d.yaml", i, j))
			text = strings.Replace(text, "id: stranger-", fmt.Sprintf("id: stranger-%d-", i), 1)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	var stdout, stderr strings.Builder
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	args := append([]string{"sotomi", "scan", "--rate", "0", "--safety", "intrusive", "--skip-broken", "--timeout", "10s", "--retries", "0", "-s", folder, "--wordlist", "wordpress", "-o", "text"}, targets...)
	status := run(ctx, args, strings.NewReader(""), &stdout, &stderr)
	if status == scanner.ExitUsage || status == scanner.ExitInterrupted {
		t.Fatalf("exit status %d\n%s", status, &stderr)
	}
	if n := s.packets.Load(); n > 0 {
		t.Errorf("%d connections to addresses that were not named", n)
	}
}
