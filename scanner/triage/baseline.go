// Package triage is what users know of findings already: a baseline of those of an earlier scan, and those that they have
// decided to suppress. It marks findings on their way to reports, and compares scans.
package triage

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"slices"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

const (
	baselineType    = "sotomi-baseline"
	baselineVersion = 1
)

// Baseline is the findings of an earlier scan, as a file that can be read and compared line by line.
type Baseline struct {
	Type         string          `json:"type"`    // "sotomi-baseline"
	Version      int             `json:"version"` // of this form
	Date         time.Time       `json:"date"`    // of the newest of the scans that it was made of
	Tool         string          `json:"tool"`    // version of sotomi
	SignatureSet string          `json:"signature_set"`
	Findings     []KnownFinding  `json:"findings"`   // by target, signature and id
	Signatures   []string        `json:"signatures"` // ids of those that ran: what others find may have been there before
	ran          map[string]bool // Signatures
	known        map[string]bool // ids of Findings
}

// KnownFinding is a finding of a baseline. Only the id counts; the rest is for readers.
type KnownFinding struct {
	ID        string             `json:"id"` // fingerprint
	Target    string             `json:"target"`
	Signature string             `json:"signature"`
	Severity  signature.Severity `json:"severity"`
	Title     string             `json:"title"`
}

// ReadBaseline reads a baseline. Anything that is none is an error.
func ReadBaseline(text []byte) (*Baseline, error) {
	var kind struct {
		Type string `json:"type"`
	}
	err := json.NewDecoder(bytes.NewReader(text)).Decode(&kind)
	if err == nil && kind.Type != baselineType {
		return nil, message.Errorf("this is not a baseline; sotomi baseline create makes one of a scan in JSON lines")
	}
	d := json.NewDecoder(bytes.NewReader(text))
	b := &Baseline{}
	if err := cmp.Or(err, d.Decode(b)); err != nil {
		return nil, message.Errorf("this is not a baseline: %w", message.JSON(text, err))
	}
	switch {
	case b.Version != baselineVersion:
		return nil, message.Errorf("the baseline is of version %d; this sotomi reads version %d", b.Version, baselineVersion)
	case b.Findings == nil || b.Signatures == nil:
		return nil, message.Errorf("the baseline has no list of findings or of signatures")
	case slices.ContainsFunc(b.Findings, func(f KnownFinding) bool { return f.ID == "" }):
		return nil, message.Errorf("a finding of the baseline has no id")
	}
	if _, err := d.Token(); err != io.EOF { //nolint:errorlint // as documented
		return nil, message.Errorf("there is more behind the baseline")
	}
	b.index()
	return b, nil
}

func (b *Baseline) index() {
	b.known, b.ran = make(map[string]bool, len(b.Findings)), make(map[string]bool, len(b.Signatures))
	for _, f := range b.Findings {
		b.known[f.ID] = true
	}
	for _, id := range b.Signatures {
		b.ran[id] = true
	}
}

// novelty is how a finding stands to the baseline.
func (b *Baseline) novelty(f scanner.Finding) scanner.Novelty {
	switch {
	case slices.ContainsFunc(f.Fingerprints(), func(id string) bool { return b.known[id] }):
		return scanner.Known
	case !b.ran[f.Signature.ID]:
		return scanner.NewSignature
	}
	return scanner.New
}

// Write writes the baseline, one finding a line.
func (b *Baseline) Write(w io.Writer) error {
	slices.SortFunc(b.Findings, func(x, y KnownFinding) int {
		return cmp.Or(cmp.Compare(x.Target, y.Target), cmp.Compare(x.Signature, y.Signature), cmp.Compare(x.ID, y.ID))
	})
	b.Findings = slices.CompactFunc(b.Findings, func(x, y KnownFinding) bool { return x.ID == y.ID })
	slices.Sort(b.Signatures)
	b.Signatures = slices.Compact(b.Signatures)
	head, err := json.Marshal(struct {
		Type         string    `json:"type"`
		Version      int       `json:"version"`
		Date         time.Time `json:"date"`
		Tool         string    `json:"tool"`
		SignatureSet string    `json:"signature_set"`
	}{baselineType, baselineVersion, b.Date.UTC().Truncate(time.Second), b.Tool, b.SignatureSet})
	if err != nil {
		return err
	}
	var out bytes.Buffer
	out.Write(bytes.TrimSuffix(head, []byte("}")))
	if err := writeLines(&out, "findings", b.Findings); err != nil {
		return err
	}
	if err := writeLines(&out, "signatures", b.Signatures); err != nil {
		return err
	}
	out.WriteString("}\n")
	_, err = w.Write(message.PrintableJSON(out.Bytes()))
	return err
}

func writeLines[T any](out *bytes.Buffer, name string, list []T) error {
	out.WriteString(",\n\"" + name + "\": [")
	for i, item := range list {
		text, err := json.Marshal(item)
		if err != nil {
			return err
		}
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString("\n  ")
		out.Write(text)
	}
	out.WriteString("\n]")
	return nil
}

// NewBaselineSink makes a baseline of a scan, and writes it when the scan has ended. What is suppressed is not in it: when
// the suppression ends the finding counts.
func NewBaselineSink(w io.Writer, language string) *BaselineSink {
	return &BaselineSink{w: w, language: language}
}

// BaselineSink makes a baseline. Several scans may be told one after the other before the last Close.
type BaselineSink struct {
	scanner.Discard
	Baseline Baseline
	w        io.Writer // nil: nothing is written
	language string
}

// Start takes what the scan says of itself.
func (s *BaselineSink) Start(start scanner.Start) error {
	if start.Time.After(s.Baseline.Date) {
		s.Baseline.Date, s.Baseline.Tool, s.Baseline.SignatureSet = start.Time, start.Version, start.SignatureSet
	}
	return nil
}

// Finding takes a finding.
func (s *BaselineSink) Finding(f scanner.Finding) error {
	if f.Suppressed != nil {
		return nil
	}
	info, _ := f.Signature.For(f.Hit.Variant)
	s.Baseline.Findings = append(s.Baseline.Findings, KnownFinding{
		ID: f.Fingerprint, Target: f.Target, Signature: f.Signature.ID, Severity: f.Severity, Title: cmp.Or(info.Words(s.language).Name, f.Signature.ID),
	})
	return nil
}

// Outcome takes the id of a signature that ran.
func (s *BaselineSink) Outcome(o scanner.Outcome) error {
	if o.Status != scanner.StatusUnsupported {
		if s.Baseline.ran == nil {
			s.Baseline.ran = map[string]bool{}
		}
		if !s.Baseline.ran[o.Signature] {
			s.Baseline.ran[o.Signature] = true
			s.Baseline.Signatures = append(s.Baseline.Signatures, o.Signature)
		}
	}
	return nil
}

// Close writes the baseline.
func (s *BaselineSink) Close(end scanner.Summary) error {
	if s.w == nil {
		return nil
	}
	if end.Interrupted {
		return message.Errorf("the scan was interrupted, so there is no baseline of it")
	}
	return s.Baseline.Write(s.w)
}
