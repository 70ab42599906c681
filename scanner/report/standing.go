package report

import (
	"cmp"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// standingText is what the user knows of a finding already, "" for nothing.
func standingText(s scanner.Standing, words message.Language) string {
	if s.Suppressed != nil {
		return words.Say("finding-suppressed", map[string]any{"Why": suppressionText(*s.Suppressed, words)})
	}
	if s.Baseline != "" {
		return words.Say("finding-"+string(s.Baseline), nil)
	}
	return ""
}

// suppressionText is why a finding does not count: kind, reason, last day, owner and ticket.
func suppressionText(s scanner.Suppression, words message.Language) string {
	parts := []string{words.Say("suppression-"+string(s.Status), nil) + ": " + message.Line(s.Reason)}
	for _, more := range []struct{ name, value string }{
		{words.Say("until", nil), s.Until}, {words.Say("column-owner", nil), s.Owner}, {words.Say("ticket", nil), s.Ticket},
	} {
		if more.value != "" {
			parts = append(parts, more.name+": "+message.Line(more.value))
		}
	}
	return strings.Join(parts, ", ")
}

// maxSuppressed is how many suppressed findings a report lists one by one.
const maxSuppressed = 1000

// suppressedList is the section of the findings that do not count.
type suppressedList struct {
	lines []string
	total int
}

// add takes a finding when it is suppressed.
func (l *suppressedList) add(f scanner.Finding, language string) bool {
	if f.Suppressed == nil {
		return false
	}
	if l.total++; l.total <= maxSuppressed {
		words := message.In(language)
		info, _ := f.Signature.For(f.Hit.Variant)
		name := cmp.Or(info.Words(language).Name, f.Signature.ID)
		l.lines = append(l.lines, words.Say("severity-"+string(f.Severity), nil)+"  "+message.Line(name)+"  "+message.Line(cmp.Or(f.Hit.URL, f.Target))+
			"  ("+suppressionText(*f.Suppressed, words)+")")
	}
	return true
}

// text is the list, with a line for those that it leaves out.
func (l *suppressedList) text(words message.Language) []string {
	if more := l.total - len(l.lines); more > 0 {
		return append(l.lines, words.Say("more", map[string]any{"N": more}))
	}
	return l.lines
}

// stateOf is what a list of findings says in the column for whoever works with it.
func stateOf(s scanner.Standing, words message.Language) string {
	state := "open"
	if s.Suppressed != nil {
		state = string(s.Suppressed.Status)
	}
	return words.Say("state-"+state, nil)
}

// none says that nothing was found.
func none(s scanner.Summary, words message.Language) string {
	if s.SuppressedFindings > 0 {
		return words.Say("none-open", nil)
	}
	return words.Say("none", nil)
}
