package report

import (
	"cmp"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// Ending is how a scan ended, for the last line that a person or the log of a pipeline sees.
type Ending struct {
	Status     int                // of the program
	Findings   int                // those that count
	Severity   signature.Severity // from which on they do
	Certainty  scanner.Certainty  // Confirmed when only such findings count
	New        bool               // only those count that are not in the baseline
	Checks     int                // outcomes
	Open       int                // those of them that are not complete
	First      scanner.Outcome    // of these
	NotStarted int                // inputs without outcomes
	Standing   Standing
}

// Standing counts the findings that do not count for the exit status, and why.
type Standing struct {
	Known         int // in the baseline
	NewSignatures int // of signatures that the baseline does not know
	Suppressed    int
}

// Line says why the program ends with its status.
func (e Ending) Line(language string) string {
	w := message.In(language)
	if e.Status == scanner.ExitInterrupted {
		return w.Say("exit", map[string]any{"Status": e.Status, "Why": w.Say("exit-interrupted", nil)})
	}
	var parts []string
	if e.Status == scanner.ExitFound {
		parts = append(parts, w.Count("exit-found"+e.kind(), e.Findings, map[string]any{"Severity": e.level(w)}))
	}
	gap := e.gap(w)
	switch {
	case gap != "":
		parts = append(parts, gap)
	case e.Status == scanner.ExitIncomplete:
		parts = append(parts, w.Say("exit-nothing", nil))
	case e.Status == scanner.ExitClean:
		parts = append(parts, w.Count("exit-completed", e.Checks, nil))
	}
	if e.Status == scanner.ExitClean {
		parts = append(parts, e.nothing(w))
	}
	for _, part := range []struct {
		count int
		text  string
	}{
		{e.Standing.Known, w.Count("exit-known", e.Standing.Known, nil)},
		{e.Standing.NewSignatures, w.Count("exit-new-signatures", e.Standing.NewSignatures, nil)},
		{e.Standing.Suppressed, w.Count("exit-suppressed", e.Standing.Suppressed, nil)},
	} {
		if part.count > 0 {
			parts = append(parts, part.text)
		}
	}
	return w.Say("exit", map[string]any{"Status": e.Status, "Why": strings.Join(parts, w.Say("exit-and", nil))})
}

// kind is which findings count.
func (e Ending) kind() string {
	kind := ""
	if e.New {
		kind = "-new"
	}
	if e.Certainty == scanner.Confirmed {
		kind += "-confirmed"
	}
	return kind
}

func (e Ending) level(w message.Language) string {
	return strings.ToLower(w.Say("severity-"+string(e.Severity), nil))
}

// nothing says that no finding counts.
func (e Ending) nothing(w message.Language) string {
	if e.Severity == scanner.SeverityNever {
		return w.Say("exit-never", nil)
	}
	return w.Say("exit-none"+e.kind(), map[string]any{"Severity": e.level(w)})
}

// gap says what was not checked, "" when all was.
func (e Ending) gap(w message.Language) string {
	var parts []string
	if e.Open > 0 {
		reason := cmp.Or(w.Text(e.First.Reason), w.Say("status-"+string(e.First.Status), nil))
		parts = append(parts, w.Count("exit-open", e.Checks, map[string]any{"Open": e.Open, "Target": message.Line(e.First.Target), "Reason": message.Line(reason)}))
	}
	if e.NotStarted > 0 {
		parts = append(parts, w.Count("not-started", e.NotStarted, nil))
	}
	return strings.Join(parts, w.Say("exit-and", nil))
}

// roughly is a time in seconds, from an hour on in minutes: "12s", "9h18m".
func roughly(d time.Duration) string {
	if d < time.Hour {
		return d.Round(time.Second).String()
	}
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}

// Progress says how far a scan is, beside the bar.
func Progress(language string) func(scanner.Progress) string {
	w := message.In(language)
	return func(p scanner.Progress) string {
		about := map[string]any{
			"Requests": w.Count("requests", int(p.Requests), nil), "Findings": w.Count("findings", p.Findings, nil),
			"Done": p.TargetsDone, "Targets": p.TargetsTotal, "Left": roughly(p.Left),
		}
		if p.Left <= 0 {
			return w.Say("progress", about)
		}
		return w.Say("progress-left", about)
	}
}
