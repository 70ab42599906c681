package target

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

// utf16Text is a text in UTF-16, its two bytes in the order that high names.
func utf16Text(text string, high int) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(text)) {
		pair := [2]byte{byte(u), byte(u)}
		pair[high] = byte(u >> 8)
		pair[1-high] = byte(u)
		b.Write(pair[:])
	}
	return b.String()
}

// What is no list in UTF-8 is one error with file and line, whatever else is wrong in it.
func TestListsThatAreNoText(t *testing.T) {
	const hosts = "a.test\r\nb.test\r\n"
	for name, c := range map[string]struct{ list, want string }{
		"utf16_little_with_bom":  {utf16Text("\ufeff"+hosts, 1), `list:1: the list is UTF-16; save it as UTF-8`},
		"utf16_big_with_bom":     {utf16Text("\ufeff"+hosts, 0), `list:1: the list is UTF-16; save it as UTF-8`},
		"utf16_little":           {utf16Text(hosts, 1), `list:1: the line has a NUL byte, so the list is binary or UTF-16; save it as UTF-8 text`},
		"utf16_big":              {utf16Text(hosts, 0), `list:1: the line has a NUL byte, so the list is binary or UTF-16; save it as UTF-8 text`},
		"utf16_appended":         {"a.test\nb.test\n" + utf16Text(hosts, 1), `list:3: the line has a NUL byte, so the list is binary or UTF-16; save it as UTF-8 text`},
		"program":                {"\x7fELF\x02\x01\x01\x00\x00\n\x00", `list:1: the line has a NUL byte, so the list is binary or UTF-16; save it as UTF-8 text`},
		"picture":                {"\x89PNG\r\n\x1a\n\x00", `list:1: the line is not UTF-8; save the whole list as UTF-8`},
		"archive":                {"PK\x03\x04\n", `list:1: the line has the control character U+0003: a list is text with one target per line`},
		"shift_jis_comment":      {"a.test\n# \x93\xfa\x96\x7b\nb.test\n", `list:2: the line is not UTF-8; save the whole list as UTF-8`},
		"latin_1_host":           {"a.test\nm\xfcller.test\n", `list:2: the line is not UTF-8; save the whole list as UTF-8`},
		"mistakes_before_it":     {"ftp://a.test\na.test\xff\n", `list:2: the line is not UTF-8; save the whole list as UTF-8`},
		"carriage_returns_alone": {"a.test\rb.test\r", `list:1: the line has the control character U+000D: a list is text with one target per line`},
		"escape":                 {"a.test\n\x1b[31mb.test\n", `list:2: the line has the control character U+001B: a list is text with one target per line`},
		"c1":                     {"\u009b31mb.test\n", `list:1: the line has the control character U+009B: a list is text with one target per line`},
		"long_line":              {"a.test\n" + strings.Repeat("a", maxLine+1) + "\nb.test\n", `list:2: the line is longer than 65536 bytes`},
		"long_last_line":         {strings.Repeat("a", maxLine+1), `list:1: the line is longer than 65536 bytes`},
		"long_comment":           {"a.test\n#" + strings.Repeat("a", 1<<20) + "\n", `list:2: the line is longer than 65536 bytes`},
	} {
		_, err := Parse([]string{"@list"}, nil, opener(map[string]string{"list": c.list}))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: error = %v, want %s", name, err, c.want)
		}
		_, err = Parse([]string{"-"}, strings.NewReader(c.list), nil)
		if want := strings.Replace(c.want, "list", "standard input", 1); err == nil || err.Error() != want {
			t.Errorf("%s from standard input: error = %v, want %s", name, err, want)
		}
	}
}

