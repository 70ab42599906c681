package command

import (
	"fmt"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// TestExitStatusTable is the table of exit statuses: every kind of finding with every kind of coverage under every flag.
func TestExitStatusTable(t *testing.T) {
	standings := map[string]scanner.Standing{
		"open": {}, "known": {Baseline: scanner.Known}, "new": {Baseline: scanner.New}, "new-signature": {Baseline: scanner.NewSignature},
		"suppressed": {Suppressed: &scanner.Suppression{}}, "suppressed-new": {Baseline: scanner.New, Suppressed: &scanner.Suppression{}},
	}
	coverages := map[string]scanner.Summary{
		"whole":       {Statuses: map[scanner.Status]int{scanner.StatusClean: 2}, Complete: true},
		"gap":         {Statuses: map[scanner.Status]int{scanner.StatusClean: 1, scanner.StatusBlocked: 1}},
		"nothing":     {Statuses: map[scanner.Status]int{scanner.StatusUnreachable: 2}},
		"unsupported": {Statuses: map[scanner.Status]int{scanner.StatusClean: 1, scanner.StatusUnsupported: 1}, Complete: true},
		"interrupted": {Statuses: map[scanner.Status]int{scanner.StatusClean: 1}, Interrupted: true},
	}
	for name, standing := range standings {
		for coverage, summary := range coverages {
			for i := range 1 << 4 {
				warn, newSignatures, strict, none := i&1 != 0, i&2 != 0, i&4 != 0, i&8 != 0
				g := &gate{failOn: failOn{severity: signature.SeverityHigh}, baseline: standing.Baseline != "", newSignatures: newSignatures, forgiveGaps: warn, strict: strict}
				if none {
					g.failOn.severity = scanner.SeverityNever
				}
				tell(t, g, standing, summary)
				fails := !none && (name == "open" || name == "new" || name == "new-signature" && newSignatures)
				want := scanner.ExitClean
				switch {
				case coverage == "interrupted":
					want = scanner.ExitInterrupted
				case fails:
					want = scanner.ExitFound
				case coverage == "nothing", coverage == "gap" && !warn, coverage == "unsupported" && strict:
					want = scanner.ExitIncomplete
				}
				end := g.ending(summary)
				if end.Status != want {
					t.Errorf("%s finding, %s coverage, warn %v, new signatures %v, strict %v, none %v: exit %d, want %d", name, coverage, warn, newSignatures, strict, none, end.Status, want)
				}
				for _, lang := range []string{"en", "ja"} {
					line := end.Line(lang)
					if !strings.Contains(line, fmt.Sprintf(" %d: ", want)) || strings.HasSuffix(line, ": ") || strings.Contains(line, "<no value>") {
						t.Errorf("%s finding, %s coverage: %q", name, coverage, line)
					}
				}
			}
		}
	}
}

// tell tells a gate of a high finding and of the outcomes that a summary counts.
func tell(t *testing.T, g *gate, standing scanner.Standing, s scanner.Summary) {
	t.Helper()
	if err := g.Finding(scanner.Finding{Signature: &signature.Signature{ID: "a"}, Severity: signature.SeverityHigh, Standing: standing}); err != nil {
		t.Fatal(err)
	}
	for status, n := range s.Statuses {
		for range n {
			if err := g.Outcome(scanner.Outcome{Signature: "a", Target: "http://h.example", Status: status, Reason: message.New("why")}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestFailOn(t *testing.T) {
	for text, want := range map[string]bool{
		"high": true, "high:possible": true, "High:Possible": true, "high:confirmed": false, "low": true, "low:confirmed": false, "none": false, "NONE": false, "critical": false,
	} {
		limit, err := parseFailOn("fail-on", text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		g := &gate{failOn: limit}
		if got := g.counts(scanner.Finding{Severity: signature.SeverityHigh, Hit: scanner.Hit{Certainty: scanner.Possible}}); got != want {
			t.Errorf("--fail-on %s: a possible high finding counts: %v, want %v", text, got, want)
		}
	}
}
