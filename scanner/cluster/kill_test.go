//go:build linux

package cluster

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// What each task of the kill test is: so many chunks of so many requests.
const (
	killChunks   = 4
	killRequests = 5
	killTasks    = 3 // at a time on one worker
	killWorkers  = 3
	killLease    = time.Second
	killWindow   = killWorkers*killTasks + 2 // so few that a group that is given out again is taken at once
)

// entry is a line of the journal of the kill test's coordinator.
type entry struct {
	Group  string
	Number int // of a chunk; -1: the group is lost
}

func readJournal(name string) ([]entry, error) {
	f, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []entry
	for s := bufio.NewScanner(f); s.Scan(); {
		var e entry
		if err := json.Unmarshal(s.Bytes(), &e); err != nil {
			continue // cut off by a kill
		}
		list = append(list, e)
	}
	return list, nil
}

// killCoordinator is a coordinator that keeps a journal, and goes on with the one that it finds.
func killCoordinator(dir, address string) error {
	groups, err := strconv.Atoi(os.Getenv("GROUPS"))
	if err != nil {
		return err
	}
	name := filepath.Join(dir, "journal")
	list, err := readJournal(name)
	if err != nil {
		return err
	}
	kept, lost := map[string][]int{}, map[string]bool{}
	for _, e := range list {
		if e.Number < 0 {
			lost[e.Group] = true
		} else {
			kept[e.Group] = append(kept[e.Group], e.Number)
		}
	}
	journal, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	write := func(e entry) error {
		text, err := json.Marshal(e)
		if err != nil {
			return err
		}
		if _, err := journal.WriteString("\n" + string(text) + "\n"); err != nil { // a line that was cut off ends here
			return err
		}
		return journal.Sync()
	}
	c, err := Listen(context.Background(), "127.0.0.1:0", Options{State: filepath.Join(dir, "state"), Address: address, Lease: killLease, Window: killWindow})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(os.Stdout, c.server.Addr().String(), c.JoinLine()); err != nil {
		return err
	}
	job := Job{
		Name: "kills", Hash: "v1", Secret: []byte("a secret"), Bundle: []byte("a bundle"),
		Tasks: func(yield func(Task) bool) {
			for i := range groups {
				g := fmt.Sprintf("g%d", i)
				if len(kept[g]) < killChunks && !lost[g] && !yield(Task{Group: g}) {
					return
				}
			}
		},
		Kept: func(group string) []int { return kept[group] },
		Keep: func(c Chunk) error { return write(entry{c.Group, c.Number}) },
		Lost: func(group string, _ int) error { return write(entry{group, -1}) },
	}
	return errors.Join(c.Run(context.Background(), job), c.Close())
}

// killWorker joins again and again, as what starts services has it, until the test is over.
func killWorker(line, host string) error {
	for {
		err := killWork(line, host)
		if err == nil {
			return nil
		}
		req, e := http.NewRequestWithContext(context.Background(), http.MethodGet, host+"/over", http.NoBody)
		if e != nil {
			return e
		}
		res, e := (&http.Client{}).Do(req)
		if e != nil || res.StatusCode == http.StatusGone {
			return e
		}
		_ = res.Body.Close()
		_ = pause(context.Background(), 100*time.Millisecond)
	}
}

// killWork sends requests to the test's host while its lease is valid.
func killWork(line, host string) error {
	w, err := Join(context.Background(), line, WorkerOptions{Tasks: killTasks, Patience: 6 * time.Second})
	if err != nil {
		return err
	}
	defer w.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	do := func(ctx context.Context, t Task, lease Lease, done map[int]bool, send func(Chunk) error) error {
		attempt := fmt.Sprintf("%d-%d", os.Getpid(), time.Now().UnixNano())
		for n := range killChunks {
			if done[n] {
				continue
			}
			for i := range killRequests {
				q := url.Values{"group": {t.Group}, "piece": {fmt.Sprintf("%d.%d", n, i)}, "attempt": {attempt}}
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, host+"?"+q.Encode(), http.NoBody)
				if err != nil {
					return err
				}
				if !lease.Valid() {
					return errLost
				}
				res, err := client.Do(req)
				if err != nil {
					return err
				}
				_, _ = io.Copy(io.Discard, res.Body)
				_ = res.Body.Close()
			}
			if err := send(Chunk{Group: t.Group, Number: n, Body: []byte(attempt)}); err != nil {
				return err
			}
		}
		return nil
	}
	return w.Run(context.Background(), "v1", prepared(do))
}

// visit is what the host saw of one attempt at one group.
type visit struct{ first, last time.Time }

