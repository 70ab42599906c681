package web

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
)

// answering is a server that answers every request with a text, byte for byte.
func answering(t *testing.T, secure bool, text string) *url.URL {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	scheme := "http"
	if secure {
		s := httptest.NewUnstartedServer(nil)
		s.StartTLS()
		l, scheme = tls.NewListener(l, &tls.Config{Certificates: s.TLS.Certificates}), "https"
		s.Close()
	}
	listen(t, l, func(c net.Conn) {
		defer c.Close()
		r := bufio.NewReader(c)
		for {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			fmt.Fprint(c, text)
		}
	})
	return &url.URL{Scheme: scheme, Host: l.Addr().String(), Path: "/"}
}

// An answer with a header that no client should be sent is an answer all the same.
func TestHeadersThatAreNone(t *testing.T) {
	for name, c := range map[string]struct{ line, want string }{
		"escape":             {"X-Shop: a\x1b[31mb", "a?[31mb"},
		"null":               {"X-Shop: a\x00b", "a?b"},
		"carriage return":    {"X-Shop: a\rb", "a?b"},
		"delete":             {"X-Shop: a\x7fb", "a?b"},
		"no header":          {"X-Shop: a\r\nWarning this is PHP", "a"},
		"no header, went on": {"X-Shop: a\r\nWarning this is PHP\r\n\tin line 3", "a"},
		"Japanese in EUC-JP": {"X-Shop: \xc6\xfc\x01", "\xc6\xfc?"},
	} {
		for _, secure := range []bool{false, true} {
			for _, before := range []string{"", "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\x01\r\n\r\n"} {
				t.Run(fmt.Sprintf("%s/%t/%t", name, secure, before != ""), func(t *testing.T) {
					u := answering(t, secure, before+"HTTP/1.1 200 OK\r\n"+c.line+"\r\nContent-Length: 2\r\n\r\nok")
					client, err := NewClient(Options{Rate: -1, Insecure: true})
					if err != nil {
						t.Fatal(err)
					}
					defer client.Close()
					ex, err := client.Session(u).Do(t.Context(), &Request{URL: u})
					if err != nil {
						t.Fatal(err)
					}
					if got := ex.Header.Get("X-Shop"); got != c.want || string(ex.Body) != "ok" {
						t.Errorf("X-Shop %q, body %q, want %q and ok", got, ex.Body, c.want)
					}
					if n := client.Requests(); n != 2 {
						t.Errorf("%d requests, want 2", n)
					}
				})
			}
		}
	}
}

// A request that may not be repeated is not, and one that was refused for something else is not mended.
func TestWhatIsNotMended(t *testing.T) {
	u := answering(t, false, "HTTP/1.1 200 OK\r\nX-Shop: a\x1bb\r\nContent-Length: 2\r\n\r\nok")
	client, err := NewClient(Options{Rate: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = client.Session(u).Do(t.Context(), &Request{Method: "POST", URL: u, Body: []byte("a=b")})
	if KindOf(err) != KindProtocol || client.Requests() != 1 {
		t.Errorf("%v after %d requests", err, client.Requests())
	}
}
