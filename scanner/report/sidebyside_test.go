package report_test

import (
	"bytes"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

// changed puts a scan with a page that has changed into a sink.
func changed(t testing.TB, to scanner.Sink) {
	t.Helper()
	s := &signature.Signature{ID: "page-changed", Info: signature.Info{Name: "A page has changed", Severity: "high"}}
	for _, err := range []error{
		to.Start(scanner.Start{Targets: []string{"shop.example"}}),
		to.Finding(scanner.Finding{Signature: s, Severity: "high", Target: "https://shop.example", Hit: scanner.Hit{
			URL: "https://shop.example/", Values: scanner.Values{"before": []string{"Cups", "Bowls"}, "after": []string{"<b>Hacked\x1b[31m"}, "visitor": "all"},
		}}),
		to.Close(scanner.Summary{Severities: map[string]int{"high": 1}}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestSideBySide: what a page was and what it is now stand beside one another on a page, and below one another on a
// terminal, of a scan and of one that was saved.
func TestSideBySide(t *testing.T) {
	saved := func(t testing.TB, to scanner.Sink) {
		if err := report.Replay(bytes.NewReader(lines(t, changed)), to); err != nil {
			t.Fatal(err)
		}
	}
	for name, put := range map[string]func(testing.TB, scanner.Sink){"scan": changed, "saved": saved} {
		var html bytes.Buffer
		put(t, report.NewHTML(&html, report.Options{Language: "ja"}))
		for _, want := range []string{`<th scope="col"><span lang="en">before</span><span lang="ja">変化前</span></th>`, "<tr><td>Cups</td><td>&lt;b&gt;Hacked", "<tr><td>Bowls</td><td></td></tr>"} {
			if !strings.Contains(html.String(), want) {
				t.Errorf("%s: the page lacks %s", name, want)
			}
		}
		if text := string(text(t, put, report.Options{Language: "en"})); !strings.Contains(text, "before:\n      - Cups\n      - Bowls\n    after:\n      + <b>Hacked") || strings.Contains(text, "\x1b[31m") {
			t.Errorf("%s: the text report says\n%s", name, text)
		}
	}
}
