package scanner

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

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
			Checks: tableOf(map[string]Check{"a": checkFunc(quiet)}),
		})
		if d := cmp.Diff([]string{want}, got); d != "" {
			t.Errorf("%s: %s", asked, d)
		}
	}
}

func TestHeadersGivenForHTTPSAreNotShownToPlainHTTP(t *testing.T) {
	var shown atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		shown.Store(shown.Load() || r.Header.Get("Authorization") != "")
	}))
	t.Cleanup(s.Close)
	client, err := web.NewClient(web.Options{Rate: -1, Retries: -1, Header: http.Header{"Authorization": {"Bearer secret"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	plain := strings.TrimPrefix(s.URL, "http://")
	got, _ := outcomes(t, Options{
		Client: client, Targets: mustTargets(t, "https://"+plain), Signatures: []*signature.Signature{sig("a")},
		Checks: tableOf(map[string]Check{"a": checkFunc(quiet)}),
	})
	if shown.Load() || len(got) != 1 || !strings.HasPrefix(got[0], "a https://"+plain+" unreachable ") || !strings.Contains(got[0], "plain HTTP was not tried") {
		t.Errorf("shown: %v, outcomes: %q", shown.Load(), got)
	}
}
