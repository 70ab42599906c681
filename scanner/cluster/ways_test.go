package cluster

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestListen: workers join wherever the coordinator listens, by the addresses of its line alone.
func TestListen(t *testing.T) {
	for name, one := range map[string]struct{ address, advertised string }{
		"ipv4": {"127.0.0.1:0", ""}, "ipv6": {"[::1]:0", ""}, "every_ipv4": {"0.0.0.0:0", ""}, "every": {"[::]:0", ""}, "no_host": {":0", ""},
		"advertised": {"0.0.0.0:0", "127.0.0.1"}, "advertised_ipv6": {"[::]:0", "::1"}, "advertised_name": {"0.0.0.0:0", "localhost"},
		"first_does_not_answer": {"127.0.0.1:0", "127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Listen(t.Context(), one.address, Options{})
			if err != nil && strings.Contains(one.address+one.advertised, "::") {
				t.Skip("no IPv6: ", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			l, err := parseLine(c.JoinLine())
			if err != nil {
				t.Fatal(err)
			}
			for address := range strings.SplitSeq(l.addresses, ",") {
				host, _, err := net.SplitHostPort(address)
				if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() {
					t.Errorf("address %q", address)
				}
			}
			if one.advertised != "" {
				l.addresses = net.JoinHostPort(one.advertised, c.id.Address)
			}
			if name == "first_does_not_answer" {
				l.addresses = one.advertised + "," + c.line.addresses
			}
			join(t, l.String(), WorkerOptions{})
		})
	}
}

// TestTaken: an address on which another coordinator listens is said to be taken, at once.
func TestTaken(t *testing.T) {
	first := listen(t, Options{})
	begun := time.Now()
	c, err := Listen(t.Context(), first.line.addresses, Options{})
	if err == nil {
		_ = c.Close()
	}
	if took := time.Since(begun); err == nil || !strings.Contains(err.Error(), "address already in use") || took > 5*time.Second {
		t.Errorf("Listen = %v, after %s", err, took)
	}
}

// TestTooLate: a line that is used after the end says so, whoever listens there by then.
func TestTooLate(t *testing.T) {
	c := listen(t, Options{})
	line, address := c.JoinLine(), c.line.addresses
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if w, err := Join(t.Context(), line, WorkerOptions{}); err == nil || !strings.Contains(err.Error(), "no coordinator answers at "+address) || !strings.Contains(err.Error(), "the scan may be over") {
		t.Errorf("Join = %v, %v", w, err)
	}
	l := listen(t, Options{}).line
	other := c.line
	other.addresses = l.addresses
	if w, err := Join(t.Context(), other.String(), WorkerOptions{}); err == nil || !strings.Contains(err.Error(), "another scan listens") {
		t.Errorf("Join = %v, %v", w, err)
	}
}

// TestWayOutChanges: all addresses from which a worker's requests went out are told, not the last alone.
func TestWayOutChanges(t *testing.T) {
	s := newStage(t, time.Second)
	<-s.hold
	var asked atomic.Int64
	w := join(t, s.c.JoinLine(), WorkerOptions{Version: "1.0", Address: func() string { return fmt.Sprintf("192.0.2.%d", min(asked.Add(1), 2)) }})
	ctx := within(t, 30*time.Second)
	own, stop := context.WithCancel(ctx)
	s.ended.Go(func() error { return w.Run(own, "v1", prepared(three)) })
	want := []string{"192.0.2.1", "192.0.2.2", "127.0.0.1"}
	for {
		list := s.c.Status().Workers
		if slices.ContainsFunc(list, func(w WorkerStatus) bool { return w.Version == "1.0" && slices.Equal(w.Addresses, want) }) {
			break
		}
		if pause(ctx, 10*time.Millisecond) != nil {
			t.Fatalf("%+v, want %q", list, want)
		}
	}
	stop()
	s.end(t, 0)
}
