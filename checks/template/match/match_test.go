package match

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

func answer(status int, body string, header ...string) *web.Exchange {
	h := http.Header{"Content-Type": {"text/html"}}
	for i := 0; i < len(header); i += 2 {
		h.Add(header[i], header[i+1])
	}
	return &web.Exchange{
		URL: &url.URL{Scheme: "http", Host: "shop.example", Path: "/"}, Status: status, StatusLine: "HTTP/1.1 200 OK",
		Header: h, Body: []byte(body), Took: 1500 * time.Millisecond,
	}
}

func program(t *testing.T, yaml string) *Program {
	t.Helper()
	s, err := signature.Parse("t.yaml", []byte("id: t\ninfo: {name: t, severity: info}\nhttp:\n  - path: ['{{BaseURL}}/']\n"+indent(yaml)), false)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Compile(&s.HTTP[0])
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// judged is what the program makes of a response within the limits.
func judged(t testing.TB, p *Program, d *Data) Result {
	t.Helper()
	r, err := p.Run(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimSpace(s), "\n", "\n    ") + "\n"
}

func TestMatchers(t *testing.T) {
	page := answer(200, `<html><title>Shop Admin</title><p id="v">Version 2.13.5</p></html>`, "Server", "nginx/1.22.1", "X-Two", "a", "X-Two", "b", "Set-Cookie", "ECSESSID=abc; Path=/")
	for name, tc := range map[string]struct {
		matchers string
		want     bool
	}{
		"status":                       {"matchers: [{type: status, status: [403, 200]}]", true},
		"status_other":                 {"matchers: [{type: status, status: [404]}]", false},
		"size":                         {"matchers: [{type: size, size: [66]}]", true},
		"word_or":                      {"matchers: [{type: word, words: [absent, Shop Admin]}]", true},
		"word_and":                     {"matchers: [{type: word, condition: and, words: [absent, Shop Admin]}]", false},
		"word_case":                    {"matchers: [{type: word, words: [shop admin]}]", false},
		"word_fold":                    {"matchers: [{type: word, case-insensitive: true, words: [SHOP ADMIN]}]", true},
		"word_hex":                     {"matchers: [{type: word, encoding: hex, words: ['53686f70']}]", true},
		"word_placeholder":             {"matchers: [{type: word, words: ['Version {{number}}']}]", true},
		"word_header":                  {"matchers: [{type: word, part: header, words: ['Server: nginx/1.22.1']}]", true},
		"word_header_status_line":      {"matchers: [{type: word, part: header, words: ['HTTP/1.1 200 OK']}]", true},
		"word_named_header":            {"matchers: [{type: word, part: x_two, words: ['a b']}]", true},
		"word_cookie":                  {"matchers: [{type: word, part: ecsessid, words: [abc]}]", true},
		"word_missing_part":            {"matchers: [{type: word, part: x_none, words: [a]}]", false},
		"negative_missing_part":        {"matchers: [{type: word, part: x_none, negative: true, words: [a]}]", false},
		"negative":                     {"matchers: [{type: word, negative: true, words: [absent]}]", true},
		"all":                          {"matchers: [{type: word, part: all, condition: and, words: [Shop, 'nginx/1.22']}]", true},
		"response":                     {"matchers: [{type: regex, part: response, regex: ['(?s)nginx.*Version']}]", true},
		"all_is_body_then_header":      {"matchers: [{type: regex, part: all, regex: ['(?s)nginx.*Version']}]", false},
		"regex":                        {"matchers: [{type: regex, regex: ['Version ([0-9.]+)']}]", true},
		"regex_fold":                   {"matchers: [{type: regex, regex: ['(?i)VERSION\\s2']}]", true},
		"regex_alternatives":           {"matchers: [{type: regex, regex: ['(?:absent|Version) 2']}]", true},
		"regex_and":                    {"matchers: [{type: regex, condition: and, regex: [Version, absent]}]", false},
		"binary":                       {"matchers: [{type: binary, binary: ['53686f70']}]", true},
		"binary_and":                   {"matchers: [{type: binary, condition: and, binary: ['53686f70', '0000']}]", false},
		"dsl":                          {`matchers: [{type: dsl, dsl: ['status_code == 200 && contains(tolower(body), "shop admin")']}]`, true},
		"dsl_unknown_name":             {`matchers: [{type: dsl, dsl: ['nobody == 1', 'status_code == 200']}]`, true},
		"dsl_unknown_name_and":         {`matchers: [{type: dsl, condition: and, dsl: ['nobody == 1', 'status_code == 200']}]`, false},
		"dsl_not_boolean":              {`matchers: [{type: dsl, dsl: ['len(body)']}]`, false},
		"dsl_body_taken_by_extractor":  {"extractors: [{type: regex, name: body, regex: ['Version [0-9.]+']}]\nmatchers: [{type: dsl, condition: and, dsl: [\"!contains(body, 'Admin')\", \"regex('^Version', body)\", \"contains(tolower(body), 'version')\"]}]", true},
		"dsl_not_boolean_and":          {`matchers: [{type: dsl, condition: and, dsl: ['len(body)', 'status_code == 200']}]`, true},
		"dsl_not_boolean_and_last":     {`matchers: [{type: dsl, condition: and, dsl: ['status_code == 200', 'len(body)']}]`, false},
		"dsl_duration":                 {`matchers: [{type: dsl, dsl: ['duration>=1.5']}]`, true},
		"dsl_extracted":                {"extractors: [{type: regex, name: v, group: 1, internal: true, regex: ['Version ([0-9.]+)']}]\nmatchers: [{type: dsl, dsl: [\"compare_versions(v, '< 2.13.6')\"]}]", true},
		"dsl_placeholder_in_string":    {`matchers: [{type: dsl, dsl: ['contains(body, "Version {{number}}")']}]`, true},
		"dsl_expression_in_string":     {`matchers: [{type: dsl, dsl: ["contains(body, \"{{concat('Version ', number)}}\") && !contains(body, \"{{md5(number)}}\")"]}]`, true},
		"dsl_expression_of_a_header":   {`matchers: [{type: dsl, dsl: ["contains(body, \"{{to_title('shop')}} Admin{{trim(x_two, ' ab')}}\")"]}]`, true},
		"dsl_first_answer":             {`matchers: [{type: dsl, dsl: ['contains(body_1, "login") && status_code_2 == 200 && contains(body_2, "Shop")']}]`, true},
		"xpath":                        {`matchers: [{type: xpath, xpath: ['//p[@id="v"]']}]`, true},
		"xpath_none":                   {`matchers: [{type: xpath, xpath: ['//table']}]`, false},
		"conditions_default_to_or":     {"matchers: [{type: word, words: [absent]}, {type: status, status: [200]}]", true},
		"matchers_condition_and":       {"matchers-condition: and\nmatchers: [{type: word, words: [absent]}, {type: status, status: [200]}]", false},
		"match_all_needs_one":          {"matchers: [{type: word, match-all: true, words: [Shop, absent]}]", true},
		"favicon_hash_by_expression":   {`matchers: [{type: dsl, dsl: ['"1637600410" == mmh3(base64_py(body))']}]`, false},
		"regex_function_is_remembered": {`matchers: [{type: dsl, dsl: ["regex('(?i)VERSION [0-9]', body)"]}]`, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := &Data{Exchange: page, Earlier: []*web.Exchange{answer(302, "login")}, Vars: func() Vars { return Vars{"number": "2.13.5"} }}
			for range 2 { // the second time from what the first remembered
				if got := judged(t, program(t, tc.matchers), d).Matched; got != tc.want {
					t.Errorf("matched = %v, want %v", got, tc.want)
				}
			}
		})
	}
}

