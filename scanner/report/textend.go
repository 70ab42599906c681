package report

import (
	"fmt"
	"strings"

	"github.com/fatih/color"
	"github.com/mattn/go-runewidth"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// maxPlaces is how many addresses of each kind are listed.
const maxPlaces = 1000

// places are targets of which there is more to say than their findings.
type places struct {
	moved  []string // "from → to"
	absent []string
	ports  portList
}

func (p *places) add(i scanner.TargetInfo) {
	if i.Asked != "" && len(p.moved) < maxPlaces {
		p.moved = append(p.moved, message.Line(i.Asked)+" → "+message.Line(i.Target))
	}
	p.ports.add(i)
	if (i.Status == 404 || i.Status == 410) && len(p.absent) < maxPlaces {
		p.absent = append(p.absent, message.Line(i.Target))
	}
}

func (t *textReport) Close(s scanner.Summary) error {
	t.flush()
	t.total += s.Hidden
	t.print(t.w, "%s\n\n", about(t.start, s, t.hosts.count(), t.options.Language))
	t.answer(s)
	t.todo()
	if s.Suppressed > 0 {
		t.print(t.w, "%s\n", t.words.Count("suppressed", s.Suppressed, nil))
	}
	for _, r := range t.start.Renamed {
		t.print(t.w, "%s\n", message.Line(t.words.Text(r.Message())))
	}
	t.list(t.words.Say("old-data", nil), oldData(t.start.Data, t.start.Time, t.words))
	t.list(t.words.Say("moved", nil), t.places.moved)
	t.list(t.words.Say("absent", nil), t.places.absent)
	t.list(t.words.Say("ports", nil), t.places.ports.lines(t.words))
	t.list(t.words.Say("unchecked", nil), t.gaps.lines(t.words))
	if s.Statuses[scanner.StatusBlocked] > 0 {
		t.print(t.w, "  %s\n", t.words.Say("blocked-hint", nil))
	}
	t.list(t.words.Count("suppressed-findings", t.ignored.total, nil), t.ignored.text(t.words))
	t.list(t.words.Say("not-looked-at", nil), notLookedAt(s, t.words))
	return t.rest(s)
}

// answer is what a reader wants to know first.
func (t *textReport) answer(s scanner.Summary) {
	a := newAnswer(s, t.mends.first(), t.options.Language)
	bad := a.Bad
	if text := t.severities(s); text != "" {
		bad = t.words.Count("findings", t.total, nil) + ": " + text
	}
	for _, line := range [][2]string{{"page-bad", bad}, {"first", a.First}, {"page-unchecked", a.Unchecked}} {
		t.print(t.w, "%s: %s\n", t.paint(color.Bold, t.words.Say(line[0], nil)), line[1])
	}
	outcomes := 0
	var parts []string
	for _, status := range statuses {
		if n := s.Statuses[status]; n > 0 {
			outcomes += n
			parts = append(parts, fmt.Sprintf("%d %s", n, t.words.Say("status-"+string(status), nil)))
		}
	}
	t.print(t.w, "%s\n", t.words.Count("checked", outcomes, map[string]any{"Targets": sites(s, t.hosts.count(), t.words), "Statuses": strings.Join(parts, ", ")}))
}

// todo lists what mends the findings, when that is more than one thing.
func (t *textReport) todo() {
	list := t.mends.todo()
	if len(list) < 2 {
		return
	}
	t.print(t.w, "\n%s\n", t.paint(color.Bold, t.words.Say("todo", nil)+":"))
	for i, m := range list[:min(len(list), maxTodo)] {
		label := runewidth.FillRight(t.words.Say("severity-"+string(m.Severity), nil), 8)
		t.print(t.w, "  %d. %s  %s (%s)\n", i+1, t.severity(m.Severity, label), m.gone(t.options.Language), m.where(t.options.Language))
	}
	if more := len(list) - maxTodo; more > 0 {
		t.print(t.w, "  %s\n", t.words.Say("more", map[string]any{"N": more}))
	}
}

// rest is what follows the answer: the findings, and with -v every outcome.
func (t *textReport) rest(s scanner.Summary) error {
	if t.total > s.Hidden {
		t.print(t.w, "\n%s\n\n", t.paint(color.Bold, t.words.Say("all-findings", nil)))
		t.append(&t.body)
		t.print(t.w, "%s: %s\n", t.words.Count("findings", t.total, nil), t.severities(s))
	}
	if t.options.Verbose {
		t.print(t.w, "\n%s\n", t.paint(color.Bold, t.words.Say("every-check", nil)))
		t.append(&t.outcomes)
	}
	return t.err
}

// append writes what a spool holds.
func (t *textReport) append(s *spool) {
	if err := s.copyTo(t.w); t.err == nil {
		t.err = err
	}
}

// list is lines under a heading, nothing when there are none.
func (t *textReport) list(heading string, lines []string) {
	if len(lines) == 0 {
		return
	}
	t.print(t.w, "\n%s\n", t.paint(color.FgYellow, heading))
	for _, line := range lines {
		t.print(t.w, "  %s\n", line)
	}
}
