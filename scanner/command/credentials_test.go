package command

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"sotomi/scanner"
)

// witness is a site that notes what of the user's it was shown.
type witness struct {
	mu    sync.Mutex
	asked bool
	shown bool   // a header or cookie with the secret, or a client certificate
	to    string // where every page redirects; "" for nowhere
}

func (s *witness) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var head bytes.Buffer
	_ = r.Header.Write(&head) // a buffer takes everything
	s.mu.Lock()
	s.asked = true
	s.shown = s.shown || strings.Contains(head.String(), "hunter2hunter2") || r.TLS != nil && len(r.TLS.PeerCertificates) > 0
	s.mu.Unlock()
	if s.to != "" {
		http.Redirect(w, r, s.to+r.URL.Path, http.StatusFound)
		return
	}
	_, _ = io.WriteString(w, "<title>Shop</title>") // the scanner may be gone
}

// start serves the witness and gives its address.
func (s *witness) start(t *testing.T, secure bool) string {
	t.Helper()
	server := httptest.NewUnstartedServer(s)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	if secure {
		server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// nobody is an address that refuses connections.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func writeClientCertificate(t *testing.T, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// The signatures of these tests follow redirects, look at a further port, and use sessions.
const followsRedirects = `id: follows
info: {name: x, author: us, severity: info}
http:
  - path: ["{{BaseURL}}/a", "{{BaseURL}}/b"]
    redirects: true
    max-redirects: 3
    matchers: [{type: word, words: [unlikely words]}]
`

const looksAtPort = `id: looks-at-port
info: {name: x, severity: info, description: A., remediation: B., ja: {name: あ, description: い。, remediation: う。}}
safety: passive
ports: [9200]
http:
  - path: ["{{BaseURL}}/c"]
    matchers: [{type: word, words: [unlikely words]}]
tests: [{name: found, serve: {/c: {body: unlikely words}}, want: [{}]}, {name: not, serve: {/c: {body: x}}, want: []}]
`

// What the user gives to log in goes to the origin that the user names, and over plain HTTP only where http:// is written.
func TestCredentialsGoWhereTheUserSays(t *testing.T) {
	kinds := map[string][]string{
		"header": {"--header", "X-Key: hunter2hunter2"}, "cookie": {"--header", "Cookie: sid=hunter2hunter2"},
		"session":            {"--session", "alice=a.txt", "--session", "bob=b.txt", "--page", "/", "--only", "follows,looks-at-port,cache-leak"},
		"client_certificate": {"--client-cert", "c.pem"},
	}
	for name, c := range map[string]struct {
		target   string
		secure   bool   // somebody speaks TLS on 443 and 8443
		leads    string // where that leads
		shownTLS bool   // to the site on 443 or 8443
		shown    bool   // in the clear
	}{
		"bare_host_without_tls":      {"h.test", false, "", false, false},
		"bare_host_and_port":         {"h.test:8080", false, "", false, false},
		"bare_host_and_port_80":      {"h.test:80", false, "", false, false},
		"https_without_tls":          {"https://h.test:8080", false, "", false, false},
		"https_nobody":               {"https://h.test", false, "", false, false},
		"http":                       {"http://h.test", false, "", false, true},
		"http_and_port":              {"http://h.test:8080/", false, "", false, true},
		"list":                       {"@list", false, "", false, false},
		"bare_host":                  {"h.test", true, "", true, false},
		"https":                      {"https://h.test", true, "", true, false},
		"https_and_port":             {"h.test:8443", true, "", true, false},
		"https_leads_to_http":        {"https://h.test", true, "http://h.test", true, false},
		"bare_host_leads_to_http":    {"h.test", true, "http://h.test", true, false},
		"https_leads_to_http_port":   {"https://h.test", true, "http://h.test:8080", true, false},
		"https_leads_to_another":     {"https://h.test", true, "http://other.test", true, false},
		"https_leads_to_www_in_http": {"https://h.test", true, "http://www.h.test", true, false},
	} {
		for kind, given := range kinds {
			t.Run(name+"/"+kind, func(t *testing.T) {
				t.Chdir(t.TempDir())
				for file, text := range map[string]string{"list": "h.test\n", "a.txt": "Cookie: sid=hunter2hunter2\n", "b.txt": "X-Key: hunter2hunter2\n", "s/follows.yaml": followsRedirects, "s/looks-at-port.yaml": looksAtPort} {
					_ = os.MkdirAll("s", 0o755) // WriteFile fails without it
					if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				writeClientCertificate(t, "c.pem")
				named, plain, further := &witness{to: c.leads}, &witness{}, &witness{}
				secureAt, plainAt, furtherAt := nobody(t), plain.start(t, false), further.start(t, true)
				if c.secure {
					secureAt = named.start(t, true)
				}
				args := append([]string{"sotomi", "scan", "-v", "--insecure", "--rate", "0", "--retries", "0", "-s", "s", "--crawl-pages", "3"}, given...)
				if kind != "session" {
					args = append(args, "--only", "follows,looks-at-port")
				}
				for at, to := range map[string]string{
					"h.test:443": secureAt, "h.test:8443": secureAt, "h.test:80": plainAt, "h.test:8080": plainAt, "h.test:9200": furtherAt,
					"other.test:80": plainAt, "www.h.test:80": plainAt,
				} {
					args = append(args, "--resolve", at+":"+to)
				}
				var out, said bytes.Buffer
				status := run(t.Context(), append(args, c.target), nil, &out, &said)
				if status == scanner.ExitUsage {
					t.Fatalf("exit status %d: %s", status, said.String())
				}
				if plain.shown != (c.shown && kind != "client_certificate") {
					t.Errorf("in the clear: shown %v\n%s", plain.shown, out.String())
				}
				if named.shown != c.shownTLS {
					t.Errorf("over TLS: shown %v, want %v\n%s", named.shown, c.shownTLS, out.String())
				}
				if further.shown {
					t.Errorf("shown to a port that the user did not name\n%s", out.String())
				}
				if c.target == "h.test" && !further.asked {
					t.Errorf("the further port was not asked\n%s", out.String())
				}
			})
		}
	}
}

func TestProxyPasswords(t *testing.T) {
	t.Setenv("PROXY_USER", "a@b")
	t.Setenv("PROXY_PASSWORD", "p/w@d:%41 ${X}")
	t.Setenv("PROXY", "http://u:p%40ss@proxy.test:3128")
	t.Setenv("PROXY_HOST", "proxy.test")
	for given, want := range map[string]struct{ host, user, password string }{
		"http://u:p%40ss@proxy.test:3128":                          {"proxy.test:3128", "u", "p@ss"},
		"socks5://${PROXY_USER}:${PROXY_PASSWORD}@proxy.test:1080": {"proxy.test:1080", "a@b", "p/w@d:%41 ${X}"},
		"http://u:${PROXY_PASSWORD}@${PROXY_HOST}:3128":            {"proxy.test:3128", "u", "p/w@d:%41 ${X}"},
		"http://${PROXY_HOST}:3128":                                {"proxy.test:3128", "", ""},
		"${PROXY}":                                                 {"proxy.test:3128", "u", "p@ss"},
		"env:PROXY":                                                {"proxy.test:3128", "u", "p@ss"},
	} {
		s := &settings{}
		text, err := s.fillProxy(given)
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		u, err := parseProxy(text)
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		password, _ := u.User.Password()
		if u.Host != want.host || u.User.Username() != want.user || password != want.password {
			t.Errorf("%s: %s, %s, %s", given, u.Host, u.User.Username(), password)
		}
	}
}

// The values of a session's file are replaced wherever they stand, and are secrets.
func TestPlaceholdersInSessions(t *testing.T) {
	t.Setenv("SID", "hunter2hunter2")
	t.Setenv("EMPTY", "")
	t.Chdir(t.TempDir())
	jar := "shop.test\tFALSE\t/\tFALSE\t0\tsid\t${SID}\nshop.test\tFALSE\t/\tFALSE\t0\tid\tenv:SID\nX-Key: a$${SID}b\nAuthorization: Bearer ${SID}\n"
	for name, text := range map[string]string{"a.txt": jar, "bad.txt": "shop.test\tFALSE\t/\tFALSE\t0\tsid\t${EMPTY}\n", "lines.txt": "Cookie: @a.txt\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := &settings{}
	c, err := s.readSession("a.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"Bearer hunter2hunter2", "sid=hunter2hunter2", "id=hunter2hunter2", "hunter2hunter2", "a${SID}b"}
	if got := c.Secrets(); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("secrets %q, want %q", got, want)
	}
	for file, want := range map[string]string{"bad.txt": "bad.txt: the variable EMPTY is empty", "lines.txt": "lines.txt: @a.txt holds several lines"} {
		if _, err := s.readSession(file); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", file, err, want)
		}
	}
}
