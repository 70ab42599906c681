package report

import (
	"fmt"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// answer is what a reader wants to know first, in three lines: what is bad, what to do first, what was not checked.
type answer struct{ Bad, First, Unchecked string }

func newAnswer(s scanner.Summary, first *mend, language string) answer {
	words := message.In(language)
	total := 0
	var parts []string
	for _, g := range grades {
		if n := s.Severities[string(g)]; n > 0 {
			total += n
			parts = append(parts, fmt.Sprintf("%s %d", words.Say("severity-"+string(g), nil), n))
		}
	}
	a := answer{First: words.Say("answer-nothing-to-do", nil), Unchecked: words.Say("answer-all-checked", nil)}
	whole := complete(s)
	switch {
	case total > 0:
		a.Bad = words.Count("findings", total, nil) + ": " + strings.Join(parts, ", ")
	case whole && s.Statuses[scanner.StatusUnsupported] == 0:
		a.Bad = none(s, words)
	case s.Statuses[scanner.StatusClean]+s.Statuses[scanner.StatusFound] == 0:
		a.Bad = words.Say("none-checked", nil)
	default:
		a.Bad = words.Say("none-incomplete", nil)
	}
	if first != nil {
		a.First = words.Count("answer-first", first.Count, map[string]any{"What": first.title(language)})
	}
	if first == nil && s.Hidden > 0 {
		a.First = words.Count("hidden", s.Hidden, nil)
	}
	checks, open := 0, 0
	for status, n := range s.Statuses {
		checks += n
		if status.Gap() {
			open += n
		}
	}
	switch {
	case s.Interrupted:
		a.Unchecked = words.Say("interrupted", nil)
	case open > 0:
		a.Unchecked = words.Count("answer-open", checks, map[string]any{"Open": open})
	case s.NotStarted > 0:
		a.Unchecked = words.Count("not-started", s.NotStarted, nil)
	case !whole:
		a.Unchecked = words.Say("exit-nothing", nil)
	}
	if total == 0 && !whole {
		a.First = words.Say("answer-mend-scan", nil)
	}
	return a
}

// maxRedirected is how many other sites are named.
const maxRedirected = 100

// notLookedAt are the things beyond the checks that could not be completed, so that nobody takes them for checked.
func notLookedAt(s scanner.Summary, words message.Language) []string {
	var lines []string
	if s.Interrupted {
		lines = append(lines, words.Say("interrupted", nil))
	}
	if s.Hidden > 0 {
		lines = append(lines, words.Count("hidden", s.Hidden, nil))
	}
	if s.NotStarted > 0 {
		lines = append(lines, words.Count("not-started", s.NotStarted, nil))
	}
	if s.AboveSafety > 0 {
		lines = append(lines, words.Count("above-safety", s.AboveSafety, nil))
	}
	if n := s.Statuses[scanner.StatusUnsupported]; n > 0 {
		lines = append(lines, words.Count("unsupported", n, nil))
	}
	for i, r := range s.Redirected {
		if i == maxRedirected {
			lines = append(lines, words.Say("more", map[string]any{"N": len(s.Redirected) - i}))
			break
		}
		lines = append(lines, words.Say("redirected", map[string]any{"From": message.Line(r.Target), "To": message.Line(r.To)}))
	}
	return append(lines, words.Say("other-ports", nil))
}
