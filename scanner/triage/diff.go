package triage

import (
	"cmp"
	"maps"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// Change is how a finding differs between two scans.
type Change string

// How a finding differs between two scans.
const (
	Appeared  Change = "new"
	Gone      Change = "gone" // its signature ran on its target, and did not find it
	Changed   Change = "changed"
	Still     Change = "still-there"
	Unchecked Change = "no-longer-checked" // nobody knows whether it is still there
)

// Changes are all kinds, in the order in which people want to read them.
var Changes = []Change{Appeared, Unchecked, Changed, Gone, Still}

// Difference is a finding that one of two scans has, or both.
type Difference struct {
	Change  Change
	Finding scanner.Finding // of the new scan where it has it
	Before  scanner.Finding // of the old scan, when it has changed
	Reason  message.Message // why it was not checked
}

// Compared is a scan as Compare needs it. It is a sink for one.
type Compared struct {
	scanner.Discard
	findings []scanner.Finding
	outcomes map[pair]scanner.Outcome
}

type pair struct{ signature, target string }

// Finding keeps it without its evidence.
func (c *Compared) Finding(f scanner.Finding) error {
	f.Hit.Evidence = nil
	c.findings = append(c.findings, f)
	return nil
}

// Outcome keeps it.
func (c *Compared) Outcome(o scanner.Outcome) error {
	if c.outcomes == nil {
		c.outcomes = map[pair]scanner.Outcome{}
	}
	c.outcomes[pair{o.Signature, o.Target}] = o
	return nil
}

// Compare tells what is new, changed, gone, still there or no longer checked, in the order of Changes, the most severe
// first.
func Compare(before, after *Compared) []Difference {
	at := map[string]int{} // findings of the scan before, by each of their fingerprints
	for i, f := range before.findings {
		for _, id := range f.Fingerprints() {
			at[id] = i
		}
	}
	var list []Difference
	met := map[int]bool{}
	for _, f := range after.findings {
		i, ok := before.same(f, at)
		switch {
		case !ok:
			list = append(list, Difference{Change: Appeared, Finding: f})
			continue
		case differ(before.findings[i], f):
			list = append(list, Difference{Change: Changed, Finding: f, Before: before.findings[i]})
		default:
			list = append(list, Difference{Change: Still, Finding: f})
		}
		met[i] = true
	}
	for i, f := range before.findings {
		if !met[i] {
			list = append(list, after.missing(f))
		}
	}
	slices.SortStableFunc(list, func(a, b Difference) int {
		return cmp.Or(slices.Index(Changes, a.Change)-slices.Index(Changes, b.Change), b.Finding.Severity.Rank()-a.Finding.Severity.Rank())
	})
	return list
}

// same is the finding that another scan calls f.
func (c *Compared) same(f scanner.Finding, at map[string]int) (int, bool) {
	for _, id := range f.Fingerprints() {
		if i, ok := at[id]; ok {
			return i, true
		}
	}
	return 0, false
}

// missing is what it means that a scan does not have a finding.
func (c *Compared) missing(f scanner.Finding) Difference {
	o, ran := c.outcomes[pair{f.Signature.ID, f.Target}]
	switch {
	case !ran:
		return Difference{Change: Unchecked, Finding: f, Reason: message.New("the new scan did not run this signature on this target")}
	case o.Status == scanner.StatusClean, o.Status == scanner.StatusFound, o.Status == scanner.StatusNotApplicable && o.Requests > 0:
		return Difference{Change: Gone, Finding: f, Reason: o.Reason}
	case o.Reason.IsZero():
		return Difference{Change: Unchecked, Finding: f, Reason: message.New("%s", string(o.Status))}
	}
	return Difference{Change: Unchecked, Finding: f, Reason: o.Reason}
}

// differ reports whether a finding says something else than before.
func differ(a, b scanner.Finding) bool {
	return a.Severity != b.Severity || a.Hit.Certainty != b.Hit.Certainty || !maps.Equal(a.Hit.Values.Facts(), b.Hit.Values.Facts())
}
