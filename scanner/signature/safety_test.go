package signature_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/signature"
)

// The level of a template follows from what it sends.
func TestParse_takes_the_level_from_the_requests(t *testing.T) {
	const passive, active, intrusive = signature.SafetyPassive, signature.SafetyActive, signature.SafetyIntrusive
	for block, want := range map[string]signature.Safety{
		"path: ['{{BaseURL}}']":                     passive,
		"path: ['{{BaseURL}}/', '{{RootURL}}']":     passive,
		"path: ['{{BaseURL}}/favicon.ico']":         passive,
		"method: get\n    path: ['{{BaseURL}}/']":   passive,
		"path: ['{{BaseURL}}/.env']":                active,
		"path: ['{{BaseURL}}/robots.txt']":          active,
		"path: ['{{BaseURL}}/manifest.json']":       active,
		"path: ['{{BaseURL}}/?a=b']":                active,
		"path: ['{{BaseURL}}/', '{{BaseURL}}/a']":   active,
		"path: ['{{BaseURL}}/{{p}}']":               active,
		"method: HEAD\n    path: ['{{BaseURL}}/']":  active,
		"method: TRACE\n    path: ['{{BaseURL}}/']": active,
		"path: ['{{BaseURL}}/']\n    body: x":       active,
		"path: ['{{BaseURL}}/']\n    headers: {Accept: 'text/html,*/*;q=0.8', Accept-Language: ja}":                                                       passive,
		"path: ['{{BaseURL}}/']\n    headers: {User-Agent: 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/128.0'}":                               passive,
		"path: ['{{BaseURL}}/']\n    headers: {User-Agent: '() { :; }; echo'}":                                                                            active,
		"path: ['{{BaseURL}}/']\n    headers: {X-Forwarded-For: 127.0.0.1}":                                                                               active,
		"path: ['{{BaseURL}}/']\n    headers: {Range: bytes=0-9}":                                                                                         active,
		"path: ['{{BaseURL}}/']\n    headers: {Origin: 'https://a.example'}":                                                                              active,
		"path: ['{{BaseURL}}/']\n    headers: {Host: localhost}":                                                                                          active,
		"raw: [\"GET / HTTP/1.1\\nHost: {{Hostname}}\\nAccept: */*\\n\\n\"]":                                                                              passive,
		"raw: [\"@timeout: 5s\\nGET /favicon.ico HTTP/1.1\\nHost: {{Hostname}}\\n\"]":                                                                     passive,
		"raw: [\"GET /a HTTP/1.1\\nHost: {{Hostname}}\\n\\n\"]":                                                                                           active,
		"raw: [\"GET / HTTP/1.1\\nHost: localhost\\n\\n\"]":                                                                                               active,
		"raw: [\"GET / HTTP/1.1\\nHost: {{Hostname}}\\nCookie: a=b\\n\\n\"]":                                                                              active,
		"raw: [\"GET / HTTP/1.1\\nHost: {{Hostname}}\\n\\nbody\"]":                                                                                        active,
		"raw: [\"GET / HTTP/1.1\\nHost: {{Hostname}}\\n\\n\"]\n    unsafe: true":                                                                          active,
		"method: POST\n    path: ['{{BaseURL}}/']":                                                                                                        intrusive,
		"method: PUT\n    path: ['{{BaseURL}}/']":                                                                                                         intrusive,
		"path: ['{{BaseURL}}/?u=https://x.oast.pro/']":                                                                                                    intrusive,
		"path: ['{{BaseURL}}/?u=x%40webhook.site']":                                                                                                       intrusive,
		"path: ['{{BaseURL}}/?u=https%3A%2F%2Fwww.google.com']":                                                                                           intrusive,
		"path: ['{{BaseURL}}/']\n    headers: {Referer: 'http://evil.co.jp/'}":                                                                            intrusive,
		"path: ['{{BaseURL}}/?u={{h}}']\n    payloads: {h: [a.interact.sh]}":                                                                              intrusive,
		"path: ['{{BaseURL}}/?u=http://169.254.169.254/', '{{BaseURL}}/?u=http://localhost/', '{{BaseURL}}/?u=http://example.com/&v=//10.0.0.1.invalid']": active,
		"path: ['{{BaseURL}}/soap']\n    headers: {Accept: text/xml}\n    body: '<a xmlns=\"http://schemas.xmlsoap.org/soap/\"/>'":                        active,
		"path: ['{{BaseURL}}/', 'https://api.github.com/user']":                                                                                           active,
		"raw: [\"@Host: https://api.github.com:443\\nGET /user HTTP/1.1\\nHost: api.github.com\\n\\n\"]":                                                  active,
	} {
		s, err := signature.Parse("p.yaml", []byte(public+"http:\n  - "+block+"\n    matchers: [{type: status, status: [200]}]\n"), false)
		if err != nil {
			t.Errorf("%s: %v", block, err)
			continue
		}
		if s.Safety != want {
			t.Errorf("%s: safety %s, want %s", block, s.Safety, want)
		}
	}
}

