package template_test

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

const (
	askFor   = "  - {path: ['{{BaseURL}}%'], matchers: [{type: word, words: [LEAK]}]}\n"
	takeThen = "  - path: ['{{BaseURL}}/form', '{{BaseURL}}/next/{{token}}', '{{BaseURL}}/last']\n    extractors: [{type: regex, name: token, internal: true, group: 1, regex: ['v=(\\w+)']}]\n    matchers: [{type: word, words: [LEAK]}]\n"
)

var madeUpName = regexp.MustCompile(`^/[a-z]{12}$`)

func asks(path string) string { return strings.ReplaceAll(askFor, "%", path) }

// What was not sent is told, and is never taken for what was seen: the check is clean only where the responses did not
// have what the request needs, and cannot tell where the template is at fault.
func TestRun_tells_what_was_not_sent(t *testing.T) {
	for name, c := range map[string]struct {
		template, page string
		sent           []string
		status         scanner.Status
		reason         string
	}{
		"all_sent":                {asks("/a"), "", []string{"/a"}, scanner.StatusClean, ""},
		"no_name":                 {asks("/{{nobody}}"), "", nil, scanner.StatusFailed, "request 1 was not sent: nothing gives a value to nobody"},
		"no_name_later":           {asks("/a") + asks("/{{nobody}}"), "", []string{"/a"}, scanner.StatusFailed, "request 1 of block 2 was not sent: nothing gives a value to nobody"},
		"no_name_in_a_variable":   {"variables: {x: '{{nobody}}'}\n" + asks("/{{x}}"), "", nil, scanner.StatusFailed, "request 1 was not sent: nothing gives a value to nobody"},
		"no_name_in_a_function":   {asks("/{{to_lower(nobody)}}"), "", nil, scanner.StatusFailed, "request 1 was not sent: nothing gives a value to to_lower(nobody)"},
		"no_value":                {takeThen, "no form", []string{"/form"}, scanner.StatusClean, "requests 2 to 3 were not sent: no response gave a value to token"},
		"no_value_of_a_match":     {"flow: http(1) && http(2)\n" + "  - {path: ['{{BaseURL}}/p'], extractors: [{type: regex, name: token, internal: true, regex: ['t=.']}], matchers: [{type: word, internal: true, words: [Product]}]}\n" + asks("/{{token}}"), "Product", []string{"/p"}, scanner.StatusFailed, "request 1 of block 2 was not sent: a response matched, but gave no value to token"},
		"value_not_internal":      {strings.ReplaceAll(takeThen, "internal: true, ", ""), "v=1", []string{"/form"}, scanner.StatusFailed, "requests 2 to 3 were not sent: the extractor token is not internal: true, so no request gets its value"},
		"no_address":              {"  - {path: ['{{BaseURL}}/a', 'db.{{BaseURL}}'], matchers: [{type: word, words: [LEAK]}]}\n", "", []string{"/a"}, scanner.StatusFailed, "request 2 was not sent: \"db.SITE\" is not a web address"},
		"other_host":              {"  - {path: ['{{BaseURL}}/a', 'http://example.com/'], matchers: [{type: word, words: [LEAK]}]}\n", "", []string{"/a"}, scanner.StatusClean, "request 2 was not sent: it goes to example.com, which is not the target"},
		"only_other_host":         {"  - {path: ['http://example.com/'], matchers: [{type: word, words: [LEAK]}]}\n", "", nil, scanner.StatusNotApplicable, "request 1 was not sent: it goes to example.com, which is not the target"},
		"flow_that_stops":         {"flow: http(1) && http(2)\n" + asks("/a") + asks("/b"), "", []string{"/a"}, scanner.StatusClean, "block 2 was not run: what the flow makes it depend on did not match"},
		"after_a_dropped_match":   {strings.Replace(asks("/a"), "LEAK", "PAGE", 1) + takeThen, "PAGE", []string{"/a", "/CONTROL", "/form"}, scanner.StatusClean, "the site answers like that to names that cannot exist; requests 2 to 3 of block 2 were not sent: no response gave a value to token"},
		"flow_that_stops_earlier": {"flow: http(1) && http(2) && http(3)\n" + asks("/a") + asks("/b") + asks("/c"), "", []string{"/a"}, scanner.StatusClean, "blocks 2, 3 were not run: what the flow makes them depend on did not match"},
		"flow_that_never_calls":   {"flow: http(1)\n" + asks("/a") + asks("/b"), "", []string{"/a"}, scanner.StatusFailed, "the flow never calls block 2"},
		"flow_that_calls_nothing": {"flow: http(1) || http(7)\n" + asks("/a"), "", []string{"/a"}, scanner.StatusFailed, "the flow calls http(7), which does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var sent []string
			outcome, base := ended(t, c.template, func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				sent = append(sent, madeUpName.ReplaceAllString(r.URL.Path, "/CONTROL"))
				mu.Unlock()
				_, _ = w.Write([]byte(c.page))
			})
			reason := strings.ReplaceAll(outcome.Reason.String(), base, "SITE")
			if outcome.Status != c.status || reason != c.reason {
				t.Errorf("%s (%s), want %s (%s)", outcome.Status, reason, c.status, c.reason)
			}
			if strings.Join(sent, " ") != strings.Join(c.sent, " ") {
				t.Errorf("sent %q, want %q", sent, c.sent)
			}
			if japanese := message.In("ja").Text(outcome.Reason); c.reason != "" && japanese == outcome.Reason.String() {
				t.Errorf("no Japanese for %q", c.reason)
			}
		})
	}
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
