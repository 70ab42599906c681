package signature_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sotomi/scanner/signature"
)

// What a user wrote is never left out in silence.

func TestParse_takes_no_severity_for_another(t *testing.T) {
	for info, want := range map[string]string{
		"severity: hgih": `p.yaml:4: info.severity "hgih": there are critical, high, medium, low, info, unknown; did you mean "high"?`,
		"serverity: low": `p.yaml:4: unknown key "serverity"; did you mean "severity"?`,
		"severity: LOW":  "",
		"nickname: x":    "",
	} {
		_, err := signature.Parse("p.yaml", []byte("id: p\ninfo:\n  name: P\n  "+info+"\nhttp:\n  - path: [x]\n    matchers: [{type: status, status: [200]}]\n"), false)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: error %q, want %q", info, got, want)
		}
	}
}

func TestLoad_leaves_out_no_template_that_says_another_thing(t *testing.T) {
	dir := t.TempDir()
	const text = "id: a\ninfo: {name: A, severity: info}\nhttp:\n  - path: ['{{BaseURL}}/']\n    matchers: [{type: status, status: [200]}]\n"
	write(t, dir, "a.yaml", text)
	write(t, dir, "copy/a.yaml", text)
	set, err := signature.Load(signature.Sources{Folders: []string{dir}})
	if err != nil || len(set.Signatures) != 1 || len(set.Skipped) != 1 {
		t.Errorf("a copy: %+v, %v", set, err)
	}
	write(t, dir, "copy/a.yaml", text+"  - path: ['{{BaseURL}}/b']\n")
	_, err = signature.Load(signature.Sources{Folders: []string{dir}})
	if want := filepath.Join(dir, "copy/a.yaml") + ":1: " + filepath.Join(dir, "a.yaml") + " also has the id \"a\""; err == nil || err.Error() != want {
		t.Errorf("another of the same id: %v, want %s", err, want)
	}
}

func TestLoad_waits_for_no_pipe(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(os.DevNull, filepath.Join(dir, "a.yaml")); err != nil {
		t.Skip(err)
	}
	_, err := signature.Load(signature.Sources{Folders: []string{dir}})
	if err == nil || !strings.HasSuffix(err.Error(), "a.yaml: not a regular file") {
		t.Errorf("a device: %v", err)
	}
}
