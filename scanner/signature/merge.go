package signature

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"

	"sotomi/scanner/message"
)

// merger puts what was read of the files together.
type merger struct {
	set      *Set
	at       map[string]int // by id: place in set.Signatures
	sums     map[string][sha256.Size]byte
	broken   []*Signature
	mistakes []error
}

// merge puts the signatures in order.
func merge(src Sources, files []file, loaded []result) (*Set, error) {
	m := &merger{set: &Set{}, at: map[string]int{}, sums: map[string][sha256.Size]byte{}}
	sum := sha256.New()
	empty := map[string]bool{}
	for i, r := range loaded {
		if from := files[i].from; from != "" {
			before, seen := empty[from]
			empty[from] = (before || !seen) && len(r.signatures) == 0 && r.mistakes == nil
		}
		fmt.Fprintf(sum, "%s %x\n", path.Base(filepath.ToSlash(files[i].name)), r.sum)
		switch {
		case r.mistakes != nil:
			m.mistakes = append(m.mistakes, r.mistakes)
		case len(r.signatures) == 0:
			if r.unread != nil {
				m.set.Unread = append(m.set.Unread, r.unread)
			}
			m.set.Skipped = append(m.set.Skipped, files[i].name)
		}
		for _, s := range r.signatures {
			if s.Broken != nil {
				m.broken = append(m.broken, s)
			} else {
				m.add(s, r.sum)
			}
		}
	}
	m.addBroken(src.SkipBroken)
	for _, folder := range slices.Sorted(maps.Keys(empty)) {
		if empty[folder] {
			m.mistakes = append(m.mistakes, message.Errorf("--signatures %q: its YAML files are not signatures", folder))
		}
	}
	if err := errors.Join(m.mistakes...); err != nil {
		return nil, err
	}
	slices.SortFunc(m.set.Signatures, func(a, b *Signature) int { return cmp.Compare(a.ID, b.ID) })
	m.set.raiseLevels()
	m.set.Hash = hex.EncodeToString(sum.Sum(nil))[:12]
	return m.set, nil
}

// add puts one signature among those before it.
func (m *merger) add(s *Signature, sum [sha256.Size]byte) {
	at, double := m.at[s.ID]
	if !double {
		m.at[s.ID], m.sums[s.ID] = len(m.set.Signatures), sum
		m.set.Signatures = append(m.set.Signatures, s)
		return
	}
	before := m.set.Signatures[at]
	same := m.sums[s.ID] == sum
	switch {
	case before.Own && !s.Own && !same:
		m.rename(before, s)
		m.add(s, sum)
	case before.Own == s.Own && (s.Strict || before.Strict || !same):
		m.breaks(s, message.Errorf("%s:%d: %s also has the id %q", s.File, s.line, before.File, s.ID))
	default: // public collections hold the same template twice now and then
		m.set.Skipped = append(m.set.Skipped, s.File)
	}
}

// rename gives a user's signature another id than the embedded one of its id: both run, so nothing is lost and nothing is
// reported twice under one name.
func (m *merger) rename(embedded, s *Signature) {
	s.fileID = s.ID
	s.ID += "-2"
	m.set.Renamed = append(m.set.Renamed, Renamed{ID: s.fileID, As: s.ID, File: s.File, Embedded: embedded.File})
}

// breaks keeps a signature out because of a mistake that shows only among the others.
func (m *merger) breaks(s *Signature, err error) {
	if s.Own {
		m.mistakes = append(m.mistakes, err)
		return
	}
	m.broken = append(m.broken, newBroken(s.File, s.ID, err))
}

// addBroken adds the user's files with mistakes: to the set when they are to be skipped, else to the mistakes.
func (m *merger) addBroken(skip bool) {
	for _, s := range m.broken {
		if !skip {
			m.mistakes = append(m.mistakes, s.Broken)
			continue
		}
		for _, taken := m.at[s.ID]; taken; _, taken = m.at[s.ID] { // it may be a guess
			s.ID += "-broken"
		}
		m.at[s.ID] = len(m.set.Signatures)
		m.set.Signatures = append(m.set.Signatures, s)
	}
}

// raiseLevels gives signatures the level of those that they build on: without these they would say that there is nothing to
// look at.
func (set *Set) raiseLevels() {
	for again := true; again; {
		again = false
		for _, s := range set.Signatures {
			for _, fact := range s.Needs {
				level := set.levelOf(fact)
				if !s.Safety.Allows(level) {
					s.Safety, again = level, true
				}
			}
		}
	}
}

// levelOf is the lowest level at which something tells a fact; passive when nothing does.
func (set *Set) levelOf(fact string) Safety {
	level := Safety("")
	for _, s := range set.Signatures {
		if s.Gives == fact && (level == "" || s.Safety.rank() < level.rank()) {
			level = s.Safety
		}
	}
	return cmp.Or(level, SafetyPassive)
}
