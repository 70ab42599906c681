//go:build linux

package cluster

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// benchCoordinator gives away so many tasks of 500 bytes, and keeps what comes in a file as a journal does.
func benchCoordinator(dir string, tasks int) error {
	f, err := os.Create(filepath.Join(dir, "journal"))
	if err != nil {
		return err
	}
	c, err := Listen(context.Background(), "127.0.0.1:0", Options{State: filepath.Join(dir, "state")})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(os.Stdout, c.JoinLine()); err != nil {
		return err
	}
	body := bytes.Repeat([]byte("x"), 500)
	job := Job{
		Name: "bench", Hash: "v1", Secret: []byte("a secret"), Bundle: []byte("a bundle"), Total: tasks,
		Tasks: func(yield func(Task) bool) {
			for i := range tasks {
				if !yield(Task{Group: "g" + strconv.Itoa(i), Body: body}) {
					return
				}
			}
		},
		Keep: func(c Chunk) error {
			if _, err := f.Write(c.Body); err != nil {
				return err
			}
			return f.Sync()
		},
		Lost: func(group string, _ int) error { return errors.New(group + " is lost") },
	}
	return errors.Join(c.Run(context.Background(), job), c.Close())
}

// BenchmarkTasks has tasks of one chunk of 8 kB each done by two workers of 16 tasks at a time, and tells how many a second
// there are and the most memory that the coordinator's process took.
func BenchmarkTasks(b *testing.B) {
	for _, tasks := range []int{1000, 10_000, 100_000} {
		b.Run(strconv.Itoa(tasks), func(b *testing.B) {
			for b.Loop() {
				took, peak := benchOnce(b, tasks)
				b.ReportMetric(float64(tasks)/took.Seconds(), "tasks/s")
				b.ReportMetric(float64(peak)/1024, "MB")
			}
		})
	}
}

func benchOnce(b *testing.B, tasks int) (took time.Duration, peak int) {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), "SOTOMI_CLUSTER_PART=bench", "DIR="+b.TempDir(), "GROUPS="+strconv.Itoa(tasks))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	r := bufio.NewReader(out)
	line, err := r.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	begun := time.Now()
	var g errgroup.Group
	body := bytes.Repeat([]byte("y"), 8<<10)
	for range 2 {
		w, err := Join(b.Context(), line, WorkerOptions{Tasks: 16})
		if err != nil {
			b.Fatal(err)
		}
		g.Go(func() error {
			defer w.Close()
			return w.Run(b.Context(), "v1", prepared(func(_ context.Context, t Task, _ Lease, done map[int]bool, send func(Chunk) error) error {
				if done[0] {
					return nil
				}
				return send(Chunk{Group: t.Group, Number: 0, Body: body})
			}))
		})
	}
	g.Go(func() error { // the most memory so far, until the process is gone
		for {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
			if err != nil {
				return nil
			}
			_, rest, ok := strings.Cut(string(text), "VmHWM:")
			if !ok {
				return nil
			}
			peak, _ = strconv.Atoi(strings.Fields(rest)[0])
			if err := pause(b.Context(), 50*time.Millisecond); err != nil {
				return nil
			}
		}
	})
	_, _ = io.Copy(io.Discard, r)
	err = cmd.Wait()
	if err := errors.Join(err, g.Wait()); err != nil {
		b.Fatal(err)
	}
	return time.Since(begun), peak
}
