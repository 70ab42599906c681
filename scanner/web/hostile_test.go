package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// listen serves each connection with serve until the test ends; connections are closed then.
func listen(t *testing.T, l net.Listener, serve func(net.Conn)) {
	t.Helper()
	var conns []net.Conn
	done := make(chan struct{})
	served := make(chan struct{}, 1024)
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, c)
			go func() { serve(c); served <- struct{}{} }()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
		for _, c := range conns {
			c.Close()
		}
		for range conns {
			<-served
		}
	})
}

// says is a server that answers each request with text, byte for byte, and leaves the connection open. said gets a value
// whenever it has.
func says(t *testing.T, text string) (u *url.URL, said chan struct{}) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	said = make(chan struct{}, 1024)
	listen(t, l, func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			_, _ = io.WriteString(c, text)
			said <- struct{}{}
		}
	})
	return parse(t, "http://"+l.Addr().String()+"/"), said
}

// within fails the test when f does not return soon: it guards tests of what once hung for ever.
func within(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("still waiting for the server")
	}
}

const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

func TestSwitchingProtocolsUnasked(t *testing.T) {
	u, _ := says(t, switching)
	c := client(t, Options{})
	within(t, func() {
		for _, path := range []string{"", "other"} {
			if _, err := c.Session(u).Do(t.Context(), &Request{URL: parse(t, u.String()+path)}); KindOf(err) != KindProtocol {
				t.Errorf("%q: %v, want a protocol error", path, err)
			}
		}
	})
	if c.Requests() != 2 {
		t.Errorf("%d requests, want one a page", c.Requests())
	}
}

func TestSwitchingProtocolsAsked(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{})
	listen(t, l, func(c net.Conn) {
		r := bufio.NewReader(c)
		_, _ = http.ReadRequest(r)
		_, _ = io.WriteString(c, switching+"\x81\x05hello")
		_, _ = io.Copy(io.Discard, r)
		close(closed)
	})
	u := parse(t, "http://"+l.Addr().String()+"/")
	upgrade := http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}
	within(t, func() {
		ex := get(t, client(t, Options{}).Session(u), u, Request{Header: upgrade})
		if ex.Status != http.StatusSwitchingProtocols || len(ex.Body) != 0 || ex.Truncated {
			t.Errorf("status %d, body %q, want 101 and nothing that follows", ex.Status, ex.Body)
		}
		<-closed // the connection is of no more use
	})
}

// Whatever a server says before it falls silent, the end of the context ends the request, and so does its deadline. Only
// what is not wanted of a body may be missing.
func TestSilenceEndsWithTheContext(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":           "",
		"half_a_head":       "HTTP/1.1 200 OK\r\nX-A: b\r\n",
		"head":              "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
		"body_to_the_close": "HTTP/1.1 200 OK\r\n\r\nhalf",
		"chunk":             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
		"gzip":              "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b",
		"br":                "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\n\x1f",
		"more_than_wanted":  "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n" + strings.Repeat("x", 100),
	} {
		t.Run(name, func(t *testing.T) {
			canceled, late := KindCanceled, KindTimeout
			if name == "more_than_wanted" {
				canceled, late = "", ""
			}
			u, said := says(t, text)
			s := client(t, Options{}).Session(u)
			within(t, func() {
				ctx, cancel := context.WithCancel(t.Context())
				go func() { <-said; cancel() }()
				if _, err := s.Do(ctx, &Request{URL: u, Timeout: time.Hour, MaxBody: 10}); KindOf(err) != canceled && KindOf(err) != KindCanceled {
					t.Errorf("the context ended: %v", err)
				}
				r := &Request{URL: u, Timeout: 50 * time.Millisecond, Once: true, MaxBody: 10}
				if _, err := s.Do(t.Context(), r); KindOf(err) != late {
					t.Errorf("the deadline passed: %v", err)
				}
				answers, err := Burst(t.Context(), []BurstRequest{{Session: s, Request: r}})
				if err != nil || KindOf(answers[0].Err) != late {
					t.Errorf("in a burst: %v, %v", answers, err)
				}
			})
		})
	}
}

