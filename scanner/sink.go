package scanner

import (
	"encoding/json"
	"time"

	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// Sink takes the results of a run, one call at a time: Start, then for each target what it turned out to be, its findings
// and outcomes, then Close.
// Targets come in the user's order unless one takes so long that the others would wait for it. A sink that returns an error
// is called once more, with Close.
type Sink interface {
	Start(Start) error
	Target(TargetInfo) error
	Finding(Finding) error
	Outcome(Outcome) error
	Progress(Progress) error
	Close(Summary) error
}

// Discard is a Sink that keeps nothing. Sinks embed it for the calls that they have no use for.
type Discard struct{}

// Start does nothing.
func (Discard) Start(Start) error { return nil }

// Target does nothing.
func (Discard) Target(TargetInfo) error { return nil }

// Finding does nothing.
func (Discard) Finding(Finding) error { return nil }

// Outcome does nothing.
func (Discard) Outcome(Outcome) error { return nil }

// Progress does nothing.
func (Discard) Progress(Progress) error { return nil }

// Close does nothing.
func (Discard) Close(Summary) error { return nil }

// Collector is a Sink that keeps all targets, findings and outcomes, in order, and the summary.
type Collector struct {
	Discard
	Targets  []TargetInfo
	Findings []Finding
	Outcomes []Outcome
	Summary  Summary
}

// Target keeps t.
func (c *Collector) Target(t TargetInfo) error {
	c.Targets = append(c.Targets, t)
	return nil
}

// Finding keeps f.
func (c *Collector) Finding(f Finding) error {
	c.Findings = append(c.Findings, f)
	return nil
}

// Outcome keeps o.
func (c *Collector) Outcome(o Outcome) error {
	c.Outcomes = append(c.Outcomes, o)
	return nil
}

// Close keeps s.
func (c *Collector) Close(s Summary) error {
	c.Summary = s
	return nil
}

// Start is what is known before the first packet.
type Start struct {
	Version      string    `json:"version"`       // of sotomi
	SignatureSet string    `json:"signature_set"` // version and hash of the embedded signatures
	Time         time.Time `json:"time"`
	Targets      []string  `json:"targets"`                // as the user wrote them; a list by its name
	Signatures   int       `json:"signatures"`             // that run
	AboveSafety  []string  `json:"above_safety,omitempty"` // signatures that the safety level leaves out, by id

	Renamed []signature.Renamed `json:"renamed,omitempty"` // signatures of the user's that have the id of an embedded one
	Data    []Data              `json:"data,omitempty"`    // that the program carries, the oldest first

	Settings *Settings `json:"settings,omitempty"` // nil for a scan that was saved without them
}

// Settings are what a scan was told to do, as far as what it says depends on it.
type Settings struct {
	Only         []string         `json:"only,omitempty"`
	Exclude      []string         `json:"exclude,omitempty"`
	Profile      string           `json:"profile,omitempty"`
	Safety       signature.Safety `json:"safety"`
	Rate         float64          `json:"rate"` // requests per second to one host; 0 is no limit
	Concurrency  int              `json:"concurrency"`
	InFlight     int              `json:"in_flight"`
	Retries      int              `json:"retries"`
	CrawlPages   int              `json:"crawl_pages"`
	NoFollow     bool             `json:"no_follow,omitempty"`
	Ports        string           `json:"ports,omitempty"` // of bare hosts, as --ports has it
	ExcludeHosts []string         `json:"exclude_hosts,omitempty"`
	Config       string           `json:"config,omitempty"` // SHA-256 of the configuration file, in hex

	Items map[string][]string `json:"items,omitempty"` // of the profile's checklists, such as card-6.0/2a: the signatures that speak to each
}

// Request is a request that a scan sent, for a log of all of them.
type Request web.Traffic

// TargetInfo is what a target turned out to be, before anything is said about it.
type TargetInfo struct {
	Target  string   `json:"target"`            // as Target.String gives it
	Asked   string   `json:"asked,omitempty"`   // the address that led here, when it is another one of the same site
	Status  int      `json:"status,omitempty"`  // of its own page; 0 when it gave none
	Address string   `json:"address,omitempty"` // IP:port that answered; none through a proxy
	Folders []string `json:"folders,omitempty"` // paths below which was looked, when there are more than the root
	Leads   string   `json:"leads,omitempty"`   // scheme://host:port of the other site that its own page sends visitors to
	Ports   *Ports   `json:"ports,omitempty"`   // of a host, tcp://HOST; nil for a site

	Memory []Remembered `json:"memory,omitempty"` // what checks want to know of it in the next scan of a watch

	target.About // what the list of targets says of it
}

// Remembered is what the check of a signature wants to know of a target in the next scan.
type Remembered struct {
	Signature string          `json:"signature"`
	Name      string          `json:"name"`
	Value     json.RawMessage `json:"value"` // null when there is nothing to know any more
}

// Redirected is a site whose own page leads to another site, which was not looked at.
type Redirected struct {
	Target string `json:"target"` // as Target.String gives it
	To     string `json:"to"`     // scheme://host:port
}

// Checkpoint says that all about one input of a scan has been told, and what its records do not hold.
type Checkpoint struct {
	Input      int     `json:"input"`   // its place among the inputs, from 0
	Targets    int     `json:"targets"` // that it turned out to be
	Suppressed int     `json:"suppressed"`
	Planned    int64   `json:"planned"`
	Answered   int64   `json:"answered"`
	Unneeded   int64   `json:"unneeded"`
	Requests   int64   `json:"requests"` // of the whole scan so far
	Seconds    float64 `json:"seconds"`  // since the scan began, without the time in which it did not run
}

// Progress is for people only; a report that never gets one is complete.
type Progress struct {
	TargetsDone  int   `json:"targets_done"`
	TargetsTotal int   `json:"targets_total"`
	Requests     int64 `json:"requests"`
	Findings     int   `json:"findings"`

	Took time.Duration `json:"took"` // by the scan so far
	Left time.Duration `json:"left"` // that it will still take, by what is known so far
}

// Summary closes a report.
type Summary struct {
	Severities  map[string]int `json:"severities"`   // findings by severity
	Confirmed   map[string]int `json:"confirmed"`    // those of Severities that are
	Statuses    map[Status]int `json:"statuses"`     // outcomes by status
	Targets     int            `json:"targets"`      // with outcomes
	Requests    int64          `json:"requests"`     // attempts that left the machine
	Planned     int64          `json:"planned"`      // different requests known before, to all targets
	Answered    int64          `json:"answered"`     // of them: sent, and answered or failed
	Unneeded    int64          `json:"unneeded"`     // of them: not sent, for their signatures ended before or asked as a visitor
	Suppressed  int            `json:"suppressed"`   // matches dropped because the site answers like that to anything
	AboveSafety int            `json:"above_safety"` // signatures that the safety level left out
	NotStarted  int            `json:"not_started"`  // inputs without outcomes because the scan was interrupted
	Redirected  []Redirected   `json:"redirected"`   // sites that send visitors to one that is no target, the first 1,000
	Took        time.Duration  `json:"-"`
	Complete    bool           `json:"complete"` // every outcome is an answer
	Interrupted bool           `json:"interrupted"`
	OutOfTime   bool           `json:"-"` // something was not done within the time limit of the scan

	SuppressedFindings int             `json:"suppressed_findings,omitempty"` // those that the user has suppressed; they are in none of the counts
	Novelty            map[Novelty]int `json:"novelty,omitempty"`             // findings by how they stand to the baseline, nil without one
	Asked              []string        `json:"asked_from,omitempty"`          // addresses of the machines that sent the requests, where several shared the scan
	Hidden             int             `json:"-"`                             // findings that this report does not show, for they are below --min-severity
}
