package command

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sotomi/scanner/report"
)

// mostMemory is what convert may take at any time for a format that does not keep all findings, in bytes.
const mostMemory = 150_000_000

// TestConvertTakesLittleMemory measures the program itself: no format but html and pdf, as --help says, needs more memory than
// that, with as many outcomes as SOTOMI_OUTCOMES says.
func TestConvertTakesLittleMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("the whole program is built and run for every format: not with -short")
	}
	outcomes := 50_000
	if text := os.Getenv("SOTOMI_OUTCOMES"); text != "" {
		if _, err := fmt.Sscan(text, &outcomes); err != nil {
			t.Fatal(err)
		}
	}
	folder := t.TempDir()
	program, saved := filepath.Join(folder, "sotomi"), filepath.Join(folder, "scan.jsonl")
	measure := filepath.Join(folder, "measure")
	for to, from := range map[string]string{program: "../..", measure: "./testdata/measure"} {
		if text, err := exec.CommandContext(t.Context(), "go", "build", "-o", to, from).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
	}
	writeScan(t, saved, outcomes)
	names := []string{letters}
	for name := range report.Formats() {
		if name != "html" && name != "pdf" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		c := exec.CommandContext(t.Context(), measure, program, "convert", saved, "-o", name+"="+filepath.Join(folder, "report."+name))
		c.Stderr = os.Stderr
		text, err := c.Output()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var took int64 // KiB
		if _, err := fmt.Sscan(string(text), &took); err != nil {
			t.Fatal(err)
		}
		took *= 1024
		if took > mostMemory {
			t.Errorf("%s: %d MB for %d outcomes, want at most %d", name, took/1e6, outcomes, mostMemory/1_000_000)
		}
		t.Logf("%-11s %3d MB for %d outcomes", name, took/1e6, outcomes)
	}
}

// writeScan writes a saved scan of sites of 200 outcomes each: two findings, 58 of a gap, and the rest clean.
func writeScan(t *testing.T, path string, outcomes int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, `{"type":"scan","tool":"sotomi","version":"1","time":"2026-11-26T00:00:00Z","targets":["@list"],"signatures":200}`)
	for i := range outcomes {
		site, check := fmt.Sprintf("https://host-%d.example", i/200), i%200
		status := "clean"
		switch {
		case check == 0:
			fmt.Fprintf(w, `{"type":"target","target":"%s","status":200,"owner":"owner %d"}`+"\n", site, i/200%50)
			fallthrough
		case check == 1:
			status = "found"
			fmt.Fprintf(w, `{"type":"finding","signature":"s-%d","severity":"medium","certainty":"confirmed","target":"%s","url":"%[2]s/x","title":{"en":"Folder"},"description":{"en":"%s"},`+
				`"values":{"version":"%d"},"evidence":[{"request":"GET /x HTTP/1.1","response":"%s"}],"remediation":{"en":"Mend it."},"references":[],"cwe":[548],"fingerprint":"v1:%032x"}`+"\n",
				check, site, strings.Repeat("word ", 60), i, strings.Repeat(fmt.Sprint(i, " "), 200), i)
		case check < 60:
			fmt.Fprintf(w, `{"type":"outcome","signature":"s-%d","target":"%s","status":"unreachable","reason":"connection refused","requests":1}`+"\n", check, site)
			continue
		}
		fmt.Fprintf(w, `{"type":"outcome","signature":"s-%d","target":"%s","status":"%s","requests":1}`+"\n", check, site, status)
	}
	fmt.Fprintln(w, `{"type":"summary","complete":false}`)
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
