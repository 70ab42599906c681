package ssi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
)

// signsOf is what ssi-sign reports in a mode: "certainty variant path".
func signsOf(t *testing.T, mode string, pages map[string]string) (found []string) {
	t.Helper()
	s, err := signature.Parse("s.yaml", []byte("id: ssi-sign\ninfo: {name: x, author: x, severity: low}\ncheck: ssi-sign\nwith: {mode: "+mode+"}\n"), false)
	if err != nil {
		t.Fatal(err)
	}
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, ok := pages[r.URL.Path]
		if any, answersAll := pages["*"]; !ok && answersAll {
			text, ok = any, true
		}
		if !ok {
			http.NotFound(w, r)
			return
		}
		if strings.HasPrefix(text, "<html") {
			w.Header().Set("Content-Type", "text/html")
		}
		fmt.Fprint(w, text)
	})
	r, err := sigtest.Scan(t.Context(), site, nil, sigtest.Options{Checks: scanner.Table{"ssi-sign": NewSign}}, s)
	if err != nil {
		t.Fatal(err)
	}
	if o := r.Outcomes[s.ID]; !o.Status.Complete() {
		t.Errorf("outcome %s (%s)", o.Status, o.Reason)
	}
	for _, f := range r.Findings {
		_, path, _ := strings.Cut(strings.TrimPrefix(f.Hit.URL, "http://"), "/")
		found = append(found, fmt.Sprintf("%s %s /%s", f.Hit.Certainty, f.Hit.Variant, path))
	}
	return found
}

