package scanner

import "time"

// Sink takes the results of a run, one call at a time: Start, then for each target its findings and outcomes, then Close.
type Sink interface {
	Start(Start) error
	Finding(Finding) error
	Outcome(Outcome) error
	Progress(Progress) error
	Close(Summary) error
}

// Start is what is known before the first packet.
type Start struct {
	Version      string // of sotomi
	SignatureSet string // version and hash of the embedded signatures
	Time         time.Time
	Targets      []string // as the user wrote them
	Signatures   int
}

// Progress is for people only; a report that never gets one is complete.
type Progress struct {
	TargetsDone, TargetsTotal int
	Requests                  int64
	Findings                  int
}

// Summary closes a report.
type Summary struct {
	Severities  map[string]int // findings by severity
	Statuses    map[Status]int // outcomes by status
	Targets     int            // origins scanned
	Requests    int64          // attempts that left the machine
	Suppressed  int            // matches dropped because the site answers like that to anything
	Took        time.Duration
	Complete    bool // every outcome is an answer
	Interrupted bool
}
