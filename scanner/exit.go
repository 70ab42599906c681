package scanner

import "sotomi/scanner/signature"

// Exit statuses of a scan.
const (
	ExitClean       = 0   // all checked, nothing at or above the limit
	ExitFound       = 1   // something at or above it
	ExitUsage       = 2   // usage, configuration or signature mistake; nothing was sent
	ExitIncomplete  = 3   // something could not be checked
	ExitInterrupted = 130 // the user stopped the scan; the results so far are written
)

// SeverityNever as the limit of ExitStatus means that no finding fails the scan.
const SeverityNever signature.Severity = "none"

// ExitStatus is how a scan ends for scripts. An interrupted scan is never anything else; a finding at or above failOn wins
// over what could not be checked. allowIncomplete forgives gaps, but not a scan in which no question got an answer:
// unreachable is never green.
func ExitStatus(s Summary, failOn signature.Severity, allowIncomplete bool) int {
	if s.Interrupted {
		return ExitInterrupted
	}
	if failOn != SeverityNever {
		for severity, n := range s.Severities {
			if n > 0 && SeverityRank(signature.Severity(severity)) >= SeverityRank(failOn) {
				return ExitFound
			}
		}
	}
	outcomes, answers := 0, 0
	for status, n := range s.Statuses {
		outcomes += n
		if status.Complete() {
			answers += n
		}
	}
	if answers == 0 || (!allowIncomplete && (answers < outcomes || !s.Complete)) {
		return ExitIncomplete
	}
	return ExitClean
}

// SeverityRank orders severities: 0 for unknown and anything else that is not a severity, 5 for critical.
func SeverityRank(s signature.Severity) int {
	switch s {
	case signature.SeverityCritical:
		return 5
	case signature.SeverityHigh:
		return 4
	case signature.SeverityMedium:
		return 3
	case signature.SeverityLow:
		return 2
	case signature.SeverityInfo:
		return 1
	case signature.SeverityUnknown:
	}
	return 0
}

// SafetyRank orders safety levels: "" and passive 0, active 1, intrusive 2, and 3 for what is not a level, so that no
// scan runs it.
func SafetyRank(s signature.Safety) int {
	switch s {
	case "", signature.SafetyPassive:
		return 0
	case signature.SafetyActive:
		return 1
	case signature.SafetyIntrusive:
		return 2
	}
	return 3
}
