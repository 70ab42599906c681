package template_test

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sotomi/scanner"
)

const (
	envFile  = "matchers-condition: and\nmatchers: [{type: status, status: [200]}, {type: word, words: [APP_KEY=, DB_PASSWORD=], condition: and}]\npath: ['{{BaseURL}}/.env']"
	gitFile  = "matchers-condition: and\nmatchers: [{type: status, status: [200]}, {type: word, words: ['[core]']}]\npath: ['{{BaseURL}}/.git/config']"
	infoPage = "matchers-condition: and\nmatchers: [{type: status, status: [200]}, {type: word, words: ['phpinfo()']}]\npath: ['{{BaseURL}}/old/phpinfo.php']"
	openAPI  = "matchers-condition: and\nmatchers: [{type: status, status: [200]}, {type: word, words: [openapi.json]}]\npath: ['{{BaseURL}}/v1/openapi.json']"
	actuator = "matchers: [{type: word, words: ['\"/actuator/env\"']}]\npath: ['{{BaseURL}}/actuator/env']"
)

var articles = map[string]string{
	"Writing an env file":    "The .env of Laravel: APP_KEY=base64:xxxx DB_PASSWORD=himitsu",
	"Config of git":          "A .git/config begins with [core]",
	"What phpinfo tells":     "phpinfo.php calls phpinfo() and shows PHP Version 8.1",
	"Nothing of the kind":    "Cooking with rice",
	"Open API, openapi json": "openapi.json describes an API",
}

var separators = regexp.MustCompile(`[^\p{L}\p{N}]+`)

// search is a site that answers to what it does not have with the articles that found says hold the words of the address.
func search(found func(text, address string) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html><title>Search</title>")
		for title, text := range articles {
			if r.URL.Path != "/" && found(strings.ToLower(title+" "+text), strings.ToLower(r.URL.Path)) {
				fmt.Fprintf(w, "<h2>%s</h2><p>%s</p>", title, text)
			}
		}
	}
}

func wordsOf(address string) []string {
	return slices.DeleteFunc(separators.Split(address, -1), func(word string) bool { return word == "" })
}

func anyWord(text, address string) bool {
	return slices.ContainsFunc(wordsOf(address), func(word string) bool { return strings.Contains(text, word) })
}

func allWords(text, address string) bool {
	return !slices.ContainsFunc(wordsOf(address), func(word string) bool { return !strings.Contains(text, word) })
}

func lastWords(text, address string) bool { return allWords(text, path.Base(address)) }

func phrase(text, address string) bool { return strings.Contains(text, path.Base(address)) }

// repeating is a site that says text of every address, with %s for the address.
func repeating(status int, contentType, text string, coded func(string) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, strings.ReplaceAll(text, "%s", coded(r.URL.Path)))
	}
}

func jsonText(s string) string { b, _ := json.Marshal(s); return strings.Trim(string(b), `"`) }

func breadcrumb(address string) string {
	return "Home › " + strings.Join(strings.Split(strings.Trim(address, "/"), "/"), " › ")
}

