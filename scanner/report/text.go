package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/fatih/color"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// NewText writes for people: the answer first (what is bad, what to do, what was not checked and why), then the findings by
// site, with evidence and what to do. The findings wait for the end of the scan in a spool.
func NewText(w io.Writer, o Options) scanner.Sink {
	return &textReport{w: w, options: o, words: message.In(o.Language), gaps: newGaps(maxGaps), mends: newMends()}
}

const (
	indent        = "    "
	evidenceLines = 8   // of a response
	evidenceWidth = 160 // columns of one line
	maxGaps       = 20  // reasons listed
	maxTodo       = 15  // things to do listed
)

// textReport holds the findings of the current site, and counts for the answer.
type textReport struct {
	scanner.Discard
	w       io.Writer
	options Options
	words   message.Language
	err     error

	target   string
	findings []scanner.Finding
	total    int
	body     spool // the findings
	outcomes spool // every one of them, with -v
	gaps     *gaps
	mends    *mends
	hosts    hosts
	places   places
	start    scanner.Start
	ignored  suppressedList
}

func (t *textReport) Target(i scanner.TargetInfo) error {
	t.places.add(i)
	return t.err
}

// print writes to the part of the report that is being made.
func (t *textReport) print(w io.Writer, format string, a ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(w, format, a...)
	}
}

func (t *textReport) Start(s scanner.Start) error {
	t.start = s
	return t.err
}

func (t *textReport) Finding(f scanner.Finding) error {
	if t.ignored.add(f, t.options.Language) {
		return t.err
	}
	if f.Target != t.target {
		t.flush()
		t.target = f.Target
	}
	t.findings = append(t.findings, f)
	t.mends.add(f)
	t.total++
	return t.err
}

func (t *textReport) Outcome(o scanner.Outcome) error {
	if t.options.Verbose {
		t.print(&t.outcomes, "%s  %s  %s%s\n", message.Line(o.Target), message.Line(o.Signature), t.words.Say("status-"+string(o.Status), nil), prefixed(": ", message.Line(t.words.Text(o.Reason))))
	}
	t.gaps.add(o, t.words)
	t.hosts.add(o.Target)
	return t.err
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

var statuses = []scanner.Status{
	scanner.StatusFound, scanner.StatusClean, scanner.StatusNotApplicable, scanner.StatusUnreachable, scanner.StatusThrottled,
	scanner.StatusBlocked, scanner.StatusElsewhere, scanner.StatusUnsupported, scanner.StatusFailed, scanner.StatusCrashed, scanner.StatusInterrupted,
}

var grades = []signature.Severity{
	signature.SeverityCritical, signature.SeverityHigh, signature.SeverityMedium, signature.SeverityLow, signature.SeverityInfo, signature.SeverityUnknown,
}

func (t *textReport) severities(s scanner.Summary) string {
	var parts []string
	for _, g := range grades {
		if n := s.Severities[string(g)]; n > 0 {
			parts = append(parts, t.severity(g, fmt.Sprintf("%s %d", t.words.Say("severity-"+string(g), nil), n)))
		}
	}
	return strings.Join(parts, ", ")
}

func (t *textReport) severity(s signature.Severity, text string) string {
	switch s {
	case signature.SeverityCritical:
		return t.paint(color.FgMagenta, text)
	case signature.SeverityHigh:
		return t.paint(color.FgRed, text)
	case signature.SeverityMedium:
		return t.paint(color.FgYellow, text)
	case signature.SeverityLow:
		return t.paint(color.FgBlue, text)
	case signature.SeverityInfo, signature.SeverityUnknown:
	}
	return text
}

func (t *textReport) paint(c color.Attribute, text string) string {
	if !t.options.Color {
		return text
	}
	p := color.New(c)
	p.EnableColor()
	return p.Sprint(text)
}
