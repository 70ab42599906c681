package report

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/signature"
)

// TestCurlLine: the line asks for the finding's own address again, a shell reads every part of it as text, and what was
// redacted is a variable.
func TestCurlLine(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell reads the lines here")
	}
	for name, c := range map[string]struct {
		url      string
		requests []string
		want     []string // arguments as the shell passes them on
	}{
		"get":                   {"https://a.example/x?q=1", []string{"GET / HTTP/1.1\nHost: a.example", "GET /x?q=1 HTTP/1.1\nHost: a.example\nAccept: */*"}, []string{"-i", "-g", "--path-as-is", "--url", "https://a.example/x?q=1"}},
		"secret_headers":        {"https://a.example/", []string{"GET / HTTP/1.1\nCookie: a=***; b=1\nX-Key: ***"}, []string{"-i", "-g", "--path-as-is", "-H", "Cookie: COOKIE-HERE", "-H", "X-Key: KEY-HERE", "--url", "https://a.example/"}},
		"secret_in_the_address": {"https://a.example/?t=***", []string{"GET /?t=*** HTTP/1.1"}, []string{"-i", "-g", "--path-as-is", "--url", "https://a.example/?t=SECRET-HERE"}},
		"quotes_and_commands":   {"https://a.example/", []string{"GET /'$(id)`id`;id\"*** HTTP/1.1\nX: '; id; '"}, []string{"-i", "-g", "--path-as-is", "-H", "X: '; id; '", "--url", "https://a.example/'$(id)`id`;id\"SECRET-HERE"}},
		"another_host":          {"https://a.example/", []string{"GET / HTTP/1.1\nHost: b.example"}, []string{"-i", "-g", "--path-as-is", "-H", "Host: b.example", "--url", "https://a.example/"}},
		"a_header_that_is_file": {"https://a.example/", []string{"GET / HTTP/1.1\n@/etc/passwd: x"}, []string{"-i", "-g", "--path-as-is", "--url", "https://a.example/"}},
		"post":                  {"https://a.example/f", []string{"POST /f HTTP/1.1\n\na=1&b='x'"}, []string{"-i", "-g", "--path-as-is", "-X", "POST", "--data-raw", "a=1&b='x'", "--url", "https://a.example/f"}},
		"head":                  {"https://a.example/f", []string{"HEAD /f HTTP/1.1"}, []string{"-I", "-g", "--path-as-is", "--url", "https://a.example/f"}},
		"no_request":            {"https://a.example/f", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			f := scanner.Finding{Signature: &signature.Signature{ID: "s"}, Target: "https://a.example", Hit: scanner.Hit{URL: c.url}}
			for _, request := range c.requests {
				f.Hit.Evidence = append(f.Hit.Evidence, evidence.Evidence{Request: request})
			}
			line := newEntry(f, "en").Curl
			if line == "" {
				if c.want != nil {
					t.Error("there is no line")
				}
				return
			}
			run := exec.Command(shell, "-c", `curl() { printf '%s\n' "$@"; }; `+line)
			run.Env = []string{"COOKIE=COOKIE-HERE", "X_KEY=KEY-HERE", "SECRET=SECRET-HERE"}
			out, err := run.CombinedOutput()
			if err != nil {
				t.Fatalf("%s: %v\n%s", line, err, out)
			}
			if d := cmp.Diff(c.want, strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")); d != "" {
				t.Errorf("%s (-want +got):\n%s", line, d)
			}
		})
	}
}
