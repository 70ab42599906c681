//go:build linux

package command_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// BenchmarkSharedTargets scans the hosts of BenchmarkTargets with a coordinator and two workers, each a process of its own, to the
// end. SOTOMI_BENCH_SHARED is how many there are (1,000). It prints the time, the most memory of each process, the exit status, and
// how many targets have not one outcome each, which is to be 0. Run it with -bench SharedTargets -benchtime 1x -timeout 2h.
func BenchmarkSharedTargets(b *testing.B) {
	count := 1000
	if text := os.Getenv("SOTOMI_BENCH_SHARED"); text != "" {
		var err error
		if count, err = strconv.Atoi(text); err != nil {
			b.Fatal(err)
		}
	}
	alive, slow, silent, dead := startHosts(b, 0), startHosts(b, 300*time.Millisecond), startHosts(b, -1), closedPort(b)
	for b.Loop() {
		list := filepath.Join(b.TempDir(), "targets")
		writeHosts(b, list, count, rand.New(rand.NewPCG(5, 6)), alive, slow, silent, dead) //nolint:gosec // the same hosts each time
		runShared(b, list, count)
	}
}

// part is one process of a shared scan.
type part struct {
	cmd  *exec.Cmd
	peak int // KiB, the most memory so far
	said bytes.Buffer
}

// runPart starts a process. line is told its join line if it prints one.
func runPart(ctx context.Context, group *errgroup.Group, line chan<- string, args ...string) (*part, error) {
	p := &part{cmd: exec.CommandContext(ctx, "sotomi", args...)}
	out, err := p.cmd.StderrPipe()
	if err != nil {
		return nil, err //nolint:wrapcheck // the benchmark ends with it
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err //nolint:wrapcheck // as above
	}
	group.Go(func() error {
		for text := bufio.NewReader(io.TeeReader(out, &p.said)); ; {
			said, err := text.ReadString('\n')
			if _, found, ok := strings.Cut(strings.TrimSpace(said), "sotomi work "); ok && line != nil {
				line <- found
			}
			if err != nil {
				break
			}
		}
		_ = p.cmd.Wait() // how it ended is in its state
		return nil
	})
	group.Go(func() error {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
			if err != nil {
				return nil //nolint:nilerr // it has ended
			}
			_, rest, ok := strings.Cut(string(text), "VmHWM:")
			if !ok {
				return nil
			}
			p.peak, _ = strconv.Atoi(strings.Fields(rest)[0])
			select {
			case <-tick.C:
			case <-ctx.Done():
				return nil
			}
		}
	})
	return p, nil
}

func runShared(b *testing.B, list string, count int) {
	b.Helper()
	out := filepath.Join(filepath.Dir(list), "scan.jsonl")
	var group errgroup.Group
	line := make(chan string, 1)
	begun := time.Now()
	parts := make([]*part, 3)
	var errs [3]error
	parts[0], errs[0] = runPart(b.Context(), &group, line, "scan", "--listen", "127.0.0.1:0", "--workers-only", "--only", "git-exposed", "--timeout", "2s", "--retries", "0",
		"-o", "jsonl="+out, "@"+list)
	if errs[0] != nil {
		b.Fatal(errs[0])
	}
	join := <-line
	for i := range 2 {
		parts[1+i], errs[1+i] = runPart(b.Context(), &group, nil, "work", join)
	}
	if err := errors.Join(append(errs[:], group.Wait())...); err != nil {
		b.Fatal(err)
	}
	took := time.Since(begun)
	statuses, wrong := outcomesOf(b, out, count)
	fmt.Fprintf(os.Stdout, "\n  %d targets in %.1f s, %.0f a second; not one outcome each: %d; %v\n", count, took.Seconds(), float64(count)/took.Seconds(), wrong, statuses)
	for i, name := range []string{"coordinator", "worker 1", "worker 2"} {
		state := parts[i].cmd.ProcessState
		fmt.Fprintf(os.Stdout, "  %-12s exit status %d, peak %d MB, processor %.1f s\n", name, state.ExitCode(), parts[i].peak>>10, (state.UserTime() + state.SystemTime()).Seconds())
	}
	if wrong > 0 || parts[1].cmd.ProcessState.ExitCode() != 0 || parts[2].cmd.ProcessState.ExitCode() != 0 {
		b.Errorf("not as it must be:\n%s\n%s\n%s", &parts[0].said, &parts[1].said, &parts[2].said)
	}
}

// outcomesOf reads how the targets ended, and how many have more or less than one outcome.
func outcomesOf(b *testing.B, report string, count int) (statuses map[string]int, wrong int) {
	b.Helper()
	f, err := os.Open(report)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	statuses = map[string]int{}
	outcomes := map[string]int{}
	for lines := json.NewDecoder(f); ; {
		var record struct {
			Type, Target string
			Status       any // a number, in some records
		}
		err := lines.Decode(&record)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		if record.Type == "outcome" {
			statuses[fmt.Sprint(record.Status)]++
			outcomes[record.Target]++
		}
	}
	wrong = max(count-len(outcomes), 0)
	for _, n := range outcomes {
		if n != 1 {
			wrong++
		}
	}
	return statuses, wrong
}
