package template_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

const (
	askFor   = "  - {path: ['{{BaseURL}}%'], matchers: [{type: word, words: [LEAK]}]}\n"
	takeThen = "  - path: ['{{BaseURL}}/form', '{{BaseURL}}/next/{{token}}', '{{BaseURL}}/last']\n    extractors: [{type: regex, name: token, internal: true, group: 1, regex: ['v=(\\w+)']}]\n    matchers: [{type: word, words: [LEAK]}]\n"
)

func asks(path string) string { return strings.ReplaceAll(askFor, "%", path) }

// reasonCase is a template on a site that says page of everything, and how it must end.
type reasonCase struct {
	template, page string
	sent           []string // paths, with CONTROL for names that the check made up
	status         scanner.Status
	reason         string // with SITE for the address of the site
}

// reasonCases have every reason that the check gives, and what it had sent when it gave it. What was not sent is told, and
// is never taken for what was seen: the check is clean only where the responses did not have what the request needs, and
// cannot tell where the template is at fault.
func reasonCases() map[string]reasonCase {
	return map[string]reasonCase{
		"all_sent":      {asks("/a"), "", []string{"/a"}, scanner.StatusClean, ""},
		"no_name":       {"variables: {x: '{{nobody}}'}\n" + asks("/{{x}}"), "", nil, scanner.StatusFailed, "request 1 was not sent: nothing gives a value to nobody"},
		"no_name_later": {"variables: {x: '{{nobody}}'}\n" + asks("/a") + asks("/{{x}}"), "", []string{"/a"}, scanner.StatusFailed, "request 1 of block 2 was not sent: nothing gives a value to nobody"},

		"no_name_in_a_function":   {"variables: {x: '{{to_lower(nobody)}}'}\n" + asks("/{{x}}"), "", nil, scanner.StatusFailed, "request 1 was not sent: nothing gives a value to to_lower(nobody)"},
		"no_value":                {takeThen, "no form", []string{"/form"}, scanner.StatusClean, "requests 2 to 3 were not sent: no response gave a value to token"},
		"no_value_of_a_match":     {"flow: http(1) && http(2)\n" + "  - {path: ['{{BaseURL}}/p'], extractors: [{type: regex, name: token, internal: true, regex: ['t=.']}], matchers: [{type: word, internal: true, words: [Product]}]}\n" + asks("/{{token}}"), "Product", []string{"/p"}, scanner.StatusFailed, "request 1 of block 2 was not sent: a response matched, but gave no value to token"},
		"value_not_internal":      {"variables: {x: '{{token}}'}\n" + strings.NewReplacer("internal: true, ", "", "{{token}}", "{{x}}").Replace(takeThen), "v=1", []string{"/form"}, scanner.StatusFailed, "requests 2 to 3 were not sent: the extractor token is not internal: true, so no request gets its value"},
		"no_address":              {"  - {path: ['{{BaseURL}}/a', 'db.{{BaseURL}}'], matchers: [{type: word, words: [LEAK]}]}\n", "", []string{"/a"}, scanner.StatusUnsupported, "request 2 was not sent: \"db.SITE\" is not a web address"},
		"other_host":              {"  - {path: ['{{BaseURL}}/a', 'http://example.com/'], matchers: [{type: word, words: [LEAK]}]}\n", "", []string{"/a"}, scanner.StatusClean, "request 2 was not sent: it goes to example.com, which is not the target"},
		"only_other_host":         {"  - {path: ['http://example.com/'], matchers: [{type: word, words: [LEAK]}]}\n", "", nil, scanner.StatusNotApplicable, "request 1 was not sent: it goes to example.com, which is not the target"},
		"flow_that_stops":         {"flow: http(1) && http(2)\n" + asks("/a") + asks("/b"), "", []string{"/a"}, scanner.StatusClean, "block 2 was not run: what the flow makes it depend on did not match"},
		"after_a_dropped_match":   {strings.Replace(asks("/a"), "LEAK", "PAGE", 1) + takeThen, "PAGE", []string{"/a", "/CONTROL", "/form"}, scanner.StatusClean, "the site answers like that to names that cannot exist; requests 2 to 3 of block 2 were not sent: no response gave a value to token"},
		"flow_that_stops_earlier": {"flow: http(1) && http(2) && http(3)\n" + asks("/a") + asks("/b") + asks("/c"), "", []string{"/a"}, scanner.StatusClean, "blocks 2, 3 were not run: what the flow makes them depend on did not match"},
		"flow_that_never_calls":   {"flow: http(1)\n" + asks("/a") + asks("/b"), "", []string{"/a"}, scanner.StatusUnsupported, "the flow never calls block 2"},
		"flow_that_calls_nothing": {"flow: http(1) || http(7)\n" + asks("/a"), "", []string{"/a"}, scanner.StatusUnsupported, "the flow calls http(7), which does not exist"},
		"echo":                    {strings.Replace(asks("/?q=LEAK"), "/?", "/s?", 1), "", []string{"/s", "/CONTROL", "/--s", "/s"}, scanner.StatusClean, "the site only repeats what the request said"},
		"no_control":              {strings.Replace(asks("/there"), "LEAK", "PAGE", 1), "PAGE", []string{"/there", "/CONTROL", "/CONTROL", "/CONTROL/", "/CONTROL/"}, scanner.StatusFailed, "SITE/there matched, but a control request for a made-up name got no response: SITE/CONTROL: closed: Get \"SITE/CONTROL\": EOF"},
		"too_costly":              {"  - {path: ['{{BaseURL}}/x'], extractors: [{type: json, json: ['last(range(1e12))']}]}\n", "{}", []string{"/x"}, scanner.StatusFailed, "the response of SITE/x takes too long to judge"},
		"too_many_values":         {"  - {path: ['{{BaseURL}}/x'], extractors: [{type: regex, name: a, internal: true, regex: ['[0-9a-f]+']}], matchers: [{type: word, words: [LEAK]}]}\n", numbers(2000), []string{"/x"}, scanner.StatusFailed, "a response held more than 1000 values for an extractor; only the first were used"},
		"writes":                  {asks("/a") + strings.Replace(asks("/b"), "{path", "{method: '{{m}}', payloads: {m: [PUT]}, path", 1), "", []string{"/a"}, scanner.StatusUnsupported, "writes: PUT"},
		"no_fact":                 {"needs: [shop]\n" + asks("/{{shop_base}}"), "", nil, scanner.StatusNotApplicable, "request 1 was not sent: the fact shop has no base"},
		"no_domain":               {asks("/a") + asks("/{{to_upper(RDN)}}.zip"), "", []string{"/a"}, scanner.StatusClean, "request 1 of block 2 was not sent: the target's host has no RDN"},
		"space_before_an_address": {asks("/a") + strings.Replace(asks("/b"), "'{{", "' {{", 1), "", []string{"/a", "/b"}, scanner.StatusClean, ""},
		"some_of_a_block":         {asks("/a") + takeThen, "", []string{"/a", "/form"}, scanner.StatusClean, "requests 2 to 3 of block 2 were not sent: no response gave a value to token"},
		"never_matches":           {"  - {path: ['{{BaseURL}}/x'], matchers: [{type: dsl, dsl: [body]}]}\n", "", nil, scanner.StatusUnsupported, `it can never match: t.yaml:4: dsl "body" is neither true nor false`},
		"empty_list":              {"  - {path: ['{{BaseURL}}/{{n}}.zip'], payloads: {n: {list: site-copies}}, matchers: [{type: word, words: [LEAK]}]}\n", "", nil, scanner.StatusNotApplicable, "no request was sent: the list site-copies has nothing for this target"},
		"empty_list_of_a_block":   {asks("/a") + "  - {path: ['{{BaseURL}}/{{n}}.zip'], payloads: {n: {list: site-copies}}, matchers: [{type: word, words: [LEAK]}]}\n", "", []string{"/a"}, scanner.StatusClean, "no request of block 2 was sent: the list site-copies has nothing for this target"},
		"folders_left_out":        {"  - {path: ['{{f}}/x'], payloads: {f: {list: folders}}, matchers: [{type: word, words: [LEAK]}]}\n", links(10), []string{"/", "/robots.txt", "/a/", "/b/", "/c/", "/d/", "/e/", "/f/", "/g/", "/h/", "/i/", "/j/", "/x", "/a/x", "/b/x", "/c/x", "/d/x", "/e/x", "/f/x", "/g/x"}, scanner.StatusClean, "only 8 of 11 folders that pages name were asked for"},
		"self_contained":          {"self-contained: true\n" + asks("/a"), "", nil, scanner.StatusUnsupported, "self-contained requests to other hosts"},
		"script":                  {"flow: 'for (;;) http(1)'\n" + asks("/a"), "", nil, scanner.StatusUnsupported, "flow that is a script"},
		"other_name":              {"  - {raw: [\"@tls-sni: a\\nGET / HTTP/1.1\\nHost: a\\n\"], matchers: [{type: word, words: [LEAK]}]}\n", "", nil, scanner.StatusUnsupported, "@tls-sni"},
		"no_file":                 {"  - {path: ['{{BaseURL}}/{{p}}'], payloads: {p: none.txt}, matchers: [{type: word, words: [LEAK]}]}\n", "", nil, scanner.StatusUnsupported, `payload file "none.txt", which is not there (name its folder with --template-root)`},
	}
}

