//go:build unix

package command

import (
	"context"
	"io"
	"net"
	"os"
	"strconv"
	"testing"
	"time"
)

// labPace is how fast a scan asks, and how slow the server is. No verdict may depend on it.
type labPace struct {
	name string
	rate float64       // requests a second to one host; negative is no limit
	late time.Duration // for which the server is kept waiting for what it is sent
}

// labRuns is how often each site is scanned at every pace, by SOTOMI_LABS_RUNS; 0 when that is not set.
func labRuns(t *testing.T) int {
	t.Helper()
	text := os.Getenv("SOTOMI_LABS_RUNS")
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("SOTOMI_LABS_RUNS=%s is no number of runs", text)
	}
	return n
}

// labPaces are all of them where labs are run again and again, else the first.
func labPaces(runs int) []labPace {
	all := []labPace{{"no_limit", -1, 0}, {"default_rate", 20, 0}, {"slow_pages", 20, 300 * time.Millisecond}}
	if runs == 0 {
		return all[:1]
	}
	return all
}

// before is an address to scan instead of a server's: what is sent there reaches the server later, byte for byte.
func (p labPace) before(t *testing.T, server string) string {
	t.Helper()
	if p.late == 0 {
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
			go p.pass(t.Context(), client, server)
		}
	}()
	return l.Addr().String()
}

// pass carries one connection.
func (p labPace) pass(ctx context.Context, client net.Conn, server string) {
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
			timer := time.NewTimer(p.late)
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
