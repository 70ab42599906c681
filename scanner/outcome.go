package scanner

import (
	"time"

	"sotomi/scanner/message"
)

// Status is how one signature ended on one target.
type Status string

// How a signature ends on a target.
const (
	StatusClean         Status = "clean"          // ran to its end and saw nothing
	StatusFound         Status = "found"          // at least one finding
	StatusNotApplicable Status = "not-applicable" // nothing here that it could look at
	StatusUnreachable   Status = "unreachable"    // the host did not answer
	StatusThrottled     Status = "throttled"      // the host refuses requests because it gets too many
	StatusBlocked       Status = "blocked"        // a filter refuses us, or everything asks for a log-in
	StatusElsewhere     Status = "elsewhere"      // the site sends visitors to another one, which was not looked at
	StatusUnsupported   Status = "unsupported"    // the signature uses what sotomi lacks
	StatusFailed        Status = "failed"         // ran, but could not tell
	StatusCrashed       Status = "crashed"        // a defect of sotomi
	StatusInterrupted   Status = "interrupted"    // the user ended the scan first
)

// Complete reports whether the status is an answer to the question that the signature asks.
func (s Status) Complete() bool {
	return s == StatusClean || s == StatusFound || s == StatusNotApplicable
}

// Gap reports whether something went unchecked that this scan could have checked. A signature that sotomi cannot run is
// counted and named, but it is the same on every site.
func (s Status) Gap() bool { return !s.Complete() && s != StatusUnsupported }

// Outcome is how one signature ended on one target. There is exactly one for each pair.
type Outcome struct {
	Signature string
	Target    string // as Target.String gives it
	Status    Status
	Reason    message.Message // may be empty when clean or found
	Requests  int             // exchanges it looked at, shared ones included
	Took      time.Duration   // wall time; not part of JSON lines, which must not differ between runs
}
