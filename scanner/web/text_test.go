package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"
)

func TestText(t *testing.T) {
	const page = "会員登録が完了しました。ログインはこちら"
	encode := func(e encoding.Encoding) []byte {
		b, err := e.NewEncoder().Bytes([]byte(page))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	sjis, euc, jis := encode(japanese.ShiftJIS), encode(japanese.EUCJP), encode(japanese.ISO2022JP)
	for name, tc := range map[string]struct {
		body []byte
		kind string
	}{
		"utf8_without_label":         {[]byte(page), "text/html"},
		"utf8_bom":                   {append([]byte("\xef\xbb\xbf"), page...), ""},
		"utf16_bom":                  {encode(unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)), ""},
		"cp932_header":               {sjis, "text/html; charset=CP932"},
		"windows_31j_header":         {sjis, "text/html; charset=Windows-31J"},
		"eucjp_win_header":           {euc, "text/html; charset=eucJP-win"},
		"euc_without_label":          {euc, "text/html"},
		"sjis_without_label":         {sjis, "text/html"},
		"jis_without_label":          {jis, "text/html"},
		"header_says_utf8_wrongly":   {euc, "text/html; charset=utf-8"},
		"header_says_latin1_wrongly": {euc, "text/html; charset=iso-8859-1"},
		"latin1_wrongly_for_sjis":    {sjis, "text/html; charset=ISO-8859-1"},
		"unknown_label":              {sjis, "text/html; charset=x-nobody"},
	} {
		ex := &Exchange{Body: tc.body, Header: http.Header{"Content-Type": {tc.kind}}}
		if got := ex.Text(); got != page {
			t.Errorf("%s: Text() = %q, want %q", name, got, page)
		}
	}
	meta := append([]byte(`<meta http-equiv="Content-Type" content="text/html; charset=x-euc-jp">`), euc...)
	if got := (&Exchange{Body: meta, Header: http.Header{}}).Text(); !strings.HasSuffix(got, page) {
		t.Errorf("meta element: %q", got)
	}
	western := "Caf\xe9 \xe0 la cr\xe8me, d\xe9j\xe0 pr\xeat \xe0 No\xebl, \x83 \x82ab\x84"
	if got := (&Exchange{Body: []byte(western), Header: http.Header{"Content-Type": {"text/html; charset=iso-8859-1"}}}).Text(); !strings.HasPrefix(got, "Café à la crème, déjà prêt à Noël") {
		t.Errorf("western text with its own label: %q", got)
	}
	if got := (&Exchange{Body: []byte("caf\xe9"), Header: http.Header{}}).Text(); got != "café" {
		t.Errorf("latin: %q", got)
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte("\x1b$B"), "text/html; charset=cp932")
	f.Add([]byte("<meta charset=euc-jp>\xa4"), "")
	f.Fuzz(func(_ *testing.T, body []byte, kind string) { _ = text(body, kind) })
}

func TestParseCacheControl(t *testing.T) {
	for raw, want := range map[string][]Directive{
		"":                           nil,
		"no-store":                   {{Name: "no-store"}},
		"max-age=60; public":         {{"max-age", "60", true}, {"public", "", false}},
		`private="Set-Cookie, X", a`: {{"private", "Set-Cookie, X", true}, {"a", "", false}},
		"Max-Age = 5,,max-age=9":     {{"max-age", "5", true}, {"max-age", "9", true}},
		`max-age="10"`:               {{"max-age", "10", true}},
		`x="a\"b`:                    {{"x", `a\"b`, true}},
	} {
		h := http.Header{}
		if raw != "" {
			h.Set("Cache-Control", raw)
		}
		if diff := cmp.Diff(want, ParseCacheControl(h).Directives); diff != "" {
			t.Errorf("%q (-want +got):\n%s", raw, diff)
		}
	}
	two := ParseCacheControl(http.Header{"Cache-Control": {"no-cache", "max-age=1"}})
	if !two.Has("no-cache") || !two.Has("max-age") || two.Raw != "no-cache, max-age=1" {
		t.Errorf("two lines: %+v", two)
	}
}

func TestDeltaSeconds(t *testing.T) {
	type answer struct {
		N  int64
		OK bool
	}
	for in, want := range map[string]answer{
		"0": {0, true}, "60": {60, true}, "-1": {0, false}, "": {0, false}, "1.5": {0, false}, "99999999999999999999": {2147483647, true}, "5s": {0, false},
	} {
		n, ok := DeltaSeconds(in)
		if got := (answer{n, ok}); got != want {
			t.Errorf("DeltaSeconds(%q) = %v, want %v", in, got, want)
		}
	}
}

func FuzzParseCacheControl(f *testing.F) {
	f.Add(`max-age="1\", no-store`)
	f.Fuzz(func(t *testing.T, raw string) {
		for _, d := range parseDirectives(raw).Directives {
			if d.Name == "" {
				t.Errorf("a directive without a name in %q", raw)
			}
		}
	})
}

func TestKeyTellsOptionsApart(t *testing.T) {
	u := parse(t, "http://h/a?b")
	base := Request{URL: u}
	for name, r := range map[string]Request{
		"method":    {URL: u, Method: "HEAD"},
		"url":       {URL: parse(t, "http://h/a?c")},
		"header":    {URL: u, Header: http.Header{"Range": {"bytes=0-1"}}},
		"dropped":   {URL: u, Header: http.Header{"User-Agent": nil}},
		"host":      {URL: u, Host: "x"},
		"target":    {URL: u, Target: "/%61"},
		"body":      {URL: u, Body: []byte("x")},
		"redirects": {URL: u, Redirects: RedirectsHost},
		"max_body":  {URL: u, MaxBody: 4},
		"timeout":   {URL: u, Timeout: 1},
		"once":      {URL: u, Once: true},
		"cookies":   {URL: u, NoCookies: true},
		"wants_429": {URL: u, Wants429: true},
	} {
		if r.Key() == base.Key() {
			t.Errorf("%s: the key does not tell it apart", name)
		}
	}
	same := Request{URL: u, Method: "GET"}
	root, slash := Request{URL: parse(t, "http://h")}, Request{URL: parse(t, "http://h/")}
	if root.Key() != slash.Key() {
		t.Errorf("without a path %q, with the root's %q; what is sent is the same", root.Key(), slash.Key())
	}
	if same.Key() != base.Key() {
		t.Error("GET and the default method differ")
	}
}
