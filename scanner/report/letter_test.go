package report_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

// TestLetters holds both forms of a letter in both languages.
func TestLetters(t *testing.T) {
	for _, language := range []string{"en", "ja"} {
		var plain, page bytes.Buffer
		shops(t, report.NewLetter(&plain, &page, report.Options{Language: language}))
		golden(t, "letter.shops.txt."+language, plain.Bytes())
		golden(t, "letter.shops.html."+language, page.Bytes())
		for _, update := range []string{"4.0.6-p4", "2.13.5"} {
			if n := strings.Count(plain.String(), update); n > 2 { // in the title, and in the remedy
				t.Errorf("%s: the update to %s is told %d times\n%s", language, update, n, &plain)
			}
		}
	}
}

// TestLetterGroupsByWhatMends: findings that one thing mends are one point, on whatever sites, each with its name; findings
// of one remedy that are of other products are not.
func TestLetterGroupsByWhatMends(t *testing.T) {
	sig := func(id, name, remedy string) *signature.Signature {
		return &signature.Signature{ID: id, Info: signature.Info{Name: name, Remediation: remedy}}
	}
	var plain bytes.Buffer
	l := report.NewLetter(&plain, io.Discard, report.Options{Language: "en"})
	put := func(s *signature.Signature, severity signature.Severity, target string) {
		f := scanner.Finding{Signature: s, Severity: severity, Target: target, Hit: scanner.Hit{URL: target + "/" + s.ID}}
		if err := l.Finding(f); err != nil {
			t.Fatal(err)
		}
	}
	for _, host := range []string{"https://a.example", "https://b.example"} {
		put(sig("frames", "Pages may be framed", "Set the headers. See the manual."), "low", host)
		put(sig("sniff", "Types are guessed", "Set the headers. See the manual."), "medium", host)
		put(sig("git", "Repository published", "Take it away."), "high", host)
	}
	for i := range 25 {
		put(sig(fmt.Sprintf("m%02d", i), fmt.Sprintf("Thing %02d", i), "Mend all of it."), "low", "https://c.example")
	}
	if err := l.Close(scanner.Summary{Complete: true}); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		"3 things to mend on your sites\n",
		"1. Repository published (HIGH)\nWhere:\n  - a.example /git\n  - b.example /git\n",
		"2. Set the headers (MEDIUM)\nWhat was found:\n  - Types are guessed (MEDIUM)\n  - Pages may be framed (LOW)\nWhere:\n  - a.example /frames\n  - a.example /sniff\n  - b.example /frames\n  - b.example /sniff\n",
		"3. Mend all of it (LOW)\nWhat was found:\n  - Thing 00 (LOW)\n", "  - Thing 19 (LOW)\n  and 5 more\nWhere:\n",
	} {
		if !strings.Contains(plain.String(), text) {
			t.Errorf("no %q in\n%s", text, &plain)
		}
	}
	if n := strings.Count(plain.String(), "See the manual."); n != 1 {
		t.Errorf("the remedy is told %d times", n)
	}
}
