//go:build unix

package command

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
	"sotomi/scanner/cluster"
)

// everyFile is all that is in a folder.
func everyFile(t *testing.T, dir string) string {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(name)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}

// TestSharedScanIsStopped: when the coordinator is stopped all machines stop soon, what there is is written, nothing on the disk has a
// secret, and the scan can be finished on one machine.
func TestSharedScanIsStopped(t *testing.T) {
	const secret = "hunter2hunter2"
	dir := t.TempDir()
	stuck, asked := make(chan struct{}), make(chan struct{}, 100)
	weak, cookies := demoShop(scriptFiles["weak"]), make(chan string, 1000)
	list := filepath.Join(dir, "list")
	var lines []string
	for i := range 6 {
		lines = append(lines, loopbackSite(t, 300+i, undated(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			cookies <- r.Header.Get("Cookie")
			if i == 5 && r.URL.Path == "/.git/HEAD" {
				asked <- struct{}{}
				select {
				case <-stuck:
				case <-r.Context().Done():
				}
			}
			weak.ServeHTTP(w, r)
		}))))
	}
	write(t, list, strings.Join(lines, "\n"))
	write(t, filepath.Join(dir, "key"), "Cookie: sid="+secret+"\n")
	flags := func(out string) []string {
		args := []string{"--only", "git-exposed", "--rate", "0", "--timeout", "1m", "-H", "@" + filepath.Join(dir, "key"), "@" + list}
		for _, format := range textFormats {
			args = append(args, "-o", format+"="+filepath.Join(out, "scan."+format))
		}
		return args
	}
	out := t.TempDir()
	c := coordinate(t, append(flags(out), "--workers-only")...)
	var worker errgroup.Group
	var said bytes.Buffer
	worker.Go(func() error {
		if status := run(t.Context(), []string{"sotomi", "work", c.line}, strings.NewReader(""), &said, &said); status != scanner.ExitClean {
			t.Errorf("worker: exit status %d: %s", status, &said)
		}
		return nil
	})
	<-asked
	begun := time.Now()
	c.stop()
	if status := <-c.ended; status != scanner.ExitInterrupted {
		t.Errorf("exit status %d: %s", status, c.stderr)
	}
	_ = worker.Wait() // it has no error
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("all have stopped after %s", took)
	}
	journal := filepath.Join(out, "scan.jsonl"+journalEnding)
	if text := c.stderr.String(); !strings.Contains(text, "sotomi scan --resume "+journal) {
		t.Errorf("standard error: %s", text)
	}
	if text := everyFile(t, out) + c.stderr.String() + said.String(); strings.Contains(text, secret) || !strings.Contains(text, `"interrupted"`) {
		t.Errorf("the files hold the secret, or do not say that the scan was interrupted")
	}
	if cookie := <-cookies; !strings.Contains(cookie, secret) {
		t.Errorf("the worker sent Cookie: %s", cookie)
	}
	close(stuck)
	var stderr bytes.Buffer
	resumed := []string{"sotomi", "scan", "--resume", journal, "-H", "@" + filepath.Join(dir, "key")}
	if status := run(t.Context(), resumed, strings.NewReader(""), &bytes.Buffer{}, &stderr); status != scanner.ExitFound {
		t.Fatalf("exit status %d: %s", status, &stderr)
	}
	plain := t.TempDir()
	if status := run(t.Context(), append([]string{"sotomi", "scan"}, flags(plain)...), strings.NewReader(""), &bytes.Buffer{}, &stderr); status != scanner.ExitFound {
		t.Fatalf("exit status %d: %s", status, &stderr)
	}
	wanted := reports(t, plain)
	for format, got := range reports(t, out) {
		if got != wanted[format] {
			t.Errorf("the %s report differs:\n%s", format, firstDifference(wanted[format], got))
		}
	}
	if left, _ := filepath.Glob(filepath.Join(out, "*.journal*")); len(left) > 0 {
		t.Errorf("%v is still there", left)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestWorkersThatGiveNoResults: whatever a worker sends or fails at, each check ends on each target, and the scan is not complete.
func TestWorkersThatGiveNoResults(t *testing.T) {
	site := loopbackSite(t, 310, demoShop(nil))
	other := loopbackSite(t, 311, demoShop(nil))
	for name, c := range map[string]struct {
		execute cluster.Execute
		reason  string
	}{
		"dies": {func(context.Context, cluster.Task, cluster.Lease, map[int]bool, func(cluster.Chunk) error) error {
			return errors.New("out of memory")
		}, "worker died 3 times"},
		"sends_noise": {func(_ context.Context, task cluster.Task, _ cluster.Lease, _ map[int]bool, send func(cluster.Chunk) error) error {
			return send(cluster.Chunk{Group: task.Group, Number: 0, Body: []byte("no result at all")})
		}, "a worker sent what is no result: gzip: invalid header"},
		"sends_another_input": {func(_ context.Context, task cluster.Task, _ cluster.Lease, _ map[int]bool, send func(cluster.Chunk) error) error {
			p := (&executor{}).newPiece()
			err := errors.Join(p.Target(scanner.TargetInfo{Target: other}), p.writer.Checkpoint(scanner.Checkpoint{Input: 7, Targets: 1}))
			body, err2 := p.bytes()
			return errors.Join(err, err2, send(cluster.Chunk{Group: task.Group, Number: 0, Body: body}))
		}, "a worker sent what is no result: it is of another input"},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "scan.jsonl")
			co := coordinate(t, "--only", "git-exposed", "--workers-only", "-o", "jsonl="+out, site, other)
			w, err := cluster.Join(t.Context(), co.line, cluster.WorkerOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			hash := programHash((&environment{stderr: &bytes.Buffer{}}).dataInForce())
			if err := w.Run(t.Context(), hash, func([]byte, []byte) (cluster.Execute, error) { return c.execute, nil }); err != nil {
				t.Error(err)
			}
			if status := <-co.ended; status != scanner.ExitIncomplete {
				t.Errorf("exit status %d: %s", status, co.stderr)
			}
			text, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(text), `"status":"failed","reason":"`+c.reason+`"`); n != 2 {
				t.Errorf("%d outcomes say %q:\n%s", n, c.reason, text)
			}
		})
	}
}

