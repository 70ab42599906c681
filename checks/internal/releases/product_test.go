package releases

import (
	"cmp"
	"fmt"
	"strings"
	"testing"
)

// parse reads a database of stable releases 1.0, 1.1 ... ("1.1b" stands before a "pre") with files given as
// "path content releases, content releases"; a content is written twice, as bytes and as text.
func parse(t *testing.T, names string, files ...string) *Database {
	t.Helper()
	var b strings.Builder
	for name := range strings.FieldsSeq(names) {
		word := "release"
		if strings.HasSuffix(name, "b") {
			word = "pre"
		}
		fmt.Fprintf(&b, "%s %s 2020-01-01\n", word, name)
	}
	for _, f := range files {
		path, contents, _ := strings.Cut(f, " ")
		fmt.Fprintf(&b, "file %s\n", path)
		for c := range strings.SplitSeq(contents, ",") {
			fmt.Fprintf(&b, " %s\n", strings.TrimSpace(c))
		}
	}
	db, err := Parse(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// observe answers for a file with a content, "bytes:text:code" as in a database; "" is a missing file.
func observe(t *testing.T, p *Posterior, path, content string) {
	t.Helper()
	file, ok := p.db.Find(path)
	if !ok {
		t.Fatalf("no file %s", path)
	}
	raw, rest, both := strings.Cut(content, ":")
	text, code, _ := strings.Cut(rest, ":")
	ends := EndsCRLF
	if !both {
		text, ends = raw, EndsNone
	} else if text == raw {
		ends = EndsLF
	}
	p.Observe(Answer{File: file, Missing: content == "", Forms: Forms{Bytes: raw, Text: text, Code: cmp.Or(code, text), Ends: ends}})
}

func candidates(p *Posterior) string {
	return strings.Join(p.db.Names(p.Verdict().Candidates), " ")
}

func anything(File) bool { return true }
