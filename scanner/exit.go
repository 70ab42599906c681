package scanner

import "sotomi/scanner/signature"

// Exit statuses of a scan.
const (
	ExitClean       = 0   // all checked, nothing at or above the limit
	ExitFound       = 1   // something at or above it
	ExitUsage       = 2   // usage, configuration or signature mistake; nothing was sent
	ExitIncomplete  = 3   // something could not be checked
	ExitInterrupted = 130 // the user ended the scan; the results so far are written
)

// SeverityNever as the limit of ExitStatus means that no finding fails the scan.
const SeverityNever signature.Severity = "none"

// ExitStatus is how a scan ends for scripts. An interrupted scan is never anything else; a finding at or above failOn wins
// over what could not be checked. What sotomi cannot run is no gap (see Status.Gap). allowIncomplete forgives gaps, but not a
// scan in which no question got an answer: unreachable is never green.
func ExitStatus(s Summary, failOn signature.Severity, allowIncomplete bool) int {
	if s.Interrupted {
		return ExitInterrupted
	}
	if failOn != SeverityNever {
		for severity, n := range s.Severities {
			if n > 0 && signature.Severity(severity).Rank() >= failOn.Rank() {
				return ExitFound
			}
		}
	}
	gaps, answers := 0, 0
	for status, n := range s.Statuses {
		switch {
		case status.Complete():
			answers += n
		case status.Gap():
			gaps += n
		}
	}
	if answers == 0 || !allowIncomplete && (gaps > 0 || !s.Complete) {
		return ExitIncomplete
	}
	return ExitClean
}
