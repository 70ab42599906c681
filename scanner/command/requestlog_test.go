package command

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// records are the lines of a file of JSON lines.
func records(t *testing.T, file string) []map[string]any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var list []map[string]any
	for line := range strings.Lines(string(text)) {
		var record map[string]any
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		list = append(list, record)
	}
	return list
}

// TestRequestLog: every request that a site saw is in the log, with who asked, and no secret is; the scan's own lines say
// how it was set, when each finding was seen, and at which address.
func TestRequestLog(t *testing.T) {
	var seen atomic.Int64
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen.Add(1)
		if r.URL.Path != "/.git/HEAD" {
			http.NotFound(w, r)
			return
		}
		_, _ = w.Write([]byte("ref: refs/heads/main\n"))
	}))
	defer site.Close()
	folder := t.TempDir()
	requests, lines := filepath.Join(folder, "requests.jsonl"), filepath.Join(folder, "scan.jsonl")
	var out, errs bytes.Buffer
	args := []string{
		"sotomi", "scan", site.URL, "--only", "git-exposed", "--only", "env-file", "--exclude", "low", "--rate", "0", "-H", "X-Key: hunter2hunter2", "--page", "/account?token=hunter2hunter2",
		"-o", "requests=" + requests, "-o", "jsonl=" + lines,
	}
	if status := run(context.Background(), args, nil, &out, &errs); status != 1 {
		t.Fatalf("status %d: %s", status, errs.String())
	}
	sent, asked := 0.0, 0
	for _, r := range records(t, requests) {
		sent += r["sent"].(float64)
		at, err := time.Parse(time.RFC3339Nano, r["time"].(string))
		if err != nil || time.Since(at) > time.Minute || r["method"] == "" || !strings.HasPrefix(r["url"].(string), site.URL) || r["address"] != site.Listener.Addr().String() {
			t.Errorf("record %v (%v)", r, err)
		}
		if r["url"] == site.URL+"/.git/HEAD" && r["by"] == nil {
			continue // asked again by the engine, to see whether the site still answers as it did
		}
		if r["url"] == site.URL+"/.git/HEAD" {
			asked++
		}
		if r["url"] == site.URL+"/.git/HEAD" && (r["by"] != "git-exposed" || r["status"] != 200.0 || r["bytes"] != 21.0) {
			t.Errorf("record %v, want it asked by git-exposed, with status 200 and 21 bytes", r)
		}
	}
	if asked == 0 {
		t.Error("nobody asked for /.git/HEAD")
	}
	if int64(sent) != seen.Load() || sent == 0 {
		t.Errorf("the log has %v requests, the site saw %d", sent, seen.Load())
	}
	text, err := os.ReadFile(requests)
	if err != nil || bytes.Contains(text, []byte("hunter2")) {
		t.Errorf("a secret is in the log (%v):\n%s", err, text)
	}
	for _, r := range records(t, lines) {
		switch r["type"] {
		case "scan":
			s, _ := r["settings"].(map[string]any)
			if s == nil || s["safety"] != "active" || s["rate"] != 0.0 || len(s["only"].([]any)) != 2 || s["exclude"].([]any)[0] != "low" {
				t.Errorf("settings %v", r["settings"])
			}
		case "finding":
			if at, err := time.Parse(time.RFC3339, r["time"].(string)); err != nil || time.Since(at) > time.Minute || r["address"] != site.Listener.Addr().String() {
				t.Errorf("finding at %v from %v (%v)", r["time"], r["address"], err)
			}
		case "target":
			if r["address"] != site.Listener.Addr().String() {
				t.Errorf("target %v", r)
			}
		}
	}
}

// TestRequestLogIsOfAScan: only a scan sends requests.
func TestRequestLogIsOfAScan(t *testing.T) {
	var out, errs bytes.Buffer
	if status := run(context.Background(), []string{"sotomi", "convert", "-", "-o", "requests=x"}, strings.NewReader(""), &out, &errs); status != 2 || !strings.Contains(errs.String(), "only a scan sends requests") {
		t.Errorf("status %d: %s", status, errs.String())
	}
}

// TestRequestLogGoesOn: the log of a scan that goes on keeps what was sent before.
func TestRequestLogGoesOn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "requests.jsonl")
	for i, goesOn := range []bool{false, true, false} {
		e := &environment{stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}}
		outs, err := e.outputs(t.Context(), wantedOutputs{list: []string{"requests=" + file}, goesOn: goesOn})
		if err != nil {
			t.Fatal(err)
		}
		if err := outs.open(); err != nil {
			t.Fatal(err)
		}
		outs.log(web.Traffic{Time: time.Unix(int64(i), 0), Method: "GET", URL: "https://a.example/", Sent: 1})
		if err := outs.sinks[0].Close(scanner.Summary{}); err != nil {
			t.Fatal(err)
		}
		if n, want := len(records(t, file)), []int{1, 2, 1}[i]; n != want {
			t.Errorf("run %d: %d requests in the log, want %d", i, n, want)
		}
	}
}