// A site that searches for the words of the address, or repeats the address, shows nothing of its own.
func TestControl_of_the_words_that_were_asked_for(t *testing.T) {
	plain := func(s string) string { return s }
	for name, c := range map[string]struct {
		block string
		site  http.HandlerFunc
	}{
		"search_any_word":        {envFile, search(anyWord)},
		"search_all_words":       {envFile, search(allWords)},
		"search_last_segment":    {gitFile, search(lastWords)},
		"search_phrase":          {infoPage, search(phrase)},
		"search_any_of_folder":   {gitFile, search(anyWord)},
		"search_all_of_folder":   {gitFile, search(allWords)},
		"echo_page":              {openAPI, repeating(200, "text/html", "<h1>%s is not here</h1>", html.EscapeString)},
		"echo_escaped":           {"matchers: [{type: word, words: ['%2Fv1%2Fopenapi.json']}]\npath: ['{{BaseURL}}/v1/openapi.json']", repeating(200, "text/html", "<a href='/login?next=%s'>", url.QueryEscape)},
		"echo_json":              {actuator, repeating(404, "application/json", `{"status":404,"path":"%s"}`, jsonText)},
		"echo_breadcrumb":        {openAPI, repeating(200, "text/html", "<p>%s</p>", breadcrumb)},
		"echo_upper_case":        {"matchers: [{type: word, words: [OPENAPI]}]\npath: ['{{BaseURL}}/openapi.json']", repeating(200, "text/html", "%s", strings.ToUpper)},
		"echo_of_words":          {"matchers: [{type: word, words: ['wp config']}]\npath: ['{{BaseURL}}/wp-config.php']", repeating(200, "text/html", "%s", func(s string) string { return strings.Join(wordsOf(s), " ") })},
		"echo_without_extension": {"matchers: [{type: word, words: [<title>swagger</title>]}]\npath: ['{{BaseURL}}/api/swagger.json']", repeating(200, "text/html", "<title>%s</title>", func(s string) string { b, _, _ := strings.Cut(path.Base(s), "."); return b })},
		"echo_of_a_folder":       {"matchers: [{type: word, words: [phpmyadmin]}]\npath: ['{{BaseURL}}/phpmyadmin/']", repeating(200, "text/html", "no %s", plain)},
		"echo_in_a_header": {"matchers: [{type: word, part: header, words: [openapi.json]}]\npath: ['{{BaseURL}}/openapi.json']", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/login?next="+r.URL.Path, http.StatusFound)
		}},
		"echo_of_an_error":        {"matchers-condition: and\nmatchers: [{type: status, status: [404]}, {type: word, words: [actuator]}]\npath: ['{{BaseURL}}/actuator']", repeating(404, "application/json", `{"error":"no %s"}`, plain)},
		"echo_of_a_value":         {"matchers: [{type: word, words: [wp_users]}]\npath: ['{{BaseURL}}/?s=wp_users']", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "Results for %s", r.URL.Query().Get("s")) }},
		"echo_of_a_value_on_page": {"matchers-condition: and\nmatchers: [{type: status, status: [200]}, {type: word, words: [wp_users]}]\npath: ['{{BaseURL}}/search?s=wp_users']", onlyAt("/search", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "Results for %s", r.URL.Query().Get("s")) })},
		"echo_of_a_body": {"method: POST\nbody: '{\"query\":\"{__schema{types{name}}}\"}'\nheaders: {Content-Type: application/json}\nmatchers: [{type: word, words: [__schema]}]\npath: ['{{BaseURL}}/graphql']", onlyAt("/graphql", func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			fmt.Fprintf(w, "cannot read %s", b)
		})},
		"echo_of_a_header": {"headers: {X-Module: debug_toolbar}\nmatchers: [{type: word, words: [debug_toolbar]}]\npath: ['{{BaseURL}}/']", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "%v", r.Header) }},
	} {
		t.Run(name, func(t *testing.T) {
			found, outcome := scanned(t, c.block, c.site)
			if len(found) != 0 || outcome.Status != scanner.StatusClean || outcome.Reason.IsZero() {
				t.Errorf("found %q, %s (%s); want clean and why", found, outcome.Status, outcome.Reason)
			}
		})
	}
}

// onlyAt is a site with one page.
func onlyAt(address string, page http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != address {
			http.Error(w, "no such page: "+r.URL.Path, http.StatusNotFound)
			return
		}
		page(w, r)
	}
}