// asked is the host that all tasks ask.
type asked struct {
	mu     sync.Mutex
	visits map[string]map[string]*visit // by group and attempt
	pieces map[string]int               // how often each request came
	total  int
	over   bool // the coordinator has ended
	after  int  // requests until what follows is done
	then   func()
}

func (h *asked) ServeHTTP(answer http.ResponseWriter, r *http.Request) {
	group, attempt := r.FormValue("group"), r.FormValue("attempt")
	h.mu.Lock()
	if r.URL.Path == "/over" {
		if h.over {
			answer.WriteHeader(http.StatusGone)
		}
		h.mu.Unlock()
		return
	}
	h.total++
	h.pieces[group+"."+r.FormValue("piece")]++
	of := h.visits[group]
	if of == nil {
		of = map[string]*visit{}
		h.visits[group] = of
	}
	v := of[attempt]
	if v == nil {
		v = &visit{first: time.Now()}
		of[attempt] = v
	}
	v.last = time.Now()
	var then func()
	if h.then != nil {
		if h.after--; h.after <= 0 {
			then, h.then = h.then, nil
		}
	}
	h.mu.Unlock()
	if then != nil {
		then()
	}
	wait := time.NewTimer(30 * time.Millisecond) // so slow that a lease runs out between two kills
	defer wait.Stop()
	select {
	case <-wait.C:
	case <-r.Context().Done():
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	v.last = time.Now()
}

func (h *asked) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.total
}

// at has f called at the n-th request from now.
func (h *asked) at(n int, f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.after, h.then = n, f
}

// overlaps counts pairs of attempts at one group that were under way at one time.
func (h *asked) overlaps() (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, of := range h.visits {
		for a, v := range of {
			for b, w := range of {
				if a < b && v.first.Before(w.last) && w.first.Before(v.last) {
					n++
				}
			}
		}
	}
	return n
}

// wire is a proxy between a worker and the coordinator that can be cut.
type wire struct {
	listener net.Listener
	mu       sync.Mutex
	to       string
	cut      chan struct{} // not nil while nothing gets through; closed when it does again
	conns    map[net.Conn]bool
}

func newWire(t *testing.T, g *errgroup.Group) *wire {
	t.Helper()
	var c net.ListenConfig
	l, err := c.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, conns: map[net.Conn]bool{}}
	g.Go(func() error {
		for {
			in, err := l.Accept()
			if err != nil {
				return nil
			}
			w.mu.Lock()
			to := w.to
			w.mu.Unlock()
			var d net.Dialer
			out, err := d.DialContext(t.Context(), "tcp", to)
			if err != nil {
				_ = in.Close()
				continue
			}
			w.mu.Lock()
			w.conns[in], w.conns[out] = true, true
			w.mu.Unlock()
			g.Go(func() error { w.copy(out, in); return nil })
			g.Go(func() error { w.copy(in, out); return nil })
		}
	})
	return w
}

// copy carries bytes one way; while the wire is cut they wait.
func (w *wire) copy(to, from net.Conn) {
	defer func() {
		_, _ = to.Close(), from.Close()
		w.mu.Lock()
		delete(w.conns, to)
		delete(w.conns, from)
		w.mu.Unlock()
	}()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		w.mu.Lock()
		cut := w.cut
		w.mu.Unlock()
		if cut != nil {
			<-cut
		}
		if n > 0 {
			if _, err := to.Write(b[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (w *wire) aim(to string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.to = to
}

// drop cuts the wire for a time: connections hang, and with reset they are gone as well.
func (w *wire) drop(d time.Duration, reset bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if reset {
		for c := range w.conns {
			_ = c.Close()
		}
	}
	if w.cut != nil {
		return
	}
	cut := make(chan struct{})
	w.cut = cut
	time.AfterFunc(d, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.cut = nil
		close(cut)
	})
}

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
		t: t, dir: t.TempDir(), groups: 5 * kills, random: rand.New(rand.NewPCG(7, 8)),
		host: &asked{visits: map[string]map[string]*visit{}, pieces: map[string]int{}},
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
		}, "SOTOMI_CLUSTER_PART=coordinator", "DIR="+p.dir, "ADDRESS=127.0.0.1:1", "GROUPS="+strconv.Itoa(p.groups))
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
	t.Logf("%d kills in %s: %d groups, %d chunks missing, %d twice, %d groups given up, %d requests, %d of them repeats (at most %d), %d overlaps",
		kills, took.Round(time.Second), p.groups, missing, twice, len(lost), p.host.total, repeats, most, overlaps)
	if missing > 0 || twice > 0 || overlaps > 0 || repeats > most || len(lost) > 1+kills/20 {
		t.Error("not as it must be")
	}
	if left, _ := filepath.Glob(filepath.Join(p.dir, "state", "*")); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
}