func TestHandshakeHasADeadline(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen(t, l, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	u := parse(t, "https://"+l.Addr().String()+"/")
	within(t, func() {
		s := client(t, Options{Timeout: 20 * time.Millisecond}).Session(u)
		if _, err := s.Handshake(t.Context(), u, 0); KindOf(err) != KindTimeout {
			t.Errorf("a server that says nothing: %v, want a timeout", err)
		}
		if _, err := s.Do(t.Context(), &Request{URL: u, Once: true}); KindOf(err) != KindTimeout {
			t.Errorf("a request to it: %v, want a timeout", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := client(t, Options{}).Session(u).Handshake(ctx, u, 0); KindOf(err) != KindCanceled {
			t.Errorf("a context that ended: %v, want canceled", err)
		}
	})
}

func TestAnswersThatAreNotHTTP(t *testing.T) {
	for _, head := range []string{"HTTP/1.1 000 None", "HTTP/1.1 099 Low", "HTTP/9.0 200 OK", "HTTP/0.9 200 OK", "HTTP/3.0 200 OK"} {
		u, _ := says(t, head+"\r\nContent-Length: 2\r\n\r\nok")
		c := client(t, Options{})
		if ex, err := c.Session(u).Do(t.Context(), &Request{URL: u}); KindOf(err) != KindProtocol || c.Requests() != 1 {
			t.Errorf("%s: %v, %v after %d requests, want a protocol error after one", head, ex, err, c.Requests())
		}
	}
	for _, text := range []string{"what?\r\n\r\n", "HTTP/2 200 OK\r\n\r\n"} {
		u, _ := says(t, text)
		c := client(t, Options{})
		if _, err := c.Session(u).Do(t.Context(), &Request{URL: u, Once: true}); KindOf(err) != KindProtocol || c.Requests() != 1 {
			t.Errorf("%q: %v after %d requests, want a protocol error after one", text, err, c.Requests())
		}
	}
	u, _ := says(t, "HTTP/1.1 999 Denied\r\nContent-Length: 2\r\n\r\nok") // some sites give it
	if ex := get(t, client(t, Options{}).Session(u), u, Request{}); ex.Status != 999 {
		t.Errorf("status %d, want 999", ex.Status)
	}
}

func TestBadLocationIsNotFollowed(t *testing.T) {
	for _, location := range []string{"/a%zz", "http://[::1", "://", "http://a b/", "/\xff\xfe%", ""} {
		u, _ := says(t, "HTTP/1.1 302 Found\r\nLocation: "+location+"\r\nContent-Length: 4\r\n\r\nbody")
		ex := get(t, client(t, Options{}).Session(u), u, Request{Redirects: RedirectsAny, Once: true})
		if ex.Status != 302 || string(ex.Body) != "body" || ex.Header.Get("Location") != location {
			t.Errorf("%q: status %d, body %q, Location %q", location, ex.Status, ex.Body, ex.Header.Get("Location"))
		}
	}
}

// net/http sends a request again when a connection that was idle breaks: that passes the limiter, and Once forbids it.
func TestResendingCounts(t *testing.T) {
	var asked atomic.Int64
	var breaks atomic.Bool
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		if breaks.Load() {
			panic(http.ErrAbortHandler)
		}
		fmt.Fprint(w, "ok")
	}))
	defer s.Close()
	u := parse(t, s.URL)
	for name, c := range map[string]struct {
		request Request
		most    int64
	}{"get": {Request{}, 2}, "once": {Request{Once: true}, 1}, "post": {Request{Method: "POST"}, 1}} {
		breaks.Store(false)
		cl := client(t, Options{})
		get(t, cl.Session(u), u, Request{})
		breaks.Store(true)
		before, sent := asked.Load(), cl.Requests()
		c.request.URL = u
		_, err := cl.Session(u).Do(t.Context(), &c.request)
		if KindOf(err) != KindClosed {
			t.Errorf("%s: %v, want closed", name, err)
		}
		s.CloseClientConnections()
		if n := asked.Load() - before; n > c.most || n > cl.Requests()-sent {
			t.Errorf("%s: the server was asked %d times, %d counted, want at most %d", name, n, cl.Requests()-sent, c.most)
		}
	}
}

