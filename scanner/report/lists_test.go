package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/xml"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"sotomi/scanner"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

type suites struct {
	Suites []struct {
		Name                             string `xml:"name,attr"`
		Tests, Failures, Errors, Skipped int    `xml:",attr"`
		Cases                            []struct {
			Class   string    `xml:"classname,attr"`
			Name    string    `xml:"name,attr"`
			Failure *struct{} `xml:"failure"`
			Error   *struct{} `xml:"error"`
			Skipped *struct{} `xml:"skipped"`
			Output  string    `xml:"system-out"`
		} `xml:"testcase"`
	} `xml:"testsuite"`
}

// TestJUnitCases: each signature on each target is a case, and what could not be told is never one that passed.
func TestJUnitCases(t *testing.T) {
	for name, want := range map[string][5]int{ // suites, cases, failures, errors, skipped
		"recorded": {4, 56, 3, 0, 16}, "nothing": {1, 1, 0, 0, 0}, "scanned": {4, 11, 2, 4, 0}, "bare": {2, 2, 0, 1, 0}, "hostile": {1, 2, 1, 1, 0},
		"troubled": {13, 31, 1, 28, 2},
	} {
		text := in(t, "junit", "en", all[name])
		var s suites
		if err := xml.Unmarshal([]byte(strings.NewReplacer(" tests=", " Tests=", " failures=", " Failures=", " errors=", " Errors=", " skipped=", " Skipped=").Replace(string(text))), &s); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		got, said := [5]int{len(s.Suites)}, [5]int{len(s.Suites)}
		for _, suite := range s.Suites {
			said[1], said[2], said[3], said[4] = said[1]+suite.Tests, said[2]+suite.Failures, said[3]+suite.Errors, said[4]+suite.Skipped
			for _, c := range suite.Cases {
				got[1]++
				problems := 0
				for i, p := range []*struct{}{c.Failure, c.Error, c.Skipped} {
					if p != nil {
						problems++
						got[2+i]++
					}
				}
				if problems > 1 || c.Class == "" || c.Name == "" {
					t.Errorf("%s: case %+v", name, c)
				}
			}
		}
		if got != want || said != want {
			t.Errorf("%s: %v, and it says %v, want %v", name, got, said, want)
		}
	}
}

// TestJUnitFails: a finding that does not count is told, and fails nothing.
func TestJUnitFails(t *testing.T) {
	var out bytes.Buffer
	scanned(t, report.NewJUnit(&out, report.Options{Language: "en", Fails: func(s signature.Severity, c scanner.Certainty) bool {
		return s == signature.SeverityCritical && c == scanner.Confirmed
	}}))
	if n, m := strings.Count(out.String(), "<failure "), strings.Count(out.String(), "<system-out>"); n != 1 || m != 5 {
		t.Errorf("%d failures and %d outputs:\n%s", n, m, out.String())
	}
}

var formula = regexp.MustCompile(`^[\s\x{3000}\x{a0}]*[=+\-@＝＋－＠]|^[\t\r\n]`)

// TestCSVOpensInASpreadsheet: it has the mark of UTF-8 and CRLF, each row has every column, and no cell is a formula.
func TestCSVOpensInASpreadsheet(t *testing.T) {
	for name, put := range all {
		text := in(t, "csv", "ja", put)
		if !bytes.HasPrefix(text, []byte("\xef\xbb\xbf")) || !bytes.HasSuffix(text, []byte("\r\n")) {
			t.Errorf("%s: begins with %q", name, text[:3])
		}
		rows, err := csv.NewReader(bytes.NewReader(text[3:])).ReadAll() // of one width, it holds
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		unchecked := 0
		for _, row := range rows {
			if row[1] == "確認できなかった項目" {
				unchecked++
			}
			for _, cell := range row {
				if formula.MatchString(cell) || utf8.RuneCountInString(cell) > 32_767 {
					t.Errorf("%s: cell %.80q", name, cell)
				}
			}
		}
		if whole := name == "recorded" || name == "nothing"; whole != (unchecked == 0) && name != "bare" {
			t.Errorf("%s: %d rows of what was not checked", name, unchecked)
		}
	}
}

// TestMarkdownShowsTextAsText: nothing that a site or a template says becomes markup, and a comment has room for it all.
func TestMarkdownShowsTextAsText(t *testing.T) {
	text := string(in(t, "markdown", "en", hostile))
	plain := regexp.MustCompile("(?:``.*?``|`[^`]*`)").ReplaceAllString(regexp.MustCompile(`\\[[:punct:]]`).ReplaceAllString(text, ""), "")
	for _, bad := range []string{"<script", "<img", "](", "@everyone", "http:", "|["} {
		if strings.Contains(plain, bad) {
			t.Errorf("%q is markup in\n%s", bad, text)
		}
	}
	long := func(t testing.TB, to scanner.Sink) {
		for i := range 3000 {
			err := to.Finding(scanner.Finding{
				Signature: &signature.Signature{ID: fmt.Sprint(i), Info: signature.Info{Name: strings.Repeat("長*", 500), Remediation: strings.Repeat("<直す>", 900) + fmt.Sprint(i)}},
				Severity:  "high", Target: "t", Hit: scanner.Hit{URL: "https://a.example/" + strings.Repeat("x", 4000)},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		scan(t, to, "critical")
		if err := to.Close(scanner.Summary{Severities: map[string]int{"high": 3000, "critical": 1}}); err != nil {
			t.Fatal(err)
		}
	}
	text = string(in(t, "markdown", "ja", long))
	if n := utf8.RuneCountInString(text); n > 65_536 {
		t.Errorf("%d characters are too many for a comment", n)
	}
	if !strings.Contains(text, "| 緊急 | Name |") || !strings.Contains(text, "ほか2951件") {
		t.Errorf("the worst is missing, or the count of the others:\n%.600s", text)
	}
}