// A page for people that begins as XML is read as browsers read it, with its entities.
func TestXPathOfAPageThatBeginsAsXML(t *testing.T) {
	for name, tc := range map[string]struct {
		body, xpath string
		want        bool
	}{
		"with_entities":       {`<?xml version="1.0" encoding="utf-8"?>` + "\n" + `<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">` + "\n" + `<html xmlns="http://www.w3.org/1999/xhtml"><body><p>a.txt&nbsp;</p></body></html>`, "/html/body/p", true},
		"with_open_elements":  {"<?xml version='1.0'?><!-- <list> --><HTML><BODY><p>1<br><p>2", "/html/body/p[2]", true},
		"another_document":    {`<?xml version="1.0"?><list><file>html</file></list>`, "/list/file", true},
		"one_that_quotes_it":  {`<?xml version="1.0"?><list><![CDATA[<html><p>]]></list>`, "//p", false},
		"one_of_another_name": {`<?xml version="1.0"?><htmlish><p/></htmlish>`, "/htmlish/p", true},
	} {
		t.Run(name, func(t *testing.T) {
			p := program(t, `matchers: [{type: xpath, xpath: ['`+tc.xpath+`']}]`)
			if got := judged(t, p, &Data{Exchange: answer(200, tc.body)}).Matched; got != tc.want {
				t.Errorf("matched = %v, want %v", got, tc.want)
			}
		})
	}
}

