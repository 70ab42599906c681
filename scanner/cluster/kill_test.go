//go:build linux

package cluster

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// What each task of the kill test is: so many chunks of so many requests.
const (
	killChunks   = 2
	killRequests = 20 // so many that a worker that is cut off goes on asking until its lease ends
	killTasks    = 3  // at a time on one worker
	killWorkers  = 3
	killLease    = time.Second
	killWindow   = killWorkers*killTasks - 3 // so few that some wait for a group: one that is given out again is taken at once
)

// theatre has all processes of the kill test.
type theatre struct {
	t      *testing.T
	host   *asked
	url    string
	dir    string
	groups int
	wires  []*wire
	random *rand.Rand
}

// part starts a process of the test and, as long as it is killed, starts it again. It ends when the process ends by itself.
func (p *theatre) part(actors chan<- *os.Process, started func(io.Reader), env ...string) error {
	for {
		cmd := exec.CommandContext(p.t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), env...)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			return err
		}
		if err := cmd.Start(); err != nil {
			return err
		}
		started(out)
		actors <- cmd.Process
		_, _ = io.Copy(io.Discard, out)
		err = cmd.Wait()
		if err == nil || p.t.Context().Err() != nil {
			return nil
		}
		if s, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !s.Signaled() {
			return fmt.Errorf("%v: %w", env, err)
		}
	}
}

// TestKills kills, stops and cuts off coordinator and workers at random requests. In the end each chunk was kept once, and no
// two workers asked one group at a time.
func TestKills(t *testing.T) {
	kills := 20
	if s := os.Getenv("SOTOMI_KILLS"); s != "" {
		var err error
		if kills, err = strconv.Atoi(s); err != nil {
			t.Fatal(err)
		}
	} else if testing.Short() {
		kills = 5
	}
	p := &theatre{
		t: t, dir: t.TempDir(), groups: 3 * kills, random: rand.New(rand.NewPCG(7, 8)),
		host: &asked{visits: map[string]map[string]*visit{}, pieces: map[string]int{}, freed: map[string]bool{}},
	}
	var carriers, parts errgroup.Group
	var c net.ListenConfig
	l, err := c.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: p.host, ReadHeaderTimeout: time.Minute}
	carriers.Go(func() error { _ = server.Serve(l); return nil })
	p.url = "http://" + l.Addr().String()
	for range killWorkers {
		p.wires = append(p.wires, newWire(t, &carriers))
	}
	begun := time.Now()
	most := p.run(kills, &parts)
	if err := parts.Wait(); err != nil {
		t.Fatal(err)
	}
	took := time.Since(begun)
	_ = server.Close()
	for _, w := range p.wires {
		_ = w.listener.Close()
		w.mu.Lock()
		for c := range w.conns {
			_ = c.Close()
		}
		w.mu.Unlock()
	}
	_ = carriers.Wait()
	p.check(kills, most, took)
}

// run plays the whole piece. It gives the number of requests that may have been sent twice.
func (p *theatre) run(kills int, parts *errgroup.Group) (most int) {
	coordinators, workers := make(chan *os.Process, 1000), make([]chan *os.Process, killWorkers)
	addresses := make([]string, killWorkers)
	for i, w := range p.wires {
		addresses[i] = w.listener.Addr().String()
	}
	lines := make(chan string, 1)
	ended := make(chan struct{})
	parts.Go(func() error {
		defer func() {
			p.host.mu.Lock()
			p.host.over = true
			p.host.mu.Unlock()
			close(ended)
		}()
		return p.part(coordinators, func(out io.Reader) {
			text, _ := bufio.NewReader(out).ReadString('\n')
			address, line, _ := strings.Cut(strings.TrimSpace(text), " ")
			for _, w := range p.wires {
				w.aim(address)
			}
			select {
			case lines <- line:
			default:
			}
		}, "SOTOMI_CLUSTER_PART=coordinator", "DIR="+p.dir, "ADDRESS=127.0.0.1:1", "HOST="+p.url, "GROUPS="+strconv.Itoa(p.groups))
	})
	known, err := parseLine(<-lines)
	if err != nil {
		p.t.Error(err)
		return 0
	}
	for i := range workers {
		workers[i] = make(chan *os.Process, 1000)
		own := known
		own.addresses = addresses[i]
		parts.Go(func() error {
			return p.part(workers[i], func(io.Reader) {}, "SOTOMI_CLUSTER_PART=worker", "LINE="+own.String(), "HOST="+p.url)
		})
	}
	for range kills {
		at := make(chan struct{})
		p.host.at(1+p.random.IntN(p.groups*killChunks*killRequests/kills), func() { close(at) })
		select {
		case <-at:
		case <-ended:
			return most
		}
		most += p.disturb(coordinators, workers)
	}
	return most
}

// disturb does one thing to one process. It gives the number of requests that may be sent twice because of it.
func (p *theatre) disturb(coordinators chan *os.Process, workers []chan *os.Process) int {
	const one = killTasks * killRequests // requests of one worker whose chunks are not sent yet
	which := p.random.IntN(killWorkers)
	long := killLease/2 + time.Duration(p.random.Int64N(int64(2*killLease))) // with or without another getting the lease
	what := p.random.IntN(6)
	p.t.Logf("%d: kind %d, worker %d, %s", p.host.count(), what, which, long.Round(time.Millisecond))
	switch what {
	case 0:
		_ = latest(workers[which]).Signal(syscall.SIGKILL)
		return one
	case 1, 2:
		stopFor(latest(workers[which]), long)
		return one
	case 3:
		p.wires[which].drop(long, p.random.IntN(2) == 0)
		return one
	case 4:
		_ = latest(coordinators).Signal(syscall.SIGKILL)
	case 5:
		stopFor(latest(coordinators), long)
	}
	return killWorkers * one
}

// latest is the process that was started last.
func latest(c chan *os.Process) *os.Process {
	p := <-c
	for {
		select {
		case p = <-c:
		default:
			c <- p
			return p
		}
	}
}

// stopFor stops a process for a time.
func stopFor(p *os.Process, d time.Duration) {
	if p.Signal(syscall.SIGSTOP) == nil {
		time.AfterFunc(d, func() { _ = p.Signal(syscall.SIGCONT) })
	}
}

// check looks at what is left.
func (p *theatre) check(kills, most int, took time.Duration) {
	t := p.t
	list, err := readJournal(filepath.Join(p.dir, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	chunks, lost, twice := map[entry]bool{}, map[string]bool{}, 0
	for _, e := range list {
		if chunks[e] {
			twice++
		}
		chunks[e] = true
		if e.Number < 0 {
			lost[e.Group] = true
		}
	}
	missing := 0
	for i := range p.groups {
		g := fmt.Sprintf("g%d", i)
		for n := range killChunks {
			if !chunks[entry{g, n}] && !lost[g] {
				missing++
			}
		}
	}
	repeats := 0
	for _, n := range p.host.pieces {
		repeats += n - 1
	}
	overlaps := p.host.overlaps()
	t.Logf("%d kills in %s: %d groups, %d chunks missing, %d twice, %d groups given up, %d requests, %d of them repeats (at most %d), %d overlaps, %d under a lease that was freed",
		kills, took.Round(time.Second), p.groups, missing, twice, len(lost), p.host.total, repeats, most, overlaps, p.host.late)
	if missing > 0 || twice > 0 || overlaps > 0 || p.host.late > 0 || repeats > most || len(lost) > 1+kills/20 {
		t.Error("not as it must be")
	}
	if left, _ := filepath.Glob(filepath.Join(p.dir, "state", "*")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}
