package template_test

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"sotomi/checks/template"
	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// TestHTTP_language runs the cases of testdata/language. A file holds a template and cases; a case is what is wanted of
// it, and the answers of a site by "METHOD ADDRESS" (404 elsewhere); one with the header X-Coding: gzip is sent compressed.
// Wanted lines are
//
//	target /path            below which the target lies
//	hit ADDRESS MATCHER name=value ...   MATCHER is - when it has no name
//	sent METHOD ADDRESS BODY             all requests in order, when a case lists any; not those for control
//	status STATUS REASON    of the outcome, when it is neither found nor plainly clean
//	mistake TEXT            of a template that is refused
func TestHTTP_language(t *testing.T) {
	files, err := filepath.Glob("testdata/language/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range languageCases(t, file, archive) {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				c.run(t)
			})
		}
	}
}

type languageCase struct {
	template *signature.Signature
	name     string
	want     []string
	answers  map[string][]byte
}

func languageCases(t *testing.T, file string, archive *txtar.Archive) []*languageCase {
	t.Helper()
	var cases []*languageCase
	var template *signature.Signature
	for _, f := range archive.Files {
		name, isCase := strings.CutPrefix(f.Name, "case ")
		switch {
		case f.Name == "template.yaml":
			s, err := signature.Parse(file, f.Data, false)
			if err != nil {
				t.Fatal(err)
			}
			s.Roots = []string{"testdata/language"}
			template = s
		case isCase:
			want := strings.Split(strings.TrimSpace(string(f.Data)), "\n")
			if want[0] == "" {
				want = nil
			}
			cases = append(cases, &languageCase{template: template, name: strings.ReplaceAll(name, " ", "_"), want: want, answers: map[string][]byte{}})
		default:
			cases[len(cases)-1].answers[f.Name] = f.Data
		}
	}
	return cases
}

func (c *languageCase) run(t *testing.T) {
	site := &site{answers: c.answers}
	server := httptest.NewServer(site)
	defer server.Close()
	client, err := web.NewClient(web.Options{Rate: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	base := server.URL
	c.want = slices.DeleteFunc(slices.Clone(c.want), func(line string) bool {
		path, ok := strings.CutPrefix(line, "target ")
		if ok {
			base += path
		}
		return ok
	})
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	got := c.outcome(t, target.Target{URL: u}, client, server.URL)
	if slices.ContainsFunc(c.want, func(line string) bool { return strings.HasPrefix(line, "sent ") }) {
		got = append(got, site.sent...)
	}
	if diff := gocmp.Diff(c.want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// outcome is what the check makes of the site, in the words of the case.
func (c *languageCase) outcome(t *testing.T, target target.Target, client *web.Client, origin string) []string {
	t.Helper()
	var lines []string
	check, err := template.New(c.template)
	var stop *scanner.StatusError
	switch {
	case errors.As(err, &stop):
		return []string{"status " + string(stop.Status) + " " + stop.Reason.String()}
	case err != nil:
		return []string{"mistake " + err.Error()}
	}
	planned := len(check.(scanner.Planner).Plan(target))
	findings, outcome := engine.RunCheck(t.Context(), client, target, c.template, check, signature.SafetyIntrusive)
	if planned == 0 && len(findings) > 0 {
		t.Error("found something with requests that were not planned")
	}
	for _, f := range findings {
		line := "hit " + strings.ReplaceAll(strings.TrimPrefix(f.Hit.URL, origin), origin, "") + " " + cmp.Or(f.Hit.Matcher, "-")
		for _, name := range slices.Sorted(maps.Keys(f.Hit.Values)) {
			line += fmt.Sprintf(" %s=%v", name, f.Hit.Values[name])
		}
		lines = append(lines, line)
	}
	if outcome.Status != scanner.StatusFound && outcome.Status != scanner.StatusClean || !outcome.Reason.IsZero() {
		lines = append(lines, fmt.Sprintf("status %s %s", outcome.Status, strings.ReplaceAll(outcome.Reason.String(), origin, "")))
	}
	return lines
}

// site answers as a case says and writes down what it was asked.
type site struct {
	answers map[string][]byte

	mu   sync.Mutex
	sent []string
}

var madeUp = regexp.MustCompile(`/[a-z]{12}(\.[a-z]+)?/?($|\?)|/--|(/[a-z]{8}){2}/|=[a-z]{12}\b`)

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if !madeUp.MatchString(r.RequestURI) {
		s.mu.Lock()
		line := "sent " + r.Method + " " + r.RequestURI
		for _, name := range []string{"X-Sent", "Cookie"} {
			if v := r.Header.Get(name); v != "" {
				line += " " + name + ":" + v
			}
		}
		s.sent = append(s.sent, strings.TrimSpace(line+" "+string(body)))
		s.mu.Unlock()
	}
	answer, ok := s.answers[r.Method+" "+r.RequestURI]
	if !ok {
		answer, ok = s.answers["* *"]
	}
	if !ok {
		http.Error(w, "no such page", http.StatusNotFound)
		return
	}
	head, rest, _ := bytes.Cut(answer, []byte("\n\n"))
	text := strings.ReplaceAll(string(head)+"\n\n", "\n", "\r\n")
	res, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), nil)
	if err != nil {
		panic(err)
	}
	rest = bytes.TrimSuffix(rest, []byte("\n"))
	if res.Header.Get("X-Coding") == "gzip" {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write(rest)
		_ = z.Close()
		rest = packed.Bytes()
		res.Header.Set("Content-Encoding", "gzip")
	}
	maps.Copy(w.Header(), res.Header)
	w.WriteHeader(res.StatusCode)
	_, _ = w.Write(rest)
}