// TestAnotherVersionIsRefused: nothing of the scan reaches a worker that would judge otherwise.
func TestAnotherVersionIsRefused(t *testing.T) {
	co := coordinate(t, "--only", "git-exposed", "--workers-only", "-o", "jsonl="+filepath.Join(t.TempDir(), "scan.jsonl"), "127.0.0.1:1")
	w, err := cluster.Join(t.Context(), co.line, cluster.WorkerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	err = w.Run(t.Context(), "0.0.9; 1, 000000000000; ", func([]byte, []byte) (cluster.Execute, error) {
		t.Error("it got the settings")
		return nil, errors.New("no")
	})
	if err == nil || !strings.Contains(err.Error(), "another version") {
		t.Errorf("error %v", err)
	}
}

// pieceOf is a chunk of these records.
func pieceOf(t *testing.T, end scanner.Checkpoint, tell func(p *piece) error) []byte {
	t.Helper()
	p := (&executor{}).newPiece()
	if err := errors.Join(tell(p), p.writer.Checkpoint(end)); err != nil {
		t.Fatal(err)
	}
	body, err := p.bytes()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// TestReadPiece: a chunk is taken when its records are those of one input, and refused when any does not fit.
func TestReadPiece(t *testing.T) {
	outcome := func(signature, target string) scanner.Outcome {
		return scanner.Outcome{Signature: signature, Target: target, Status: scanner.StatusClean}
	}
	good := func(p *piece) error {
		return errors.Join(p.Target(scanner.TargetInfo{Target: "http://a"}), p.Outcome(outcome("x", "http://a")), p.Outcome(outcome("y", "http://a")),
			p.Target(scanner.TargetInfo{Target: "http://b"}), p.Outcome(outcome("x", "http://b")))
	}
	whole := pieceOf(t, scanner.Checkpoint{Input: 3, Targets: 2}, good)
	var got scanner.Collector
	if c, err := readPiece(whole, &got); err != nil || c.Input != 3 || len(got.Outcomes) != 3 || len(got.Targets) != 2 {
		t.Errorf("%+v, %v, %+v", c, err, got)
	}
	for name, body := range map[string][]byte{
		"nothing": nil,
		"cut_off": whole[:len(whole)-9],
		"more":    append(bytes.Clone(whole), whole...),
		"twice": pieceOf(t, scanner.Checkpoint{Targets: 1}, func(p *piece) error {
			return errors.Join(p.Target(scanner.TargetInfo{Target: "http://a"}), p.Outcome(outcome("x", "http://a")), p.Outcome(outcome("x", "http://a")))
		}),
		"of_another_target": pieceOf(t, scanner.Checkpoint{Targets: 1}, func(p *piece) error {
			return errors.Join(p.Target(scanner.TargetInfo{Target: "http://a"}), p.Outcome(outcome("x", "http://b")))
		}),
		"of_no_check": pieceOf(t, scanner.Checkpoint{Targets: 1}, func(p *piece) error {
			return errors.Join(p.Target(scanner.TargetInfo{Target: "http://a"}), p.Outcome(outcome("", "http://a")))
		}),
		"counted_otherwise": pieceOf(t, scanner.Checkpoint{Targets: 3}, good),
		"a_scan_of_its_own": pieceOf(t, scanner.Checkpoint{}, func(p *piece) error {
			_, err := p.packed.Write([]byte(`{"type":"scan"}` + "\n"))
			return err
		}),
	} {
		if c, err := readPiece(body, scanner.Discard{}); err == nil {
			t.Errorf("%s: taken as %+v", name, c)
		}
	}
}
