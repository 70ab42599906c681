package report

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"maps"
	"slices"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// JournalPlan is what a scan must have in common with the one whose journal it goes on with.
type JournalPlan struct {
	Flags    []JournalFlag     `json:"flags"`              // as given, but for those that may hold secrets
	Withheld []string          `json:"withheld,omitempty"` // names of flags that were given and are not kept
	Targets  string            `json:"targets"`            // hash of the list
	Settings map[string]string `json:"settings"`           // that change what is found, by name
}

// JournalFlag is a flag of the command line with its values.
type JournalFlag struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

type (
	planRecord struct {
		Type string `json:"type"` // "plan", the second line of a journal
		JournalPlan
	}
	checkpointRecord struct {
		Type string `json:"type"` // "checkpoint", after all about one input
		scanner.Checkpoint
	}
)

// JournalWriter writes a journal: JSON lines with a plan at the beginning and checkpoints, and without a summary, so that
// whoever reads it knows that the scan has not ended.
type JournalWriter struct {
	*jsonLines
	plan *JournalPlan
}

// NewJournal writes a journal. One that goes on with an earlier journal has no plan, and is to be written behind it.
func NewJournal(w io.Writer, plan *JournalPlan) *JournalWriter {
	return &JournalWriter{newJSONLines(w), plan}
}

// Start writes the beginning.
func (j *JournalWriter) Start(s scanner.Start) error {
	if j.plan == nil {
		return nil
	}
	if err := j.jsonLines.Start(s); err != nil {
		return err
	}
	return j.encoder.Encode(planRecord{"plan", *j.plan})
}

// Checkpoint says that all about one input is written.
func (j *JournalWriter) Checkpoint(c scanner.Checkpoint) error {
	return j.encoder.Encode(checkpointRecord{"checkpoint", c})
}

// Close writes nothing.
func (j *JournalWriter) Close(scanner.Summary) error { return nil }

// Journal is a journal that was read: the inputs that have ended, and where they stand in it.
type Journal struct {
	Plan  JournalPlan
	Start scanner.Start
	End   int64 // what stands behind this offset is of no input that has ended
	Lost  Lost

	from io.ReaderAt
	last scanner.Checkpoint // the latest
	ends map[int]place
}

// Lost is the end of a journal that cannot be read: it was not on the disk yet when the machine stopped, or is half a line of a
// process that was killed.
type Lost struct {
	Bytes int64 // 0: nothing was lost
	Line  int   // the first that cannot be read, from 1
}

// place is where the records of an input stand, in bytes.
type place struct{ from, to int64 }

// ReadJournal reads a journal of which the end may be missing. It must not be changed, but for being written on, as long as
// the result is used. The error names the line of a record that no scan writes.
func ReadJournal(from io.ReaderAt, size int64) (*Journal, error) {
	r := &journalReader{Journal: &Journal{from: from, ends: map[int]place{}}}
	r.head = &replay{to: &journalStart{journal: r.Journal}}
	r.rest = &replay{to: scanner.Discard{}, started: true, counted: newCounts()}
	lines := bufio.NewReader(io.NewSectionReader(from, 0, size))
	for {
		text, err := journalLine(lines)
		if err != nil {
			return nil, err
		}
		r.line++
		kind, err := typeOf(text)
		if err != nil || !bytes.HasSuffix(text, []byte("\n")) {
			r.lose(text, size-r.at)
			break
		}
		r.at += int64(len(text))
		if err := r.record(kind, text); err != nil {
			return nil, message.Errorf("line %d: %w", r.line, err)
		}
	}
	switch {
	case r.End > 0:
		return r.Journal, nil
	case r.begins:
		return nil, message.Errorf("the journal ends before the first site; start the scan anew")
	}
	return nil, message.Errorf("this is not the journal of a scan")
}

// journalReader reads a journal line by line.
type journalReader struct {
	*Journal
	line       int
	at, begin  int64 // behind the line, of the input
	head, rest *replay
	begins     bool // what there is may be the beginning of a journal
}

// journalLine is the next line, with what ends it unless the file does, or the line is longer than any that is written.
func journalLine(lines *bufio.Reader) ([]byte, error) {
	var text []byte
	for len(text) < maxLine {
		part, err := lines.ReadSlice('\n')
		text = append(text, part...)
		if errors.Is(err, io.EOF) || err == nil {
			break
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
	}
	return text, nil
}

// lose notes what cannot be read.
func (r *journalReader) lose(text []byte, left int64) {
	_, err := typeOf(text)
	r.begins = r.line > 1 || len(bytes.Trim(text, "\x00")) == 0 || err == nil || half(err)
	if left > 0 {
		r.Lost = Lost{left, r.line}
	}
}

// record reads a whole line.
func (r *journalReader) record(kind string, text []byte) error {
	switch {
	case r.line == 1:
		return r.head.line(text)
	case r.line == 2 && kind != "plan":
		return message.Errorf("this is a report, not the journal of a scan")
	case r.line == 2:
		r.begin, r.End = r.at, r.at
		return decode(text, &r.Plan)
	case kind != "checkpoint":
		return r.rest.line(text)
	}
	var c scanner.Checkpoint
	if err := decode(text, &c); err != nil {
		return err
	}
	r.last = c
	r.ends[c.Input] = place{r.begin, r.at}
	r.begin, r.End = r.at, r.at
	return nil
}

type journalStart struct {
	scanner.Discard
	journal *Journal
}

func (s *journalStart) Start(start scanner.Start) error {
	s.journal.Start = start
	return nil
}

// Inputs are those that have ended, ascending.
func (j *Journal) Inputs() []int { return slices.Sorted(maps.Keys(j.ends)) }

// Has reports whether an input has ended.
func (j *Journal) Has(input int) bool {
	_, ok := j.ends[input]
	return ok
}

// Repeat tells what the journal has about an input.
func (j *Journal) Repeat(input int, to scanner.Sink) (scanner.Checkpoint, error) {
	at := j.ends[input]
	return ReplayInput(io.NewSectionReader(j.from, at.from, at.to-at.from), to)
}

// ReplayInput tells what a journal has about one input.
func ReplayInput(from io.Reader, to scanner.Sink) (scanner.Checkpoint, error) {
	p := &replay{to: to, started: true, counted: newCounts()}
	lines := bufio.NewReader(from)
	for {
		text, err := journalLine(lines)
		if err == nil && !bytes.HasSuffix(text, []byte("\n")) {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return scanner.Checkpoint{}, err
		}
		kind, err := typeOf(text)
		if err != nil {
			return scanner.Checkpoint{}, err
		}
		if kind == "checkpoint" {
			var c scanner.Checkpoint
			return c, decode(text, &c)
		}
		if err := p.line(text); err != nil {
			return scanner.Checkpoint{}, err
		}
	}
}

// NewEarlier is the journal of a scan that has begun, with no input yet.
func NewEarlier(from io.ReaderAt, started time.Time) *Journal {
	return &Journal{Start: scanner.Start{Time: started}, from: from, ends: map[int]place{}}
}

// Note adds an input whose records, and then its checkpoint, were written between two offsets of the file.
func (j *Journal) Note(c scanner.Checkpoint, begin, end int64) {
	j.ends[c.Input], j.last, j.End = place{begin, end}, c, end
}

// Started is when the scan began.
func (j *Journal) Started() time.Time { return j.Start.Time }

// Took is how long it ran.
func (j *Journal) Took() time.Duration { return time.Duration(j.last.Seconds * float64(time.Second)) }

// Requests is how many it sent, without those for inputs that had not ended.
func (j *Journal) Requests() int64 { return j.last.Requests }