// Lists as programs of all kinds write them are read.
func TestListsThatAreText(t *testing.T) {
	long := "https://a.test/" + strings.Repeat("x", 4000)
	for name, c := range map[string]struct {
		list string
		want []string
	}{
		"windows":            {"\ufeffa.test\r\nb.test\r\n", []string{"a.test", "b.test"}},
		"joined_lists":       {"\ufeffa.test\n\ufeffb.test\n", []string{"a.test", "b.test"}},
		"tabs_and_wide_ones": {"\ta.test\t# x\n\u3000b.test\u3000\n", []string{"a.test", "b.test"}},
		"no_end_of_line":     {"a.test", []string{"a.test"}},
		"long_url":           {long + "\n", []string{long}},
		"japanese_comment":   {"# 本番\na.test\n", []string{"a.test"}},
	} {
		list, err := Parse([]string{"@list"}, nil, opener(map[string]string{"list": c.list}))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(c.want, inputs(list)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A list without a target is a mistake of whoever made it, also beside other targets.
func TestEmptyLists(t *testing.T) {
	files := opener(map[string]string{"empty": "", "comments": "# none\n\n  \r\n#\n", "bom": "\ufeff"})
	for _, c := range []struct {
		args  []string
		stdin string
		want  string
	}{
		{[]string{"@empty"}, "", "empty has no targets"},
		{[]string{"@comments"}, "", "comments has no targets"},
		{[]string{"@bom"}, "", "bom has no targets"},
		{[]string{"-"}, "", "standard input has no targets"},
		{[]string{"-"}, "\n# x\n", "standard input has no targets"},
		{[]string{"a.test", "@empty"}, "", "empty has no targets"},
		{nil, "", "no targets: name a URL, host, host:port, CIDR block, @FILE or - for standard input"},
	} {
		_, err := Parse(c.args, strings.NewReader(c.stdin), files)
		if err == nil || err.Error() != c.want {
			t.Errorf("Parse(%q) = %v, want %s", c.args, err, c.want)
		}
	}
}

// What people type and mean: one meaning, or one error that says what to type.
func TestTargetsAsTyped(t *testing.T) {
	for typed, want := range map[string]string{
		" https://a.test ": "https://a.test/",
		"https://a.test\r": "https://a.test/",
		"a.test\n":         "a.test",
		"a.test.":          "a.test",
		"https://A.test./": "https://a.test/",
		"ｅｘａｍｐｌｅ．ｃｏｍ":      "example.com",
		"https://ｅｘａｍｐｌｅ．ｃｏｍ/商品／一覧":   "https://example.com/%E5%95%86%E5%93%81%EF%BC%8F%E4%B8%80%E8%A6%A7",
		"ｈｔｔｐｓ：／／ｅｘａｍｐｌｅ．ｃｏｍ／":        "https://example.com/",
		"example.com：８０８０":            "example.com port 8080",
		"https://example.com:８０８０/":   "https://example.com:8080/",
		"日本語。jp":                      "xn--wgv71a119e.jp",
		"bücher.example":              "xn--bcher-kva.example",
		"https://xn--bcher-kva.test/": "https://xn--bcher-kva.test/",
		"HTTP://a.test":               "http://a.test/",
	} {
		list, err := Parse([]string{typed}, nil, nil)
		if err != nil {
			t.Errorf("Parse(%q): %v, want %s", typed, err, want)
			continue
		}
		if diff := cmp.Diff([]string{want}, inputs(list)); diff != "" {
			t.Errorf("Parse(%q) (-want +got):\n%s", typed, diff)
		}
	}
	for typed, want := range map[string]string{
		"example.com/path":               `"example.com/path": a target with a path needs its scheme: https://example.com/path; a list of targets is @FILE`,
		"lists/prod.txt":                 `"lists/prod.txt": a target with a path needs its scheme: https://lists/prod.txt; a list of targets is @FILE`,
		"http:/example.com":              `"http:/example.com": write http://example.com`,
		"https:example.com":              `"https:example.com": write https://example.com`,
		"https:///example.com":           `"https:///example.com": write https://example.com`,
		"//example.com/x":                `"//example.com/x": write https://example.com/x`,
		"https//example.com":             `"https//example.com": write https://example.com`,
		"https://https://example.com":    `"https://https://example.com": write https://example.com`,
		"https://http:/example.com":      `"https://http:/example.com": write http://example.com`,
		`https:\\example.com\x`:          `"https:\\\\example.com\\x": no target has a \; an address has /, and a list of targets is @FILE`,
		`C:\lists\targets.txt`:           `"C:\\lists\\targets.txt": no target has a \; an address has /, and a list of targets is @FILE`,
		`https://a.test\x`:               `"https://a.test\\x": no target has a \; an address has /, and a list of targets is @FILE`,
		"https://host:99999":             `"https://host:99999": "99999" is not a port (1 to 65535)`,
		"https://host:port/":             `"https://host:port/" is not a URL: invalid port ":port" after host`,
		"host:":                          `"host:": "" is not a port (1 to 65535)`,
		"a.test,b.test":                  `"a.test,b.test": targets stand apart by spaces, or one per line in a list`,
		"a.test b.test":                  `"a.test b.test": targets stand apart by spaces, or one per line in a list`,
		"https://a.test,https://b.test":  `"https://a.test,https://b.test": targets stand apart by spaces, or one per line in a list`,
		"https://user@a.test/":           `"https://***@a.test/": leave the user information out; --header "Authorization: ..." sends it to the target only`,
		"https://user:pass/word@a.test/": `"https://***@a.test/": leave the user information out; --header "Authorization: ..." sends it to the target only`,
		"user:pass/word@a.test":          `"***@a.test": a target with a path needs its scheme: https://***@a.test; a list of targets is @FILE`,
		"https://host:99999/@me":         `"https://host:99999/@me": "99999" is not a port (1 to 65535)`,
		"a..b":                           `"a..b": not a host name: a label is empty or longer than 63 characters`,
		"":                               `"": the target is empty`,
		"  ":                             `"": the target is empty`,
		"htps://a.test":                  `"htps://a.test": scheme "htps" is not one that sotomi scans; use http or https`,
		"https://shop.example/${ID}":     `"https://shop.example/${ID}": ${ID} is not replaced in a target`,
	} {
		_, err := Parse([]string{typed}, nil, nil)
		if err == nil || err.Error() != want {
			t.Errorf("Parse(%q) = %v, want %s", typed, err, want)
		}
	}
}