func TestReasons_say_what_was_sent(t *testing.T) {
	var mu sync.Mutex
	given := map[string]bool{}
	t.Run("cases", func(t *testing.T) {
		for name, c := range reasonCases() {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				reason := c.check(t)
				mu.Lock()
				defer mu.Unlock()
				addFormats(given, reason)
			})
		}
	})
	for _, format := range reasonFormats(t) {
		if !given[format] {
			t.Errorf("no case holds the reason %q against what was sent", format)
		}
	}
}

var madeUpName = regexp.MustCompile(`/[a-z]{12}(/?)($|: |")`)

func (c *reasonCase) check(t *testing.T) message.Message {
	t.Helper()
	var mu sync.Mutex
	var sent []string
	outcome, base := ended(t, c.template, func(w http.ResponseWriter, r *http.Request) {
		asked := madeUpName.ReplaceAllString(r.URL.Path, "/CONTROL$1$2")
		mu.Lock()
		sent = append(sent, asked)
		mu.Unlock()
		if strings.Contains(c.reason, "got no response") && strings.Contains(asked, "CONTROL") {
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write([]byte(c.page))
		if r.URL.Path == "/s" {
			_, _ = w.Write([]byte(r.URL.Query().Get("q")))
		}
	})
	reason := madeUpName.ReplaceAllString(strings.ReplaceAll(outcome.Reason.String(), base, "SITE"), "/CONTROL$1$2")
	if outcome.Status != c.status || reason != c.reason {
		t.Errorf("%s (%s), want %s (%s)", outcome.Status, reason, c.status, c.reason)
	}
	if diff := cmp.Diff(c.sent, sent); diff != "" {
		t.Errorf("sent (-want +got):\n%s", diff)
	}
	if japanese := message.In("ja").Text(outcome.Reason); c.reason != "@tls-sni" && c.reason != "" && japanese == outcome.Reason.String() {
		t.Errorf("no Japanese for %q", c.reason)
	}
	return outcome.Reason
}

// links is a page that leads into that many folders.
func links(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "<a href='/%c/'>x</a>", 'a'+i)
	}
	return b.String()
}

