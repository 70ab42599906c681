package command

import (
	"bytes"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"sotomi": func() { os.Exit(Main(os.Args, os.Stdin, os.Stdout, os.Stderr)) }, //nolint:forbidigo // as main does
	})
}

// TestScripts runs the program as its users do. The scripts have WEAK, a site that publishes .git, SAFE, its twin, and
// CLOSED, where nobody listens.
func TestScripts(t *testing.T) {
	weak := httptest.NewServer(demoShop(map[string]string{"/.git/HEAD": "ref: refs/heads/main\n", "/.git/config": "[core]\n\tbare = false\n"}))
	t.Cleanup(weak.Close)
	safe := httptest.NewServer(demoShop(nil))
	t.Cleanup(safe.Close)
	counted := &counting{Handler: demoShop(nil)}
	watched := httptest.NewServer(counted)
	t.Cleanup(watched.Close)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("WEAK", weak.URL)
			e.Setenv("SAFE", safe.URL)
			e.Setenv("WATCHED", watched.URL)
			e.Setenv("CLOSED", closedAddress(t))
			e.Setenv("LANG", "C")
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// status N COMMAND...: runs it and holds its exit status against N
			"status": runWithStatus,
			// untouched: the site WATCHED has had no request
			"untouched": func(ts *testscript.TestScript, _ bool, _ []string) {
				if n := counted.requests(); n > 0 {
					ts.Fatalf("%d requests were sent", n)
				}
			},
		},
	})
}

func runWithStatus(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		m := regexp.MustCompile(`exit status (\d+)`).FindStringSubmatch(err.Error())
		if m == nil {
			ts.Fatalf("%v", err)
		}
		got = m[1]
	}
	if got != args[0] {
		ts.Fatalf("exit status %s, want %s", got, args[0])
	}
}

func closedAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return "http://" + l.Addr().String()
}

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

// counting counts requests.
type counting struct {
	http.Handler
	n atomic.Int64
}

func (c *counting) requests() int64 { return c.n.Load() }

func (c *counting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.n.Add(1)
	c.Handler.ServeHTTP(w, r)
}
