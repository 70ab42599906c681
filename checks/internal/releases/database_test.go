package releases

import (
	"slices"
	"strings"
	"testing"
)

const small = `# a comment

release 1.0 2020-01-01
pre 1.1b 2020-02-01
release 1.1 2020-03-01
file html/a.js
 0123456789ab:ba9876543210 1.0
 aaaaaaaaaaaa 1.1b..1.1
page home /
 1.0..1.1 = m1 m2 ? m3
 1.0 1.1 = ? m4
`

func TestParse(t *testing.T) {
	db, err := Parse(strings.NewReader(small))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(db.Releases, []Release{{"1.0", "2020-01-01", true}, {"1.1b", "2020-02-01", false}, {"1.1", "2020-03-01", true}}) {
		t.Errorf("releases %v", db.Releases)
	}
	f := db.Files[0]
	if f.Path != "html/a.js" || f.Has.Count() != 3 || f.Class != ClassScript || len(f.Variants) != 2 {
		t.Errorf("file %+v", f)
	}
	if v := f.Variants[0]; v.Bytes != "0123456789ab" || v.Text != "ba9876543210" || !slices.Equal(db.Names(v.Releases), []string{"1.0"}) {
		t.Errorf("first content %+v", v)
	}
	if v := f.Variants[1]; v.Bytes != v.Text || !slices.Equal(db.Names(v.Releases), []string{"1.1b", "1.1"}) {
		t.Errorf("second content %+v", v)
	}
	p := db.Pages[0]
	if p.Name != "home" || !slices.Equal(p.Paths, []string{"/"}) || len(p.Groups) != 2 {
		t.Fatalf("page %+v", p)
	}
	if g := p.Groups[0]; g.Releases.Count() != 3 || !slices.Equal(g.Always, []string{"m1", "m2"}) || !slices.Equal(g.Maybe, []string{"m3"}) {
		t.Errorf("first group %+v", g)
	}
	if g := p.Groups[1]; !slices.Equal(db.Names(g.Releases), []string{"1.0", "1.1"}) || len(g.Always) != 0 || len(g.Maybe) != 1 {
		t.Errorf("second group %+v", g)
	}
	if i, ok := db.Position("1.1"); i != 2 || !ok {
		t.Errorf("1.1 is at %d, %t", i, ok)
	}
	if _, ok := db.Find("html/b.js"); ok {
		t.Error("a file that is not there was found")
	}
}

// A database that cannot be right is refused, with the line.
func TestParseRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty":              {"", "no releases or no files"},
		"no_files":           {"release 1.0 2020-01-01\n", "no releases or no files"},
		"no_date":            {"release 1.0\n", `line 1: "release 1.0"`},
		"release_after_file": {"release 1.0 2020-01-01\nfile a/b\nrelease 1.1 2020-01-01\n", "line 3"},
		"unknown_word":       {"version 1.0 2020-01-01\n", `line 1: "version"`},
		"short":              {"release\n", "line 1"},
		"content_first":      {"release 1.0 2020-01-01\n aaaa 1.0\n", "line 2: contents before"},
		"unknown_release":    {"release 1.0 2020-01-01\nfile a/b\n aaaa 2.0\n", `line 3: "2.0" is not a span`},
		"unknown_last":       {"release 1.0 2020-01-01\nfile a/b\n aaaa 1.0..2.0\n", `line 3: "1.0..2.0"`},
		"backward_span":      {"release 1.0 2020-01-01\nrelease 1.1 2020-01-01\nfile a/b\n aaaa 1.1..1.0\n", "line 4"},
		"group":              {"release 1.0 2020-01-01\nfile a/b\n aaaa 1.0\npage home /\n 2.0 = m\n", "line 5"},
		"line_too_long":      {"release 1.0 2020-01-01\nfile a/b\n " + strings.Repeat("x", 2<<20), "token too long"},
	} {
		_, err := Parse(strings.NewReader(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one with %q", name, err, c.want)
		}
	}
}

func TestDigestAndUnix(t *testing.T) {
	if got := Digest([]byte("abc")); got != "ba7816bf8f01" { // FIPS 180-2
		t.Errorf("Digest(abc) = %s", got)
	}
	for text, want := range map[string]string{"a\r\nb\rc\nd": "a\nb\nc\nd", "\r\r\n": "\n\n", "": ""} {
		if got := string(Unix([]byte(text))); got != want {
			t.Errorf("Unix(%q) = %q, want %q", text, got, want)
		}
	}
}
