package command

import (
	"bytes"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestExamplesAreTrue runs every command line of the documents, with a site on loopback instead of those named there and
// without sending anything: all flags exist, and mean what they say there.
func TestExamplesAreTrue(t *testing.T) {
	site := httptest.NewServer(demoShop(nil))
	t.Cleanup(site.Close)
	lines := append(commandLines(t, "README.md"), commandLines(t, "docs/README.ja.md")...)
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"targets.txt": site.URL + "\n", "a.txt": "Cookie: sid=a\n", "b.txt": "Cookie: sid=b\n",
		"my-templates/x.yaml": "id: x\ninfo: {name: x, author: x, severity: info}\nhttp:\n  - path: ['{{BaseURL}}/x']\n    matchers: [{type: word, words: [unlikely words]}]\n",
	} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var said bytes.Buffer
	if status := run(t.Context(), []string{"sotomi", "scan", site.URL, "--only", "git-exposed", "-o", "jsonl=scan.jsonl"}, nil, &said, &said); status != 0 {
		t.Fatalf("exit status %d\n%s", status, said.String())
	}
	hosts := regexp.MustCompile(`https?://[a-z]+\.example\S*|\b[a-z]+\.example\b|192\.0\.2\.\d+(?:/\d+)?`)
	for _, line := range lines {
		args := strings.Fields(hosts.ReplaceAllString(line, site.URL))
		if args[1] == "scan" {
			args = append(args, "--dry-run")
		}
		var out, said bytes.Buffer
		if status := run(t.Context(), args, strings.NewReader(""), &out, &said); status == 2 || out.Len() == 0 {
			t.Errorf("%s: exit status %d, %d bytes of output\n%s", line, status, out.Len(), said.String())
		}
	}
	if len(lines) < 15 {
		t.Errorf("only %d examples were found", len(lines))
	}
}

// commandLines are the calls of sotomi in the examples of a document.
func commandLines(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", file))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, m := range regexp.MustCompile(`(?m)^\$ (sotomi .*)$`).FindAllStringSubmatch(string(text), -1) {
		lines = append(lines, m[1])
	}
	return lines
}
