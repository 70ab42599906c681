package report

import (
	"sotomi/scanner"
)

// count counts anew what a summary says of findings and outcomes.
type count struct {
	severities, confirmed map[string]int
	statuses              map[scanner.Status]int
	suppressed            int
	novelty               map[scanner.Novelty]int
	targets               map[uint64]struct{}
	last                  string
}

func newCount() *count {
	return &count{severities: map[string]int{}, confirmed: map[string]int{}, statuses: map[scanner.Status]int{}, novelty: map[scanner.Novelty]int{}, targets: map[uint64]struct{}{}}
}

func (c *count) finding(f scanner.Finding) {
	if f.Suppressed != nil {
		c.suppressed++
		return
	}
	if f.Baseline != "" {
		c.novelty[f.Baseline]++
	}
	c.severities[string(f.Severity)]++
	if f.Hit.Certainty != scanner.Possible {
		c.confirmed[string(f.Severity)]++
	}
}

func (c *count) outcome(o scanner.Outcome) {
	c.statuses[o.Status]++
	if o.Target != c.last {
		c.last = o.Target
		c.targets[key(o.Target, "")] = struct{}{}
	}
}

// summary is a summary with the counts in it.
func (c *count) summary(s scanner.Summary) scanner.Summary {
	s.Severities, s.Confirmed, s.Statuses, s.Targets = c.severities, c.confirmed, c.statuses, len(c.targets)
	s.SuppressedFindings, s.Novelty = c.suppressed, c.novelty
	s.Complete = !s.Interrupted && s.NotStarted == 0
	for status := range c.statuses {
		s.Complete = s.Complete && !status.Gap()
	}
	return s
}

// NewRecount tells to what it is told, and counts anew at the end what a summary says of findings and outcomes.
func NewRecount(to scanner.Sink) scanner.Sink { return &recounting{Sink: to, count: newCount()} }

type recounting struct {
	scanner.Sink
	count *count
}

func (c *recounting) Finding(f scanner.Finding) error {
	c.count.finding(f)
	return c.Sink.Finding(f)
}

func (c *recounting) Outcome(o scanner.Outcome) error {
	c.count.outcome(o)
	return c.Sink.Outcome(o)
}

func (c *recounting) Close(s scanner.Summary) error { return c.Sink.Close(c.count.summary(s)) }
