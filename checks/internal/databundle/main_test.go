package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"sotomi/checks"
	"sotomi/checks/internal/datafile"
	"sotomi/signatures"
)

// program is sotomi, built to trust a key.
func program(t *testing.T, dir, publicKey string) string {
	t.Helper()
	keys, overlay, out := filepath.Join(dir, "keys.txt"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "sotomi")
	if runtime.GOOS == "windows" {
		out += ".exe"
	}
	root, err := filepath.Abs("../../..")
	if err != nil {
		t.Fatal(err)
	}
	replace, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(root, "checks/internal/datafile/keys.txt"): keys}})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{keys: publicKey, overlay: string(replace)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-buildvcs=false", "-overlay", overlay, "-o", out, root)
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, text)
	}
	return out
}

// newer writes a bundle with a plug-in's weakness and a last day that the tree does not have.
func newer(t *testing.T, keyFile, to string) {
	t.Helper()
	key, err := readKey(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	texts := checks.DataTexts(signatures.FS)
	texts["wordpress/weaknesses.txt"] = "# source: https://a.test\n# date: 2099-01-01\n# source: https://b.test\n# date: 2099-01-02\nplugin only-in-newer-data\n CVE-2099-1! 9.8 6711f542-8b75-4968-86ac-9686ded775b7 <2.0\n"
	texts["endoflife/dates.txt"] = "# source: https://c.test\n# date: 2099-01-03\nphp 98.1 2020-01-01\nphp 99.1 -\n"
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if err := datafile.Write(w, key, texts); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// site is a blog with a plug-in and a release of PHP that only the newer data know.
func site(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Powered-By", "PHP/98.1.2")
	switch r.URL.Path {
	case "/":
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<html><head><meta name="generator" content="WordPress 6.4.2"><script src="/wp-content/plugins/only-in-newer-data/a.js"></script></head></html>`)
	case "/wp-content/plugins/only-in-newer-data/readme.txt":
		fmt.Fprint(w, "=== Only ===\nStable tag: 1.5\n")
	default:
		http.NotFound(w, r)
	}
}

// A program that trusts a key imports what is signed with it, scans with it, and goes back to its own data when that was
// changed.
func TestImportThenScan(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds the program")
	}
	dir := t.TempDir()
	keyFile, bundleFile, data := filepath.Join(dir, "key.pem"), filepath.Join(dir, "new.tar.gz"), filepath.Join(dir, "data")
	public, err := makeKey(keyFile)
	if err != nil {
		t.Fatal(err)
	}
	newer(t, keyFile, bundleFile)
	sotomi := program(t, dir, public)
	server := httptest.NewServer(http.HandlerFunc(site))
	defer server.Close()
	run := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), sotomi, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "SOTOMI_DATA="+data, "SOTOMI_LANG=en")
		text, _ := cmd.CombinedOutput() // its exit status is that of the findings
		return string(text)
	}
	scan := func() string {
		return run("scan", "--only", "wordpress,wordpress-components,php-end-of-life", "-o", "jsonl", server.URL)
	}
	const weakness, ended, day = "CVE-2099-1", "2020-01-01", `"date":"2099-01-03"`
	holds := func(when, text string, want bool) {
		t.Helper()
		for _, part := range []string{weakness, ended, day} {
			if strings.Contains(text, part) != want {
				t.Errorf("%s: %q is in the scan's lines: %v, want %v", when, part, !want, want)
			}
		}
	}
	holds("before", scan(), false)
	if text := run("data", "import", bundleFile); !strings.Contains(text, "was imported") {
		t.Fatal(text)
	}
	if text := run("data", "list"); !strings.Contains(text, "2099-01-03  endoflife/dates.txt       https://c.test (imported)") {
		t.Error(text)
	}
	holds("imported", scan(), true)
	if text := run("data", "import", bundleFile); !strings.Contains(text, "was imported") {
		t.Errorf("the same once more: %s", text)
	}
	old := filepath.Join(dir, "old.tar.gz")
	if err := bundle(keyFile, old); err != nil {
		t.Fatal(err)
	}
	if text := run("data", "import", old); !strings.Contains(text, "older than what sotomi has") {
		t.Errorf("one that is older: %s", text)
	}
	kept := filepath.Join(data, "data.tar")
	text, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept, bytes.Replace(text, []byte("php 98.1"), []byte("php 97.1"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	after := scan()
	holds("changed", after, false)
	if !strings.Contains(after, "the imported data are not used") {
		t.Errorf("no warning that the imported data are not used:\n%s", after)
	}
}

// A private key is not written over, and is for its owner alone.
func TestMakeKey(t *testing.T) {
	name := filepath.Join(t.TempDir(), "key.pem")
	if _, err := makeKey(name); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if _, err := readKey(name); err != nil {
		t.Error(err)
	}
	if _, err := makeKey(name); err == nil {
		t.Error("a key was written over")
	}
}
