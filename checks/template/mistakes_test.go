package template

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// made is what becomes of a template: its mistakes, what it lacks, and notes on parts of it, one a line.
func made(t *testing.T, text string) string {
	t.Helper()
	s, err := signature.Parse("t.yaml", []byte("id: t\ninfo: {name: T, author: us, severity: info}\n"+text), false)
	if err != nil {
		t.Fatal(err)
	}
	c, err := New(s)
	var never *neverError
	var stop *scanner.StatusError
	switch {
	case errors.As(err, &never):
		return "never: " + message.Of(never.Mistakes()).String()
	case errors.As(err, &stop):
		return "lacks: " + stop.Reason.String()
	case err != nil:
		return message.Of(err).String()
	}
	var notes []string
	for _, note := range c.(*check).Notes() {
		notes = append(notes, "note: "+message.Of(note).String())
	}
	return strings.Join(notes, "\n")
}

// A request whose names nothing sets, or whose address is none, is never sent: the template would be clean everywhere.
func TestNew_refuses_requests_that_are_never_sent(t *testing.T) {
	const hit = "\n    matchers: [{type: status, status: [200]}]"
	token := func(internal string) string {
		return "\n    extractors: [{type: regex, name: token, regex: [x]" + internal + "}]"
	}
	two := "raw: [\"GET /a HTTP/1.1\\nHost: {{Hostname}}\\n\\n\", \"GET /{{token}} HTTP/1.1\\nHost: {{Hostname}}\\n\\n\"]"
	for name, c := range map[string]struct{ block, want string }{
		"path":                  {"path: ['{{BaseURL}}/{{nam}}']" + hit, "t.yaml:4: request 1 is never sent: it uses {{nam}}, which nothing sets"},
		"nearly_known":          {"path: ['{{BaseUrl}}/']" + hit, `t.yaml:4: request 1 is never sent: it uses {{BaseUrl}}, which nothing sets; did you mean "BaseURL"?`},
		"header":                {"path: ['{{BaseURL}}/']\n    headers: {X-A: '{{nam}}'}" + hit, "t.yaml:4: request 1 is never sent: it uses {{nam}}, which nothing sets"},
		"body":                  {"method: POST\n    path: ['{{BaseURL}}/']\n    body: 'a={{nam}}'" + hit, "t.yaml:4: request 1 is never sent: it uses {{nam}}, which nothing sets"},
		"later_request":         {two + hit, "t.yaml:4: request 2 is never sent: it uses {{token}}, which nothing sets"},
		"not_internal":          {two + token("") + hit, "t.yaml:4: request 2 is never sent: it uses {{token}}, whose extractor is not internal"},
		"too_early":             {"path: ['{{BaseURL}}/{{token}}']" + token(", internal: true") + hit, "t.yaml:4: request 1 is never sent: it uses {{token}}, which is extracted from a later response only"},
		"in_time":               {two + token(", internal: true") + hit, ""},
		"second_value":          {strings.Replace(two, "{{token}}", "{{token1}}", 1) + token(", internal: true") + hit, ""},
		"payload":               {"path: ['{{BaseURL}}/{{name}}']\n    payloads: {name: ['{{Host}}.zip', b]}" + hit, ""},
		"payload_of_pages":      {"path: ['{{BaseURL}}/{{name}}']\n    payloads: {name: {list: LIST}}" + hit, ""},
		"payload_of_pages_typo": {"path: ['{{BaseURL}}/{{nam}}/{{name}}']\n    payloads: {name: {list: LIST}}" + hit, `t.yaml:4: request 1 is never sent: it uses {{nam}}, which nothing sets; did you mean "name"?`},
		"function":              {"path: ['{{BaseURL}}/{{to_lower(nam)}}']" + hit, "t.yaml:4: request 1 is never sent: it uses {{nam}}, which nothing sets"},
		"expression":            {"path: ['{{BaseURL}}/{{md5(\"a\")}}?{{rand_int(1, 9)}}={{randstr}}']" + hit, ""},
		"later_block":           {"path: ['{{BaseURL}}/']" + token(", internal: true") + "\n  - path: ['{{BaseURL}}/{{token}}?{{http_1_location}}']" + hit, ""},
		"unchecked":             {"path: ['{{BaseURL}}/{{nam}}']\n    skip-variables-check: true" + hit, ""},
		"elsewhere":             {"path: ['https://api.github.com/user?{{token}}']" + hit, ""},
		"other_port":            {"path: ['{{BaseURL}}:8080/a', '{{RootURL}}/b', '{{Scheme}}://{{Hostname}}/c']" + hit, ""},

		"no_address":          {"path: [/admin]" + hit, `t.yaml:4: request 1 is never sent: "/admin" is no address`},
		"one_of_two":          {"path: [/admin, '{{BaseURL}}/admin']" + hit, `note: t.yaml:4: request 1 is never sent: "/admin" is no address`},
		"raw_without_version": {"raw: [\"GET /\\nHost: {{Hostname}}\\n\\n\"]" + hit, `t.yaml:4: request 1 is never sent: raw request begins with "GET /", not with METHOD PATH HTTP/1.1`},

		"flow":               {"path: ['{{BaseURL}}/']" + hit + "\nflow: http(1) &&\n", `t.yaml:6: flow "http(1) &&" cannot be read`},
		"flow_of_a_thousand": {"path: ['{{BaseURL}}/']" + hit + "\nflow: " + strings.Repeat("http(1); ", 1000) + "\n", ""},
		"flow_of_more":       {"path: ['{{BaseURL}}/']" + hit + "\nflow: http(1)" + strings.Repeat(" && http(1)", 1000) + "\n", `t.yaml:6: flow "http(1)` + strings.Repeat(" && http(1)", 1000) + `" cannot be read`},
		"flow_call":          {"path: ['{{BaseURL}}/']" + hit + "\nflow: http(1) && http(2)\n", "note: t.yaml:6: flow calls http(2), which does not exist"},
		"flow_script":        {"path: ['{{BaseURL}}/']" + hit + "\nflow: if (http(1)) { http(1) }\n", "lacks: flow that is a script"},
		"flow_reorders":      {"path: ['{{BaseURL}}/{{token}}']" + hit + "\n  - path: ['{{BaseURL}}/']" + token(", internal: true") + "\nflow: http(2) && http(1)\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, made(t, "http:\n  - "+strings.Replace(c.block, "LIST", signature.PayloadLists[0], 1)+"\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What can match nothing says so; a published template of which something is left runs.
func TestNew_refuses_what_can_never_match(t *testing.T) {
	for name, c := range map[string]struct{ block, want string }{
		"two_statuses":      {"matchers-condition: and\n    matchers: [{type: status, status: [200]}, {type: status, status: [301, 302]}]", "never: t.yaml:4: the matchers contradict each other: no status is one of [200] and one of [301 302]"},
		"statuses_shared":   {"matchers-condition: and\n    matchers: [{type: status, status: [200, 302]}, {type: status, status: [301, 302]}]", ""},
		"status_and_dsl":    {"matchers-condition: and\n    matchers: [{type: status, status: [200]}, {type: dsl, dsl: ['status_code == 404 && len(body) > 1']}]", "never: t.yaml:4: the matchers contradict each other: no status is one of [200] and one of [404]"},
		"either_status":     {"matchers: [{type: status, status: [200]}, {type: status, status: [302]}]", ""},
		"dsl_two_statuses":  {"matchers:\n      - {type: dsl, dsl: ['status_code == 301 && status_code == 302']}", `never: t.yaml:6: dsl "status_code == 301 && status_code == 302" asks for the statuses 301 and 302 at once`},
		"dsl_either_status": {"matchers:\n      - {type: dsl, dsl: ['status_code == 301 || status_code == 302']}", ""},
		"dsl_earlier":       {"matchers:\n      - {type: dsl, dsl: ['status_code_1 == 301 && status_code == 302']}", ""},
		"dsl_text":          {"matchers:\n      - {type: dsl, dsl: ['status_code == \"200\"']}", `never: t.yaml:6: dsl "status_code == \"200\"" compares status_code, a number, with the text "200"`},
		"dsl_no_claim":      {"matchers:\n      - {type: dsl, dsl: ['body']}", `never: t.yaml:6: dsl "body" is neither true nor false`},
		"dsl_one_of_two":    {"matchers:\n      - {type: dsl, dsl: ['status_code == \"200\"', 'status_code == 200']}", ""},
		"dsl_both_of_two":   {"matchers:\n      - {type: dsl, condition: and, dsl: ['status_code == \"200\"', 'len(body) > 1']}", `never: t.yaml:6: dsl "status_code == \"200\"" compares status_code, a number, with the text "200"`},
		"word_and_its_lack": {"matchers-condition: and\n    matchers: [{type: word, words: [Shop Admin]}, {type: word, negative: true, words: [Shop, x]}]", `never: t.yaml:4: the matchers contradict each other: one asks for "Shop Admin", one for its absence`},
		"word_elsewhere":    {"matchers-condition: and\n    matchers: [{type: word, words: [Shop]}, {type: word, part: header, negative: true, words: [Shop]}]", ""},
		"word_or_another":   {"matchers-condition: and\n    matchers: [{type: word, words: [Shop, Cart]}, {type: word, negative: true, words: [Shop]}]", ""},
		"group":             {"extractors:\n      - {type: regex, group: 2, regex: ['a(b)', 'c']}", "never: t.yaml:6: group 2: no pattern has more than 1 groups"},
		"group_of_one":      {"extractors:\n      - {type: regex, group: 1, regex: ['a(b)', 'c']}", ""},
		"group_beside":      {"matchers: [{type: status, status: [200]}]\n    extractors:\n      - {type: regex, group: 1, regex: ['a']}", "note: t.yaml:7: group 1: no pattern has more than 0 groups"},

		"regex":           {"matchers:\n      - {type: regex, regex: ['a(']}", "t.yaml:6: regex \"a(\": error parsing regexp: missing closing ): `a(`"},
		"xpath":           {"matchers:\n      - {type: xpath, xpath: ['//a[']}", `t.yaml:6: xpath "//a[": `},
		"xpath_extractor": {"extractors:\n      - {type: xpath, xpath: ['//a[']}", `t.yaml:6: xpath "//a[": `},
		"dsl":             {"matchers:\n      - {type: dsl, dsl: ['contain(body, 1)']}", `t.yaml:6: dsl "contain(body, 1)": `},
		"json":            {"extractors:\n      - {type: json, json: ['.[']}", `t.yaml:6: json ".[": `},

		"dsl_name":        {"matchers:\n      - {type: dsl, dsl: ['statuscode == 200']}", `t.yaml:6: dsl "statuscode == 200": part "statuscode": no response has it; did you mean "status_code"?`},
		"dsl_header":      {"matchers:\n      - {type: dsl, dsl: ['contains(x_powered_by, \"PHP\") && Port != \"1\"']}", ""},
		"part":            {"matchers:\n      - {type: word, part: boddy, words: [x]}", `t.yaml:6: part "boddy": no response has it; did you mean "body"?`},
		"part_in_capital": {"matchers:\n      - {type: word, part: Server, words: [x]}", `t.yaml:6: part "Server": no response has it; names of headers and cookies are in lower case`},
		"part_numbered":   {"matchers:\n      - {type: word, part: body_2, words: [x]}", `t.yaml:6: part "body_2": there are only 1 responses`},
		"part_a_header":   {"matchers:\n      - {type: word, part: x_powered_by, words: [x]}\n      - {type: word, part: sessionid, words: [x]}\n      - {type: word, part: body_1, words: [x]}", ""},
		"part_extracted":  {"extractors:\n      - {type: regex, name: Token, regex: [x]}\n    matchers:\n      - {type: word, part: Token, words: [x]}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := made(t, "http:\n  - path: ['{{BaseURL}}/']\n    "+c.block+"\n")
			if strings.HasSuffix(c.want, ": ") && strings.HasPrefix(got, c.want) {
				return // what a library says
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A template keeps no site busy for hours, by whatever it multiplies.
func TestNew_refuses_too_many_requests(t *testing.T) {
	const hit = "\n    matchers: [{type: status, status: [200]}]"
	paths := func(n int, with string) string {
		return "path: [" + strings.TrimSuffix(strings.Repeat("'{{BaseURL}}/"+with+"',", n), ",") + "]"
	}
	raws := func(n int) string {
		return "raw: [" + strings.TrimSuffix(strings.Repeat(`"GET / HTTP/1.1\nHost: {{Hostname}}\n\n",`, n), ",") + "]"
	}
	values := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("x,", n), ",") + "]" }
	const refused = "t.yaml:4: the block makes more than 20000 requests"
	for name, c := range map[string]struct{ block, want string }{
		"as_many_paths_as_may_be": {paths(20000, "") + hit, ""},
		"paths":                   {paths(20001, "") + hit, refused},
		"raw_requests":            {raws(20001) + hit, refused},
		"payloads":                {paths(2, "{{p}}") + "\n    payloads: {p: " + values(10000) + "}" + hit, ""},
		"payloads_and_paths":      {paths(3, "{{p}}") + "\n    payloads: {p: " + values(10000) + "}" + hit, refused},
		"combinations": {
			paths(1, "{{p}}{{q}}") + "\n    attack: clusterbomb\n    payloads: {p: " + values(101) + ", q: " + values(100) + "}" + hit,
			"t.yaml:4: the payloads make more than 10000 combinations",
		},
		"combinations_in_billions": {
			paths(1, "{{p}}{{q}}{{r}}{{s}}") + "\n    attack: clusterbomb\n    payloads: {p: " + values(9000) + ", q: " + values(9000) + ", r: " + values(9000) + ", s: " + values(9000) + "}" + hit,
			"t.yaml:4: the payloads make more than 10000 combinations",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, made(t, "http:\n  - "+c.block+"\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
