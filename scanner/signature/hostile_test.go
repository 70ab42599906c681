package signature_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sotomi/scanner/signature"
)

// bomb is a YAML mapping of which each value names the one before it ten times. The last stands for 10^depth values.
func bomb(depth int) string {
	var b strings.Builder
	b.WriteString("a0: &a0 [x]\n")
	for i := 1; i <= depth; i++ {
		fmt.Fprintf(&b, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i-1), 10), ","))
	}
	return b.String()
}

// A file of a stranger ends no scan, whatever its aliases lead to.
func TestParse_refuses_aliases_without_end(t *testing.T) {
	const matched = "    matchers: [{type: word, words: [x]}]\n"
	tests := map[string]struct{ text, want string }{
		"merge_of_itself":    {public + "http:\n  - &h\n    <<: *h\n    path: [x]\n", `p.yaml:5: the value "h" contains itself`},
		"merge_around":       {public + "x: &x\n  y: &y\n    <<: *x\nhttp:\n  - <<: *y\n", `p.yaml:5: the value "x" contains itself`},
		"info_of_itself":     {"id: p\ninfo: &i {name: P, severity: info, x: *i}\n", `p.yaml:2: the value "i" contains itself`},
		"block_of_itself":    {public + "http: &h\n  - *h\n", `p.yaml:4: the value "h" contains itself`},
		"payload_of_itself":  {public + "http:\n  - path: ['{{p}}']\n    payloads:\n      p: &p [*p]\n" + matched, `p.yaml:6: the value "p" contains itself`},
		"key_of_itself":      {public + "? &k [*k]\n: 1\n", `p.yaml:3: the value "k" contains itself`},
		"list_of_itself":     {"each: &e\n  - a: *e\nsignature: {id: '${a}'}\n", `p.yaml:2: the value "e" contains itself`},
		"template_of_itself": {"each:\n  - a: x\nsignature: &s\n  id: ${a}\n  info: *s\n", `p.yaml:5: the value "s" contains itself`},
		"bomb":               {public + bomb(9), "p.yaml:9: the aliases of the file stand for more than 1000000 values"},
		"bomb_of_words":      {public + bomb(9) + "http:\n  - path: [x]\n    matchers: [{type: word, words: *a9}]\n", "p.yaml:9: the aliases of the file stand for more than 1000000 values"},
		"merges_in_pairs":    {public + mergesInPairs(60), "p.yaml:20: the aliases of the file stand for more than 1000000 values"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := signature.Parse("p.yaml", []byte(test.text), false)
			if err == nil || err.Error() != test.want {
				t.Errorf("%v, want %s", err, test.want)
			}
			if _, err := signature.Parse("p.yaml", []byte(test.text), true); err == nil {
				t.Error("it is taken as one of our own")
			}
		})
	}
}

// mergesInPairs is mappings of which each takes over the one before it twice.
func mergesInPairs(depth int) string {
	var b strings.Builder
	b.WriteString("info0: &i0 {name: x}\n")
	for i := 1; i <= depth; i++ {
		fmt.Fprintf(&b, "info%d: &i%d {<<: *i%d, x%d: *i%d}\n", i, i, i-1, i, i-1)
	}
	return b.String()
}

// What people write with anchors stays readable.
func TestParse_takes_aliases_that_end(t *testing.T) {
	text := public + "http:\n  - &h\n    path: ['{{BaseURL}}/a']\n    matchers: &m [{type: word, words: [x]}]\n  - <<: *h\n    path: ['{{BaseURL}}/b']\n  - path: ['{{BaseURL}}/c']\n    matchers: *m\n"
	s, err := signature.Parse("p.yaml", []byte(text), false)
	if err != nil || len(s.HTTP) != 3 || s.HTTP[2].Matchers[0].Words[0] != "x" {
		t.Errorf("%+v, %v", s, err)
	}
}

// The configuration and lists of suppressions are read by the same means.
func TestDecodeFile_refuses_aliases_without_end(t *testing.T) {
	var to struct{ A, B any }
	err := signature.DecodeFile("c.yaml", []byte("a: &a {<<: *a}\n"), &to)
	if want := `c.yaml:1: the value "a" contains itself`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// A signature file that is larger than any real one is not read.
func TestLoad_refuses_a_file_that_is_too_large(t *testing.T) {
	name := filepath.Join(t.TempDir(), "huge.yaml")
	if err := os.WriteFile(name, []byte(public), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, 1<<40); err != nil { // takes no room on the disk
		t.Skip(err)
	}
	_, err := signature.Load(signature.Sources{Folders: []string{filepath.Dir(name)}})
	if want := name + ": larger than 8 MiB"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// The rule: with SkipBroken a file that cannot be read, for its size, its kind or its text, is named and left out, and the others
// run; without it one that is or may be a signature is a mistake.
func TestLoad_leaves_out_files_that_cannot_be_read(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{
		"good.yaml": public + "http:\n  - path: [\"{{BaseURL}}/a\"]\n    matchers: [{type: word, words: [x]}]\n",
		"bad.yaml":  "id: bad\ninfo:\n\tname: x\n", "other.yaml": "a: [b\n", "binary.yaml": "\x00\xff\xfe\x01",
		"huge.yaml": "id: huge\n" + strings.Repeat("#", 8<<20),
	} {
		if err := os.WriteFile(in(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(os.DevNull, in("device.yaml")); err != nil {
		t.Skipf("SKIPPED: no link can be made: %v", err)
	}
	_, err := signature.Load(signature.Sources{Folders: []string{dir}})
	for _, want := range []string{in("bad.yaml") + ":", in("device.yaml") + ": not a regular file", in("huge.yaml") + ": larger than 8 MiB"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
	set, err := signature.Load(signature.Sources{Folders: []string{dir}, SkipBroken: true})
	if err != nil {
		t.Fatal(err)
	}
	var ran, left []string
	for _, s := range set.Signatures {
		if s.Broken == nil {
			ran = append(ran, filepath.Base(s.File))
			continue
		}
		left = append(left, s.Broken.Error())
	}
	for _, err := range set.Unread {
		left = append(left, err.Error())
	}
	if len(ran) != 1 || ran[0] != "good.yaml" {
		t.Errorf("%v run, want good.yaml", ran)
	}
	all := strings.Join(left, "\n")
	for _, name := range []string{"bad.yaml", "other.yaml", "binary.yaml", "huge.yaml", "device.yaml"} {
		if strings.Count(all, in(name)) != 1 {
			t.Errorf("%s is not named once:\n%s", name, all)
		}
	}
}