func say(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// What is there stays found, whatever its name, and what a site repeats stays found where repeating it is the fault.
func TestControl_of_the_words_lets_through_what_is_there(t *testing.T) {
	for name, c := range map[string]struct {
		block string
		site  http.HandlerFunc
	}{
		"the_file":                {envFile, onlyAt("/.env", say("APP_KEY=1\nDB_PASSWORD=2"))},
		"its_own_name":            {"matchers: [{type: word, words: [phpMyAdmin]}]\npath: ['{{BaseURL}}/phpMyAdmin/']", onlyAt("/phpMyAdmin/", say("<title>phpMyAdmin</title>"))},
		"any_name_that_begins_so": {"matchers: [{type: word, words: [Active connections]}]\npath: ['{{BaseURL}}/nginx_status']", beginning("/nginx_status", "Active connections: 1")},
		"in_any_folder":           {"matchers: [{type: word, words: [Error Log]}]\npath: ['{{BaseURL}}/elmah.axd']", ending("/elmah.axd", "<title>Error Log</title>")},
		"in_one_folder_above": {infoPage, func(w http.ResponseWriter, r *http.Request) {
			onlyAt("/old/phpinfo.php", say("<html>phpinfo()"))(w, withoutFirst(r))
		}},
		"icon_in_any_folder": {"matchers: [{type: word, words: [PNG]}]\npath: ['{{BaseURL}}/favicon.ico']", ending("/favicon.ico", "\x89PNG\r\n")},
		"redirect_back_to_it": {"redirects: true\n" + infoPage, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(path.Base(r.URL.Path), "--") {
				http.Redirect(w, r, "/old/phpinfo.php", http.StatusMovedPermanently)
				return
			}
			onlyAt("/old/phpinfo.php", say("<html>phpinfo()"))(w, r)
		}},
		"script_in_the_path": {"matchers: [{type: word, words: ['<script>alert(1)</script>']}]\npath: ['{{BaseURL}}/x/%3Cscript%3Ealert(1)%3C/script%3E', '{{BaseURL}}/x/<script>alert(1)<%2Fscript>']", repeating(200, "text/html", "no %s", func(s string) string { return s })},
		"script_in_a_value":  {"matchers: [{type: word, words: ['<script>alert(1)</script>']}]\npath: ['{{BaseURL}}/s?q=<script>alert(1)</script>']", onlyAt("/s", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Query().Get("q")) })},
		"handler_in_a_value": {"matchers: [{type: word, words: ['\"onfocus=alert(1) x']}]\npath: ['{{BaseURL}}/s?q=%22onfocus=alert(1)+x']", onlyAt("/s", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.URL.Query().Get("q")) })},
		"header_in_a_value":  {"matchers: [{type: word, part: header, words: ['X-Set: injected']}]\npath: ['{{BaseURL}}/s?q=%0d%0aX-Set:%20injected']", onlyAt("/s", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X-Set", "injected") })},
		"redirect_of_the_path": {"matchers: [{type: regex, part: header, regex: ['(?m)^Location: (?:https?:)?//[a-z.-]*evil\\.example']}]\npath: ['{{BaseURL}}//evil.example']", func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Location"] = []string{"/" + "/" + path.Base(r.URL.Path) + "/"}
			w.WriteHeader(302)
		}},
		"redirect_of_a_value": {"matchers: [{type: regex, part: header, regex: ['(?m)^Location: (?:https?://)?evil\\.example']}]\npath: ['{{BaseURL}}/s?to=evil.example']", onlyAt("/s", func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Location"] = []string{r.URL.Query().Get("to")}
			w.WriteHeader(302)
		})},
		"origin_allowed": {"headers: {Origin: 'https://evil.example'}\nmatchers: [{type: word, part: header, words: ['Access-Control-Allow-Origin: https://evil.example']}]\npath: ['{{BaseURL}}/s']", onlyAt("/s", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		})},
		"the_word_is_an_answer": {"matchers: [{type: word, words: ['phpinfo()']}]\npath: ['{{BaseURL}}/s?module=phpinfo']", onlyAt("/s", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("module") == "phpinfo" {
				fmt.Fprint(w, "phpinfo()")
			}
		})},
		"the_page_has_it_anyway": {"matchers: [{type: word, words: [WordPress]}]\npath: ['{{BaseURL}}/?x=WordPress']", say("<meta content=WordPress>")},
		"errors_have_it_anyway":  {"matchers-condition: and\nmatchers: [{type: status, status: [404]}, {type: word, words: [Whitelabel]}]\npath: ['{{BaseURL}}/Whitelabel']", repeating(404, "text/html", "Whitelabel Error Page", html.EscapeString)},
	} {
		t.Run(name, func(t *testing.T) {
			found, outcome := scanned(t, c.block, c.site)
			if len(found) == 0 || outcome.Status != scanner.StatusFound {
				t.Errorf("found %q, %s (%s); want a finding", found, outcome.Status, outcome.Reason)
			}
		})
	}
}

// beginning and ending are servers whose rule for a page takes every address that begins or ends with its own.
func beginning(address, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, address) {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, text)
	}
}

func ending(address, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, address) {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, text)
	}
}

var firstFolder = regexp.MustCompile(`^/[\w-]+/old/`)

// withoutFirst is a request without a folder before the one that is there, as networks of sites have one for each.
func withoutFirst(r *http.Request) *http.Request {
	c := r.Clone(r.Context())
	c.URL.Path = firstFolder.ReplaceAllString(c.URL.Path, "/old/")
	return c
}

// A plain site is asked for nothing more; the controls are asked for after a match only.
func TestControl_is_asked_after_a_match_only(t *testing.T) {
	var asked []string
	site := func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		http.NotFound(w, r)
	}
	if found, _ := scanned(t, envFile, site); len(found) != 0 || !slices.Equal(asked, []string{"/.env"}) {
		t.Errorf("found %q, asked for %q; want nothing, and /.env alone", found, asked)
	}
}
