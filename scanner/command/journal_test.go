//go:build unix

package command

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"sotomi/scanner"
)

// differs is what the joined report of a scan that was killed may have different from that of an undisturbed one: how many
// requests there were, and when.
var differs = regexp.MustCompile(`"(requests|seconds|time)":("[^"]*"|[0-9.]+)|[0-9]+ requests?|in [0-9.\\]+ s\b|20[0-9\\-]{8,10}[T ][0-9\\:]{5,10}(Z| UTC)?`)

// again makes a row ready for another scan.
func (r *row) again(at int, act func(*http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests, r.begun, r.at, r.act = 0, 0, at, act
}

// reports are the reports of a scan in every format that is text, without what may differ.
func reports(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, format := range textFormats {
		text, err := os.ReadFile(filepath.Join(dir, "scan."+format))
		if err != nil {
			t.Fatal(err)
		}
		all[format] = string(differs.ReplaceAll(text, []byte("-")))
	}
	return all
}

var textFormats = []string{"jsonl", "text", "csv", "markdown", "sarif"}

// number is an environment variable that says how often a test does something.
func number(t *testing.T, variable string, without int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return without
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (r *row) scanAll(dir string, more ...string) *exec.Cmd {
	args := []string{"scan", "--only", "git-exposed", "--concurrency", "1", "--rate", "0"}
	for _, format := range textFormats {
		args = append(args, "-o", format+"="+filepath.Join(dir, "scan."+format))
	}
	return exec.Command("sotomi", slices.Concat(args, more, r.addresses)...)
}

// TestKilledScanIsFinished kills a scan at random requests, and what goes on with it, too: in the end every report is that of
// an undisturbed scan, and no site that had ended is asked again.
func TestKilledScanIsFinished(t *testing.T) {
	kills := number(t, "SOTOMI_KILLS", 20)
	const sites = 10
	r := newRow(t, sites, -1, nil)
	whole := t.TempDir()
	if status := newProcess().run(t, r.scanAll(whole)); status != scanner.ExitFound {
		t.Fatalf("exit status %d", status)
	}
	want := reports(t, whole)
	if _, err := os.Stat(filepath.Join(whole, "scan.jsonl"+journalEnding)); err == nil {
		t.Error("the journal of a scan that has ended is still there")
	}
	requests, _ := r.seen()
	each := requests / sites
	random := rand.New(rand.NewPCG(3, 4))
	for kills > 0 {
		dir := t.TempDir()
		sent, killed := 0, 0
		cmd := r.scanAll(dir)
		for {
			left := requests - sent + killed*2*each // what is under way is asked again
			at := random.IntN(left + each)
			p := newProcess()
			r.again(at, func(req *http.Request) {
				p.signal(os.Kill)
				<-req.Context().Done()
			})
			status := p.run(t, cmd)
			n, _ := r.seen()
			sent += n
			if status == scanner.ExitFound {
				break
			}
			if status != -1 {
				t.Fatalf("exit status %d", status)
			}
			killed++
			kills--
			cmd = exec.Command("sotomi", "scan", "--resume", filepath.Join(dir, "scan.jsonl"+journalEnding))
		}
		if most := requests + killed*(2*each); sent > most {
			t.Errorf("killed %d times: %d requests, want at most %d", killed, sent, most)
		}
		for format, got := range reports(t, dir) {
			if got != want[format] {
				t.Errorf("killed %d times: the %s report differs:\n%s", killed, format, firstDifference(want[format], got))
			}
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*"+journalEnding)); len(left) > 0 {
			t.Errorf("%v is still there", left)
		}
	}
}

func firstDifference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i >= len(g) || w[i] != g[i] {
			return fmt.Sprintf("line %d\nwant %s\ngot  %s", i+1, w[i], strings.Join(g[min(i, len(g)):min(i+1, len(g))], ""))
		}
	}
	return "more lines"
}

// TestStoppedScanIsFinished: after Ctrl-C, too, a scan can be finished, and standard error says how.
func TestStoppedScanIsFinished(t *testing.T) {
	r := newRow(t, 6, -1, nil)
	whole, dir := t.TempDir(), t.TempDir()
	newProcess().run(t, r.scanAll(whole))
	want := reports(t, whole)
	p := newProcess()
	r.again(20, func(req *http.Request) {
		p.signal(syscall.SIGINT)
		<-req.Context().Done()
	})
	cmd := r.scanAll(dir)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if status := p.run(t, cmd); status != scanner.ExitInterrupted {
		t.Errorf("exit status %d", status)
	}
	journal := filepath.Join(dir, "scan.jsonl"+journalEnding)
	if !strings.Contains(stderr.String(), "sotomi scan --resume "+journal) {
		t.Errorf("standard error: %s", &stderr)
	}
	r.again(-1, nil)
	if status := newProcess().run(t, exec.Command("sotomi", "scan", "--resume", journal)); status != scanner.ExitFound {
		t.Errorf("exit status %d", status)
	}
	if _, begun := r.seen(); begun == 6 {
		if n, _ := r.seen(); n >= 6*7 {
			t.Errorf("%d requests: sites that had ended were asked again", n)
		}
	}
	for format, got := range reports(t, dir) {
		if got != want[format] {
			t.Errorf("the %s report differs:\n%s", format, firstDifference(want[format], got))
		}
	}
}

// TestScanAfterPowerLossIsFinished: what of the journal was not on the disk yet is missing or is zeros; the scan is finished
// without it, and standard error says what was lost. Reports are those of an undisturbed scan.
func TestScanAfterPowerLossIsFinished(t *testing.T) {
	r := newRow(t, 6, -1, nil)
	whole, dir := t.TempDir(), t.TempDir()
	newProcess().run(t, r.scanAll(whole))
	want := reports(t, whole)
	p := newProcess()
	r.again(30, func(req *http.Request) {
		p.signal(os.Kill)
		<-req.Context().Done()
	})
	p.run(t, r.scanAll(dir))
	r.again(-1, nil)
	journal := filepath.Join(dir, "scan.jsonl"+journalEnding)
	text, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	begin := bytes.IndexByte(text, '\n') + 1
	begin += bytes.IndexByte(text[begin:], '\n') + 1
	random := rand.New(rand.NewPCG(5, 6))
	for n := range 8 {
		cut := begin + random.IntN(len(text)-begin)
		damaged := slices.Clone(text[:cut])
		if n%2 == 0 {
			damaged = append(damaged, make([]byte, 4096)...) // as long as the file system noted, and no content
		}
		if err := os.WriteFile(journal, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("sotomi", "scan", "--resume", journal)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if status := newProcess().run(t, cmd); status != scanner.ExitFound {
			t.Fatalf("cut at %d: exit status %d\n%s", cut, status, &stderr)
		}
		half := n%2 == 0 || damaged[cut-1] != '\n'
		if said := strings.Contains(stderr.String(), "on the journal cannot be read"); said != half {
			t.Errorf("cut at %d: standard error: %s", cut, &stderr)
		}
		for format, got := range reports(t, dir) {
			if got != want[format] {
				t.Errorf("cut at %d: the %s report differs:\n%s", cut, format, firstDifference(want[format], got))
			}
		}
	}
}