func TestNamesAndExtraction(t *testing.T) {
	page := answer(200, `{"version": "7.1", "nodes": [{"n": 1}, {"n": 2}], "x": null}`, "X-Powered-By", "PHP/8.1")
	p := program(t, `
matchers:
  - {type: word, name: a, words: [version]}
  - {type: word, name: b, words: [absent]}
  - {type: word, name: c, words: [nodes]}
  - {type: word, name: hidden, internal: true, words: [nodes]}
extractors:
  - {type: json, name: version, json: [.version]}
  - {type: json, name: n, json: ['.nodes[].n']}
  - {type: json, json: [.x, '.nodes[0]']}
  - {type: kval, name: power, kval: [x_powered_by, absent]}
  - {type: regex, name: token, internal: true, group: 1, regex: ['"(no)']}
  - {type: dsl, name: sum, dsl: ['len(body) + 1']}
`)
	got := judged(t, p, &Data{Exchange: page})
	got.Seen = nil
	want := Result{
		Matched: true, Names: []string{"a", "c", "hidden"},
		Extracted: []string{"7.1", "1", "2", "", `{"n":1}`, "PHP/8.1", "61"},
		Named:     map[string][]string{"version": {"7.1"}, "n": {"1", "2"}, "power": {"PHP/8.1"}, "sum": {"61"}},
		Dynamic:   Vars{"token": "no"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !p.Found(got) {
		t.Error("a match is no finding")
	}
	only := program(t, "extractors: [{type: kval, kval: [x_powered_by]}]")
	if r := judged(t, only, &Data{Exchange: page}); !only.Found(r) || r.Matched {
		t.Errorf("a block without matchers: %+v", r)
	}
}

func TestJapaneseWords(t *testing.T) {
	// "ログイン" in EUC-JP, as an old shop sends it.
	page := answer(200, "\xa5\xed\xa5\xb0\xa5\xa4\xa5\xf3", "Content-Type", "text/html; charset=EUC-JP")
	page.Header.Set("Content-Type", "text/html; charset=EUC-JP")
	if !judged(t, program(t, "matchers: [{type: word, words: [ログイン]}]"), &Data{Exchange: page}).Matched {
		t.Error("a Japanese word is not found on an EUC-JP page")
	}
	// The same in ISO-2022-JP, which is ASCII to those who do not look.
	page = answer(200, "<title>\x1b$B%m%0%$%s\x1b(B</title>", "Content-Type", "text/html; charset=ISO-2022-JP")
	if !judged(t, program(t, "matchers: [{type: word, words: [ログイン]}]"), &Data{Exchange: page}).Matched {
		t.Error("a Japanese word is not found on an ISO-2022-JP page")
	}
}

func TestExpand(t *testing.T) {
	vars := Vars{"BaseURL": "http://h:1", "name": "a'b", "total": 3, "Hostname": "h:1"}
	for in, want := range map[string]string{
		"plain":                                  "plain",
		"{{BaseURL}}/x":                          "http://h:1/x",
		"§name§":                                 "a'b",
		"{{unknown}}/x":                          "{{unknown}}/x",
		"{{base64('x')}}":                        "eA==",
		"{{base64(name)}}":                       "YSdi",
		"{{to_upper('{{name}}')}}":               "A'B",
		"{{md5('a')}}{{sha1('a')}}":              "0cc175b9c0f1b6a831c399e26977266186f7e437faa5a7fce15d1ddcb9eaeaea377667b8",
		"{{total}}-{{len(name)}}":                "3-3",
		"{{concat(name, '-', total)}}":           "a'b-3",
		"{{url_encode('a b&c')}}":                "a%20b%26c",
		"{{hex_encode('az')}} {{reverse('ab')}}": "617a ba",
	} {
		got, _, err := Expand(in, vars)
		if err != nil || got != want {
			t.Errorf("Expand(%q) = %q, %v, want %q", in, got, err, want)
		}
	}
	if _, unresolved, _ := Expand("{{absent}}/{{1+1}}", vars); !cmp.Equal(unresolved, []string{"absent"}) {
		t.Errorf("unresolved = %q", unresolved)
	}
	for _, in := range []string{"{{repeat('a', 999999999)}}", "{{wait_for(9)}}", "{{hex_decode('zz')}}"} {
		if out, _, err := Expand(in, vars); err == nil {
			t.Errorf("Expand(%q) = %.20q, want an error", in, out)
		}
	}
}

func TestUnsupported(t *testing.T) {
	for in, want := range map[string]string{
		"matchers: [{type: word, part: interactsh_protocol, words: [dns]}]": "interactsh",
		"matchers: [{type: dsl, dsl: ['resolve(host) == 1']}]":              "function resolve",
	} {
		s, err := signature.Parse("t.yaml", []byte("id: t\ninfo: {name: t}\nhttp:\n  - path: ['{{BaseURL}}/']\n"+indent(in)), false)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Compile(&s.HTTP[0]); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "line 5") {
			t.Errorf("Compile(%s) = %v, want %q and the line", in, err, want)
		}
	}
}

func TestPrefilterNeverHides(t *testing.T) {
	for _, re := range []string{`(?i)wordpress`, `(?i)straße|kiss`, `(abc|abd)+x?`, `a{0}bcd`, `(?:long)?short`, `^$`, `[a-z]{3,}`, `(?i)ſ+abc`} {
		p, err := compilePatterns([]string{re})
		if err != nil {
			t.Fatal(err)
		}
		for _, in := range []string{"WORDPRESS", "wordpreſs", "STRASSE", "straße", "\u212aiss", "abdx", "bcd", "short", "", "xyz", "Sabc", "ſABC"} {
			tx := &text{s: in}
			if p[0].re().MatchString(in) && !p[0].possible(tx) {
				t.Errorf("%s: the prefilter hides %q (needs %q)", re, in, p[0].needs)
			}
		}
	}
}

func FuzzExpand(f *testing.F) {
	f.Add("{{base64('x')}}{{a")
	f.Add("{{a}}§b§{{repeat(a,2)}}")
	f.Fuzz(func(_ *testing.T, in string) { _, _, _ = Expand(in, Vars{"a": "1", "b": "{{c}}"}) })
}

func FuzzRun(f *testing.F) {
	f.Add("<html>", "a.c", "//p", ".a", "contains(body, 'x')")
	f.Fuzz(func(t *testing.T, body, re, path, query, dsl string) {
		h := &signature.HTTP{
			Matchers:   []signature.Matcher{{Type: "regex", Regex: []string{re}}, {Type: "xpath", XPath: []string{path}}, {Type: "dsl", DSL: []string{dsl}}},
			Extractors: []signature.Extractor{{Type: "json", JSON: []string{query}}, {Type: "regex", Regex: []string{re}, Group: 1}},
		}
		if p, err := Compile(h); err == nil {
			_, _ = p.Run(t.Context(), &Data{Exchange: answer(200, body)})
		}
	})
}
