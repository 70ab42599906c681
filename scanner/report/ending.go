package report

import (
	"cmp"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/signature"
)

// Ending is how a scan ended, for the last line that a person or the log of a pipeline sees.
type Ending struct {
	Status   int                // of the program, other than 0
	Findings int                // those that count
	Severity signature.Severity // from which on they do
	Checks   int                // outcomes
	Open     int                // those of them that are not complete
	First    scanner.Outcome    // of these
}

// Line says why the program ends with its status.
func (e Ending) Line(language string) string {
	w := newWords(language)
	gap := ""
	if e.Open > 0 {
		reason := cmp.Or(w.translate(e.First.Reason), w.say("status-"+string(e.First.Status), nil))
		gap = w.count("exit-open", e.Checks, map[string]any{"Open": e.Open, "Target": plain(e.First.Target), "Reason": plain(reason)})
	}
	why := cmp.Or(gap, w.say("exit-nothing", nil))
	switch e.Status {
	case scanner.ExitFound:
		level := strings.ToLower(w.say("severity-"+string(e.Severity), nil))
		why = w.count("exit-found", e.Findings, map[string]any{"Severity": level})
		if gap != "" {
			why = w.say("exit-and", map[string]any{"Found": why, "Open": gap})
		}
	case scanner.ExitInterrupted:
		why = w.say("exit-interrupted", nil)
	}
	return w.say("exit", map[string]any{"Status": e.Status, "Why": why})
}

// Progress says how far a scan is, beside the bar.
func Progress(language string) func(scanner.Progress) string {
	w := newWords(language)
	return func(p scanner.Progress) string {
		return w.say("progress", map[string]any{"Requests": w.count("requests", int(p.Requests), nil), "Findings": w.count("findings", p.Findings, nil)})
	}
}