func TestProxyErrorsAreOurWords(t *testing.T) {
	for _, address := range []string{"http://shop.example/", "https://shop.example/"} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		listen(t, l, func(c net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = io.WriteString(c, "HTTP/1.1 407 user:hunter2secret\r\nContent-Length: 0\r\n\r\n")
			}
		})
		u := parse(t, address)
		_, err = client(t, Options{Proxy: parse(t, "http://user:hunter2secret@"+l.Addr().String())}).Session(u).Do(t.Context(), &Request{URL: u})
		if KindOf(err) != KindUnreachable || strings.Contains(err.Error(), "hunter2secret") || !strings.Contains(err.Error(), "the proxy answers 407") {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// A request that may not be sent again leaves no byte on the next connection.
func TestRefusedResendingWritesNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var conns atomic.Int64
	second := make(chan int, 1)
	listen(t, l, func(c net.Conn) {
		defer c.Close()
		if conns.Add(1) > 1 {
			text, _ := io.ReadAll(c)
			second <- len(text)
			return
		}
		r := bufio.NewReader(c)
		_, _ = http.ReadRequest(r)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		_, _ = http.ReadRequest(r)
	})
	u := parse(t, "http://"+l.Addr().String()+"/")
	s := client(t, Options{}).Session(u)
	get(t, s, u, Request{})
	if _, err := s.Do(t.Context(), &Request{URL: u, Once: true}); KindOf(err) != KindClosed {
		t.Errorf("%v, want closed", err)
	}
	within(t, func() {
		if n := <-second; n > 0 {
			t.Errorf("%d bytes were sent again", n)
		}
	})
}

// bodiesUnread is a server that answers each request when its head is there and takes its body, like everything, for the
// next one. conns counts its connections.
func bodiesUnread(t *testing.T) (u *url.URL, conns *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conns = new(atomic.Int64)
	listen(t, l, func(c net.Conn) {
		conns.Add(1)
		r := bufio.NewReader(c)
		for {
			req, err := http.ReadRequest(r)
			if err == nil && req.Close {
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
				c.Close()
				return
			}
			answer := "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
			if err != nil {
				answer = "HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n"
			}
			if _, failed := io.WriteString(c, answer); failed != nil || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
				return
			}
		}
	})
	return parse(t, "http://"+l.Addr().String()+"/"), conns
}

// A server may answer without having read the body of a request. What it takes for the next request then must not be asked
// on the same connection.
func TestConnectionsOfBodiesAreNotUsedAgain(t *testing.T) {
	u, conns := bodiesUnread(t)
	c := client(t, Options{InFlight: 1})
	s := c.Session(u)
	for i, method := range []string{"GET", "POST", "GET", "PUT", "GET", "GET"} {
		r := Request{Method: method}
		if method != "GET" {
			r.Body = []byte(`{"query": "{a}"}`)
		}
		if ex := get(t, s, u, r); ex.Status != http.StatusOK {
			t.Errorf("request %d, %s: status %d, want 200", i, method, ex.Status)
		}
	}
	if n := conns.Load(); n != 3 {
		t.Errorf("%d connections, want 3: one more after each body", n)
	}
}

// A request that is not repeated does not go where a server may be hanging up: many close a connection after an answer
// without having said so.
func TestBodiesGoOnConnectionsOfTheirOwn(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen(t, l, func(c net.Conn) {
		defer c.Close()
		r := bufio.NewReader(c)
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		_, _ = r.Peek(1) // the next request, which is too late
	})
	u := parse(t, "http://"+l.Addr().String()+"/")
	s := client(t, Options{}).Session(u)
	get(t, s, u, Request{})
	if ex := get(t, s, u, Request{Method: http.MethodPost, Body: []byte("{}")}); string(ex.Body) != "ok" {
		t.Errorf("body %q", ex.Body)
	}
}
