package template_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sotomi/checks/template"
	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// scanned is what a template of one block finds on a site, and how it ends.
func scanned(t *testing.T, block string, site http.HandlerFunc) ([]string, scanner.Outcome) {
	t.Helper()
	findings, outcome, base := run(t, "  - "+strings.ReplaceAll(block, "\n", "\n    ")+"\n", site)
	var found []string
	for _, f := range findings {
		found = append(found, strings.TrimPrefix(f.Hit.URL, base))
	}
	return found, outcome
}

// ended is how a template ends on a site, and the site's address. The template is its blocks, with keys before them.
func ended(t *testing.T, text string, site http.HandlerFunc) (scanner.Outcome, string) {
	t.Helper()
	_, outcome, base := run(t, text, site)
	return outcome, base
}

func run(t *testing.T, text string, site http.HandlerFunc) ([]scanner.Finding, scanner.Outcome, string) {
	t.Helper()
	return runAt(t, "/", text, site)
}

// runAt is run with a page of the site as the target.
func runAt(t *testing.T, page, text string, site http.HandlerFunc) ([]scanner.Finding, scanner.Outcome, string) {
	t.Helper()
	keys, blocks, _ := strings.Cut("\n"+text, "\n  - ")
	s, err := signature.Parse("t.yaml", []byte("id: t\ninfo: {name: t, severity: high}"+strings.TrimSuffix("\n"+strings.TrimPrefix(keys, "\n"), "\n")+"\nhttp:\n  - "+blocks), false)
	if err != nil {
		t.Fatal(err)
	}
	check, err := template.New(s)
	var stop *scanner.StatusError
	switch {
	case errors.As(err, &stop):
		return nil, scanner.Outcome{Status: stop.Status, Reason: stop.Reason}, "SITE"
	case err != nil:
		t.Fatal(err)
	}
	server := httptest.NewServer(site)
	defer server.Close()
	client, err := web.NewClient(web.Options{Rate: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	u, err := url.Parse(server.URL + page)
	if err != nil {
		t.Fatal(err)
	}
	findings, outcome := engine.RunCheck(t.Context(), client, target.Target{URL: u}, s, check, signature.SafetyIntrusive)
	return findings, outcome, server.URL
}

const secretFile = "matchers-condition: and\nmatchers: [{type: status, status: [200]}, {type: word, words: [SECRET]}]\n"

// A match that is dropped, because the site says the same of what cannot exist, ends no block.
func TestStopAtFirstMatch_goes_on_after_a_dropped_match(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	site := func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.URL.Path]++
		mu.Unlock()
		if strings.HasPrefix(r.URL.Path, "/soft/") || r.URL.Path == "/real/secret.txt" || r.URL.Path == "/later/secret.txt" {
			_, _ = w.Write([]byte("SECRET"))
			return
		}
		http.NotFound(w, r)
	}
	found, outcome := scanned(t, secretFile+`path: ["{{BaseURL}}/soft/secret.txt", "{{BaseURL}}/real/secret.txt", "{{BaseURL}}/later/secret.txt"]
stop-at-first-match: true`, site)
	if len(found) != 1 || found[0] != "/real/secret.txt" || outcome.Status != scanner.StatusFound {
		t.Errorf("found %q, %s; want the file that is there", found, outcome.Status)
	}
	if asked["/later/secret.txt"] != 0 {
		t.Error("asks for more after a match that counts")
	}
}

