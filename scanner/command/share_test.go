//go:build unix

package command

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
)

// loopbackSite starts a site on an address of its own, for those on one address are looked at by one machine.
func loopbackSite(t *testing.T, number int, h http.Handler) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", fmt.Sprintf("127.0.%d.%d:0", 1+number/250, 1+number%250))
	if err != nil {
		t.Skip("needs the addresses of 127.0.0.0/8: ", err)
	}
	s := httptest.NewUnstartedServer(h)
	_ = s.Listener.Close() // it is replaced
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

// undated is a handler whose answers are the same in every scan.
func undated(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Date"] = nil
		h.ServeHTTP(w, r)
	})
}

// shared runs a scan and workers that join it, all within this process, and gives the exit status of the scan and what each has
// said.
func shared(t *testing.T, workers int, args ...string) (status int, said []string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stderr := &spoken{line: make(chan string, 1)}
	said = make([]string, workers+1)
	var scan, group errgroup.Group
	over := make(chan struct{})
	scan.Go(func() error {
		defer close(over)
		status = run(ctx, append([]string{"sotomi", "scan", "--listen", "127.0.0.1:0"}, args...), strings.NewReader(""), &bytes.Buffer{}, stderr)
		return nil
	})
	select {
	case line := <-stderr.line:
		for i := range workers {
			group.Go(func() error {
				var out bytes.Buffer
				if status := run(ctx, []string{"sotomi", "work", line}, strings.NewReader(""), &out, &out); status != scanner.ExitClean {
					t.Errorf("worker: exit status %d: %s", status, &out)
				}
				said[i+1] = out.String()
				return nil
			})
		}
	case <-over:
	}
	_, _ = scan.Wait(), group.Wait() // neither has an error of its own
	said[0] = stderr.String()
	return status, said
}

// asked is what the reports of a shared scan have more.
var asked = regexp.MustCompile(`,"asked_from":\[[^\]]*\]| · from [^·\n<]+( ·)`)

// shops are sites with what reports differ by: findings, gaps, owners, redirects, a header that is a secret.
func shops(t *testing.T, dir string, sites int) (list string) {
	t.Helper()
	var lines []string
	for i := range sites {
		h := demoShop(scriptFiles[[]string{"weak", "safe"}[i%2]])
		if i%5 == 4 {
			h = scriptHandlers["sso"]
		}
		url := loopbackSite(t, i, undated(h))
		lines = append(lines, fmt.Sprintf("%s,owner %d", url, i%3))
		if i%7 == 3 {
			lines = append(lines, fmt.Sprintf("%s/folder/,owner %d", url, i%3))
		}
	}
	lines = append(lines, "http://127.0.0.200:1,nobody")
	list = filepath.Join(dir, "targets.csv")
	if err := os.WriteFile(list, []byte("target,owner\n"+strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestSharedScanIsThatOfOneMachine: whoever looks at the targets, the reports are the same, but for times and numbers of requests.
func TestSharedScanIsThatOfOneMachine(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"signatures/broken.yaml": "id: broken-one\ninfo: {name: broken, author: x, severity: info}\nhttp: [{method: GET, path: ['{{BaseURL}}/x'], nothing: 1}]\n",
		"signatures/lines.yaml":  "id: has-lines\ninfo: {name: lines, author: x, severity: low}\nhttp:\n- method: GET\n  path: ['{{BaseURL}}/{{word}}']\n  payloads: {word: words.txt}\n  matchers: [{type: word, words: ['ref: refs']}]\n",
		"signatures/words.txt":   ".git/HEAD\nnothing\n",
		"key":                    "Cookie: sid=hunter2hunter2\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list := shops(t, dir, 30)
	flags := func(out string) []string {
		args := []string{
			"--only", "git-exposed,broken-one,has-lines,directory-listing", "-s", filepath.Join(dir, "signatures"), "--skip-broken", "--rate", "0", "@" + list,
			"-H", "@" + filepath.Join(dir, "key"), "--session", "member=" + filepath.Join(dir, "key"), "--exclude-host", "127.0.1.3",
		}
		for _, format := range textFormats {
			args = append(args, "-o", format+"="+filepath.Join(out, "scan."+format))
		}
		return args
	}
	plain := t.TempDir()
	var stderr bytes.Buffer
	want := run(t.Context(), append([]string{"sotomi", "scan"}, flags(plain)...), strings.NewReader(""), &bytes.Buffer{}, &stderr)
	if want != scanner.ExitFound {
		t.Fatalf("exit status %d: %s", want, &stderr)
	}
	wanted := reports(t, plain)
	for workers, more := range map[int][]string{0: nil, 1: {"--workers-only"}, 3: nil} {
		out := t.TempDir()
		status, said := shared(t, workers, append(flags(out), more...)...)
		if status != want {
			t.Errorf("%d workers: exit status %d, want %d: %s", workers, status, want, said)
		}
		for format, got := range reports(t, out) {
			if got = asked.ReplaceAllString(got, "$1"); got != wanted[format] {
				t.Errorf("%d workers: the %s report differs:\n%s", workers, format, firstDifference(wanted[format], got))
			}
		}
		if left, _ := filepath.Glob(filepath.Join(out, "*.journal*")); len(left) > 0 {
			t.Errorf("%v is still there", left)
		}
		if text := strings.Join(said, ""); strings.Contains(text, "hunter2") {
			t.Errorf("a secret is told: %s", text)
		}
	}
}