// A file may ask for more care than its requests need, never for less.
func TestParse_does_not_believe_a_level_that_is_too_low(t *testing.T) {
	for _, test := range []struct {
		declared, block string
		want            signature.Safety
		mistake         string
	}{
		{"passive", "path: ['{{BaseURL}}/']", signature.SafetyPassive, ""},
		{"active", "path: ['{{BaseURL}}/']", signature.SafetyActive, ""},
		{"passive", "path: ['{{BaseURL}}/.env']", signature.SafetyActive, "p.yaml:1: safety is passive, but the requests need active"},
		{"active", "method: POST\n    path: ['{{BaseURL}}/graphql']", signature.SafetyActive, ""},
		{"active", "path: ['{{BaseURL}}/?_method=DELETE']", signature.SafetyIntrusive, "p.yaml:1: safety is active, but the requests need intrusive"},
	} {
		text := "id: p\ninfo: {name: P, severity: info}\nsafety: " + test.declared + "\nhttp:\n  - " + test.block + "\n    matchers: [{type: word, words: [x]}]\n"
		s, err := signature.Parse("p.yaml", []byte(text), false)
		if err != nil {
			t.Fatal(err)
		}
		if s.Safety != test.want {
			t.Errorf("%s: safety %s, want %s", test.block, s.Safety, test.want)
		}
		var got []string
		for _, err := range signature.Lint(s) {
			if strings.Contains(err.Error(), "safety") {
				got = append(got, err.Error())
			}
		}
		if strings.Join(got, "\n") != test.mistake {
			t.Errorf("%s: lint %q, want %q", test.block, got, test.mistake)
		}
	}
	s, err := signature.Parse("p.yaml", []byte("id: p\ninfo: {name: P, severity: info}\ncheck: x\n"), true)
	if err != nil {
		t.Fatal(err)
	}
	if list := signature.Lint(s); !strings.Contains(list[0].Error(), "p.yaml:1: safety is missing: nobody can see what a check sends") {
		t.Errorf("lint of a check without a level: %v", list)
	}
}

// What builds on the work of others goes as far as they do: left alone it would say that there is nothing to look at.
func TestLoad_raises_a_level_to_that_of_what_is_needed(t *testing.T) {
	one := func(id, rest string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("id: " + id + "\ninfo: {name: A, severity: low}\ncheck: x\n" + rest)}
	}
	set, err := signature.Load(signature.Sources{Embedded: fstest.MapFS{
		"a.yaml": one("a", "safety: passive\nneeds: [middle]\n"),
		"b.yaml": one("b", "safety: passive\nneeds: [base]\ngives: middle\n"),
		"c.yaml": one("c", "safety: active\ngives: base\n"),
		"d.yaml": one("d", "safety: intrusive\ngives: base\n"),
		"e.yaml": one("e", "safety: passive\nneeds: [unknown]\n"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]signature.Safety{}
	for _, s := range set.Signatures {
		got[s.ID] = s.Safety
	}
	want := map[string]signature.Safety{"a": "active", "b": "active", "c": "active", "d": "intrusive", "e": "passive"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestStrangers(t *testing.T) {
	for block, want := range map[string][]string{
		"path: ['{{BaseURL}}/?u=http://127.0.0.1/']":                                                    nil,
		"path: ['{{BaseURL}}/', 'https://api.github.com/user']":                                         {"its requests to api.github.com are never sent: only the target's own host is spoken to"},
		"raw: [\"@Host: https://slack.com:443\\nGET /api HTTP/1.1\\nHost: slack.com\\n\\n\"]":           {"its requests to slack.com are never sent: only the target's own host is spoken to"},
		"path: ['{{BaseURL}}/?u=//a.oast.me&v=https://www.google.com/']":                                {"its requests name a.oast.me, www.google.com to the target, which might call there: it is intrusive"},
		"path: ['{{BaseURL}}/a']\n    headers: {Referer: 'https://x.burpcollaborator.net'}":             {"its requests name x.burpcollaborator.net to the target, which might call there: it is intrusive"},
		"path: ['{{BaseURL}}/api/']\n    matchers: [{type: word, words: ['http://www.google.com/']}]\n": nil,
	} {
		if !strings.Contains(block, "matchers") {
			block += "\n    matchers: [{type: status, status: [200]}]\n"
		}
		s, err := signature.Parse("p.yaml", []byte(public+"http:\n  - "+block), false)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, texts(s.Strangers())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", block, diff)
		}
	}
}
