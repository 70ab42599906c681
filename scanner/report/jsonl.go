package report

import (
	"encoding/json"
	"io"
	"maps"
	"strconv"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/payment"
	"sotomi/scanner/signature"
)

// The records of a scan in JSON lines. Field names and their order are a contract: fields are added, never changed.
type (
	// scanRecord is the first line.
	scanRecord struct {
		Type         string    `json:"type"` // "scan"
		Tool         string    `json:"tool"`
		Version      string    `json:"version"`
		SignatureSet string    `json:"signature_set"`
		Time         time.Time `json:"time"`
		Targets      []string  `json:"targets"` // as the user wrote them
		Signatures   int       `json:"signatures"`
		AboveSafety  []string  `json:"above_safety,omitempty"` // signatures that the safety level leaves out

		Renamed []signature.Renamed `json:"renamed,omitempty"` // signatures of the user's that have the id of an embedded one
		Data    []scanner.Data      `json:"data,omitempty"`    // compiled in, the oldest first

		Settings *scanner.Settings `json:"settings,omitempty"`
	}

	// targetRecord is what a target turned out to be; its findings and outcomes follow.
	targetRecord struct {
		Type string `json:"type"` // "target"
		scanner.TargetInfo
	}

	// findingRecord is one finding.
	findingRecord struct {
		Type        string              `json:"type"` // "finding"
		Signature   string              `json:"signature"`
		Severity    signature.Severity  `json:"severity"`
		Certainty   scanner.Certainty   `json:"certainty"`
		Target      string              `json:"target"`
		URL         string              `json:"url"`
		Matcher     string              `json:"matcher,omitempty"`
		Variant     string              `json:"variant,omitempty"` // of the signature, whose words these are
		Title       translated          `json:"title"`
		Description translated          `json:"description,omitzero"`
		Impact      translated          `json:"impact,omitzero"`
		Values      scanner.Values      `json:"values,omitempty"`
		Evidence    []evidence.Evidence `json:"evidence"`
		Remediation translated          `json:"remediation,omitzero"`
		References  []string            `json:"references"`
		CWE         []int               `json:"cwe"`
		CVE         []string            `json:"cve,omitempty"`
		CVSS        string              `json:"cvss,omitempty"`
		Tags        []string            `json:"tags,omitempty"`
		Fingerprint string              `json:"fingerprint"`
		Time        time.Time           `json:"time,omitzero"`     // in whole seconds
		Address     string              `json:"address,omitempty"` // IP:port
		Items       []string            `json:"items,omitempty"`   // of checklists that it speaks to

		ValueMessages map[string]*message.Message `json:"value_messages,omitempty"` // format and arguments of values that have any, as reason_message of an outcome

		Page *payment.Page `json:"page,omitempty"` // what a payment page is made of

		Pictures *evidence.Pictures `json:"pictures,omitempty"` // of the page, before and after

		New          *bool                `json:"new,omitempty"`           // not in the baseline; left out without one
		NewSignature bool                 `json:"new_signature,omitempty"` // neither is its signature
		Suppressed   *scanner.Suppression `json:"suppressed,omitempty"`
		Retest       *retestRecord        `json:"retest,omitempty"`
	}

	// retestRecord is what looking at a finding again came to.
	retestRecord struct {
		Result   scanner.RetestResult `json:"result"`
		Time     time.Time            `json:"time"` // in whole seconds
		Reason   string               `json:"reason"`
		Requests int                  `json:"requests"`
		Message  *message.Message     `json:"reason_message,omitempty"`
	}

	// outcomeRecord is how one signature ended on one target.
	outcomeRecord struct {
		Type      string           `json:"type"` // "outcome"
		Signature string           `json:"signature"`
		Target    string           `json:"target"`
		Status    scanner.Status   `json:"status"`
		Reason    string           `json:"reason,omitempty"` // English
		Requests  int              `json:"requests"`
		Message   *message.Message `json:"reason_message,omitempty"` // format and arguments of a reason that has any, to say it in another language
	}

	// summaryRecord is the last line. A file without it is not complete.
	summaryRecord struct {
		Type        string                 `json:"type"` // "summary"
		Severities  map[string]int         `json:"severities"`
		Confirmed   map[string]int         `json:"confirmed"` // those of severities that are
		Statuses    map[scanner.Status]int `json:"statuses"`
		Targets     int                    `json:"targets"`
		Requests    int64                  `json:"requests"`
		Suppressed  int                    `json:"suppressed"`
		NotStarted  int                    `json:"not_started,omitempty"`
		AboveSafety int                    `json:"above_safety,omitempty"`
		Redirected  []scanner.Redirected   `json:"redirected,omitempty"` // sites that send visitors to one that is no target
		Seconds     float64                `json:"seconds"`
		Complete    bool                   `json:"complete"`
		Interrupted bool                   `json:"interrupted"`

		SuppressedFindings int                     `json:"suppressed_findings,omitempty"` // they are in none of the counts above
		Novelty            map[scanner.Novelty]int `json:"novelty,omitempty"`             // findings by how they stand to the baseline
		Asked              []string                `json:"asked_from,omitempty"`          // addresses of the machines that sent the requests, where several shared the scan
	}
)

// translated is a text in both languages. ja is left out when there is none.
type translated struct {
	EN string `json:"en"`
	JA string `json:"ja,omitempty"`
}

// NewJSONLines writes one object per line.
func NewJSONLines(w io.Writer, _ Options) scanner.Sink { return newJSONLines(w) }

