package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/fatih/color"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// NewRetestText writes for people what a retest came to: what remains first, each finding with why.
func NewRetestText(w io.Writer, o Options) scanner.Sink {
	return &retestReport{w: w, options: o, words: message.In(o.Language), findings: map[scanner.RetestResult][]scanner.Finding{}}
}

type retestReport struct {
	scanner.Discard
	w        io.Writer
	options  Options
	words    message.Language
	start    scanner.Start
	findings map[scanner.RetestResult][]scanner.Finding
}

func (t *retestReport) Start(s scanner.Start) error {
	t.start = s
	return nil
}

func (t *retestReport) Finding(f scanner.Finding) error {
	if f.Retest != nil {
		f.Hit.Evidence = nil
		t.findings[f.Retest.Result] = append(t.findings[f.Retest.Result], f)
	}
	return nil
}

func (t *retestReport) Close(s scanner.Summary) error {
	var b strings.Builder
	title := t.words.Say("retest-title", map[string]any{"Targets": strings.Join(printable(t.start.Targets), ", ")})
	fmt.Fprintf(&b, "%s\n%s\n", title, about(scanner.Start{Version: t.start.Version, SignatureSet: t.start.SignatureSet, Time: t.start.Time, Data: t.start.Data}, s, 0, t.options.Language))
	text := &textReport{w: &b, options: t.options, words: t.words}
	text.list(t.words.Say("old-data", nil), oldData(t.start.Data, t.start.Time, t.words))
	for _, result := range scanner.RetestResults {
		if list := t.findings[result]; len(list) > 0 {
			text.print(&b, "\n%s (%d)\n", text.paint(color.Bold, t.words.Say("retest-"+string(result), nil)), len(list))
			for i := range list {
				t.finding(text, &b, &list[i])
			}
		}
	}
	if text.err == nil {
		_, text.err = io.WriteString(t.w, b.String())
	}
	return text.err
}

func (t *retestReport) finding(text *textReport, b io.Writer, f *scanner.Finding) {
	name := f.Signature.ID + prefixed(":", f.Hit.Matcher)
	text.print(b, "  %s  %s  [%s]\n", text.severity(f.Severity, t.words.Say("severity-"+string(f.Severity), nil)), message.Line(wordsOf(f, t.options.Language).Name), message.Line(name))
	text.print(b, indent+"%s: %s\n", t.words.Say("where", nil), message.Line(f.Hit.URL))
	text.print(b, indent+"%s   %s\n", t.words.Text(f.Retest.Reason), t.words.Count("retest-looked-at", f.Retest.Requests, nil))
	text.print(b, indent+"%s: %s\n", t.words.Say("column-id", nil), message.Line(f.Fingerprint))
}