// The control decides whether a match counts. Without its answer nobody can tell.
func TestControl_without_an_answer(t *testing.T) {
	const block = secretFile + `path: ["{{BaseURL}}/soft/secret.txt"]`
	for name, c := range map[string]struct {
		control func(w http.ResponseWriter, path string)
		found   int
		status  scanner.Status
	}{
		"none":                     {func(http.ResponseWriter, string) { panic(http.ErrAbortHandler) }, 0, scanner.StatusFailed},
		"of_another_kind_refutes":  {answerFolders("SECRET", http.StatusOK), 0, scanner.StatusClean},
		"of_another_kind_confirms": {answerFolders("no such thing", http.StatusNotFound), 1, scanner.StatusFound},
	} {
		t.Run(name, func(t *testing.T) {
			found, outcome := scanned(t, block, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path == "/soft/secret.txt":
					_, _ = w.Write([]byte("SECRET"))
				case strings.HasPrefix(r.URL.Path, "/soft/"):
					c.control(w, r.URL.Path)
				default:
					http.NotFound(w, r)
				}
			})
			if len(found) != c.found || outcome.Status != c.status {
				t.Errorf("found %q, %s %s; want %d, %s", found, outcome.Status, outcome.Reason, c.found, c.status)
			}
			if c.status == scanner.StatusFailed && !strings.Contains(outcome.Reason.String(), "/soft/secret.txt") {
				t.Errorf("the reason does not name the match: %s", outcome.Reason)
			}
		})
	}
}

// answerFolders answers paths that end with a slash and breaks off the others.
func answerFolders(text string, status int) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, path string) {
		if !strings.HasSuffix(path, "/") {
			panic(http.ErrAbortHandler)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(text))
	}
}

// What was left unjudged or was not taken whole is told.
func TestRun_tells_what_it_left_out(t *testing.T) {
	for name, c := range map[string]struct{ block, body, reason string }{
		"too_costly":      {`extractors: [{type: json, json: ['last(range(1e12))']}]`, "{}", "takes too long to judge"},
		"too_many_values": {`extractors: [{type: regex, name: a, internal: true, regex: ['[0-9a-f]+']}]` + "\n" + `matchers: [{type: word, words: [absent]}]`, numbers(2000), "more than 1000 values"},
	} {
		t.Run(name, func(t *testing.T) {
			_, outcome := scanned(t, c.block+"\npath: ['{{BaseURL}}/x']", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(c.body)) })
			if outcome.Status != scanner.StatusFailed || !strings.Contains(outcome.Reason.String(), c.reason) {
				t.Errorf("%s %s, want failed: %s", outcome.Status, outcome.Reason, c.reason)
			}
		})
	}
}

func numbers(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%x ", i)
	}
	return b.String()
}

// A control refutes what the site says of things that cannot exist, and nothing else: names of matchers one by one,
// matches, or, without matchers, values.
func TestControl_drops_what_it_has_in_common(t *testing.T) {
	for name, c := range map[string]struct {
		block, page, other string // what is there, and what cannot exist
		status             int    // of what cannot exist
		found              int
		suppressed         bool
	}{
		"one_name_of_two":     {"matchers: [{type: word, name: a, words: [AAA]}, {type: word, name: b, words: [BBB]}]", "AAA BBB", "AAA", 200, 1, true},
		"all_names":           {"matchers: [{type: word, name: a, words: [AAA]}, {type: word, name: b, words: [BBB]}]", "AAA BBB", "AAA BBB", 200, 0, true},
		"no_name":             {"matchers: [{type: word, name: a, words: [AAA]}, {type: word, name: b, words: [BBB]}]", "AAA BBB", "CCC", 200, 2, false},
		"another_name":        {"matchers: [{type: word, name: a, words: [AAA]}, {type: word, name: b, words: [BBB]}]", "AAA", "BBB", 200, 1, false},
		"the_match":           {"matchers: [{type: word, words: [AAA]}]", "AAA 1", "AAA 2", 404, 0, true},
		"some_values":         {"extractors: [{type: regex, regex: ['v[0-9]']}]", "v1 v2", "v1", 200, 1, false},
		"all_values":          {"extractors: [{type: regex, regex: ['v[0-9]']}]", "v1 v2", "v2 v1 v3", 200, 0, true},
		"error_pages_are_not": {"matchers-condition: and\nmatchers: [{type: status, status: [404]}, {type: word, words: [AAA]}]", "AAA", "AAA", 404, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			found, outcome := scanned(t, c.block+"\npath: ['{{BaseURL}}/there']", func(w http.ResponseWriter, r *http.Request) {
				text, status := c.page, 200
				if r.URL.Path != "/there" {
					text, status = c.other, c.status
				} else if name == "error_pages_are_not" {
					status = 404
				}
				w.WriteHeader(status)
				_, _ = w.Write([]byte(text))
			})
			if len(found) != c.found {
				t.Errorf("found %q (%s %s), want %d", found, outcome.Status, outcome.Reason, c.found)
			}
			if said := strings.Contains(outcome.Reason.String(), "names that cannot exist"); c.found == 0 && said != c.suppressed {
				t.Errorf("the reason is %q", outcome.Reason)
			}
		})
	}
}

