package command

import (
	"fmt"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/triage"
)

// gate decides how a scan ends for scripts. It is told marked findings.
type gate struct {
	scanner.Discard
	failOn        failOn // of new findings only, when there is a baseline
	baseline      bool
	newSignatures bool // findings of signatures that the baseline does not know count, too
	forgiveGaps   bool
	strict        bool // what sotomi cannot run is a gap, too

	total, open int             // outcomes, and those that are gaps
	first       scanner.Outcome // of the gaps
	failing     map[string]int  // findings that fail the scan, by severity
	standing    report.Standing
}

// counts reports whether a finding fails the scan.
func (g *gate) counts(f scanner.Finding) bool {
	if f.Suppressed != nil || f.Baseline == scanner.Known || f.Baseline == scanner.NewSignature && !g.newSignatures {
		return false
	}
	certainty := f.Hit.Certainty
	if certainty == "" {
		certainty = scanner.Confirmed
	}
	return g.failOn.reachedBy(f.Severity, certainty)
}

func (g *gate) Finding(f scanner.Finding) error {
	if g.counts(f) {
		if g.failing == nil {
			g.failing = map[string]int{}
		}
		g.failing[string(f.Severity)]++
	}
	switch {
	case f.Suppressed != nil:
		g.standing.Suppressed++
	case f.Baseline == scanner.Known:
		g.standing.Known++
	case f.Baseline == scanner.NewSignature && !g.newSignatures:
		g.standing.NewSignatures++
	}
	return nil
}

func (g *gate) Outcome(o scanner.Outcome) error {
	g.total++
	if o.Status.Gap() || g.strict && o.Status == scanner.StatusUnsupported {
		if g.open == 0 {
			g.first = o
		}
		g.open++
	}
	return nil
}

// ending is how the scan ends, with what the last line says of it.
func (g *gate) ending(s scanner.Summary) report.Ending {
	s.Severities = g.failing
	exit := scanner.ExitStatus(s, g.failOn.severity, g.forgiveGaps)
	if exit == scanner.ExitClean && g.strict && s.Statuses[scanner.StatusUnsupported] > 0 {
		exit = scanner.ExitIncomplete
	}
	end := report.Ending{
		Status: exit, Severity: g.failOn.severity, Certainty: g.failOn.certainty, New: g.baseline,
		Checks: g.total, Open: g.open, First: g.first, NotStarted: s.NotStarted, Standing: g.standing,
	}
	for _, n := range g.failing {
		end.Findings += n
	}
	return end
}

// status is the exit status of a scan as an error with one line that explains it; for 0 the line is said at once.
func (e *environment) status(s scanner.Summary, g *gate) error {
	end := g.ending(s)
	line := end.Line(e.lang)
	if end.Status != scanner.ExitClean {
		return &statusError{end.Status, message.Message{Format: line}}
	}
	fmt.Fprintf(e.stderr, "sotomi: %s\n", message.Printable(line))
	return nil
}

// sayNotices says what is to be said of suppressions.
func (e *environment) sayNotices(n *triage.Notices) {
	for _, m := range n.Messages() {
		e.notice(m)
	}
}
