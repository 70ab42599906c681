//go:build unix

package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/report"
)

// row is sites that a scan with --concurrency 1 asks one after the other. The request with number at (from 0, over all
// sites) is answered when act returns.
type row struct {
	addresses []string

	mu       sync.Mutex
	requests int
	begun    int // sites that got a request
	at       int
	act      func(r *http.Request)
}

func newRow(t *testing.T, sites, at int, act func(r *http.Request)) *row {
	t.Helper()
	r := &row{at: at, act: act}
	shop := demoShop(scriptFiles["weak"])
	for i := range sites {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			r.mu.Lock()
			now := r.requests
			r.requests++
			r.begun = max(r.begun, i+1)
			at, act := r.at, r.act
			r.mu.Unlock()
			if now == at {
				act(req)
			}
			w.Header()["Date"] = nil // evidence is the same in every scan
			shop.ServeHTTP(w, req)
		}))
		t.Cleanup(s.Close)
		r.addresses = append(r.addresses, s.URL)
	}
	return r
}

func (r *row) seen() (requests, begun int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.requests, r.begun
}

// scan is the program itself, in a process of its own, with JSON lines in file.
func (r *row) scan(file string, more ...string) *exec.Cmd {
	args := slices.Concat([]string{"scan", "--only", "git-exposed", "--concurrency", "1", "--rate", "0", "-o", "jsonl=" + file}, more, r.addresses)
	return exec.Command("sotomi", args...)
}

// process hands the process of a command to a server that the command asks.
type process struct {
	started chan struct{}
	cmd     *exec.Cmd
}

func newProcess() *process { return &process{started: make(chan struct{})} }

func (p *process) signal(s os.Signal) {
	<-p.started
	_ = p.cmd.Process.Signal(s) // it may have ended
}

// run runs the command and gives its exit status, -1 when a signal ended it.
func (p *process) run(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	p.cmd = cmd
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(p.started)
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// saved reads JSON lines: how many targets have an outcome, and what Replay says. Every line but the last, which a killed
// process may leave half written, must be whole.
func saved(t *testing.T, file string) (targets int, c *scanner.Collector, err error) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(text, []byte("\n"))
	for _, line := range lines[:len(lines)-1] {
		if !json.Valid(line) {
			t.Errorf("half a line: %q", line)
		}
	}
	c = &scanner.Collector{}
	err = report.Replay(bytes.NewReader(text), c)
	seen := map[string]bool{}
	for _, o := range c.Outcomes {
		seen[o.Target] = true
	}
	return len(seen), c, err
}

// TestKilledScanKeepsFinishedSites: after kill -9 at any moment the file has, under its name and in whole lines, all about
// the sites that had ended.
func TestKilledScanKeepsFinishedSites(t *testing.T) {
	const sites = 12
	whole := newRow(t, sites, -1, nil)
	if status := newProcess().run(t, whole.scan(filepath.Join(t.TempDir(), "scan.jsonl"))); status != scanner.ExitFound {
		t.Fatalf("exit status %d", status)
	}
	requests, _ := whole.seen()
	random := rand.New(rand.NewPCG(1, 2))
	for range 8 {
		at := random.IntN(requests)
		file := filepath.Join(t.TempDir(), "scan.jsonl")
		if err := os.WriteFile(file, []byte("old\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		p := newProcess()
		r := newRow(t, sites, at, func(req *http.Request) {
			p.signal(os.Kill)
			<-req.Context().Done()
		})
		if status := p.run(t, r.scan(file)); status != -1 {
			t.Errorf("killed at request %d: exit status %d", at, status)
		}
		_, begun := r.seen()
		got, c, err := saved(t, file)
		if want := begun - 2; got < want || got < len(c.Findings)-1 { // the last one may be on its way to the file
			t.Errorf("killed at request %d: %d of %d sites in the file, %d findings", at, got, begun, len(c.Findings))
		}
		if !errors.Is(err, report.ErrIncomplete) {
			t.Errorf("killed at request %d: Replay = %v, want %v", at, err, report.ErrIncomplete)
		}
	}
}

// TestStoppedScanWritesEverything: a signal, and one more right after it, end a scan with all its reports written.
func TestStoppedScanWritesEverything(t *testing.T) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP) // else programs started by a test under nohup ignore it, as they should
	defer signal.Stop(hangups)
	for name, signals := range map[string][]syscall.Signal{
		"hangup":          {syscall.SIGHUP},
		"hangup_twice":    {syscall.SIGHUP, syscall.SIGHUP},
		"interrupt_twice": {syscall.SIGINT, syscall.SIGINT},
		"terminate_twice": {syscall.SIGTERM, syscall.SIGTERM},
		"three":           {syscall.SIGHUP, syscall.SIGTERM, syscall.SIGINT},
	} {
		t.Run(name, func(t *testing.T) {
			for at := range 8 {
				dir := t.TempDir()
				file, text := filepath.Join(dir, "scan.jsonl"), filepath.Join(dir, "scan.txt")
				p := newProcess()
				r := newRow(t, 8, 10+at, func(req *http.Request) {
					p.signal(signals[0])
					<-req.Context().Done() // the first is understood
					for _, s := range signals[1:] {
						p.signal(s)
					}
				})
				status := p.run(t, r.scan(file, "-o", "text="+text))
				_, c, err := saved(t, file)
				if status != scanner.ExitInterrupted || err != nil || !c.Summary.Interrupted || len(c.Findings) == 0 {
					t.Fatalf("exit status %d, Replay = %v, %d findings, summary %+v", status, err, len(c.Findings), c.Summary)
				}
				if words, err := os.ReadFile(text); err != nil || !strings.Contains(string(words), "interrupted") {
					t.Fatalf("text report: %v\n%s", err, words)
				}
			}
		})
	}
}

