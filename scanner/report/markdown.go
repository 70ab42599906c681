package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// What a comment on a pull request holds. The services end at 65,536 characters.
const (
	markdownFindings = 50
	markdownMends    = 15
	markdownIgnored  = 15  // suppressed findings
	markdownName     = 160 // characters
	markdownRemedy   = 700
	markdownURL      = 300
)

// NewMarkdown writes a summary for a pull request or a ticket: the most severe findings, what to do, and what was not checked.
func NewMarkdown(w io.Writer, o Options) scanner.Sink {
	words := message.In(o.Language)
	return &markdown{w: w, language: o.Language, words: words, mends: newMends(), gaps: newGaps(maxGaps)}
}

type markdown struct {
	scanner.Discard
	w        io.Writer
	language string
	words    message.Language
	start    scanner.Start
	worst    []*entry // at least as many as are shown
	total    int
	mends    *mends
	gaps     *gaps
	hosts    hosts
	ports    portList
	ignored  suppressedList
}

func (m *markdown) Start(s scanner.Start) error {
	m.start = s
	return nil
}

func (m *markdown) Finding(f scanner.Finding) error {
	if m.ignored.add(f, m.language) {
		return nil
	}
	e := newEntry(f, m.language)
	m.mends.add(f)
	m.total++
	m.worst = append(m.worst, &e)
	if len(m.worst) == 4*markdownFindings {
		m.trim()
	}
	return nil
}

// trim keeps the most severe.
func (m *markdown) trim() {
	slices.SortStableFunc(m.worst, rank)
	m.worst = slices.Clone(m.worst[:min(len(m.worst), markdownFindings)])
}

func (m *markdown) Target(t scanner.TargetInfo) error {
	m.ports.add(t)
	return nil
}

func (m *markdown) Outcome(o scanner.Outcome) error {
	m.gaps.add(o, m.words)
	m.hosts.add(o.Target)
	return nil
}

func (m *markdown) Close(s scanner.Summary) error {
	m.trim()
	mends := m.mends.todo()
	a := newAnswer(s, m.mends.first(), m.language)
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("## sotomi: %s\n", inMarkdown(a.Bad))
	line("- **%s**: %s", m.words.Say("first", nil), inMarkdown(a.First))
	line("- **%s**: %s", m.words.Say("coverage", nil), inMarkdown(a.Unchecked))
	m.table(line)
	if len(mends) > 0 {
		line("\n### %s\n", m.words.Say("todo", nil))
	}
	for _, one := range mends[:min(len(mends), markdownMends)] {
		line("- **%s** (%s, %s)  \n  %s", inMarkdown(one.gone(m.language)), m.words.Say("severity-"+string(one.Severity), nil), inMarkdown(one.where(m.language)),
			inMarkdown(cut(strings.Join(strings.Fields(one.remedy(m.language)), " "), markdownRemedy)))
	}
	if more := len(mends) - markdownMends; more > 0 {
		line("- %s", m.words.Say("more", map[string]any{"N": more}))
	}
	if gaps := m.gaps.lines(m.words); len(gaps) > 0 {
		line("\n### %s\n", inMarkdown(strings.TrimSuffix(m.words.Say("unchecked", nil), ":")))
		for _, gap := range gaps {
			line("- %s", inMarkdown(gap))
		}
	}
	m.portLines(line)
	m.leftOut(s, line)
	for i, old := range oldDataLines(m.start, m.words) {
		if i == 0 {
			line("\n%s\n", inMarkdown(old))
		} else {
			line("- %s", inMarkdown(old))
		}
	}
	line("\n<sub>%s</sub>", inMarkdown(about(m.start, s, m.hosts.count(), m.language)))
	_, err := io.WriteString(m.w, b.String())
	return err
}

// portLines tell of the ports of each host.
func (m *markdown) portLines(line func(string, ...any)) {
	if len(m.ports) == 0 {
		return
	}
	line("\n### %s\n", inMarkdown(strings.TrimSuffix(m.words.Say("ports", nil), ":")))
	for _, text := range m.ports.lines(m.words)[:min(len(m.ports), markdownMends)] {
		line("- %s", inMarkdown(cut(text, markdownRemedy)))
	}
	if more := len(m.ports) - markdownMends; more > 0 {
		line("- %s", m.words.Say("more", map[string]any{"N": more}))
	}
}

// leftOut names the findings that do not count, and how many are too small to be shown.
func (m *markdown) leftOut(s scanner.Summary, line func(string, ...any)) {
	if s.Hidden > 0 {
		line("\n%s", inMarkdown(m.words.Count("hidden", s.Hidden, nil)))
	}
	if m.ignored.total == 0 {
		return
	}
	line("\n%s\n", inMarkdown(m.words.Count("suppressed-findings", m.ignored.total, nil)))
	for _, text := range m.ignored.lines[:min(len(m.ignored.lines), markdownIgnored)] {
		line("- %s", inMarkdown(cut(text, markdownRemedy)))
	}
	if more := m.ignored.total - markdownIgnored; more > 0 {
		line("- %s", m.words.Say("more", map[string]any{"N": more}))
	}
}

// table is the list of findings.
func (m *markdown) table(line func(string, ...any)) {
	if len(m.worst) == 0 {
		return
	}
	line("\n| %s | %s | %s |\n|---|---|---|", m.words.Say("column-severity", nil), m.words.Say("column-name", nil), m.words.Say("where", nil))
	for _, e := range m.worst {
		severity := m.words.Say("severity-"+string(e.Severity), nil)
		if e.Certainty == scanner.Possible {
			severity += " (" + m.words.Say("certainty-possible", nil) + ")"
		}
		line("| %s | %s | %s |", severity, inMarkdown(cut(e.Name, markdownName)), codeSpan(cut(e.URL, markdownURL)))
	}
	if more := m.total - len(m.worst); more > 0 {
		line("\n%s", m.words.Say("more", map[string]any{"N": more}))
	}
}
