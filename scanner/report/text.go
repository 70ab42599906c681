package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/fatih/color"
	"github.com/mattn/go-runewidth"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// NewText writes for people: findings by site, the most severe first, with evidence and what to do, and at the end what could
// not be checked and why.
func NewText(w io.Writer, o Options) scanner.Sink {
	return &textReport{w: w, options: o, words: message.In(o.Language), gaps: newGaps(maxGaps)}
}

const (
	indent        = "    "
	evidenceLines = 8   // of a response
	evidenceWidth = 160 // columns of one line
	maxGaps       = 20  // reasons listed
)

// textReport holds the findings of the current site, and counts for the end.
type textReport struct {
	scanner.Discard
	w       io.Writer
	options Options
	words   message.Language
	err     error

	target   string
	findings []scanner.Finding
	total    int
	gaps     *gaps
	places   places
	renamed  []signature.Renamed
	start    time.Time      // of the scan
	data     []scanner.Data // the oldest first
}

func (t *textReport) Target(i scanner.TargetInfo) error {
	t.places.add(i)
	return t.err
}

func (t *textReport) print(format string, a ...any) {
	if t.err == nil {
		_, t.err = fmt.Fprintf(t.w, format, a...)
	}
}

func (t *textReport) Start(s scanner.Start) error {
	t.renamed, t.start, t.data = s.Renamed, s.Time, s.Data
	return t.err
}

func (t *textReport) Finding(f scanner.Finding) error {
	if f.Target != t.target {
		t.flush()
		t.target = f.Target
	}
	t.findings = append(t.findings, f)
	t.total++
	return t.err
}

