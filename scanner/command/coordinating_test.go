package command

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"
)

// coordinating is a scan that is shared, within this process.
type coordinating struct {
	line   string
	stderr *spoken
	stop   context.CancelFunc // as a signal does
	ended  chan int           // gets the exit status
}

func coordinate(t *testing.T, args ...string) *coordinating {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	c := &coordinating{stderr: &spoken{line: make(chan string, 1)}, stop: stop, ended: make(chan int, 1)}
	var group errgroup.Group
	group.Go(func() error {
		c.ended <- run(ctx, append([]string{"sotomi", "scan", "--listen", "127.0.0.1:0"}, args...), strings.NewReader(""), &bytes.Buffer{}, c.stderr)
		return nil
	})
	t.Cleanup(func() {
		stop()
		_ = group.Wait() // it has no error
	})
	select {
	case c.line = <-c.stderr.line:
	case status := <-c.ended:
		t.Fatalf("exit status %d: %s", status, c.stderr)
	}
	return c
}

// spoken is standard error of a command, in which somebody waits for the line that lets workers join.
type spoken struct {
	mu   sync.Mutex
	text bytes.Buffer
	line chan string
	told bool
}

var joinLineIn = regexp.MustCompile(`sotomi work (\S+)\n`)

func (s *spoken) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.text.Write(p)
	if m := joinLineIn.FindStringSubmatch(s.text.String()); m != nil && !s.told {
		s.told = true
		s.line <- m[1]
	}
	return len(p), nil
}

func (s *spoken) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}
