//go:build unix

package command

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/signature"
)

// mending is what an owner does on a server of a lab, and what becomes of its findings.
type mending struct {
	lab    string
	mend   func(t *testing.T, r *labRun)
	before map[string]scanner.RetestResult
	after  map[string]scanner.RetestResult
}

// TestRetestOfLabs retests real servers before and after they are mended.
func TestRetestOfLabs(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: labs take minutes")
	}
	remaining, fixed := scanner.RetestRemaining, scanner.RetestFixed
	for _, m := range []mending{
		{
			lab: "nginx-files",
			mend: func(t *testing.T, r *labRun) {
				if err := os.RemoveAll(filepath.Join(r.dir, "weak", ".git")); err != nil {
					t.Fatal(err)
				}
			},
			before: map[string]scanner.RetestResult{"git-exposed": remaining, "directory-listing": remaining, "nginx-stub-status": remaining},
			after:  map[string]scanner.RetestResult{"git-exposed": fixed, "directory-listing": remaining, "nginx-stub-status": remaining},
		},
		{
			lab: "apache-status",
			mend: func(t *testing.T, r *labRun) {
				name := filepath.Join(r.dir, "apache.conf")
				text, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				closed := strings.Replace(string(text), "SetHandler server-status", "SetHandler server-status\n    Require all denied", 1)
				if err := os.WriteFile(name, []byte(closed), 0o600); err != nil {
					t.Fatal(err)
				}
				if out, err := exec.CommandContext(t.Context(), "apache2", "-d", r.dir, "-f", name, "-k", "graceful").CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				r.step(labStep{Port: "weak", Path: "/server-status", Status: 403})
			},
			before: map[string]scanner.RetestResult{"apache-server-status": remaining, "apache-server-info": remaining, "directory-listing": remaining},
			after:  map[string]scanner.RetestResult{"apache-server-status": fixed, "apache-server-info": remaining, "directory-listing": remaining},
		},
	} {
		t.Run(m.lab, func(t *testing.T) { m.run(t) })
	}
}

func (m mending) run(t *testing.T) {
	folder := filepath.Join(labsFolder, m.lab)
	text, err := os.ReadFile(filepath.Join(folder, "lab.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var l lab
	if err := signature.DecodeFile("lab.yaml", text, &l); err != nil {
		t.Fatal(err)
	}
	if missing := l.missing(); missing != "" {
		if os.Getenv("SOTOMI_LABS") == "require" {
			t.Fatalf("%s is needed and not here", missing)
		}
		t.Skipf("SKIPPED: %s is not here", missing)
	}
	r := &labRun{t: t, dir: labDir(t), ports: map[string]int{}}
	r.copy(folder)
	for _, line := range l.Start {
		r.start(line)
	}
	address := "http://" + r.address(t, l.Sites[0])
	var ids []string
	for id := range m.before {
		ids = append(ids, id)
	}
	file := scanned(t, strings.Join(ids, ","), address)
	m.hold(t, "before", file, m.before)
	m.mend(t, r)
	m.hold(t, "after", file, m.after)
}

func (m mending) hold(t *testing.T, when, file string, want map[string]scanner.RetestResult) {
	t.Helper()
	_, out, said := sotomi(t, "retest", "--rate", "0", file, "-o", "jsonl")
	if got := retested(t, out); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v\n%s%s", when, got, want, said, out)
	}
}