// addFormats adds the formats of a message and of those within it.
func addFormats(to map[string]bool, m message.Message) {
	to[m.Format] = true
	for _, arg := range m.Args {
		if within, ok := arg.(message.Message); ok {
			addFormats(to, within)
		}
	}
}

// reasonFormats are the formats of reasons in the source of the package.
func reasonFormats(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	files = slices.DeleteFunc(files, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	var formats []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if format := reasonFormat(n); format != "" {
				formats = append(formats, format)
			}
			return true
		})
	}
	if len(formats) < 20 {
		t.Fatalf("only %d reasons in the source", len(formats))
	}
	return formats
}

// reasonFormat is the format of a call that makes a reason, "" for other nodes.
func reasonFormat(n ast.Node) string {
	call, ok := n.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return ""
	}
	function, called := call.Fun.(*ast.SelectorExpr)
	text, constant := call.Args[0].(*ast.BasicLit)
	if !called || !constant || !slices.Contains([]string{"New", "Undetermined", "NotApplicable", "Unsupported", "Suppress", "Explain"}, function.Sel.Name) {
		return ""
	}
	format, err := strconv.Unquote(text.Value)
	if err != nil || format == "%s" {
		return ""
	}
	return format
}

// Values that an internal extractor took stay known: to the third request of a block, and to later blocks.
func TestRun_keeps_values_for_later_requests(t *testing.T) {
	three := strings.ReplaceAll(takeThen, "/last", "/third/{{token}}")
	for name, c := range map[string]struct {
		template, again string // what later responses have
		last            string
	}{
		"third_request":          {three, "nothing", "/third/one"},
		"newest_value":           {three, "v=two", "/third/two"},
		"json_without_the_value": {strings.ReplaceAll(three, `regex, name: token, internal: true, group: 1, regex: ['v=(\w+)']`, "json, name: token, internal: true, json: ['.role.id']"), `{"x":1}`, "/third/one"},
		"values_to_report":       {strings.ReplaceAll(three, "extractors: [", "extractors: [{type: regex, regex: ['noth...']}, "), "nothing", "/third/one"},
		"later_block":            {three + asks("/block/{{token}}"), "nothing", "/block/one"},
		"later_block_in_a_flow":  {"flow: http(1); http(2)\n" + three + asks("/block/{{token}}"), "nothing", "/block/one"},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			last := ""
			outcome, _ := ended(t, c.template, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				last = r.URL.Path
				mu.Unlock()
				text := c.again
				if r.URL.Path == "/form" {
					text = `{"role":{"id":"one"},"v=one":""}`
				}
				_, _ = w.Write([]byte(text))
			})
			if last != c.last {
				t.Errorf("the last request is for %s (%s %s), want %s", last, outcome.Status, outcome.Reason, c.last)
			}
		})
	}
}
