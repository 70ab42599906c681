//go:build linux

package command

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
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

// watchedHosts are hosts that note which process asks them.
type watchedHosts struct {
	mu       sync.Mutex
	pids     map[int]bool // of the processes that take part
	asked    map[string][]askedBy
	requests int
	at       int           // the request at which act is told
	act      chan struct{} // gets one then
}

// askedBy is a request to a host.
type askedBy struct {
	pid  int
	when time.Time
	path string
}

type pidKey struct{}

func newWatchedHosts(t *testing.T, n int) (*watchedHosts, []string) {
	t.Helper()
	w := &watchedHosts{pids: map[int]bool{}, asked: map[string][]askedBy{}, at: -1, act: make(chan struct{}, 1)}
	shop := undated(demoShop(scriptFiles["weak"]))
	var addresses []string
	for i := range n {
		host := fmt.Sprintf("127.1.%d.%d", 1+i/250, 1+i%250)
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", host+":0")
		if err != nil {
			t.Skip("needs the addresses of 127.0.0.0/8: ", err)
		}
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			w.note(host, r)
			shop.ServeHTTP(rw, r)
		}))
		_ = s.Listener.Close() // it is replaced
		s.Listener = l
		s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, pidKey{}, w.pidOf(c.RemoteAddr().String()))
		}
		s.Start()
		t.Cleanup(s.Close)
		addresses = append(addresses, s.URL)
	}
	return w, addresses
}

func (w *watchedHosts) note(host string, r *http.Request) {
	pid, _ := r.Context().Value(pidKey{}).(int)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked[host] = append(w.asked[host], askedBy{pid, time.Now(), r.URL.Path})
	if w.requests++; w.requests == w.at {
		w.act <- struct{}{}
	}
}

// next has act told at a request.
func (w *watchedHosts) next(at int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.requests + at
}

func (w *watchedHosts) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.requests
}

// pidOf is the process that a connection comes from, 0 when it is gone.
func (w *watchedHosts) pidOf(remote string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range 30 { // the table may change while it is read, the more the longer it is
		inode := inodeOf(remote)
		for pid := range w.pids {
			fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
			for _, fd := range fds {
				if to, err := os.Readlink(fd); err == nil && to == "socket:["+inode+"]" {
					return pid
				}
			}
		}
	}
	return 0
}

// inodeOf is that of the socket with this local address, "" when there is none.
func inodeOf(local string) string {
	host, port, _ := net.SplitHostPort(local)
	ip := net.ParseIP(host).To4()
	number, _ := strconv.Atoi(port)
	want := fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], number)
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(table)
		if err != nil {
			continue
		}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			if fields := strings.Fields(lines.Text()); len(fields) > 9 && strings.HasSuffix(fields[1], want) {
				_ = f.Close()
				return fields[9]
			}
		}
		_ = f.Close()
	}
	return ""
}

// sharer is one process that takes part in a scan.
type sharer struct {
	cmd    *exec.Cmd
	stderr *spoken
	ended  chan int // its exit status, -1 after a signal
}

func (w *watchedHosts) start(t *testing.T, group *errgroup.Group, args ...string) *sharer {
	t.Helper()
	s := &sharer{cmd: exec.Command("hasty-sotomi", args...), stderr: &spoken{line: make(chan string, 1)}, ended: make(chan int, 1)} //nolint:noctx // it is ended by signals
	s.cmd.Stderr = s.stderr
	w.mu.Lock()
	err := s.cmd.Start()
	if err == nil {
		w.pids[s.cmd.Process.Pid] = true
	}
	w.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	group.Go(func() error {
		_ = s.cmd.Wait() // how it ended is in its state
		s.ended <- s.cmd.ProcessState.ExitCode()
		return nil
	})
	return s
}

func (s *sharer) signal(sig syscall.Signal) { _ = s.cmd.Process.Signal(sig) } // it may have ended

// TestSharedScanSurvivesKills: whatever dies or stands still, the reports are those of an undisturbed scan, so no outcome is lost or
// double; no two processes are in one host at a time; and no more is asked again than was under way. There are fewer hosts than the
// processes can have under way, so that another takes a host over at once.
func TestSharedScanSurvivesKills(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	const each, count = 5, 20 // disturbances of a scan, hosts
	hosts, addresses := newWatchedHosts(t, count)
	list := filepath.Join(t.TempDir(), "list")
	write(t, list, strings.Join(addresses, "\n")+"\n")
	flags := func(out string) []string {
		args := []string{"--only", "git-exposed,directory-listing,env-file", "--rate", "5", "--concurrency", "2", "@" + list}
		for _, format := range textFormats {
			args = append(args, "-o", format+"="+filepath.Join(out, "scan."+format))
		}
		return args
	}
	plain := t.TempDir()
	var stderr bytes.Buffer
	want := run(t.Context(), append(append([]string{"sotomi", "scan"}, flags(plain)...), "--rate", "0"), strings.NewReader(""), &bytes.Buffer{}, &stderr)
	wanted, requests := reports(t, plain), hosts.count()
	wanted["jsonl"] = strings.Replace(wanted["jsonl"], `"rate":0,`, `"rate":5,`, 1) // which only takes longer
	random := rand.New(rand.NewPCG(7, 8))
	done, repeated := 0, 0
	for kills := number(t, "SOTOMI_KILLS", 20); done < kills; {
		hosts.forget()
		out := t.TempDir()
		k := &killing{t: t, hosts: hosts, flags: flags(out), journal: filepath.Join(out, "scan.jsonl"+journalEnding), random: random}
		if status := k.scan(min(each, kills-done), requests/count); status != want {
			t.Fatalf("exit status %d, want %d: %s", status, want, k.coordinator.stderr)
		}
		for format, got := range reports(t, out) {
			if got = asked.ReplaceAllString(got, "$1"); got != wanted[format] {
				t.Errorf("the %s report differs:\n%s", format, firstDifference(wanted[format], got))
			}
		}
		k.checkHosts()
		if again := hosts.count() - requests; again > k.done*requests {
			t.Errorf("%d requests were sent again, want at most %d", again, k.done*requests)
		} else {
			repeated += again
		}
		if left, _ := filepath.Glob(filepath.Join(out, "*.journal*")); len(left) > 0 {
			t.Errorf("%v is still there", left)
		}
		done += max(1, k.done)
	}
	t.Logf("%d disturbances, %d requests sent again", done, repeated)
}

