package main

import (
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	text := "# a comment\n\nchecks/a.go ||| old ||| new ||| the rule\nb.go |||  a\\n\tb |||  ||| gone\n# also: ./x ./y\nc.go ||| 1 ||| 2 ||| r\n"
	got, err := parse("l.txt", text, "")
	if err != nil {
		t.Fatal(err)
	}
	want := []mutant{
		{list: "l.txt", line: 3, file: "checks/a.go", old: "old", new: "new", note: "the rule"},
		{list: "l.txt", line: 4, file: "b.go", old: " a\n\tb", new: "", note: "gone"},
		{list: "l.txt", line: 6, file: "c.go", old: "1", new: "2", note: "r", also: []string{"./x", "./y"}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(mutant{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, wrong := range []string{"a.go ||| x ||| y\n", "a.go ||| x ||| x ||| same\n", "a.go |||  ||| x ||| nothing\n"} {
		if _, err := parse("l.txt", wrong, ""); err == nil {
			t.Errorf("%q: no error", wrong)
		}
	}
}

// TestMutantsFitTheCode: a list that names code which is no longer there measures nothing.
func TestMutantsFitTheCode(t *testing.T) {
	names, err := fs.Glob(lists, "lists/*.txt")
	if err != nil || len(names) < 3 {
		t.Fatalf("lists %v, %v", names, err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(lists, name)
		if err != nil {
			t.Fatal(err)
		}
		mutants, err := parse(path.Base(name), string(text), "")
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mutants {
			source, err := os.ReadFile("../../../" + m.file)
			if err != nil {
				t.Error(err)
				continue
			}
			if n := strings.Count(string(source), m.old); n != 1 {
				t.Errorf("%s: %q stands %d times in the file, not once", m.place(), m.old, n)
			}
		}
	}
}