func newJSONLines(w io.Writer) *jsonLines {
	e := json.NewEncoder(printableJSON{w})
	e.SetEscapeHTML(false)
	return &jsonLines{encoder: e}
}

// printableJSON writes JSON that does no harm on a terminal, in one write each.
type printableJSON struct{ to io.Writer }

func (p printableJSON) Write(text []byte) (int, error) {
	if _, err := p.to.Write(message.PrintableJSON(text)); err != nil {
		return 0, err
	}
	return len(text), nil
}

type jsonLines struct {
	scanner.Discard
	encoder *json.Encoder
}

func (j *jsonLines) Start(s scanner.Start) error {
	targets := s.Targets
	if targets == nil {
		targets = []string{}
	}
	return j.encoder.Encode(scanRecord{
		Type: "scan", Tool: "sotomi", Version: s.Version, SignatureSet: s.SignatureSet, Time: s.Time.UTC().Truncate(time.Second),
		Targets: targets, Signatures: s.Signatures, AboveSafety: s.AboveSafety,
		Renamed: s.Renamed, Data: s.Data, Settings: s.Settings,
	})
}

func (j *jsonLines) Target(t scanner.TargetInfo) error {
	return j.encoder.Encode(targetRecord{"target", t})
}

func (j *jsonLines) Finding(f scanner.Finding) error {
	info, _ := f.Signature.For(f.Hit.Variant)
	certainty := f.Hit.Certainty
	if certainty == "" {
		certainty = scanner.Confirmed
	}
	return j.encoder.Encode(findingRecord{
		Type: "finding", Signature: f.Signature.ID, Severity: f.Severity, Certainty: certainty, Target: f.Target, URL: f.Hit.URL,
		Matcher: f.Hit.Matcher, Variant: f.Hit.Variant, Title: translated{info.Name, info.JA.Name}, Description: translated{info.Description, info.JA.Description},
		Impact: translated{info.Impact, info.JA.Impact}, Values: inEnglish(f.Hit.Values), Evidence: orEmpty(f.Hit.Evidence),
		Remediation: translated{info.Remediation, info.JA.Remediation}, References: orEmpty(info.Reference),
		CWE: weaknesses(info.Classification.CWEID), CVE: info.Classification.CVEID, CVSS: info.Classification.CVSSMetrics,
		Tags: info.Tags, Fingerprint: f.Fingerprint, Time: f.Time, Address: f.Address, Items: info.Items, ValueMessages: valueMessages(f.Hit.Values), Page: f.Hit.Page, Pictures: f.Hit.Pictures,
		New: isNew(f.Baseline), NewSignature: f.Baseline == scanner.NewSignature, Suppressed: f.Suppressed,
		Retest: newRetestRecord(f.Retest),
	})
}

func newRetestRecord(r *scanner.Retest) *retestRecord {
	if r == nil {
		return nil
	}
	return &retestRecord{r.Result, r.Time.UTC().Truncate(time.Second), r.Reason.String(), r.Requests, r.Reason.Record()}
}

// retest is what the record says.
func (r *retestRecord) retest() *scanner.Retest {
	if r == nil {
		return nil
	}
	return &scanner.Retest{Result: r.Result, Time: r.Time, Reason: message.FromRecord(r.Reason, r.Message), Requests: r.Requests}
}

// isNew tells whether a finding is new, nil without a baseline.
func isNew(n scanner.Novelty) *bool {
	if n == "" {
		return nil
	}
	fresh := n != scanner.Known
	return &fresh
}

// inEnglish is the values with those that are messages as English text.
func inEnglish(values scanner.Values) scanner.Values {
	plain := maps.Clone(values)
	for name, value := range plain {
		if m, ok := value.(message.Message); ok {
			plain[name] = m.String()
		}
	}
	return plain
}

// valueMessages are the values that can be said in another language only with their formats and arguments.
func valueMessages(values scanner.Values) map[string]*message.Message {
	var list map[string]*message.Message
	for name, value := range values {
		m, ok := value.(message.Message)
		if !ok || m.Record() == nil {
			continue
		}
		if list == nil {
			list = map[string]*message.Message{}
		}
		list[name] = m.Record()
	}
	return list
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func orNone[K comparable](counts map[K]int) map[K]int {
	if counts == nil {
		return map[K]int{}
	}
	return counts
}

// weaknesses are the numbers of "CWE-200" and the like.
func weaknesses(ids []string) []int {
	list := []int{}
	for _, id := range ids {
		if n, err := strconv.Atoi(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(id)), "CWE-")); err == nil {
			list = append(list, n)
		}
	}
	return list
}

func (j *jsonLines) Outcome(o scanner.Outcome) error {
	return j.encoder.Encode(outcomeRecord{"outcome", o.Signature, o.Target, o.Status, o.Reason.String(), o.Requests, o.Reason.Record()})
}

func (j *jsonLines) Close(s scanner.Summary) error {
	return j.encoder.Encode(summaryRecord{
		Type: "summary", Severities: orNone(s.Severities), Confirmed: orNone(s.Confirmed), Statuses: orNone(s.Statuses), Targets: s.Targets, Requests: s.Requests,
		Suppressed: s.Suppressed, NotStarted: s.NotStarted, AboveSafety: s.AboveSafety, Redirected: s.Redirected, Seconds: s.Took.Seconds(),
		Complete: s.Complete, Interrupted: s.Interrupted, SuppressedFindings: s.SuppressedFindings, Novelty: s.Novelty, Asked: s.Asked,
	})
}
