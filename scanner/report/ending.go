package report

import (
	"cmp"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// Ending is how a scan ended, for the last line that a person or the log of a pipeline sees.
type Ending struct {
	Status    int                // of the program, other than 0
	Findings  int                // those that count
	Severity  signature.Severity // from which on they do
	Certainty scanner.Certainty  // Confirmed when only such findings count
	Checks    int                // outcomes
	Open      int                // those of them that are not complete
	First     scanner.Outcome    // of these
}

// Line says why the program ends with its status.
func (e Ending) Line(language string) string {
	w := message.In(language)
	gap := ""
	if e.Open > 0 {
		reason := cmp.Or(w.Text(e.First.Reason), w.Say("status-"+string(e.First.Status), nil))
		gap = w.Count("exit-open", e.Checks, map[string]any{"Open": e.Open, "Target": message.Line(e.First.Target), "Reason": message.Line(reason)})
	}
	why := cmp.Or(gap, w.Say("exit-nothing", nil))
	switch e.Status {
	case scanner.ExitFound:
		level := strings.ToLower(w.Say("severity-"+string(e.Severity), nil))
		why = w.Count("exit-found", e.Findings, map[string]any{"Severity": level})
		if e.Certainty == scanner.Confirmed {
			why = w.Count("exit-found-confirmed", e.Findings, map[string]any{"Severity": level})
		}
		if gap != "" {
			why = w.Say("exit-and", map[string]any{"Found": why, "Open": gap})
		}
	case scanner.ExitInterrupted:
		why = w.Say("exit-interrupted", nil)
	}
	return w.Say("exit", map[string]any{"Status": e.Status, "Why": why})
}

// Progress says how far a scan is, beside the bar.
func Progress(language string) func(scanner.Progress) string {
	w := message.In(language)
	return func(p scanner.Progress) string {
		return w.Say("progress", map[string]any{"Requests": w.Count("requests", int(p.Requests), nil), "Findings": w.Count("findings", p.Findings, nil)})
	}
}
