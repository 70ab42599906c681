package command

import (
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// failOn is which findings fail a scan: those that reach both parts.
type failOn struct {
	severity  signature.Severity // scanner.SeverityNever for none
	certainty scanner.Certainty  // Confirmed, or "" for any
}

// parseFailOn reads SEVERITY or SEVERITY:CERTAINTY, the value of a flag.
func parseFailOn(flag, text string) (failOn, error) {
	severityText, certaintyText, both := strings.Cut(text, ":")
	severity := scanner.SeverityNever
	if !strings.EqualFold(severityText, string(severity)) {
		var err error
		if severity, err = signature.ParseSeverity(severityText); err != nil {
			return failOn{}, message.Errorf("--%s: %w, none", flag, err)
		}
	}
	certainty := scanner.Certainty(strings.ToLower(certaintyText))
	switch {
	case !both:
		return failOn{severity, ""}, nil
	case severity == scanner.SeverityNever:
		return failOn{}, message.Errorf("--%s: none is never reached, so it takes no certainty", flag)
	case certainty == scanner.Possible:
		return failOn{severity, ""}, nil
	case certainty == scanner.Confirmed:
		return failOn{severity, certainty}, nil
	}
	return failOn{}, message.Errorf("--%s: %q is not a certainty; there are possible, confirmed", flag, certaintyText)
}

// reachedBy reports whether a finding of this severity and certainty fails a scan.
func (f failOn) reachedBy(s signature.Severity, c scanner.Certainty) bool {
	return f.severity != scanner.SeverityNever && s.Rank() >= f.severity.Rank() && (f.certainty == "" || c == f.certainty)
}
