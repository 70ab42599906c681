package report_test

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

// TestSuppressedFindingsAreNothingToDo: reports for people and trackers name what is suppressed, and do not ask for it.
func TestSuppressedFindingsAreNothingToDo(t *testing.T) {
	sig := &signature.Signature{ID: "git-exposed", Info: signature.Info{Name: "Repository published", Remediation: "Take it away."}}
	f := scanner.Finding{
		Signature: sig, Severity: signature.SeverityHigh, Target: "https://shop.example", Fingerprint: "v1:00",
		Hit:      scanner.Hit{URL: "https://shop.example/.git/HEAD", Certainty: scanner.Confirmed},
		Standing: scanner.Standing{Suppressed: &scanner.Suppression{Reason: "in a museum", Status: scanner.Accepted}},
	}
	letter := func(w io.Writer, o report.Options) scanner.Sink { return report.NewLetter(w, io.Discard, o) }
	for name, c := range map[string]struct {
		format func(io.Writer, report.Options) scanner.Sink
		says   string // "" for nothing at all
	}{
		"text": {report.NewText, "in a museum"}, "html": {report.NewHTML, "in a museum"}, "markdown": {report.NewMarkdown, "in a museum"},
		"gitlab": {report.NewGitLab, "1 suppressed finding"}, "letter": {letter, ""},
	} {
		var out bytes.Buffer
		sink := c.format(&out, report.Options{Language: "en"})
		if err := sink.Start(scanner.Start{}); err != nil {
			t.Fatal(err)
		}
		if err := sink.Finding(f); err != nil {
			t.Fatal(err)
		}
		if err := sink.Outcome(scanner.Outcome{Signature: sig.ID, Target: f.Target, Status: scanner.StatusFound}); err != nil {
			t.Fatal(err)
		}
		s := scanner.Summary{Statuses: map[scanner.Status]int{scanner.StatusFound: 1}, Targets: 1, Complete: true, SuppressedFindings: 1}
		if err := sink.Close(s); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "Take it away") || !strings.Contains(out.String(), c.says) {
			t.Errorf("%s:\n%s", name, &out)
		}
	}
}

// TestMergedScansCountWhatIsSuppressed: the findings that do not count, and those that are new, are those that are told.
func TestMergedScansCountWhatIsSuppressed(t *testing.T) {
	saved := func(target string) report.Source {
		text := `{"type":"scan","tool":"sotomi","time":"2026-11-26T00:00:00Z"}
{"type":"finding","signature":"a","severity":"high","certainty":"confirmed","target":"` + target + `","new":true}
{"type":"finding","signature":"b","severity":"high","certainty":"confirmed","target":"` + target + `","suppressed":{"reason":"x","status":"accepted"}}
{"type":"summary","complete":true,"severities":{"high":1},"suppressed_findings":1,"novelty":{"new":1}}
`
		return report.Source{Name: target, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
	}
	var c scanner.Collector
	if err := report.Merge([]report.Source{saved("https://a.example"), saved("https://b.example")}, &c); err != nil {
		t.Fatal(err)
	}
	if s := c.Summary; s.Severities["high"] != 2 || s.SuppressedFindings != 2 || s.Novelty[scanner.New] != 2 {
		t.Errorf("%+v", s)
	}
}
