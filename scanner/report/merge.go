package report

import (
	"cmp"
	"errors"
	"hash/fnv"
	"io"
	"slices"
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// Source is a saved scan that can be read more than once.
type Source struct {
	Name string // for errors
	Open func() (io.ReadCloser, error)
}

// Read replays the source. The error names it.
func (s Source) Read(to scanner.Sink) error {
	in, err := s.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	if err := Replay(in, to); err != nil {
		return message.Errorf("%s: %w", s.Name, err)
	}
	return nil
}

// Merge replays several scans as one, in their order. Of a pair of signature and target that several looked at, the one of
// the newest scan is told. Each source is read twice; a hash of each pair is kept. When one has no summary the error is
// ErrIncomplete, and the rest is told.
func Merge(sources []Source, to scanner.Sink) error {
	m := &merge{to: to, owners: map[uint64]int32{}, times: make([]time.Time, len(sources)), count: newCount()}
	for i, s := range sources {
		err := s.Read(&survey{merge: m, index: i})
		if err != nil && !errors.Is(err, ErrIncomplete) {
			return err
		}
	}
	if err := to.Start(m.start); err != nil {
		return err
	}
	var errs []error
	for i, s := range sources {
		err := s.Read(&share{merge: m, index: i})
		if err != nil && !errors.Is(err, ErrIncomplete) {
			return errors.Join(err, to.Close(m.summary()))
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, to.Close(m.summary()))...)
}

// merge is what several scans have in common.
type merge struct {
	to     scanner.Sink
	start  scanner.Start
	owners map[uint64]int32 // the scan that tells, by pair of signature and target, and by target
	times  []time.Time      // of the scans
	ends   scanner.Summary  // what of the summaries is not counted anew
	count  *count
}

// key is a pair; the signature is "" for the target itself.
func key(target, signature string) uint64 {
	hash := fnv.New64a()
	_, _ = io.WriteString(hash, target+"\x00"+signature) // has no error
	return hash.Sum64()
}

func (m *merge) owns(index int, target, signature string) bool {
	return m.owners[key(target, signature)] == int32(index)
}

// summary is that of all.
func (m *merge) summary() scanner.Summary { return m.count.summary(m.ends) }

// survey is the first look at a scan: which pairs it has, and what it says of itself.
type survey struct {
	scanner.Discard
	merge *merge
	index int
}

func (s *survey) Start(start scanner.Start) error {
	m := s.merge
	m.times[s.index] = start.Time
	if s.index == 0 {
		m.start = start
		m.start.Targets = slices.Clone(start.Targets)
		return nil
	}
	all := &m.start
	if start.Time.Before(all.Time) {
		all.Time = start.Time
	}
	all.Version, all.SignatureSet = joined(all.Version, start.Version), joined(all.SignatureSet, start.SignatureSet)
	all.Signatures = max(all.Signatures, start.Signatures)
	all.Targets = union(all.Targets, start.Targets)
	all.AboveSafety = union(all.AboveSafety, start.AboveSafety)
	all.Renamed = union(all.Renamed, start.Renamed)
	all.Data = union(all.Data, start.Data)
	slices.SortStableFunc(all.Data, func(a, b scanner.Data) int { return cmp.Compare(a.Date, b.Date) })
	all.Settings = nil // they may differ
	return nil
}

func joined(a, b string) string {
	const between = "; "
	if b == "" || slices.Contains(strings.Split(a, between), b) {
		return a
	}
	return a + between + b
}

func union[T comparable](a, b []T) []T {
	for _, one := range b {
		if !slices.Contains(a, one) {
			a = append(a, one)
		}
	}
	return a
}

func (s *survey) take(target, signature string) {
	k := key(target, signature)
	m := s.merge
	if known, ok := m.owners[k]; !ok || m.times[s.index].After(m.times[known]) {
		m.owners[k] = int32(s.index)
	}
}

func (s *survey) Target(t scanner.TargetInfo) error {
	s.take(t.Target, "")
	return nil
}

func (s *survey) Finding(f scanner.Finding) error {
	s.take(f.Target, f.Signature.ID)
	return nil
}

func (s *survey) Outcome(o scanner.Outcome) error {
	s.take(o.Target, o.Signature)
	return nil
}

// share is one of the scans, of which it tells what it owns.
type share struct {
	scanner.Discard
	merge *merge
	index int
}

func (p *share) Target(t scanner.TargetInfo) error {
	if !p.merge.owns(p.index, t.Target, "") {
		return nil
	}
	return p.merge.to.Target(t)
}

func (p *share) Finding(f scanner.Finding) error {
	if !p.merge.owns(p.index, f.Target, f.Signature.ID) {
		return nil
	}
	p.merge.count.finding(f)
	return p.merge.to.Finding(f)
}

func (p *share) Outcome(o scanner.Outcome) error {
	if !p.merge.owns(p.index, o.Target, o.Signature) {
		return nil
	}
	p.merge.count.outcome(o)
	return p.merge.to.Outcome(o)
}

func (p *share) Close(s scanner.Summary) error {
	all := &p.merge.ends
	all.Requests += s.Requests
	all.Took += s.Took
	all.Suppressed += s.Suppressed
	all.NotStarted += s.NotStarted
	all.AboveSafety = max(all.AboveSafety, s.AboveSafety)
	all.Redirected = union(all.Redirected, s.Redirected)
	all.Interrupted = all.Interrupted || s.Interrupted
	return nil
}
