package report

import (
	"bufio"
	"encoding/json"
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

	from io.ReaderAt
	last scanner.Checkpoint // the latest
	ends map[int]place
}

// place is where the records of an input stand, in bytes.
type place struct{ from, to int64 }

// ReadJournal reads a journal of which the end may be missing. It must not be changed, but for being written on, as long as
// the result is used.
func ReadJournal(from io.ReaderAt, size int64) (*Journal, error) {
	j := &Journal{from: from, ends: map[int]place{}}
	lines := bufio.NewReader(io.NewSectionReader(from, 0, size))
	var at, begin int64 // of the line, of the input
	var head scanner.Collector
	first := &replay{to: &journalStart{Collector: &head, journal: j}}
	for n := 1; ; n++ {
		text, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break // also half a line
		}
		if err != nil {
			return nil, err
		}
		at += int64(len(text))
		kind, err := typeOf(text)
		if err != nil {
			break // what was not on the disk yet when the machine stopped
		}
		switch {
		case n == 1:
			err = first.line(text)
		case n == 2 && kind != "plan":
			err = message.Errorf("this is a report, not the journal of a scan")
		case n == 2:
			err = json.Unmarshal(text, &j.Plan)
			begin, j.End = at, at
		case kind == "checkpoint":
			if err = json.Unmarshal(text, &j.last); err == nil {
				j.ends[j.last.Input] = place{begin, at}
				begin, j.End = at, at
			}
		}
		if err != nil {
			return nil, message.Errorf("line %d: %w", n, err)
		}
	}
	if j.End == 0 {
		return nil, message.Errorf("this is not the journal of a scan")
	}
	return j, nil
}

type journalStart struct {
	*scanner.Collector
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
	p := &replay{to: to, started: true, counted: newCounts()}
	lines := bufio.NewReader(io.NewSectionReader(j.from, at.from, at.to-at.from))
	for {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			return scanner.Checkpoint{}, err
		}
		kind, err := typeOf(text)
		if err != nil {
			return scanner.Checkpoint{}, err
		}
		if kind == "checkpoint" {
			var c scanner.Checkpoint
			return c, json.Unmarshal(text, &c)
		}
		if err := p.line(text); err != nil {
			return scanner.Checkpoint{}, err
		}
	}
}

// Started is when the scan began.
func (j *Journal) Started() time.Time { return j.Start.Time }

// Took is how long it ran.
func (j *Journal) Took() time.Duration { return time.Duration(j.last.Seconds * float64(time.Second)) }

// Requests is how many it sent, without those for inputs that had not ended.
func (j *Journal) Requests() int64 { return j.last.Requests }