// A block that looks at earlier responses is controlled as a whole: with controls in place of each.
func TestControl_of_a_block_that_looks_back(t *testing.T) {
	const block = `matchers: [{type: dsl, dsl: ['contains(body_1, "one") && contains(body_2, "two")']}]` + "\npath: ['{{BaseURL}}/1', '{{BaseURL}}/x/2']"
	for name, c := range map[string]struct {
		control func(path string) string
		found   int
	}{
		"first_differs": {func(path string) string {
			return map[bool]string{true: "two", false: "absent"}[strings.HasPrefix(path, "/x/")]
		}, 1},
		"second_differs": {func(path string) string {
			return map[bool]string{true: "absent", false: "one"}[strings.HasPrefix(path, "/x/")]
		}, 1},
		"both_alike": {func(path string) string {
			return map[bool]string{true: "two", false: "one"}[strings.HasPrefix(path, "/x/")]
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			found, outcome := scanned(t, block, func(w http.ResponseWriter, r *http.Request) {
				text := map[string]string{"/1": "one", "/x/2": "two"}[r.URL.Path]
				if text == "" {
					text = c.control(r.URL.Path)
				}
				_, _ = w.Write([]byte(text))
			})
			if len(found) != c.found {
				t.Errorf("found %q (%s %s), want %d", found, outcome.Status, outcome.Reason, c.found)
			}
		})
	}
}

// stop-at-first-match looks at matchers: an internal match ends the block too, values that were extracted do not.
func TestStopAtFirstMatch_is_about_matches(t *testing.T) {
	const paths = "\nstop-at-first-match: true\npath: ['{{BaseURL}}/a/1', '{{BaseURL}}/b/2']"
	for name, c := range map[string]struct {
		block        string
		found, asked int
	}{
		"match":          {"matchers: [{type: word, words: [v1]}]", 1, 1},
		"internal_match": {"matchers: [{type: word, internal: true, words: [v1]}]\nextractors: [{type: regex, regex: [absent]}]", 0, 1},
		"values":         {"extractors: [{type: regex, regex: ['v[0-9]']}]", 2, 2},
		"no_match":       {"matchers: [{type: word, words: [v9]}]", 0, 2},
	} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int32
			found, _ := scanned(t, c.block+paths, func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/a/1" && r.URL.Path != "/b/2" {
					http.NotFound(w, r)
					return
				}
				asked.Add(1)
				_, _ = w.Write([]byte("v1"))
			})
			if len(found) != c.found || int(asked.Load()) != c.asked {
				t.Errorf("found %q with %d requests, want %d with %d", found, asked.Load(), c.found, c.asked)
			}
		})
	}
}

// A control that is redirected to a page with the match refutes it, as one that has it itself.
func TestControl_that_is_redirected(t *testing.T) {
	found, outcome := scanned(t, "redirects: true\nmatchers: [{type: word, words: [AAA]}]\npath: ['{{BaseURL}}/there']", func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/there" && r.URL.Path != "/home" {
			http.Redirect(w, r, "/home", http.StatusFound)
			return
		}
		_, _ = w.Write([]byte("AAA"))
	})
	if len(found) != 0 || outcome.Status != scanner.StatusClean {
		t.Errorf("found %q, %s; want clean", found, outcome.Status)
	}
}
