//go:build unix

package command

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"sotomi/scanner/sigtest"
)

// before is an address to scan instead of a server's: what is sent there reaches the server later, byte for byte.
func before(t *testing.T, p sigtest.Pace, server string) string {
	t.Helper()
	if p.Late == 0 {
		return server
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go pass(t.Context(), client, server, p.Late)
		}
	}()
	return l.Addr().String()
}

// pass carries one connection.
func pass(ctx context.Context, client net.Conn, server string, late time.Duration) {
	defer client.Close()
	onward, err := (&net.Dialer{}).DialContext(ctx, "tcp", server)
	if err != nil {
		return
	}
	defer onward.Close()
	go func() {
		defer onward.Close()
		buffer := make([]byte, 64<<10)
		for {
			n, err := client.Read(buffer)
			if err != nil {
				return
			}
			timer := time.NewTimer(late)
			select {
			case <-timer.C:
			case <-ctx.Done():
				timer.Stop()
				return
			}
			if _, err := onward.Write(buffer[:n]); err != nil {
				return
			}
		}
	}()
	_, _ = io.Copy(client, onward)
}
