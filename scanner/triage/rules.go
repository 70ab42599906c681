package triage

import (
	"errors"
	"maps"
	"slices"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// Rules are the suppressions of a scan and its baseline. They do not change while it runs.
type Rules struct {
	Baseline *Baseline // nil: none
	Now      time.Time
	list     []rule
}

// entry is one of a file that users write.
type entry interface {
	rule() (rule, []message.Message) // and what is wrong with it
}

// addEntries adds the rules of a file's entries, which stand in these lines. The error names every mistake.
func addEntries[E entry](r *Rules, name string, lines []int, list []E) error {
	var mistakes []error
	for i, e := range list {
		line := 1
		if i < len(lines) {
			line = lines[i]
		}
		one, wrong := e.rule()
		for _, m := range wrong {
			mistakes = append(mistakes, message.Errorf("%s:%d: %s", name, line, m))
		}
		one.place = message.New("%s:%d", name, line).String()
		one.Source = one.place
		r.list = append(r.list, one)
	}
	return errors.Join(mistakes...)
}

// mark is what is known of a finding.
func (r *Rules) mark(f scanner.Finding) scanner.Standing {
	s := scanner.Standing{Baseline: f.Baseline, Suppressed: f.Suppressed}
	if r.Baseline != nil {
		s.Baseline = r.Baseline.novelty(f)
	}
	if i := r.holding(f); i >= 0 {
		s.Suppressed = &r.list[i].Suppression
	}
	return s
}

// holding is the first rule that suppresses a finding, -1 for none.
func (r *Rules) holding(f scanner.Finding) int {
	return slices.IndexFunc(r.list, func(one rule) bool { return !r.ended(one) && one.matches(f) })
}

func (r *Rules) ended(one rule) bool { return !one.until.IsZero() && !r.Now.Before(one.until) }

// Sink marks findings on their way to another sink, and counts in the summary those that are open.
func (r *Rules) Sink(to scanner.Sink) scanner.Sink {
	return &marking{Sink: to, rules: r, severities: map[string]int{}, confirmed: map[string]int{}, novelty: map[scanner.Novelty]int{}}
}

// Sinks wraps every sink.
func (r *Rules) Sinks(to []scanner.Sink) []scanner.Sink {
	wrapped := make([]scanner.Sink, len(to))
	for i, s := range to {
		wrapped[i] = r.Sink(s)
	}
	return wrapped
}

type marking struct {
	scanner.Sink
	rules      *Rules
	suppressed int
	severities map[string]int // of those suppressed
	confirmed  map[string]int
	novelty    map[scanner.Novelty]int
}

func (m *marking) Finding(f scanner.Finding) error {
	f.Standing = m.rules.mark(f)
	switch {
	case f.Suppressed != nil:
		m.suppressed++
		m.severities[string(f.Severity)]++
		if f.Hit.Certainty != scanner.Possible {
			m.confirmed[string(f.Severity)]++
		}
	case f.Baseline != "":
		m.novelty[f.Baseline]++
	}
	return m.Sink.Finding(f)
}

// Close takes what is suppressed out of the counts.
func (m *marking) Close(s scanner.Summary) error {
	s.Severities, s.Confirmed = maps.Clone(s.Severities), maps.Clone(s.Confirmed)
	take(s.Severities, m.severities)
	take(s.Confirmed, m.confirmed)
	s.SuppressedFindings, s.Novelty = m.suppressed, m.novelty
	return m.Sink.Close(s)
}

func take(counts, away map[string]int) {
	for name, n := range away {
		if counts[name] -= n; counts[name] <= 0 {
			delete(counts, name)
		}
	}
}

// soon is how many days before its end a suppression is named.
const soon = 14

// Notices is a sink that finds out what is to be said of suppressions when a scan has ended.
func (r *Rules) Notices() *Notices {
	return &Notices{rules: r, hits: make([]int, len(r.list)), looked: make([]bool, len(r.list)), closed: make([][]closedPorts, len(r.list))}
}

// Notices counts what each rule would suppress.
type Notices struct {
	scanner.Discard
	rules  *Rules
	hits   []int
	looked []bool // a signature of the rule has run on a target of the rule, to an answer
	closed [][]closedPorts
}

// Finding counts it for each rule that matches, whether it has ended or not.
func (n *Notices) Finding(f scanner.Finding) error {
	for i, one := range n.rules.list {
		if one.matches(f) {
			n.hits[i]++
		}
	}
	return nil
}

// Outcome notes what was looked for.
func (n *Notices) Outcome(o scanner.Outcome) error {
	for i, one := range n.rules.list {
		n.looked[i] = n.looked[i] || o.Status.Complete() && (one.about == nil || one.about(o.Signature, o.Target))
	}
	return nil
}

// Messages are what to tell the user: suppressions that have ended, those that end soon, and those that nothing needs.
func (n *Notices) Messages() []message.Message {
	var list []message.Message
	for i, one := range n.rules.list {
		list = append(list, n.closedMessages(i)...)
		left := one.until.Sub(n.rules.Now)
		const day = 24 * time.Hour
		switch {
		case n.hits[i] > 0 && n.rules.ended(one):
			list = append(list, message.New("%s: the suppression of %s ended on %s, so it counts again (findings: %d)", one.place, one.what, one.Until, n.hits[i]))
		case n.hits[i] > 0 && !one.until.IsZero() && left <= soon*day:
			list = append(list, message.New("%s: the suppression of %s ends on %s (days left: %d)", one.place, one.what, one.Until, int(left/day)))
		case n.hits[i] == 0 && n.looked[i]:
			list = append(list, message.New("%s: nothing was found that the suppression of %s is for; it may be taken out", one.place, one.what))
		}
	}
	return list
}
