package report

import (
	"cmp"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// standingText is what the user knows of a finding already, "" for nothing.
func standingText(s scanner.Standing, words message.Language) string {
	var parts []string
	if s.Retest != nil {
		parts = append(parts, words.Say("finding-retest", map[string]any{"Result": retestText(s.Retest, words)}))
	}
	switch {
	case s.Suppressed != nil && (s.Retest == nil || s.Suppressed.Status != scanner.Fixed): // else it says the same
		parts = append(parts, words.Say("finding-suppressed", map[string]any{"Why": suppressionText(*s.Suppressed, words)}))
	case s.Suppressed == nil && s.Baseline != "":
		parts = append(parts, words.Say("finding-"+string(s.Baseline), nil))
	}
	return strings.Join(parts, "   ")
}

// retestText is what a retest came to, with its day and why; "" when there was none.
func retestText(r *scanner.Retest, words message.Language) string {
	if r == nil {
		return ""
	}
	day := words.Say("date", map[string]any{"Y": r.Time.UTC().Format("2006"), "M": r.Time.UTC().Format("01"), "D": r.Time.UTC().Format("02")})
	return words.Say("retest-line", map[string]any{"Result": words.Say("retest-"+string(r.Result), nil), "Date": day, "Why": words.Text(r.Reason)})
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
		why := suppressionText(*f.Suppressed, words)
		if f.Retest != nil && f.Suppressed.Status == scanner.Fixed {
			why = retestText(f.Retest, words)
		}
		info, _ := f.Signature.For(f.Hit.Variant)
		name := cmp.Or(info.Words(language).Name, f.Signature.ID)
		l.lines = append(l.lines, words.Say("severity-"+string(f.Severity), nil)+"  "+message.Line(name)+"  "+message.Line(cmp.Or(f.Hit.URL, f.Target))+
			"  ("+why+")")
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
