package report

import (
	"fmt"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// answer is what a reader wants to know first, in three lines: what is bad, what to do first, what was not checked.
type answer struct{ Bad, First, Unchecked string }

func newAnswer(s scanner.Summary, first *mend, words message.Language) answer {
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
		a.Bad = words.Say("none", nil)
	default:
		a.Bad = words.Say("none-incomplete", nil)
	}
	if first != nil {
		a.First = words.Count("answer-first", first.Count, map[string]any{"What": strings.TrimRight(first.title(words), ".。")})
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
