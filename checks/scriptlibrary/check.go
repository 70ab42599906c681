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
	Mode string `yaml:"mode"` // inventory, vulnerable or ended
}

type check struct {
	judge func(*seen) []scanner.Hit
}

// New is the check "script-library". Its parameter mode says what is reported: inventory (each library), vulnerable (those
// with known vulnerabilities) or ended (those of lines that get no fixes any more).
func New(s *signature.Signature) (scanner.Check, error) {
	var with params
	if err := s.With.Decode(&with); err != nil {
		return nil, err
	}
	judge, ok := map[string]func(*seen) []scanner.Hit{"inventory": inventory, "vulnerable": vulnerable, "ended": ended}[with.Mode]
	if !ok {
		return nil, s.With.Mistake("mode %q: there are inventory, vulnerable, ended", with.Mode)
	}
	return check{judge}, nil
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
		return nil, scanner.Undetermined("%d of the site's scripts were not read, or not to their end", s.unread)
	case s.own+s.others > 0:
		p.Explain("%d scripts of the site were read, %d of other hosts are told by their addresses alone", s.own, s.others)
	}
	return nil, nil
}
