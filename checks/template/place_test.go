package template_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"sotomi/checks/template"
	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
)

// The folders that pages name are asked too, each once, and no block asks for more than a few.
func TestPayloads_of_the_folders_that_pages_name(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	site := func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.URL.Path]++
		mu.Unlock()
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte(`<a href="/blog/">Blog</a><a href="/blog/2.html">2</a><a href="http://other.example/far/">far</a>`))
		case "/blog/secret.txt":
			_, _ = w.Write([]byte("SECRET"))
		default:
			http.NotFound(w, r)
		}
	}
	found, outcome := scanned(t, secretFile+`path: ["{{folder}}/secret.txt"]
payloads: {folder: {list: folders}}`, site)
	if len(found) != 1 || found[0] != "/blog/secret.txt" || outcome.Status != scanner.StatusFound {
		t.Errorf("found %q, %s; want the file in the folder of a link", found, outcome.Status)
	}
	if asked["/secret.txt"] != 1 || asked["/blog/secret.txt"] != 1 || asked["/far/secret.txt"] != 0 {
		t.Errorf("asked %v; want each folder of the site once", asked)
	}
}

// Where all matchers must match, the one that is named like a variant gives the finding its severity.
func TestVariant_of_a_block_whose_matchers_must_all_match(t *testing.T) {
	findings, _, _ := run(t, `variants: {worse: {severity: critical}}
  - path: ["{{BaseURL}}/list"]
    matchers-condition: and
    matchers: [{type: word, words: [listing]}, {type: word, name: worse, words: [SECRET]}]
`, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/list" {
			_, _ = w.Write([]byte("listing of SECRET"))
		}
	})
	if len(findings) != 1 || findings[0].Severity != signature.SeverityCritical {
		t.Errorf("findings %+v; want one of critical severity", findings)
	}
}

// A template that asks for the target's own page among others looks at the page that the user named, and for all it asks
// below the folders of that page.
func TestOwnPage_among_other_addresses(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	findings, _, base := runAt(t, "/x/db.php", `  - path: ["{{BaseURL}}", "{{BaseURL}}/tool.php"]
    matchers: [{type: word, words: [SECRET]}]
`, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.URL.Path]++
		mu.Unlock()
		if r.URL.Path == "/x/db.php" {
			_, _ = w.Write([]byte("SECRET"))
		}
	})
	if len(findings) != 1 || findings[0].Hit.URL != base+"/x/db.php" {
		t.Errorf("findings %+v; want one, of the page that was named", findings)
	}
	for _, path := range []string{"/x/db.php", "/x/", "/x/tool.php", "/", "/tool.php"} {
		if asked[path] != 1 {
			t.Errorf("%s was asked %d times, want once; all: %v", path, asked[path], asked)
		}
	}
	if asked["/x/db.php/tool.php"] != 0 {
		t.Errorf("asks below a page: %v", asked)
	}
}

// What is known of the target alone is planned, and what depends on its pages is left out.
func TestPlan_of_lists(t *testing.T) {
	s, err := signature.Parse("t.yaml", []byte(`id: t
info: {name: t, severity: high}
http:
  - path: ["{{folder}}/{{name}}.sql"]
    attack: clusterbomb
    payloads: {name: {list: site-names, values: [dump]}, folder: {list: folders, values: ["{{BaseURL}}/db"]}}
    matchers: [{type: word, words: [SECRET]}]
`), false)
	if err != nil {
		t.Fatal(err)
	}
	check, err := template.New(s)
	if err != nil {
		t.Fatal(err)
	}
	u := &url.URL{Scheme: "http", Host: "www.kissa.example", Path: "/shop/"}
	var got []string
	for _, r := range check.(scanner.Planner).Plan(target.Target{URL: u}) {
		got = append(got, r.URL.Path)
	}
	if want := "/shop/www.kissa.example.sql /shop/kissa.example.sql /shop/kissa.sql /shop/dump.sql " +
		"/shop/db/www.kissa.example.sql /shop/db/kissa.example.sql /shop/db/kissa.sql /shop/db/dump.sql"; strings.Join(got, " ") != want {
		t.Errorf("planned %q, want %s", got, want)
	}
}
