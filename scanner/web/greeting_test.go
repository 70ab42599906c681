package web

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"golang.org/x/sync/errgroup"
)

// What a port says that speaks no HTTP is kept with the error, whether it was asked for HTTP or for TLS.
func TestGreetingOfAPortThatSpeaksNoHTTP(t *testing.T) {
	const greeting = "220 mail.example ESMTP Postfix\r\n"
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group errgroup.Group
	group.Go(func() error {
		for {
			c, err := l.Accept()
			if err != nil {
				return nil //nolint:nilerr // the test is over
			}
			_, _ = c.Write([]byte(greeting))
			_, _ = c.Read(make([]byte, 4096))
			_ = c.Close()
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		_ = group.Wait()
	})
	for _, scheme := range []string{"http", "https"} {
		u := &url.URL{Scheme: scheme, Host: l.Addr().String(), Path: "/"}
		_, err := client(t, Options{Retries: -1}).Session(u).Do(t.Context(), &Request{URL: u})
		var e *Error
		if !errors.As(err, &e) || string(e.Greeting) != greeting {
			t.Errorf("%s: %v with greeting %q, want %q", scheme, err, e.Greeting, greeting)
		}
	}
}

// A handshake that fails within TLS has no greeting: its bytes tell nothing.
func TestNoGreetingWithinTLS(t *testing.T) {
	s := httptest.NewTLSServer(nil)
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client(t, Options{Retries: -1}).Session(u).Do(t.Context(), &Request{URL: u})
	var e *Error
	if !errors.As(err, &e) || e.Kind != KindTLS || e.Greeting != nil {
		t.Errorf("%v, greeting %q, want a TLS error without one", err, e.Greeting)
	}
}

// What a host says when it asks to come back later is kept: it may be a filter's page.
func TestThrottledErrorHasTheRefusal(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, "error code: 1015")
	}))
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client(t, Options{Retries: -1}).Session(u).Do(t.Context(), &Request{URL: u})
	var e *Error
	if !errors.As(err, &e) || e.Kind != KindThrottled || e.Answer == nil || string(e.Answer.Body) != "error code: 1015" {
		t.Errorf("%v, want a throttled error with the answer", err)
	}
}
