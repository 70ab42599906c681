package web

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sotomi/scanner/message"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func serve(t *testing.T, h http.HandlerFunc) *url.URL {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return parse(t, s.URL)
}

func parse(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func client(t *testing.T, o Options) *Client {
	t.Helper()
	if o.Rate == 0 {
		o.Rate = -1
	}
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func get(t *testing.T, s *Session, u *url.URL, r Request) *Exchange {
	t.Helper()
	r.URL = u
	ex, err := s.Do(t.Context(), &r)
	if err != nil {
		t.Fatal(err)
	}
	return ex
}

func TestDoFillsTheExchange(t *testing.T) {
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Big", strings.Repeat("x", 10_000)) // more than the 4,096 that retryablehttp's own transport takes
		fmt.Fprintf(w, "%s %s %s", r.Method, r.RequestURI, r.Header.Get("User-Agent"))
	})
	s := client(t, Options{UserAgent: "test"}).Session(u)
	ex := get(t, s, parse(t, u.String()+"/a?b=%2F&c=+d"), Request{})
	if got, want := string(ex.Body), "GET /a?b=%2F&c=+d test"; got != want {
		t.Errorf("body = %q, want %q", got, want)
	}
	if ex.Status != 200 || ex.StatusLine != "HTTP/1.1 200 OK" || fmt.Sprint(ex.Remote) != u.Host || ex.FirstByte <= 0 || ex.Took < ex.FirstByte {
		t.Errorf("exchange = %+v", ex)
	}
	if want := "GET /a?b=%2F&c=+d HTTP/1.1\r\nHost: " + u.Host; !strings.HasPrefix(ex.Sent.String(), want) {
		t.Errorf("sent = %q, want it to begin with %q", ex.Sent, want)
	}
}

func TestTargetIsSentByteForByte(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	lines := make(chan string, 16)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b := make([]byte, 4096)
			n, _ := c.Read(b)
			line, _, _ := strings.Cut(string(b[:n]), "\r\n")
			lines <- line
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			c.Close()
		}
	}()
	u := parse(t, "http://"+l.Addr().String()+"/")
	s := client(t, Options{}).Session(u)
	for _, target := range []string{"/a/../b", "/%2e%2e/%2e%2e/etc", "//x/y", "/a%zz", "/a;b=c?d=%0a", "/?", "/ä"} {
		get(t, s, u, Request{Target: target})
		if got, want := <-lines, "GET "+target+" HTTP/1.1"; got != want {
			t.Errorf("request line = %q, want %q", got, want)
		}
	}
}

func TestCredentialsStayAtTheirOrigin(t *testing.T) {
	var leaked atomic.Bool
	other := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") != "" || r.Header.Get("Cookie") != "" {
			leaked.Store(true)
		}
	})
	u := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") != "secret" {
			t.Errorf("the origin did not get its header")
		}
	})
	s := client(t, Options{Header: http.Header{"X-Key": {"secret"}}}).Session(u)
	if ex := get(t, s, u, Request{}); strings.Contains(ex.Sent.String(), "secret") {
		t.Errorf("evidence shows the secret: %q", ex.Sent)
	}
	get(t, s, other, Request{}) // a port that a signature names: in scope, another origin
	if leaked.Load() {
		t.Error("the header went to another origin")
	}
	if ex := get(t, client(t, Options{Header: http.Header{"X-Key": {"secret"}}}).SessionWithoutCredentials(other), other, Request{}); strings.Contains(ex.Sent.String(), "secret") || leaked.Load() {
		t.Error("a stranger carries the user's headers")
	}
}

func TestRedirects(t *testing.T) {
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/away":
			http.Redirect(w, r, "http://other.example/", http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		case "/here":
			http.Redirect(w, r, "/end", http.StatusFound)
		}
	})
	c := client(t, Options{})
	s := c.Session(u)
	for _, tc := range []struct {
		path   string
		rule   Redirects
		status int
		sent   int64
	}{
		{"/here", RedirectsNone, 302, 1},
		{"/here", RedirectsHost, 200, 2},
		{"/away", RedirectsAny, 302, 1},
		{"/loop", RedirectsAny, 302, 11},
	} {
		before := c.Requests()
		ex := get(t, s, parse(t, u.String()+tc.path), Request{Redirects: tc.rule})
		if ex.Status != tc.status || c.Requests()-before != tc.sent {
			t.Errorf("%s rule %d: status %d after %d requests, want %d after %d", tc.path, tc.rule, ex.Status, c.Requests()-before, tc.status, tc.sent)
		}
	}
	if _, err := s.Do(t.Context(), &Request{URL: parse(t, "http://other.example/")}); KindOf(err) != KindScope {
		t.Errorf("another host: %v, want a scope error", err)
	}
}