func (t *textReport) Outcome(o scanner.Outcome) error {
	if t.options.Verbose {
		t.flush()
		t.print("%s  %s  %s%s\n", message.Line(o.Target), message.Line(o.Signature), t.words.Say("status-"+string(o.Status), nil), prefixed(": ", message.Line(t.words.Text(o.Reason))))
	}
	t.gaps.add(o, t.words)
	return t.err
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// flush writes the findings of one site.
func (t *textReport) flush() {
	if len(t.findings) == 0 {
		return
	}
	slices.SortStableFunc(t.findings, func(a, b scanner.Finding) int {
		return b.Severity.Rank() - a.Severity.Rank()
	})
	t.print("%s  %s\n\n", t.paint(color.Bold, message.Line(t.target)), t.words.Count("findings", len(t.findings), nil))
	for i := range t.findings {
		t.finding(&t.findings[i])
	}
	t.findings = nil
}

func (t *textReport) finding(f *scanner.Finding) {
	info, _ := f.Signature.For(f.Hit.Variant)
	w := info.Words(t.options.Language)
	certainty := f.Hit.Certainty
	if certainty == "" {
		certainty = scanner.Confirmed
	}
	label := runewidth.FillRight(t.words.Say("severity-"+string(f.Severity), nil), 8)
	name := f.Signature.ID + prefixed(":", f.Hit.Matcher)
	t.print("  %s  %s  [%s] %s\n", t.severity(f.Severity, label), t.paint(color.Bold, message.Line(w.Name)), message.Line(name), t.words.Say("certainty-"+string(certainty), nil))
	t.print(indent+"%s: %s\n", t.words.Say("where", nil), message.Line(f.Hit.URL))
	if values := valuesText(t.words, f.Hit.Values); values != "" {
		t.print(indent+"%s\n", values)
	}
	t.paragraph("", w.Description)
	for i, e := range f.Hit.Evidence {
		if i == 3 {
			t.print(indent+"%s\n", t.words.Say("more", map[string]any{"N": len(f.Hit.Evidence) - i}))
			break
		}
		t.evidence(e)
	}
	t.paragraph(t.words.Say("todo", nil), w.Remediation)
	if len(info.Reference) > 0 {
		t.print(indent+"%s: %s\n", t.words.Say("references", nil), message.Line(info.Reference[0]))
		for _, r := range info.Reference[1:] {
			t.print(indent+"%s  %s\n", strings.Repeat(" ", runewidth.StringWidth(t.words.Say("references", nil))), message.Line(r))
		}
	}
	t.print("\n")
}

func (t *textReport) paragraph(label, text string) {
	text = strings.Join(strings.Fields(message.Line(text)), " ")
	if t.options.Language == "ja" {
		text = strings.ReplaceAll(text, "。 ", "。")
	}
	if text == "" {
		return
	}
	width := 100
	if w := t.options.Width - len(indent) - 2; w >= 20 {
		width = min(width, w)
	}
	for i, line := range message.Wrap(labelled(label, text), width) {
		if i > 0 && label != "" {
			line = "  " + line
		}
		t.print(indent+"%s\n", line)
	}
}

func labelled(label, text string) string {
	if label == "" {
		return text
	}
	return label + ": " + text
}

// evidence shows the request line and the beginning of the answer.
func (t *textReport) evidence(e evidence.Evidence) {
	if e.Request == "" && e.Response == "" {
		t.print(indent+"%s: %s\n", t.words.Say("evidence", nil), message.Line(t.words.Text(e.Note)))
		return
	}
	request, _, _ := strings.Cut(e.Request, "\n")
	request = strings.TrimSuffix(strings.TrimSpace(message.Line(request)), " HTTP/1.1")
	head, body, _ := strings.Cut(e.Response, "\n\n")
	status, _, _ := strings.Cut(head, "\n")
	t.print(indent+"%s: %s → %s\n", t.words.Say("evidence", nil), runewidth.Truncate(request, evidenceWidth, "…"), message.Line(status))
	shown := 0
	for line := range strings.Lines(body) {
		line = strings.TrimRight(message.Line(line), " ")
		if line == "" {
			continue
		}
		if shown++; shown > evidenceLines {
			t.print(indent + "  │ …\n")
			break
		}
		t.print(indent+"  │ %s\n", runewidth.Truncate(line, evidenceWidth, "…"))
	}
	if !e.Note.IsZero() {
		t.print(indent+"  %s\n", message.Line(t.words.Text(e.Note)))
	}
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
			parts = append(parts, t.severity(g, fmt.Sprintf("%d %s", n, t.words.Say("severity-"+string(g), nil))))
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

func valuesText(w message.Language, values scanner.Values) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		if name == "personal-fields" {
			value = fieldNames(w, value)
		}
		if text := message.Line(valueText(w, value)); text != "" {
			parts = append(parts, message.Line(w.Name("value", name))+": "+runewidth.Truncate(text, evidenceWidth, "…"))
		}
	}
	return strings.Join(parts, "   ")
}

// fieldNames are the kinds of personal fields in a language: a list, or one read back from JSON.
func fieldNames(w message.Language, value any) any {
	switch names := value.(type) {
	case []string:
		list := make([]string, len(names))
		for i, name := range names {
			list[i] = w.Name("field", name)
		}
		return list
	case []any:
		list := make([]any, len(names))
		for i, name := range names {
			list[i] = w.Name("field", fmt.Sprint(name))
		}
		return list
	}
	return value
}

// valueText is a value of a scan, or one read back from JSON, with the words that have a translation in the language.
func valueText(w message.Language, value any) string {
	switch v := value.(type) {
	case message.Message:
		return w.Text(v)
	case string:
		if word := w.Name("word", v); word != v {
			return word
		}
		return w.Literal(v) // a message without arguments is such a text in JSON
	case []string:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = w.Name("word", v[i])
		}
		return strings.Join(parts, ", ")
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = valueText(w, v[i])
		}
		return strings.Join(parts, ", ")
	case float64:
		if v == float64(int64(v)) {
			return fmt.Sprint(int64(v))
		}
	}
	return fmt.Sprint(value)
}
