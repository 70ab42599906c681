package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// ErrIncomplete means that a saved scan has no summary: the scan was killed, or the file was cut off.
var ErrIncomplete = message.Errorf("the file has no summary line: the scan did not finish, so the results are incomplete")

// maxLine is the longest line of a saved scan, in bytes.
const maxLine = 64 << 20

// Replay reads a scan in JSON lines into a sink. Unknown fields and records are ignored. Errors name the line.
// When the summary is missing the sink is closed with what can be counted, and the error is ErrIncomplete.
func Replay(r io.Reader, to scanner.Sink) error {
	p := &replay{to: to, counted: newCounts()}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		text := lines.Bytes()
		if n == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		if len(text) == 0 {
			continue
		}
		err := p.line(text)
		if half(err) && p.started && !lines.Scan() {
			break // the last line of a scan that was killed while it wrote
		}
		if err != nil {
			return message.Errorf("line %d: %w", n, err)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return message.Errorf("line %d: the line is longer than %d bytes", n+1, maxLine)
	}
	if err := lines.Err(); err != nil {
		return message.Errorf("line %d: %w", n+1, err)
	}
	if !p.started {
		return message.Errorf("not a scan in JSON lines: there is no line of type scan")
	}
	if !p.closed {
		return errors.Join(ErrIncomplete, to.Close(p.counted))
	}
	return p.end
}

// half reports whether the error is JSON that ends too early.
func half(err error) bool {
	var syntax *json.SyntaxError
	return errors.As(err, &syntax) && syntax.Error() == "unexpected end of JSON input"
}

// newCounts is the summary of a scan that did not end.
func newCounts() scanner.Summary {
	return scanner.Summary{Severities: map[string]int{}, Confirmed: map[string]int{}, Statuses: map[scanner.Status]int{}, Interrupted: true}
}

type replay struct {
	to              scanner.Sink
	started, closed bool
	counted         scanner.Summary
	end             error // of the sink, when it was closed
}

// typeOf is the type of a record.
func typeOf(text []byte) (string, error) {
	var kind struct {
		Type string `json:"type"`
	}
	if err := decode(text, &kind); err != nil {
		return "", err
	}
	return kind.Type, nil
}

// decode reads a line. Errors are in the words of JSON.
func decode(text []byte, to any) error { return message.JSON(text, json.Unmarshal(text, to)) }

func (p *replay) line(text []byte) error {
	kind, err := typeOf(text)
	if err != nil {
		return err
	}
	if kind != "scan" && !p.started {
		return message.Errorf("the first line is not of type scan")
	}
	if p.closed {
		return message.Errorf("there are more lines after the summary")
	}
	switch kind {
	case "scan":
		return p.scan(text)
	case "target":
		return p.target(text)
	case "finding":
		return p.finding(text)
	case "outcome":
		return p.outcome(text)
	case "summary":
		return p.summary(text)
	}
	return nil
}

func (p *replay) scan(text []byte) error {
	var r scanRecord
	if err := decode(text, &r); err != nil {
		return err
	}
	if p.started {
		return message.Errorf("a second line of type scan")
	}
	p.started = true
	return p.to.Start(scanner.Start{
		Version: r.Version, SignatureSet: r.SignatureSet, Time: r.Time, Targets: r.Targets, Signatures: r.Signatures, AboveSafety: r.AboveSafety,
		Renamed: r.Renamed, Data: r.Data, Settings: r.Settings,
	})
}

func (p *replay) target(text []byte) error {
	var r targetRecord
	if err := decode(text, &r); err != nil {
		return err
	}
	return p.to.Target(r.TargetInfo)
}

func (p *replay) finding(text []byte) error {
	var r findingRecord
	if err := decode(text, &r); err != nil {
		return err
	}
	if !r.Pictures.Sound() {
		return message.Errorf("the field %q holds what is no picture of sotomi: a JPEG of at most %d bytes", "pictures", evidence.MaxPicture)
	}
	switch {
	case r.Suppressed != nil:
		p.counted.SuppressedFindings++
	case r.Certainty != scanner.Possible:
		p.counted.Confirmed[string(r.Severity)]++
		fallthrough
	default:
		p.counted.Severities[string(r.Severity)]++
	}
	s := &signature.Signature{ID: r.Signature, Info: signature.Info{
		Name: r.Title.EN, Description: r.Description.EN, Impact: r.Impact.EN, Remediation: r.Remediation.EN,
		JA:       signature.Words{Name: r.Title.JA, Description: r.Description.JA, Impact: r.Impact.JA, Remediation: r.Remediation.JA},
		Severity: r.Severity, Reference: r.References, Tags: r.Tags, Items: r.Items,
		Classification: signature.Classification{CVEID: r.CVE, CVSSMetrics: r.CVSS},
	}}
	for name, m := range r.ValueMessages {
		if text, ok := r.Values[name].(string); ok {
			r.Values[name] = message.FromRecord(text, m)
		}
	}
	for _, n := range r.CWE {
		s.Info.Classification.CWEID = append(s.Info.Classification.CWEID, fmt.Sprintf("CWE-%d", n))
	}
	return p.to.Finding(scanner.Finding{
		Signature: s, Severity: r.Severity, Target: r.Target, Fingerprint: r.Fingerprint, Time: r.Time, Address: r.Address,
		Standing: r.standing(),
		Hit:      scanner.Hit{URL: r.URL, Certainty: r.Certainty, Matcher: r.Matcher, Variant: r.Variant, Values: r.Values, Evidence: r.Evidence, Page: r.Page, Pictures: r.Pictures},
	})
}

// standing is what the scan knew of the finding.
func (r findingRecord) standing() scanner.Standing {
	s := scanner.Standing{Suppressed: r.Suppressed, Retest: r.Retest.retest()}
	switch {
	case r.New == nil:
	case r.NewSignature:
		s.Baseline = scanner.NewSignature
	case *r.New:
		s.Baseline = scanner.New
	default:
		s.Baseline = scanner.Known
	}
	return s
}

func (p *replay) outcome(text []byte) error {
	var r outcomeRecord
	if err := decode(text, &r); err != nil {
		return err
	}
	p.counted.Statuses[r.Status]++
	return p.to.Outcome(scanner.Outcome{Signature: r.Signature, Target: r.Target, Status: r.Status, Reason: message.FromRecord(r.Reason, r.Message), Requests: r.Requests})
}

func (p *replay) summary(text []byte) error {
	var r summaryRecord
	if err := decode(text, &r); err != nil {
		return err
	}
	p.closed = true
	p.end = p.to.Close(scanner.Summary{
		Severities: r.Severities, Confirmed: r.Confirmed, Statuses: r.Statuses, Targets: r.Targets, Requests: r.Requests, Suppressed: r.Suppressed,
		NotStarted: r.NotStarted, AboveSafety: r.AboveSafety, Redirected: r.Redirected, Took: time.Duration(math.Round(r.Seconds * float64(time.Second))),
		Complete: r.Complete, Interrupted: r.Interrupted, SuppressedFindings: r.SuppressedFindings, Novelty: r.Novelty, Asked: r.Asked,
	})
	return nil
}
