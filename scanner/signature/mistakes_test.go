package signature_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/signature"
)

const public = "id: p\ninfo: {name: P, author: us, severity: info}\n"

// A template that cannot run, or that can match nothing, is a mistake: it would be clean on every site.
func TestParse_names_the_mistakes_of_public_templates(t *testing.T) {
	request := public + "http:\n  - path: ['{{BaseURL}}/']\n"
	matchers, extractors := request+"    matchers:\n      - ", request+"    extractors:\n      - "
	matched := "    matchers: [{type: word, words: [x]}]\n"
	tests := map[string]struct{ text, want string }{
		"severity":           {"id: p\ninfo: {name: P, author: us, severity: hgih}\nhttp:\n  - path: [x]\n" + matched, `p.yaml:2: info.severity "hgih": there are critical, high, medium, low, info, unknown; did you mean "high"?`},
		"key_misspelt":       {request + "    macthers: [{type: word, words: [x]}]\n", `p.yaml:5: unknown key "macthers"; did you mean "matchers"?`},
		"key_misspelt_above": {strings.Replace(request, "http:", "htpp:", 1) + matched, `p.yaml:3: unknown key "htpp"; did you mean "http"?`},
		"key_misspelt_below": {matchers + "{type: word, wrods: [x]}\n", `p.yaml:6: unknown key "wrods"; did you mean "words"?`},
		"key_of_info":        {"id: p\ninfo: {name: P, author: us, serverity: info}\nhttp:\n  - path: [x]\n" + matched, `p.yaml:2: unknown key "serverity"; did you mean "severity"?`},
		"type_of_a_value":    {request + "    stop-at-first-match: maybe\n" + matched, `p.yaml:5: "maybe" is text, expected true or false`},
		"http_and_requests":  {request + matched + "requests:\n  - path: [y]\n" + matched, "p.yaml:7: http and requests are the same; use http"},

		"matcher_without_words":   {matchers + "{type: word}\n", "p.yaml:6: a matcher of type word has nothing to look for"},
		"matcher_of_another_kind": {matchers + "{type: word, words: [x], regex: [y]}\n", "p.yaml:6: a matcher of type word does not use regex"},
		"matcher_with_idle_part":  {matchers + "{type: dsl, part: header, dsl: ['status_code == 200']}\n", "p.yaml:6: a matcher of type dsl does not use part"},
		"matcher_of_no_type":      {matchers + "{words: [x]}\n", `p.yaml:6: matcher type "": there are status, size, word, regex, binary, dsl, xpath, favicon`},
		"matcher_type":            {matchers + "{type: words, words: [x]}\n", `p.yaml:6: matcher type "words": there are status, size, word, regex, binary, dsl, xpath, favicon; did you mean "word"?`},
		"matcher_condition":       {matchers + "{type: word, words: [x], condition: AND}\n", `p.yaml:6: condition "AND": there are and, or`},
		"matcher_of_everything":   {matchers + "{type: word, words: [x, '']}\n", "p.yaml:6: an empty text is in every response"},
		"matcher_encoding":        {matchers + "{type: word, words: [x], encoding: base64}\n", `p.yaml:6: encoding "base64": there is hex`},
		"status":                  {matchers + "{type: status, status: [0, 2000]}\n", "p.yaml:6: no response has the status 0\np.yaml:6: no response has the status 2000"},
		"size":                    {matchers + "{type: size, size: [-1]}\n", "p.yaml:6: no response has the size -1"},
		"dsl_in_the_name":         {matchers + "type: dsl\n        name: x - \"status_code == 200\"\n", "p.yaml:6: a matcher of type dsl has nothing to look for"},
		"dsl_under_the_name":      {matchers + "type: dsl\n        name: x\n          - 'status_code == 200'\n", "p.yaml:6: a matcher of type dsl has nothing to look for"},

		"extractor_group":        {extractors + "{type: regex, regex: ['(S)(h)op'], group: -1}\n", "p.yaml:6: group -1: the groups of a pattern count from 0, the whole match"},
		"extractor_without_kval": {extractors + "{type: kval, kval: []}\n", "p.yaml:6: an extractor of type kval has nothing to look for"},
		"extractor_of_nothing":   {extractors + "{type: regex}\n", "p.yaml:6: an extractor of type regex has nothing to look for"},
		"extractor_type":         {extractors + "{type: regx, regex: [x]}\n", `p.yaml:6: extractor type "regx": there are regex, kval, json, xpath, dsl; did you mean "regex"?`},
		"extractor_fold":         {extractors + "{type: regex, regex: [x], case-insensitive: true}\n", "p.yaml:6: case-insensitive works with kval extractors only"},

		"no_operators":        {request, "p.yaml:4: no matcher and no extractor: nothing could ever be reported"},
		"internal_operators":  {extractors + "{type: regex, regex: [x], name: x, internal: true}\n", "p.yaml:4: all matchers and extractors are internal: nothing could ever be reported"},
		"internal_matchers":   {matchers + "{type: word, words: [x], internal: true}\n", "p.yaml:4: all matchers and extractors are internal: nothing could ever be reported"},
		"method":              {request + "    method: GTE\n" + matched, `p.yaml:4: method "GTE": there are GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE, PATCH, PURGE, DEBUG; did you mean "GET"?`},
		"raw":                 {public + "http:\n  - raw: [\"Host: {{Hostname}}\\n\\n\"]\n" + matched, `p.yaml:4: raw request begins with "Host: {{Hostname}}", not with METHOD PATH HTTP/1.1`},
		"raw_of_nothing":      {public + "http:\n  - raw: ['']\n" + matched, `p.yaml:4: raw request begins with "", not with METHOD PATH HTTP/1.1`},
		"race_and_conditions": {request + "    race: true\n    matchers: [{type: word, part: body_2, words: [x]}]\n", "p.yaml:4: race and parts of earlier responses cannot be used together"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := signature.Parse("p.yaml", []byte(test.text), false)
			if err == nil {
				t.Fatalf("Parse took it: %+v", s)
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// What is no mistake stays none: these can run, and match.
func TestParse_takes_public_templates_that_can_match(t *testing.T) {
	for name, text := range map[string]string{
		"negative_words":       "http:\n  - path: [x]\n    matchers: [{type: word, words: [''], negative: true}, {type: Word, words: [x]}]\n",
		"extractor_only":       "http:\n  - path: [x]\n    extractors: [{type: kval, kval: [server]}]\n",
		"first_block_prepares": "http:\n  - path: [x]\n  - path: [y]\n    matchers: [{type: status, status: [999]}]\n",
		"binary_encoding":      "http:\n  - path: [x]\n    matchers: [{type: binary, binary: ['00'], encoding: hex}]\n",
		"race":                 "http:\n  - path: [x]\n    race: true\n    race_count: 10\n    matchers: [{type: status, status: [200]}]\n",
	} {
		if s, err := signature.Parse("p.yaml", []byte(public+text), false); err != nil || s == nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Keys of the reference engine that sotomi lacks are features, not misspellings, though a known key may be near.
func TestParse_knows_the_keys_that_it_lacks(t *testing.T) {
	text := public + "stop-at-first-match: true\nconstants: {a: b}\nhttp:\n  - path: [x]\n    read-all: true\n    race_count: 2\n    protocol-redirects: true\n    skip-secret-file: true\n" +
		"    pre-condition-operator: and\n    matchers: [{type: status, status: [200]}]\n"
	s, err := signature.Parse("p.yaml", []byte(text), false)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"key stop-at-first-match", "key constants", "key read-all", "key race_count", "key protocol-redirects", "key skip-secret-file", "key pre-condition-operator"}
	if diff := cmp.Diff(want, texts(s.Unsupported)); diff != "" {
		t.Errorf("unsupported (-want +got):\n%s", diff)
	}
	if mistakes := signature.Lint(s); len(mistakes) != 0 {
		t.Errorf("lint: %v", mistakes)
	}
}

// What the reference engine's validator refuses, lint refuses; a scan runs it where it can.
func TestLint_refuses_what_the_reference_validator_refuses(t *testing.T) {
	const block = "http:\n  - path: [x]\n    matchers: [{type: status, status: [200]}]\n"
	tests := map[string]struct{ text, want string }{
		"author":    {"id: p\ninfo: {name: P, severity: info}\n" + block, "p.yaml:2: info.author is missing"},
		"severity":  {"id: p\ninfo: {name: P, author: us}\n" + block, "p.yaml:2: info.severity is missing"},
		"id":        {"id: p.q\ninfo: {name: P, author: us, severity: info}\n" + block, `p.yaml:1: id "p.q": the reference engine takes letters and digits joined by single - or _`},
		"info_key":  {"id: p\ninfo: {name: P, author: us, severity: info, nickname: x}\n" + block, `p.yaml:2: unknown key "nickname"`},
		"newer_key": {public + block + "    some-new-key: 1\n", `p.yaml:6: unknown key "some-new-key"`},
		"numbers":   {public + block + "    max-redirects: -1\n    max-size: -2\n    threads: -3\n", "p.yaml:4: max-redirects -1 is negative\np.yaml:4: max-size -2 is negative\np.yaml:4: threads -3 is negative"},
		"status":    {public + "http:\n  - path: [x]\n    matchers:\n      - {type: status, status: [200, 2000]}\n", "p.yaml:6: no response has the status 2000"},
		"fine":      {public + block, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := signature.Parse("p.yaml", []byte(test.text), false)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, err := range signature.Lint(s) {
				got = append(got, err.Error())
			}
			if diff := cmp.Diff(test.want, strings.Join(got, "\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
