package engine

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// portServers listen on loopback, and stand for ports of a host by --resolve.
type portServers struct {
	t       *testing.T
	host    string
	resolve map[string]string
	mu      sync.Mutex
	conns   map[int]int // accepted, by the port that they stand for
	open    int
	most    int // connections that were open at once
}

func newPortServers(t *testing.T) *portServers {
	return &portServers{t: t, host: "h.test", resolve: map[string]string{}, conns: map[int]int{}}
}

// listen serves a port of the host. Connections are counted, so where all of 127.0.0.0/8 is this machine it is at an address to
// which tests that run beside this one do not connect.
func (p *portServers) listen(port int, serve func(net.Conn)) {
	address := "127.0.0.1:0"
	if runtime.GOOS == "linux" {
		address = "127.8.7.6:0"
	}
	l, err := new(net.ListenConfig).Listen(p.t.Context(), "tcp", address)
	if err != nil {
		p.t.Fatal(err)
	}
	p.resolve[net.JoinHostPort(p.host, strconv.Itoa(port))] = l.Addr().String()
	var group errgroup.Group
	var mu sync.Mutex
	var open []net.Conn
	group.Go(func() error {
		for {
			c, err := l.Accept()
			if err != nil {
				return nil
			}
			p.count(port, 1)
			mu.Lock()
			open = append(open, c)
			mu.Unlock()
			group.Go(func() error {
				serve(c)
				_ = c.Close()
				p.count(0, -1)
				return nil
			})
		}
	})
	p.t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		_ = group.Wait()
	})
}

func (p *portServers) count(port, by int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if by > 0 {
		p.conns[port]++
	}
	p.open += by
	p.most = max(p.most, p.open)
}

// closed makes a port of the host one where nobody listens: the local port of a connection, which no other program gets.
func (p *portServers) closed(ports ...int) {
	l, err := new(net.ListenConfig).Listen(p.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	c, err := new(net.Dialer).DialContext(p.t.Context(), "tcp", l.Addr().String())
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _, _ = c.Close(), l.Close() })
	for _, port := range ports {
		p.resolve[net.JoinHostPort(p.host, strconv.Itoa(port))] = c.LocalAddr().String()
	}
}

func (p *portServers) client(timeout time.Duration) *web.Client {
	client, err := web.NewClient(web.Options{Rate: -1, Retries: -1, Timeout: timeout, Resolve: p.resolve})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(client.Close)
	return client
}

// look is what is found out of the ports.
func (p *portServers) look(timeout time.Duration, numbers ...int) *scanner.Ports {
	p.t.Helper()
	host, err := p.client(timeout).Host(p.host)
	if err != nil {
		p.t.Fatal(err)
	}
	defer host.Close()
	slices.Sort(numbers)
	l := &portLook{host: host, random: scanner.RandFor("ports", target.Target{URL: target.TCP(p.host, "")})}
	return l.look(p.t.Context(), numbers)
}

// greets says something at once and then waits for the end.
func greets(text string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Write([]byte(text))
		_, _ = io.Copy(io.Discard, c)
	}
}

// replies answers the first thing that it is told.
func replies(text string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Read(make([]byte, 512))
		_, _ = c.Write([]byte(text))
		_, _ = io.Copy(io.Discard, c)
	}
}

func repeatsAll(c net.Conn)  { _, _ = io.Copy(c, c) }
func saysNothing(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
func endsAtOnce(net.Conn)    {}

// shunsBrowsers is Redis at a port that is not its own: it says nothing to what is no command, and closes a connection over which
// it hears of a host, without the answers that were due (networking.c, securityWarningCommand).
func shunsBrowsers(c net.Conn) {
	heard := make([]byte, 512)
	n, _ := c.Read(heard)
	if text := string(heard[:n]); strings.HasPrefix(text, "GET ") && !strings.Contains(text, "Host:") {
		_, _ = c.Write([]byte("-ERR wrong number of arguments for 'get' command\r\n"))
		_, _ = io.Copy(io.Discard, c)
	}
}

// ofHTTP answers every request with the same.
func ofHTTP(c net.Conn) {
	for r := bufio.NewReader(c); ; {
		if _, err := http.ReadRequest(r); err != nil {
			_, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"))
			return
		}
		_, _ = c.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"))
	}
}

// inTLS serves behind TLS.
func inTLS(t *testing.T, serve func(net.Conn)) func(net.Conn) {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	t.Cleanup(server.Close)
	config := &tls.Config{Certificates: server.TLS.Certificates} //nolint:gosec // any version
	return func(c net.Conn) { serve(tls.Server(c, config)) }
}
