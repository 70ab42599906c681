package report

import (
	"maps"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
)

// Choice is which part of a saved scan is told. The zero value is all of it.
type Choice struct {
	Only    []string           // ids, tags or severities, as the flag of a scan
	Exclude []string           // the same; wins over Only
	Targets []string           // patterns; see target.Pattern
	Least   signature.Severity // findings below it are left out; "" for none

	Known map[string]*signature.Signature // by id: outcomes do not say which tags their signatures have
}

// NewSelection tells to what a choice leaves of a scan, and counts it anew. What names nothing in the scan is an error at the
// end of it.
func NewSelection(to scanner.Sink, c Choice) scanner.Sink {
	s := &selection{
		Sink: to, choice: c, filter: signature.Filter{Only: c.Only, Exclude: c.Exclude}, count: newCount(), used: map[string]bool{}, ids: map[string]bool{}, fits: map[string]bool{},
	}
	for _, pattern := range c.Targets {
		s.patterns = append(s.patterns, target.Pattern(pattern))
	}
	return s
}

type selection struct {
	scanner.Sink
	choice Choice
	filter signature.Filter
	count  *count

	patterns []func(target string) bool // of the choice, in its order

	used map[string]bool // words of --only and --exclude that named something
	ids  map[string]bool // of the scan's signatures
	fits map[string]bool // patterns that fitted a target

	last   string // target
	wanted bool   // it is
	found  string // signature of the last finding told of the target
	left   string // and of the last one that the words leave out
}

// target reports whether one is wanted.
func (s *selection) target(name string) bool {
	if name == s.last && s.last != "" {
		return s.wanted
	}
	s.last, s.found, s.left, s.wanted = name, "", "", len(s.choice.Targets) == 0
	for i, fits := range s.patterns {
		if fits(name) {
			s.wanted, s.fits[s.choice.Targets[i]] = true, true
		}
	}
	return s.wanted
}

// use notes which words name a signature with its tags, or a severity.
func (s *selection) use(sig *signature.Signature, severity signature.Severity) {
	s.ids[sig.ID] = true
	for _, word := range slices.Concat(s.choice.Only, s.choice.Exclude) {
		if named := (signature.Filter{Only: []string{word}}); named.Wants(sig, severity) || signature.IsSeverity(word) {
			s.used[word] = true
		}
	}
}

func (s *selection) Target(t scanner.TargetInfo) error {
	if !s.target(t.Target) {
		return nil
	}
	return s.Sink.Target(t)
}

func (s *selection) Finding(f scanner.Finding) error {
	s.use(f.Signature, f.Severity)
	if !s.target(f.Target) {
		return nil
	}
	if !s.filter.Wants(f.Signature, f.Severity) {
		s.left = f.Signature.ID
		return nil
	}
	s.found = f.Signature.ID
	if f.Severity.Rank() < s.choice.Least.Rank() && s.choice.Least != "" {
		return nil
	}
	s.count.finding(f)
	return s.Sink.Finding(f)
}

// Outcome is wanted when its signature is: as those that are known have it, or as a finding of it showed.
func (s *selection) Outcome(o scanner.Outcome) error {
	sig := s.choice.Known[o.Signature]
	if sig == nil {
		sig = &signature.Signature{ID: o.Signature}
	}
	s.use(sig, "")
	wanted := s.found == o.Signature || s.filter.Selects(sig) && s.left != o.Signature
	if !s.target(o.Target) || !wanted {
		return nil
	}
	s.count.outcome(o)
	return s.Sink.Outcome(o)
}

func (s *selection) Close(summary scanner.Summary) error {
	for _, given := range []struct {
		flag  string
		words []string
	}{{"--only", s.choice.Only}, {"--exclude", s.choice.Exclude}} {
		for _, word := range given.words {
			if !s.used[word] {
				ids := slices.Sorted(maps.Keys(s.ids))
				return message.Errorf("%s %q is no id, tag or severity in the scan%s", given.flag, word, signature.DidYouMean(word, ids))
			}
		}
	}
	for _, pattern := range s.choice.Targets {
		if !s.fits[pattern] {
			return message.Errorf("--target %q fits no target of the scan", pattern)
		}
	}
	end := s.count.summary(summary)
	end.Redirected = slices.DeleteFunc(slices.Clone(summary.Redirected), func(r scanner.Redirected) bool { return !s.target(r.Target) })
	return s.Sink.Close(end)
}
