package report

import (
	"fmt"
	"strings"

	"github.com/fatih/color"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// maxPlaces is how many addresses of each kind are listed.
const maxPlaces = 1000

// places are targets of which there is more to say than their findings.
type places struct {
	moved  []string // "from → to"
	absent []string
}

func (p *places) add(i scanner.TargetInfo) {
	if i.Asked != "" && len(p.moved) < maxPlaces {
		p.moved = append(p.moved, message.Line(i.Asked)+" → "+message.Line(i.Target))
	}
	if (i.Status == 404 || i.Status == 410) && len(p.absent) < maxPlaces {
		p.absent = append(p.absent, message.Line(i.Target))
	}
}

func (t *textReport) Close(s scanner.Summary) error {
	t.flush()
	if s.Interrupted {
		t.print("%s\n", t.words.Say("interrupted", nil))
	}
	switch {
	case t.total == 0 && s.Complete && s.Statuses[scanner.StatusUnsupported] == 0:
		t.print("%s\n", t.words.Say("none", nil))
	case t.total == 0:
		t.print("%s\n", t.words.Say("none-incomplete", nil))
	default:
		t.print("%s: %s\n", t.words.Count("findings", t.total, nil), t.severities(s))
	}
	outcomes := 0
	var parts []string
	for _, status := range statuses {
		if n := s.Statuses[status]; n > 0 {
			outcomes += n
			parts = append(parts, fmt.Sprintf("%d %s", n, t.words.Say("status-"+string(status), nil)))
		}
	}
	t.print("%s\n", t.words.Count("checked", outcomes, map[string]any{
		"Targets": t.words.Count("targets", s.Targets, nil), "Statuses": strings.Join(parts, ", "),
	}))
	t.print("%s\n", t.words.Count("cost", int(s.Requests), map[string]any{"Seconds": seconds(s.Took)}))
	if s.Suppressed > 0 {
		t.print("%s\n", t.words.Count("suppressed", s.Suppressed, nil))
	}
	if s.NotStarted > 0 {
		t.print("%s\n", t.words.Count("not-started", s.NotStarted, nil))
	}
	for _, r := range t.renamed {
		t.print("%s\n", message.Line(t.words.Text(r.Message())))
	}
	t.list(t.words.Say("old-data", nil), oldData(t.data, t.start, t.words))
	t.list(t.words.Say("moved", nil), t.places.moved)
	t.list(t.words.Say("absent", nil), t.places.absent)
	t.unchecked()
	if s.Statuses[scanner.StatusBlocked] > 0 {
		t.print("  %s\n", t.words.Say("blocked-hint", nil))
	}
	t.notLookedAt(s)
	return t.err
}

// list is lines under a heading, nothing when there are none.
func (t *textReport) list(heading string, lines []string) {
	if len(lines) == 0 {
		return
	}
	t.print("\n%s\n", t.paint(color.FgYellow, heading))
	for _, line := range lines {
		t.print("  %s\n", line)
	}
}

// notLookedAt names what lies beyond the scan, so that nobody takes it for checked.
func (t *textReport) notLookedAt(s scanner.Summary) {
	var lines []string
	if s.AboveSafety > 0 {
		lines = append(lines, t.words.Count("above-safety", s.AboveSafety, nil))
	}
	if n := s.Statuses[scanner.StatusUnsupported]; n > 0 {
		lines = append(lines, t.words.Count("unsupported", n, nil))
	}
	for _, r := range s.Redirected {
		lines = append(lines, t.words.Say("redirected", map[string]any{"From": message.Line(r.Target), "To": message.Line(r.To)}))
	}
	t.list(t.words.Say("not-looked-at", nil), append(lines, t.words.Say("other-ports", nil)))
}

// unchecked lists what could not be checked.
func (t *textReport) unchecked() {
	if len(t.gaps.order) == 0 {
		return
	}
	t.print("\n%s\n", t.paint(color.FgYellow, t.words.Say("unchecked", nil)))
	for _, line := range t.gaps.lines(t.words) {
		t.print("  %s\n", line)
	}
}