func TestBodyLimits(t *testing.T) {
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			for range 4 {
				_, _ = z.Write(make([]byte, 1<<20))
			}
			z.Close()
		case "/lie":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "plain after all")
		case "/cut":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "half")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/unasked":
			w.Header().Set("Content-Encoding", "zstd")
			_, _ = io.WriteString(w, "(\xb5/\xfd...")
		case "/coded":
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = io.WriteString(z, "hello")
			z.Close()
		}
	})
	s := client(t, Options{}).Session(u)
	type answer struct {
		Length    int
		Truncated bool
		Broken    bool
		Start     string
	}
	for path, want := range map[string]answer{
		"/bomb":    {1 << 20, true, false, "\x00\x00\x00\x00"},
		"/lie":     {15, false, false, "plai"},
		"/cut":     {4, true, true, "half"},
		"/coded":   {5, false, false, "hell"},
		"/unasked": {7, false, true, "(\xb5/\xfd"},
	} {
		ex := get(t, s, parse(t, u.String()+path), Request{})
		got := answer{len(ex.Body), ex.Truncated, ex.Broken, string(ex.Body[:4])}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	if ex := get(t, s, parse(t, u.String()+"/lie"), Request{MaxBody: 5}); string(ex.Body) != "plain" || !ex.Truncated {
		t.Errorf("MaxBody 5: %q, truncated %v", ex.Body, ex.Truncated)
	}
}

func TestDeadlineCoversTheBody(t *testing.T) {
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	_, err := client(t, Options{Timeout: 50 * time.Millisecond}).Session(u).Do(t.Context(), &Request{URL: u})
	if KindOf(err) != KindTimeout {
		t.Errorf("a body that never ends: %v, want a timeout", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := client(t, Options{}).Session(u).Do(ctx, &Request{URL: u}); KindOf(err) != KindCanceled {
		t.Errorf("a context that ended: %v, want canceled", err)
	}
}

func TestErrorsAndRetries(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var accepted atomic.Int64
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			accepted.Add(1)
			c.Close()
		}
	}()
	u := parse(t, "http://"+l.Addr().String()+"/")
	c := client(t, Options{Retries: 2})
	if _, err := c.Session(u).Do(t.Context(), &Request{URL: u}); KindOf(err) != KindClosed {
		t.Errorf("closed connection: %v, want closed", err)
	}
	if c.Requests() != 3 {
		t.Errorf("%d attempts counted, want 3: retries pass the limiter", c.Requests())
	}
	before := c.Requests()
	_, _ = c.Session(u).Do(t.Context(), &Request{URL: u, Once: true})
	_, _ = c.Session(u).Do(t.Context(), &Request{URL: u, Method: "POST"})
	if c.Requests()-before != 2 {
		t.Errorf("%d attempts, want 2: neither Once nor POST is retried", c.Requests()-before)
	}
	l.Close()
	if _, err := c.Session(u).Do(t.Context(), &Request{URL: u}); KindOf(err) != KindUnreachable {
		t.Errorf("closed port: %v, want unreachable", err)
	}
}

func TestCertificatesAreVerified(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	u := parse(t, s.URL)
	if _, err := client(t, Options{Retries: -1}).Session(u).Do(t.Context(), &Request{URL: u}); KindOf(err) != KindTLS {
		t.Errorf("unknown authority: %v, want a TLS error", err)
	}
	if ex := get(t, client(t, Options{Insecure: true}).Session(u), u, Request{}); ex.TLS == nil {
		t.Error("no TLS state in the exchange")
	}
}

func TestHTTP2(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	s.EnableHTTP2 = true
	s.StartTLS()
	defer s.Close()
	u := parse(t, s.URL)
	if ex := get(t, client(t, Options{Insecure: true}).Session(u), u, Request{}); string(ex.Body) != "HTTP/2.0" || ex.Proto != "HTTP/2.0" {
		t.Errorf("spoke %q and %q, want HTTP/2.0", ex.Body, ex.Proto)
	}
}

func TestThrottledHostIsAskedAgainLater(t *testing.T) {
	var n atomic.Int64
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/never":
			w.Header().Set("Retry-After", "3600")
			w.WriteHeader(http.StatusTooManyRequests)
		case n.Add(1) == 1:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	s := client(t, Options{}).Session(u)
	if ex := get(t, s, u, Request{}); ex.Status != 200 {
		t.Errorf("status %d, want the answer after the wait", ex.Status)
	}
	if _, err := s.Do(t.Context(), &Request{URL: parse(t, u.String()+"/never")}); KindOf(err) != KindThrottled {
		t.Errorf("Retry-After of an hour: %v, want throttled", err)
	}
}

func TestCookiesBelongToTheVisitor(t *testing.T) {
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "sid", Value: "1", Path: "/"})
		fmt.Fprint(w, r.Header.Get("Cookie"))
	})
	c := client(t, Options{})
	a, b := c.Session(u), c.Session(u)
	get(t, a, u, Request{})
	if got := string(get(t, a, u, Request{}).Body); got != "sid=1" {
		t.Errorf("second request of a visitor sends %q", got)
	}
	if got := string(get(t, a, u, Request{NoCookies: true}).Body); got != "" {
		t.Errorf("NoCookies sends %q", got)
	}
	if got := string(get(t, b, u, Request{}).Body); got != "" {
		t.Errorf("another visitor sends %q", got)
	}
}

func TestScopeErrorsAreNotRetried(t *testing.T) {
	if again, _ := retryConnectionErrors(t.Context(), nil, &url.Error{Err: &scopeError{message.New("x")}}); again {
		t.Error("a refusal of ours is tried again")
	}
	if kindOf(t.Context(), errors.New("malformed HTTP response")) != KindProtocol {
		t.Error("an answer that is no HTTP is not a protocol error")
	}
}
