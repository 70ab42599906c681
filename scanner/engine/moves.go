package engine

import (
	"net/url"

	"sotomi/scanner"
)

// moves passes what a journal has on, but for sites that redirects led to from two inputs, which two processes or two runs of a
// scan may both have looked at: only the first counts, so that each check has one outcome on each target.
type moves struct {
	scanner.Discard
	plan *Plan
	to   records
	held *scanner.TargetInfo // such a site when it is not the first; nil for none
	ends []scanner.Outcome   // on it
}

// Target passes a target on, unless it is to be left out.
func (m *moves) Target(t scanner.TargetInfo) error {
	if m.held != nil && m.held.Asked == t.Target {
		m.held, m.ends = nil, nil // it has outcomes of its own
	}
	m.end()
	if t.Asked != "" && !m.plan.first(t.Target) {
		m.held = &t
		return nil
	}
	return m.to.Target(t)
}

// Finding passes a finding on.
func (m *moves) Finding(f scanner.Finding) error {
	if m.held != nil {
		return nil
	}
	return m.to.Finding(f)
}

// Outcome passes an outcome on.
func (m *moves) Outcome(o scanner.Outcome) error {
	if m.held != nil {
		m.ends = append(m.ends, o)
		return nil
	}
	return m.to.Outcome(o)
}

// end tells of the site that was asked for in place of the one that was left out.
func (m *moves) end() {
	if m.held == nil {
		return
	}
	there := m.held.Target
	if u, err := url.Parse(there); err == nil {
		there = origin(u)
	}
	end := scanner.End(scanner.StatusNotApplicable, "leads to %s, which is looked at as another target", there)
	_ = m.to.Target(scanner.TargetInfo{Target: m.held.Asked, Leads: there, About: m.held.About}) // who is told keeps the errors
	for _, o := range m.ends {
		_ = m.to.Outcome(scanner.Outcome{Signature: o.Signature, Target: m.held.Asked, Status: end.Status, Reason: end.Reason, Requests: o.Requests, Took: o.Took})
	}
	m.held, m.ends = nil, nil
}