// forget begins anew.
func (w *watchedHosts) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.asked)
	w.requests, w.at = 0, -1
	select {
	case <-w.act:
	default: // none was left
	}
}

// killing is a scan whose processes are killed and stopped.
type killing struct {
	t       *testing.T
	hosts   *watchedHosts
	flags   []string
	journal string
	random  *rand.Rand

	group       errgroup.Group
	coordinator *sharer
	workers     []*sharer
	line        string
	done        int // disturbances
}

// scan runs the scan, disturbs it so often, the next time soon after the last, and gives the exit status of its coordinator. each
// is how many requests a host gets.
func (k *killing) scan(kills, each int) int {
	k.coordinate("scan", "--listen", "127.0.0.1:0")
	k.line = <-k.coordinator.stderr.line
	for range 3 {
		k.workers = append(k.workers, k.hosts.start(k.t, &k.group, "work", "--concurrency", "2", k.line))
	}
	defer func() {
		for _, w := range k.workers {
			w.signal(syscall.SIGKILL)
		}
		_ = k.group.Wait() // no error of its own
	}()
	for range kills {
		k.hosts.next(1 + k.random.IntN(2*each))
		select {
		case <-k.hosts.act:
			k.disturb()
		case status := <-k.coordinator.ended:
			return status
		}
	}
	return <-k.coordinator.ended
}

func (k *killing) coordinate(args ...string) {
	if args[0] == "scan" && len(args) > 1 && args[1] == "--listen" {
		args = append(args, k.flags...)
	}
	k.coordinator = k.hosts.start(k.t, &k.group, args...)
}

// disturb kills or stops one of the processes. What was killed is started again.
func (k *killing) disturb() {
	which := k.random.IntN(len(k.workers) + 1)
	if which == len(k.workers) {
		k.killCoordinator()
		return
	}
	victim := k.workers[which]
	if k.random.IntN(2) == 0 {
		victim.signal(syscall.SIGKILL)
		<-victim.ended
		k.workers[which] = k.hosts.start(k.t, &k.group, "work", "--concurrency", "2", k.line)
	} else {
		victim.signal(syscall.SIGSTOP)
		k.group.Go(func() error { // meanwhile the next is disturbed
			<-time.After(2 * hastyLease)
			victim.signal(syscall.SIGCONT)
			return nil
		})
	}
	k.done++
}

func (k *killing) killCoordinator() {
	k.coordinator.signal(syscall.SIGKILL)
	if status := <-k.coordinator.ended; status != -1 {
		k.coordinator.ended <- status // it was done
		return
	}
	if _, err := os.Stat(k.journal); err != nil {
		k.t.Fatal(err)
	}
	k.coordinate("scan", "--resume", k.journal, "--listen", "127.0.0.1:0")
	select {
	case line := <-k.coordinator.stderr.line:
		if line != k.line {
			k.t.Errorf("the line is another one after a restart")
		}
	case status := <-k.coordinator.ended:
		k.t.Fatalf("exit status %d: %s", status, k.coordinator.stderr)
	}
	k.done++
}

// checkHosts looks for a host that two processes were in. When one takes a host over, the one before has been silent for at least a
// third of its lease, for it sends nothing after two thirds.
func (k *killing) checkHosts() {
	unknown, all := 0, 0
	for host, requests := range k.hosts.asked {
		var before askedBy
		for _, r := range requests {
			all++
			if r.pid == 0 {
				unknown++
				continue
			}
			if gap := r.when.Sub(before.when); before.pid != 0 && before.pid != r.pid && gap < hastyLease/3 {
				k.t.Errorf("%s: process %d asks for %s, and process %d did %s before", host, r.pid, r.path, before.pid, gap)
			}
			before = r
		}
	}
	if unknown*4 > all { // those that were under way when a process was killed
		k.t.Errorf("of %d requests %d come from nobody knows whom", all, unknown)
	}
}