// TestIgnoredHangupStaysIgnored: a scan under nohup goes on when its terminal is closed.
func TestIgnoredHangupStaysIgnored(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scan.jsonl")
	p := newProcess()
	r := newRow(t, 4, 6, func(*http.Request) { p.signal(syscall.SIGHUP) })
	cmd := r.scan(file)
	cmd = exec.Command("sh", append([]string{"-c", `trap "" HUP; exec "$@"`, "sh"}, cmd.Args...)...)
	if status := p.run(t, cmd); status != scanner.ExitFound {
		t.Errorf("exit status %d", status)
	}
	if targets, c, err := saved(t, file); err != nil || targets != 4 || !c.Summary.Complete {
		t.Errorf("%d sites, %v, %+v", targets, err, c.Summary)
	}
}

// TestReportThatNobodyReads: a signal ends a scan whose standard output nobody reads, and the file has all there is.
func TestReportThatNobodyReads(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scan.jsonl")
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	p := newProcess()
	asked := make(chan struct{})
	r := newRow(t, 8, 3, func(req *http.Request) {
		close(asked)
		<-req.Context().Done()
	})
	cmd := exec.Command("sotomi", slices.Concat([]string{"scan", "--rate", "0", "-o", "jsonl=" + file, "-o", "text", "-v"}, r.addresses)...)
	cmd.Stdout = out
	go func() {
		<-asked
		p.signal(syscall.SIGINT)
	}()
	if status := p.run(t, cmd); status != scanner.ExitInterrupted {
		t.Errorf("exit status %d, want that of an interrupted scan", status)
	}
	if targets, c, err := saved(t, file); targets == 0 || err != nil || !c.Summary.Interrupted {
		t.Errorf("%d sites, %v, %+v", targets, err, c.Summary)
	}
}

// TestFullDisk: the lines that had room stay and are whole, the other report is whole, and the file is named.
func TestFullDisk(t *testing.T) {
	disk := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=24k", "none", disk).CombinedOutput(); err != nil {
		t.Skipf("SKIPPED: no small disk can be mounted: %s", out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", disk).Run() })
	file := filepath.Join(disk, "scan.jsonl")
	r := newRow(t, 12, -1, nil)
	cmd := r.scan(file, "-o", "text")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if status := newProcess().run(t, cmd); status != scanner.ExitIncomplete {
		t.Errorf("exit status %d\n%s", status, &stderr)
	}
	text, err := os.ReadFile(file)
	if err != nil || !bytes.HasSuffix(text, []byte("}\n")) {
		t.Errorf("the file does not end with a whole line: %v, %q", err, text[max(0, len(text)-40):])
	}
	if targets, _, err := saved(t, file); targets == 0 || !errors.Is(err, report.ErrIncomplete) {
		t.Errorf("%d sites, %v", targets, err)
	}
	if !strings.Contains(stderr.String(), file+" is incomplete: no space left on device") {
		t.Errorf("standard error: %s", &stderr)
	}
	if n := strings.Count(stdout.String(), "Git repository published"); n < len(r.addresses) {
		t.Errorf("the text report has %d of %d sites", n, len(r.addresses))
	}
}
