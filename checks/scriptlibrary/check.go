// Package scriptlibrary tells which JavaScript libraries a site loads, in which versions, and what is known against those
// (check "script-library").
//
// Scripts of the site itself are read (gather.go) and told by their content (content.go); those of other hosts are told by
// their addresses alone (address.go). The data about libraries is that of retire.js (library.go).
package scriptlibrary

import (
	"context"

	"sotomi/scanner"
	"sotomi/scanner/signature"
)

// params are with: of a signature.
type params struct {
	Mode  string `yaml:"mode"`  // inventory, vulnerable or ended
	Lines []line `yaml:"lines"` // for ended: those that get no fixes any more
}

// line are the versions of a library from From, "" being the oldest, to the one before Below, "" being the newest.
type line struct {
	Library string `yaml:"library"` // as the data writes it
	From    string `yaml:"from"`
	Below   string `yaml:"below"`
}

type check struct {
	judge func(*seen) []scanner.Hit
}

// New is the check "script-library". Its parameter mode says what is reported: inventory (each library), vulnerable (those with known
// vulnerabilities) or ended (those of lines that get no fixes any more).
func New(s *signature.Signature) (scanner.Check, error) {
	var with params
	if err := s.With.Decode(&with); err != nil {
		return nil, err
	}
	switch {
	case with.Mode == "inventory":
		return check{inventory}, nil
	case with.Mode == "vulnerable":
		return check{vulnerable}, nil
	case with.Mode == "ended" && len(with.Lines) > 0:
		return check{func(s *seen) []scanner.Hit { return ended(s, with.Lines) }}, nil
	}
	return nil, s.With.Mistake("mode %q: there are inventory, vulnerable, and ended with lines", with.Mode)
}

// Run looks at one site. What could not be read may hold a library of any kind.
func (c check) Run(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
	s, err := look(ctx, p)
	if err != nil {
		return nil, err
	}
	hits := c.judge(s)
	switch {
	case len(hits) > 0:
		return hits, nil
	case s.unread > 0:
		return nil, scanner.Undetermined("%d of the site's scripts were not read", s.unread)
	case s.own+s.others > 0:
		p.Explain("%d scripts of the site were read, %d of other hosts are told by their addresses alone", s.own, s.others)
	}
	return nil, nil
}
