package releases

import (
	"strings"
	"testing"
)

const script = "\ufeff/* Shop.\n * All rights reserved. */\nvar shop = { 'url': 'http://shop.example/', re: /[/'\"]\\/\\//g };\n\n// opens a window\nfunction open(a, b) {\n\treturn a / b / 2; // half\n}\n"

// What a server or an upload does to a script leaves its code form alone.
func TestCodeForm(t *testing.T) {
	want := FormsOf("a.js", []byte(script)).Code
	for name, body := range map[string]string{
		"crlf":           strings.ReplaceAll(script, "\n", "\r\n"),
		"no_mark":        strings.TrimPrefix(script, "\ufeff"),
		"comment_before": "/* served by cdn */\n" + script,
		"comment_after":  script + "<!-- cached 2026-01-02 -->\n//# sourceMappingURL=a.js.map",
		"minified":       `var shop={"url":"http://shop.example/",re:/[/'"]\/\//g};function open(a,b){return a/b/2}`,
		"indented":       strings.ReplaceAll(script, "\n", "\n    "),
	} {
		if f := FormsOf("a.js", []byte(body)); f.Code != want {
			t.Errorf("%s: another code form than the script", name)
		}
	}
	for name, body := range map[string]string{
		"call_added":           script + "new Image().src='//evil.example/'",
		"call_before":          "new Image().src='//evil.example/';" + script,
		"call_after_a_comment": strings.Replace(script, "// half", "// half\n send(a)", 1),
		"address_changed":      strings.Replace(script, "http://shop.example/", "http://evil.example/", 1),
		"white_space_in_text":  strings.Replace(script, "shop.example/'", "shop.example/ '", 1),
		"run_by_old_browsers":  script + "/*@cc_on send() @*/",
		"hidden_in_a_pattern":  strings.Replace(script, "/g };", "/g, x: send() };", 1),
		"hidden_in_a_class":    strings.Replace(script, `[/'`, `[//'`, 1),
	} {
		if f := FormsOf("a.js", []byte(body)); f.Code == want {
			t.Errorf("%s: the code form of the untouched script", name)
		}
	}
}

// Style sheets have no line comments: an address without a scheme is none.
func TestCodeFormOfStyleSheets(t *testing.T) {
	css := "/* shop */\n@charset \"utf-8\";\n.a > b { background : url(//cdn.example/a.png); color: red; }\n"
	want := FormsOf("a.css", []byte(css)).Code
	if got := FormsOf("a.css", []byte(`@charset "utf-8";.a>b{background:url(//cdn.example/a.png);color:red}`)).Code; got != want {
		t.Error("minified: another code form")
	}
	if got := FormsOf("a.css", []byte(strings.Replace(css, "red", "blue", 1))).Code; got == want {
		t.Error("another colour: the same code form")
	}
}

// Only scripts and style sheets have a code form of their own, and only those that nobody minified are loose.
func TestFormsOfOtherFiles(t *testing.T) {
	f := FormsOf("a.txt", []byte("a b\r\n// c\r\n"))
	if f.Code != f.Text || f.Loose || f.Text != Digest([]byte("a b\n// c\n")) || f.Bytes != Digest([]byte("a b\r\n// c\r\n")) {
		t.Errorf("%+v", f)
	}
	if !FormsOf("a.js", []byte(script)).Loose || FormsOf("a.js", []byte(`var a="b c d e";f(a)`)).Loose {
		t.Error("loose is not what has something to take out")
	}
	for body, want := range map[string]Ends{"a": EndsNone, "": EndsNone, "a\nb\n": EndsLF, "a\r\nb\r\n": EndsCRLF, "a\r\nb\n": EndsMixed, "a\rb": EndsMixed, "a\r\nb\rc": EndsMixed} {
		if got := FormsOf("a.txt", []byte(body)).Ends; got != want {
			t.Errorf("%q: %d, want %d", body, got, want)
		}
	}
}

// Any bytes have forms, and the code form is stable: stripping it again changes nothing it says.
func FuzzCodeForm(f *testing.F) {
	for _, seed := range []string{script, "", "'", "/", "/*", "<!--", "a\\", "`${'", "x = /[/", "//", "/*@", "\"\\"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		a := FormsOf("a.js", []byte(body))
		if b := FormsOf("a.js", []byte("/* x */\n"+body)); a.Code != b.Code {
			t.Errorf("%q: a comment before it changes its code form", body)
		}
	})
}