func TestSigns(t *testing.T) {
	const (
		message = "[an error occurred while processing this directive]"
		include = `<html><!--#include virtual="/inc/db.php" --></html>`
	)
	for name, c := range map[string]struct {
		mode  string
		pages map[string]string
		want  []string
	}{
		"raw":                      {"raw-directive", map[string]string{"/": include}, []string{"confirmed  /"}},
		"raw_with_source":          {"raw-directive", map[string]string{"/": include, "/inc/db.php": "<?php $p='x';"}, []string{"confirmed source /"}},
		"raw_with_settings":        {"raw-directive", map[string]string{"/": include, "/inc/db.php": "[db]\npassword = x\n"}, []string{"confirmed source /"}},
		"raw_with_a_menu":          {"raw-directive", map[string]string{"/": include, "/inc/db.php": "<ul><li>menu</li></ul>"}, []string{"confirmed  /"}},
		"raw_and_source_elsewhere": {"raw-directive", map[string]string{"/": include, "*": "<?php the same for every address"}, []string{"confirmed  /"}},
		"no_directive":             {"raw-directive", map[string]string{"/": "<html><!-- a comment --></html>"}, nil},
		"error":                    {"error", map[string]string{"/": "<html><p>" + message + "</p></html>"}, []string{"possible  /"}},
		"error_on_a_parsed_page":   {"error", map[string]string{"/": `<html><a href="/a.shtml">a</a></html>`, "/a.shtml": "<html><p>" + message + "</p></html>"}, []string{"confirmed  /a.shtml"}},
		"error_twice":              {"error", map[string]string{"/": "<html><p>" + message + " " + message + "</p></html>"}, []string{"possible  /"}},
		"error_in_a_sentence":      {"error", map[string]string{"/": "<html><p>" + message + " is what Apache says</p></html>"}, nil},
		"error_quoted":             {"error", map[string]string{"/": "<html><pre>" + message + "</pre></html>"}, nil},
		"error_behind_a_label":     {"error", map[string]string{"/": "<html><p>Last updated: " + message + "</p></html>"}, []string{"possible  /"}},
		"error_behind_japanese":    {"error", map[string]string{"/": "<html><div>最終更新日：" + message + "</div></html>"}, []string{"possible  /"}},
		"error_in_a_footer":        {"error", map[string]string{"/": "<html><p>Copyright (C) <b>" + message + "</b></p></html>"}, []string{"possible  /"}},
		"error_in_an_old_layout":   {"error", map[string]string{"/": `<html><a href="/a.shtml">a</a></html>`, "/a.shtml": "<html><table><tr><td>" + message + "<td>Menu</table></html>"}, []string{"confirmed  /a.shtml"}},
		"error_behind_a_table":     {"error", map[string]string{"/": "<html><table><tr><td>x</table><div>" + message + "</div></html>"}, []string{"possible  /"}},
		"error_beside_a_greeting":  {"error", map[string]string{"/": "<html><p>" + message + "</p><p>Welcome! We show you how to get here.</p></html>"}, []string{"possible  /"}},
		"faq_dt":                   {"error", map[string]string{"/": "<html><dl><dt>" + message + "<dd>Ask your host.</dl></html>"}, nil},
		"faq_dd":                   {"error", map[string]string{"/": "<html><dl><dt>Oops<dd>" + message + "</dl></html>"}, nil},
		"faq_td":                   {"error", map[string]string{"/": "<html><table><tr><td>" + message + "</td><td>Ask your host.</td></table></html>"}, nil},
		"faq_blockquote":           {"error", map[string]string{"/": "<html><blockquote><p>" + message + "</p></blockquote></html>"}, nil},
		"faq_code":                 {"error", map[string]string{"/": "<html><code>" + message + "</code></html>"}, nil},
		"faq_samp":                 {"error", map[string]string{"/": "<html><samp>" + message + "</samp></html>"}, nil},
		"faq_heading":              {"error", map[string]string{"/": "<html><h3>" + message + "</h3><p>Apache prints this when a directive cannot be read.</p></html>"}, nil},
		"said_by_a_sentence":       {"error", map[string]string{"/": "<html><p>When a page is broken Apache prints <i>" + message + "</i></p></html>"}, nil},
		"asked_by_somebody":        {"error", map[string]string{"/": "<html><p>Since yesterday I get " + message + "</p></html>"}, nil},
		"asked_in_japanese":        {"error", map[string]string{"/": "<html><p>次のエラーが出ます: " + message + "</p></html>"}, nil},
		"an_article":               {"error", map[string]string{"/": "<html><title>Server Side Includes for beginners</title><div>" + message + "</div></html>"}, nil},
		"error_in_two_paragraphs":  {"error", map[string]string{"/": "<html><p>" + message + "</p><p>" + message + "</p></html>"}, []string{"possible  /"}},
		"said_before_it":           {"error", map[string]string{"/": "<html><p>Server Side Includes</p><p>" + message + "</p></html>"}, nil},
		"in_use":                   {"in-use", map[string]string{"/": `<html><a href="/a.shtml">a</a></html>`, "/a.shtml": "<html>a</html>"}, []string{"possible  /a.shtml"}},
		"in_use_but_raw":           {"in-use", map[string]string{"/": `<html><a href="/a.shtml">a</a></html>`, "/a.shtml": include}, nil},
		"in_use_everywhere":        {"in-use", map[string]string{"/": `<html><a href="/a.shtml">a</a></html>`, "*": "<html>a</html>"}, nil},
		"plain_pages":              {"in-use", map[string]string{"/": `<html><a href="/a.html">a</a></html>`, "/a.html": "<html>a</html>"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, signsOf(t, c.mode, c.pages)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

// TestRawDirectiveStaysOnItsSite: an include that names another port of the host is told, and not asked for.
func TestRawDirectiveStaysOnItsSite(t *testing.T) {
	var asked atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		fmt.Fprint(w, "<?php")
	}))
	defer other.Close()
	got := signsOf(t, "raw-directive", map[string]string{"/": `<html><!--#include virtual="` + other.URL + `/a.php" --></html>`})
	if d := cmp.Diff([]string{"confirmed  /"}, got); d != "" || asked.Load() > 0 {
		t.Errorf("%d requests to another port (-want +got):\n%s", asked.Load(), d)
	}
}
