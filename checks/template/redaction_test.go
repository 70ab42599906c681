package template_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"sotomi/checks/template"
	"sotomi/scanner/engine"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

// What a template about secrets takes or matches is nowhere in its report, whatever it looks like; what other templates
// take is.
func TestHTTP_hides_what_templates_about_secrets_take(t *testing.T) {
	const (
		first  = "acme-plain-word-one"
		second = "acme-plain-word-two"
	)
	filler := strings.Repeat("some words of the page. ", 100)
	long := "acme-long-" + strings.Repeat("ab-cd-", 60)
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/":
			w.Header().Set("X-Thing", "see "+first)
			fmt.Fprintf(w, "<p>release 1.2.3</p> x %s %s y %s z %s", first, filler, second, filler)
		case "/json":
			fmt.Fprintf(w, `{"thing": "acme\/slashed\/word", "release": "1.2.3", "again": "acme/slashed/word"}`)
		case "/router":
			w.Header().Set("Set-Cookie", "X_SID="+second+"; Path=/")
			fmt.Fprintf(w, `{"release":"1.2.3","http_passwd":"%s"}`, first)
		case "/long":
			fmt.Fprintf(w, "<p>release 1.2.3</p>%s%s%s", filler, long, filler)
		case "/next":
			fmt.Fprintf(w, "release 1.2.3, you asked with %s", r.URL.Query().Get("q"))
		case "/from":
			http.Redirect(w, r, "/next?q="+first, http.StatusFound)
		default:
			http.NotFound(w, r)
		}
	})
	const get = "method: GET\n    path: ['{{BaseURL}}/']\n    "
	cases := map[string]struct{ tags, block string }{
		"extractor":           {"exposure,token", get + "extractors: [{type: regex, regex: ['acme-[a-z-]+']}]"},
		"named_extractor":     {"exposure,tokens", get + "extractors: [{type: regex, name: thing, group: 1, regex: ['x (acme-[a-z-]+)', 'y (acme-[a-z-]+)']}]"},
		"header":              {"exposure,apikey", get + "extractors: [{type: kval, kval: [x_thing]}, {type: regex, regex: ['acme-[a-z-]+']}]"},
		"matcher":             {"exposure,secret", get + "matchers: [{type: regex, regex: ['acme-[a-z-]+']}]"},
		"matcher_of_several":  {"exposure,keys", get + "matchers-condition: or\n    matchers: [{type: word, words: [release]}, {type: regex, regex: ['acme-[a-z-]+']}]"},
		"json":                {"credential", "method: GET\n    path: ['{{BaseURL}}/json']\n    extractors: [{type: json, json: ['.thing']}]"},
		"longer_than_shown":   {"token", "method: GET\n    path: ['{{BaseURL}}/long']\n    matchers: [{type: regex, regex: ['acme-[a-z-]+']}]"},
		"in_the_address":      {"token", "method: GET\n    redirects: true\n    path: ['{{BaseURL}}/from']\n    extractors: [{type: regex, regex: ['acme-[a-z-]+']}]"},
		"later_request":       {"token", get + "extractors: [{type: regex, name: thing, internal: true, regex: ['acme-[a-z-]+']}]\n  - method: GET\n    path: ['{{BaseURL}}/next?q={{thing}}']\n    matchers: [{type: word, words: [release]}]"},
		"secret_in_its_place": {"exposure", "method: GET\n    path: ['{{BaseURL}}/router']\n    extractors: [{type: regex, group: 1, regex: ['passwd\":\"([a-z-]+)', 'X_SID=([a-z-]+)'], part: response}]"},
		"secret_by_its_name":  {"exposure", get + "extractors: [{type: regex, name: db_password, regex: ['acme-[a-z-]+']}]"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			report := reportOf(t, site, c.tags, c.block)
			for _, part := range []string{"acme-", "plain-word", "slashed", "ab-cd-ab"} {
				if strings.Contains(report, part) {
					t.Errorf("the report holds %q: %s", part, report)
				}
			}
			if !strings.Contains(report, "***") || !strings.Contains(report, "release") && !strings.Contains(report, "words of the page") {
				t.Errorf("the report shows nothing of the page: %s", report)
			}
		})
	}
	t.Run("version", func(t *testing.T) {
		report := reportOf(t, site, "tech,acme", get+"extractors: [{type: regex, name: release, group: 1, regex: ['release ([0-9.]+)']}]")
		if !strings.Contains(report, "map[release:1.2.3]") || !strings.Contains(report, "<p>release 1.2.3</p> x "+first) {
			t.Errorf("the report hides a version: %s", report)
		}
	})
}

// reportOf is what a report shows of the findings of a template on a site.
func reportOf(t *testing.T, site http.Handler, tags, block string) string {
	t.Helper()
	s, err := signature.Parse("t.yaml", []byte("id: acme\ninfo: {name: T, severity: info, tags: '"+tags+"'}\nhttp:\n  - "+block+"\n"), false)
	if err != nil {
		t.Fatal(err)
	}
	return reportBy(t, site, s)
}

func reportBy(t *testing.T, site http.Handler, s *signature.Signature) string {
	t.Helper()
	server := httptest.NewServer(site)
	defer server.Close()
	check, err := template.New(s)
	if err != nil {
		t.Fatal(err)
	}
	client, err := web.NewClient(web.Options{Rate: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	findings, outcome := engine.RunCheck(t.Context(), client, target.Target{URL: u}, s, check, signature.SafetyIntrusive)
	if len(findings) == 0 {
		t.Fatalf("found nothing: %+v", outcome)
	}
	var b strings.Builder
	for _, f := range findings {
		fmt.Fprintf(&b, "%s %s %v\n", f.Hit.URL, f.Hit.Matcher, f.Hit.Values)
		for _, e := range f.Hit.Evidence {
			fmt.Fprintf(&b, "%s\n%s\n%s\n", e.Request, e.Response, e.Note)
		}
	}
	return b.String()
}

// Our own signatures look for the names of settings, which the reader is to see.
func TestHTTP_shows_names_of_settings(t *testing.T) {
	set, err := signature.Load(signature.Sources{Embedded: signatures.FS})
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(set.Signatures, func(s *signature.Signature) bool { return s.ID == "env-file" })
	report := reportBy(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/.env" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, "APP_NAME=shop\nDB_PASSWORD=plain-word-one\n")
	}), set.Signatures[at])
	if !strings.Contains(report, "DB_PASSWORD=***") || strings.Contains(report, "plain-word") {
		t.Errorf("report: %s", report)
	}
}
