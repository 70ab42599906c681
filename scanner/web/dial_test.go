package web

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// echo is a port of loopback that repeats what it is sent.
func echo(t *testing.T) (port int) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); group.Wait() })
	group.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			group.Go(func() { _, _ = io.Copy(c, c); _ = c.Close() })
		}
	})
	return int(netip.MustParseAddrPort(l.Addr().String()).Port())
}

func hostOf(t *testing.T, o Options, name string) (*Client, *Host) {
	t.Helper()
	c, err := NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	h, err := c.Host(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close(); c.Close() })
	return c, h
}

// A connection to a port counts as a request, is in the log, takes from the rate of the host whatever the port, and can be used.
func TestDial(t *testing.T) {
	var mu sync.Mutex
	var log []Traffic
	port := echo(t)
	c, h := hostOf(t, Options{Rate: 1, InFlight: 3, Log: func(tr Traffic) {
		mu.Lock()
		defer mu.Unlock()
		log = append(log, tr)
	}}, "127.0.0.1")
	before := h.state.tokens.Tokens()
	for _, p := range []int{port} {
		conn, err := h.Dial(By(t.Context(), "a"), p, false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "hello"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, 5)); err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Close(), conn.Close()
	}
	if after := h.state.tokens.Tokens(); after >= before {
		t.Errorf("%v tokens before, %v after", before, after)
	}
	if again, err := c.Host("127.0.0.1"); err != nil || again.state != h.state {
		t.Errorf("the ports of a host have several rates (%v)", err)
	} else {
		again.Close()
	}
	mu.Lock()
	defer mu.Unlock()
	if c.Requests() != 1 || len(log) != 1 {
		t.Fatalf("%d requests, %d in the log", c.Requests(), len(log))
	}
	want := "tcp://127.0.0.1:" + strconv.Itoa(port)
	if l := log[0]; l.Method != "TCP" || l.URL != want || l.By != "a" || l.Bytes != 5 || l.Sent != 1 || !strings.HasPrefix(l.Address, "127.0.0.1:") || l.Err != nil {
		t.Errorf("log = %+v", l)
	}
}

// A connection inside TLS is made whatever the certificate, and one to a port without TLS is refused.
func TestDialTLS(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	_, h := hostOf(t, Options{Rate: -1, Timeout: 2 * time.Second}, "127.0.0.1")
	conn, err := h.Dial(t.Context(), int(netip.MustParseAddrPort(server.Listener.Addr().String()).Port()), true)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if _, err := h.Dial(t.Context(), echo(t), true); KindOf(err) != KindTLS {
		t.Errorf("an echo in TLS: %v", err)
	}
}

// Whoever waits for a port need not when the scan ends.
func TestDialEndsWithItsContext(t *testing.T) {
	_, h := hostOf(t, Options{Rate: -1, Timeout: time.Hour}, "127.0.0.1")
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := h.Dial(ctx, echo(t), false)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cancel()
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("something was read")
	}
	if _, err := h.Dial(ctx, echo(t), false); KindOf(err) != KindCanceled {
		t.Errorf("after the end: %v", err)
	}
}

// A refusal is told from silence, and both from want of room on this machine.
func TestRefused(t *testing.T) {
	refused := &Error{Kind: KindUnreachable, Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}
	full := &Error{Kind: KindUnreachable, Err: &net.OpError{Op: "dial", Err: syscall.EMFILE}}
	if !Refused(refused) || Refused(full) || Scarce(refused) || !Scarce(full) || Refused(errors.New("i/o timeout")) {
		t.Error("refusals are mixed up")
	}
}

// A connection keeps its turn until it is closed.
func TestConnectKeepsItsTurn(t *testing.T) {
	_, h := hostOf(t, Options{Rate: -1}, "127.0.0.1")
	port := echo(t)
	conn, err := h.Connect(t.Context(), port)
	if err != nil {
		t.Fatal(err)
	}
	if len(h.turns) != 1 || len(h.client.dials) != 1 {
		t.Errorf("%d turns of the host, %d of all are taken", len(h.turns), len(h.client.dials))
	}
	_ = conn.Close()
	_ = conn.Close()
	if len(h.turns) != 0 || len(h.client.dials) != 0 {
		t.Errorf("%d turns of the host, %d of all are left", len(h.turns), len(h.client.dials))
	}
}

// A name that resolves to a link-local address is not connected to, unless the user says where it is.
func TestHostStaysOutOfLinkLocalAddresses(t *testing.T) {
	_, h := hostOf(t, Options{Rate: -1, Timeout: time.Second}, "h.test")
	h.addresses = []netip.Addr{netip.MustParseAddr("169.254.169.254")}
	if _, err := h.Connect(t.Context(), 80); KindOf(err) != KindScope {
		t.Errorf("a link-local address: %v", err)
	}
}

// IPv6 addresses stand in brackets, in the log and to the dialer.
func TestHostOfIPv6(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "[::1]:0")
	if err != nil {
		t.Skip("no IPv6 here:", err)
	}
	defer l.Close()
	_, h := hostOf(t, Options{Rate: -1}, "::1")
	port := int(netip.MustParseAddrPort(l.Addr().String()).Port())
	conn, err := h.Connect(t.Context(), port)
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	if got, want := h.address("tcp", port), "tcp://[::1]:"+strconv.Itoa(port); got != want || h.address("tcp", 0) != "tcp://[::1]" {
		t.Errorf("address = %s, want %s; of the host %s", got, want, h.address("tcp", 0))
	}
}

// A name that leads to an excluded address is not connected to.
func TestHostStaysOutOfExcludedAddresses(t *testing.T) {
	_, h := hostOf(t, Options{Rate: -1, Exclude: func(a netip.Addr) bool { return a.IsLoopback() }}, "h.test")
	h.addresses = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	if _, err := h.Connect(t.Context(), echo(t)); KindOf(err) != KindScope {
		t.Errorf("an excluded address: %v", err)
	}
}
