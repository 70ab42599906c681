package web

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
)

// overHTTP2 is a server that speaks frames with each connection after the prefaces. conns and headers count what it got.
func overHTTP2(t *testing.T, serve func(c net.Conn, f *http2.Framer, next func() http2.Frame)) (u *url.URL, conns, headers *atomic.Int64) {
	t.Helper()
	pattern := httptest.NewUnstartedServer(nil)
	pattern.StartTLS()
	pattern.Close()
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: pattern.TLS.Certificates, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	conns, headers = new(atomic.Int64), new(atomic.Int64)
	listen(t, l, func(c net.Conn) {
		defer c.Close()
		if c.(*tls.Conn).Handshake() != nil {
			return
		}
		conns.Add(1)
		if c.(*tls.Conn).ConnectionState().NegotiatedProtocol != "h2" {
			if _, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
			}
			return
		}
		if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		f := http2.NewFramer(c, c)
		_ = f.WriteSettings()
		serve(c, f, func() http2.Frame {
			frame, err := f.ReadFrame()
			if err != nil {
				return nil
			}
			if frame.Header().Type == http2.FrameHeaders {
				headers.Add(1)
			}
			return frame
		})
	})
	return parse(t, "https://"+l.Addr().String()+"/"), conns, headers
}

// A server that ends each HTTP/2 connection politely is asked no more often than one that breaks them.
func TestGoAwayCountsAsARequest(t *testing.T) {
	for name, wait := range map[string]bool{"at_once": false, "after_the_request": true} {
		t.Run(name, func(t *testing.T) {
			u, conns, headers := overHTTP2(t, func(_ net.Conn, f *http2.Framer, next func() http2.Frame) {
				for wait {
					if frame := next(); frame == nil || frame.Header().Type == http2.FrameHeaders {
						break
					}
				}
				_ = f.WriteGoAway(0, http2.ErrCodeNo, nil)
				for next() != nil {
				}
			})
			c := client(t, Options{Insecure: true, Timeout: 2 * time.Second})
			requests := []Request{{}, {Once: true}, {Method: "POST", Body: []byte("x")}}
			for _, r := range requests {
				r.URL = u
				if _, err := c.Session(u).Do(t.Context(), &r); KindOf(err) != KindClosed {
					t.Errorf("%+v: %v, want closed", r, err)
				}
			}
			// A server may notice a connection late that was made for an earlier request, so they are counted together.
			if n := conns.Load(); n > int64(2*len(requests)) || n > c.Requests() {
				t.Errorf("%d connections, %d counted by the limiter, want at most 2 a request and all counted", n, c.Requests())
			}
			if headers.Load() > c.Requests() {
				t.Errorf("%d requests reached the server, %d counted", headers.Load(), c.Requests())
			}
		})
	}
}

func TestHTTP11Required(t *testing.T) {
	u, _, headers := overHTTP2(t, func(_ net.Conn, f *http2.Framer, next func() http2.Frame) {
		for {
			frame := next()
			if frame == nil {
				return
			}
			if frame.Header().Type == http2.FrameHeaders {
				_ = f.WriteRSTStream(frame.Header().StreamID, http2.ErrCodeHTTP11Required)
			}
		}
	})
	c := client(t, Options{Insecure: true})
	for _, method := range []string{"GET", "POST", "GET"} {
		ex := get(t, c.Session(u), u, Request{Method: method, Body: []byte("x"), Once: true})
		if ex.Proto != "HTTP/1.1" || string(ex.Body) != "ok" {
			t.Errorf("%s: %s %q, want the answer by HTTP/1.1", method, ex.Proto, ex.Body)
		}
	}
	if headers.Load() != 1 || c.Requests() != 4 {
		t.Errorf("%d requests by HTTP/2, %d counted, want 1 and 4", headers.Load(), c.Requests())
	}
}
