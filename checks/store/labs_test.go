//go:build unix

package store

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sotomi/scanner/sigtest"

	"golang.org/x/sync/errgroup"
)

// lab is a folder in which real servers run on loopback until a test ends.
type lab struct {
	t    *testing.T
	dir  string
	work errgroup.Group
}

// newLab skips the test where a program is missing, unless SOTOMI_LABS is "require".
func newLab(t *testing.T, programs ...string) *lab {
	t.Helper()
	if testing.Short() {
		t.Skip("SKIPPED: real servers take seconds to start")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			if os.Getenv("SOTOMI_LABS") == "require" {
				t.Fatalf("%s is needed and not here", p)
			}
			t.Skipf("SKIPPED: %s is not here", p)
		}
	}
	dir, err := os.MkdirTemp("", "sotomi-store-") // not t.TempDir: other users must get in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // servers run as other users
		t.Fatal(err)
	}
	return &lab{t: t, dir: dir}
}

// file writes one into the folder and gives its path.
func (l *lab) file(name, text string) string {
	l.t.Helper()
	path := filepath.Join(l.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // as above
		l.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil { //nolint:gosec // as above
		l.t.Fatal(err)
	}
	return path
}

// port is a free one, of TCP and UDP.
func (l *lab) port() int {
	l.t.Helper()
	port, err := sigtest.FreePort(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	return port
}

// command runs one to its end.
func (l *lab) command(in string, line ...string) string {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), starting)
	defer cancel()
	c := exec.CommandContext(ctx, line[0], line[1:]...)
	c.Dir, c.Stdin = l.dir, strings.NewReader(in)
	out, err := c.CombinedOutput()
	if err != nil {
		l.t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

// starting is how long a server may take to start.
const starting = 2 * time.Minute

// start runs a server until the test ends, and waits until its port answers.
func (l *lab) start(port int, line ...string) *server {
	l.t.Helper()
	c := l.begin(line...)
	s := &server{address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	l.await(c.over, func(ctx context.Context) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", s.address)
		if err == nil {
			_ = conn.Close()
		}
		return err
	})
	return s
}

// running is a program that a lab has begun; over is closed when it has ended.
type running struct {
	*exec.Cmd
	over chan struct{}
}

// begin runs a program until the test ends.
func (l *lab) begin(line ...string) running {
	l.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, line[0], line[1:]...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGTERM) }
	c.WaitDelay = 5 * time.Second
	log := &bytes.Buffer{}
	c.Stdout, c.Stderr, c.Dir = log, log, l.dir
	c.Env = append(os.Environ(), "HOME="+l.dir)
	if err := c.Start(); err != nil {
		cancel()
		l.t.Fatal(err)
	}
	over := make(chan struct{})
	l.work.Go(func() error {
		_ = c.Wait() // how it ended is in its log
		close(over)
		return nil
	})
	l.t.Cleanup(func() {
		cancel()
		<-over
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		if l.t.Failed() {
			l.t.Logf("%s said:\n%s", line[0], log.String())
		}
	})
	return running{c, over}
}

// await repeats try until it succeeds.
func (l *lab) await(over <-chan struct{}, try func(context.Context) error) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.t.Context(), starting)
	defer cancel()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		err := try(ctx)
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-over:
			l.t.Fatalf("the server ended by itself: %v", err)
		case <-ctx.Done():
			l.t.Fatalf("the server is not ready: %v", err)
		}
	}
}

// ready waits until a probe sees what it should. The server's log has nothing of it.
func (l *lab) ready(s *server, p probe, seen func(Record) bool) {
	l.t.Helper()
	l.await(nil, func(ctx context.Context) error {
		r, err := p(ctx, (&server{address: s.address}).dial)
		if err == nil && !seen(r) {
			return fmt.Errorf("%+v", r)
		}
		return err
	})
}

// server is one to be looked at; sent is all that it was sent, one text a connection.
type server struct {
	address string
	udp     bool
	inTLS   bool // it also speaks TLS
	mu      sync.Mutex
	sent    []*bytes.Buffer
}

// dial is a Dialer, without TLS where the server has none, that keeps what is sent.
func (s *server) dial(ctx context.Context, useTLS bool) (net.Conn, error) {
	if useTLS && !s.inTLS {
		return nil, errors.New("no TLS in this lab")
	}
	network := "tcp"
	if s.udp {
		network = "udp"
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, s.address)
	if err != nil {
		return nil, err
	}
	if useTLS {
		secure := tls.Client(conn, clientOf())
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		conn = secure
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	text := &bytes.Buffer{}
	s.sent = append(s.sent, text)
	return &recorded{conn, s, text}, nil
}

type recorded struct {
	net.Conn
	s    *server
	text *bytes.Buffer
}

func (r *recorded) Write(p []byte) (int, error) {
	r.s.mu.Lock()
	r.text.Write(p)
	r.s.mu.Unlock()
	return r.Conn.Write(p)
}

// log is what was sent, a line for each connection.
func (s *server) log() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, text := range s.sent {
		list = append(list, text.String())
	}
	return list
}

// look runs a probe.
func (s *server) look(t *testing.T, p probe) Record {
	t.Helper()
	r, err := p(t.Context(), s.dial)
	if err != nil {
		t.Fatalf("%v\nsent: %q", err, s.log())
	}
	if len(r.Lines) == 0 {
		t.Error("the record shows nothing of what was said")
	}
	return r
}

// user is whom servers that do not run as root run as.
func user() string {
	if os.Getuid() == 0 {
		return "www-data"
	}
	return os.Getenv("USER")
}

func number(n int) string { return fmt.Sprint(n) }

// reads reports whether the next bytes are those.
func reads(conn net.Conn, into []byte, want string) bool {
	_, err := io.ReadFull(conn, into)
	return err == nil && string(into) == want
}
