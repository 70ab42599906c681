package report_test

import (
	"bytes"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

// TestValuesInBothLanguages: a value made of words is told in the report's language, and in English in JSON lines, from
// which fixed words are translated again.
func TestValuesInBothLanguages(t *testing.T) {
	finding := scanner.Finding{
		Signature: &signature.Signature{ID: "s", Info: signature.Info{Name: "n", Severity: "low"}}, Severity: "low", Target: "http://a.test",
		Hit: scanner.Hit{URL: "http://a.test/", Values: scanner.Values{
			"exec": "not tested", "point": message.New("no %s here", "shop"), "missing": []string{"Secure"},
		}},
	}
	told := func(sink func(*bytes.Buffer) scanner.Sink) string {
		var b bytes.Buffer
		s := sink(&b)
		if err := s.Start(scanner.Start{}); err != nil {
			t.Fatal(err)
		}
		if err := s.Finding(finding); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(scanner.Summary{}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	text := func(lang string) string {
		return told(func(b *bytes.Buffer) scanner.Sink { return report.NewText(b, report.Options{Language: lang}) })
	}
	lines := told(func(b *bytes.Buffer) scanner.Sink { return report.NewJSONLines(b, report.Options{}) })
	for name, c := range map[string]struct {
		report string
		want   []string
	}{
		"english":  {text("en"), []string{"exec: not tested", "point: no shop here", "missing: Secure"}},
		"japanese": {text("ja"), []string{"コマンドの実行: 未確認", "検査箇所: " + message.In("ja").Text(message.New("no %s here", "shop"))}},
		"json":     {lines, []string{`"values":{"exec":"not tested","missing":["Secure"],"point":"no shop here"}`}},
	} {
		for _, want := range c.want {
			if !strings.Contains(c.report, want) {
				t.Errorf("%s: %q is not in\n%s", name, want, c.report)
			}
		}
	}
	var again bytes.Buffer
	if err := report.Replay(strings.NewReader(lines), report.NewText(&again, report.Options{Language: "ja"})); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(again.String(), "コマンドの実行: 未確認") {
		t.Errorf("read back from JSON lines:\n%s", again.String())
	}
}
