package report

import (
	"cmp"
	"io"
	"strings"

	"github.com/fatih/color"
	"github.com/mattn/go-runewidth"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
)

// flush writes the findings of one site: what one thing mends together, the worst first.
func (t *textReport) flush() {
	if len(t.findings) == 0 {
		return
	}
	t.print(&t.body, "%s  %s\n\n", t.paint(color.Bold, message.Line(t.target)), t.words.Count("findings", len(t.findings), nil))
	for _, m := range byMend(t.findings) {
		if len(m.findings) == 1 {
			t.finding(&m.findings[0])
			continue
		}
		t.group(m)
	}
	t.findings = nil
}

// group writes several findings that one thing mends.
func (t *textReport) group(m mended) {
	t.print(&t.body, "  %s\n", t.paint(color.Bold, m.gone(t.options.Language)))
	for i := range m.findings {
		f := &m.findings[i]
		t.heading(f)
		t.where(f)
		if m.product == "" {
			t.proofs(f)
		}
		t.id(f)
	}
	if m.product == "" {
		t.paragraph("", wordsOf(&m.findings[0], t.options.Language).Description)
	} else {
		t.proofs(&m.findings[0]) // the same for all: how the release is known
	}
	t.paragraph(t.words.Say("todo", nil), m.remedy(t.options.Language))
	t.references(&m.findings[0])
	t.print(&t.body, "\n")
}

// finding writes one finding.
func (t *textReport) finding(f *scanner.Finding) {
	t.heading(f)
	t.where(f)
	t.paragraph("", wordsOf(f, t.options.Language).Description)
	t.proofs(f)
	t.paragraph(t.words.Say("todo", nil), remedyOf(*f, t.options.Language))
	t.references(f)
	t.id(f)
	t.print(&t.body, "\n")
}

// id is the line that names the finding for a list of suppressions.
func (t *textReport) id(f *scanner.Finding) {
	if f.Fingerprint != "" {
		t.print(&t.body, indent+"%s: %s\n", t.words.Say("column-id", nil), message.Line(f.Fingerprint))
	}
}

// heading is the line that names a finding.
func (t *textReport) heading(f *scanner.Finding) {
	label := runewidth.FillRight(t.words.Say("severity-"+string(f.Severity), nil), 8)
	name := f.Signature.ID + prefixed(":", f.Hit.Matcher)
	certainty := cmp.Or(f.Hit.Certainty, scanner.Confirmed)
	t.print(&t.body, "  %s  %s  [%s] %s\n", t.severity(f.Severity, label), t.paint(color.Bold, message.Line(wordsOf(f, t.options.Language).Name)), message.Line(name), t.words.Say("certainty-"+string(certainty), nil))
}

func (t *textReport) where(f *scanner.Finding) {
	t.print(&t.body, indent+"%s: %s\n", t.words.Say("where", nil), message.Line(f.Hit.URL))
	for _, line := range []string{standingText(f.Standing, t.words), valuesText(t.words, withoutSides(withPictures(f.Hit)))} {
		if line != "" {
			t.print(&t.body, indent+"%s\n", line)
		}
	}
	t.sides(f)
}

// sides writes what was before and what is now, one below the other: a terminal is too narrow for both.
func (t *textReport) sides(f *scanner.Finding) {
	for i, name := range []string{valueBefore, valueAfter} {
		for n, text := range texts(f.Hit.Values[name]) {
			if n == 0 {
				t.print(&t.body, indent+"%s:\n", t.words.Name("value", name))
			}
			t.print(&t.body, indent+"  %c %s\n", "-+"[i], runewidth.Truncate(text, evidenceWidth, "…"))
		}
	}
}

func (t *textReport) proofs(f *scanner.Finding) {
	for i, e := range f.Hit.Evidence {
		if i == 3 {
			t.print(&t.body, indent+"%s\n", t.words.Say("more", map[string]any{"N": len(f.Hit.Evidence) - i}))
			break
		}
		t.evidence(e)
	}
}

func (t *textReport) references(f *scanner.Finding) {
	info, _ := f.Signature.For(f.Hit.Variant)
	label := t.words.Say("references", nil)
	for i, r := range info.Reference {
		if i == 0 {
			t.print(&t.body, indent+"%s: %s\n", label, message.Line(r))
		} else {
			t.print(&t.body, indent+"%s  %s\n", strings.Repeat(" ", runewidth.StringWidth(label)), message.Line(r))
		}
	}
}

func (t *textReport) paragraph(label, text string) { t.wrapped(&t.body, label, text) }

// wrapped writes running text behind a label.
func (t *textReport) wrapped(w io.Writer, label, text string) {
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
		t.print(w, indent+"%s\n", line)
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
		t.print(&t.body, indent+"%s: %s\n", t.words.Say("evidence", nil), message.Line(t.words.Text(e.Note)))
		return
	}
	request, _, _ := strings.Cut(e.Request, "\n")
	request = strings.TrimSuffix(strings.TrimSpace(message.Line(request)), " HTTP/1.1")
	head, body, _ := strings.Cut(e.Response, "\n\n")
	status, _, _ := strings.Cut(head, "\n")
	t.print(&t.body, indent+"%s: %s → %s\n", t.words.Say("evidence", nil), runewidth.Truncate(request, evidenceWidth, "…"), message.Line(status))
	shown := 0
	for line := range strings.Lines(body) {
		line = strings.TrimRight(message.Line(line), " ")
		if line == "" {
			continue
		}
		if shown++; shown > evidenceLines {
			t.print(&t.body, indent+"  │ …\n")
			break
		}
		t.print(&t.body, indent+"  │ %s\n", runewidth.Truncate(line, evidenceWidth, "…"))
	}
	if !e.Note.IsZero() {
		t.print(&t.body, indent+"  %s\n", message.Line(t.words.Text(e.Note)))
	}
}
