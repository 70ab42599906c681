package signature

import (
	"cmp"
	"slices"
	"strings"

	"sotomi/scanner/message"
)

// Filter says which signatures of a set run, and which of their findings are reported: ids and tags pick signatures,
// severities pick findings, for one signature may have findings of several severities.
type Filter struct {
	Only    []string // ids, tags or severities; empty for all
	Exclude []string // the same; wins over Only
	Safety  Safety   // the level of the scan; "" is active
	Profile string   // only those that speak to an item of its checklists; "" for all
}

// Select is the signatures that may have a finding which passes the filter. A name that matches nothing in the set is an
// error: a misspelt id must not make a scan clean.
func (set *Set) Select(f Filter) ([]*Signature, error) {
	if err := checkProfile(f.Profile); err != nil {
		return nil, err
	}
	for _, given := range []struct {
		flag  string
		names []string
	}{{"--only", f.Only}, {"--exclude", f.Exclude}} {
		for _, name := range given.names {
			if !slices.ContainsFunc(set.Signatures, func(s *Signature) bool { return s.matches(name) }) && !IsSeverity(name) {
				return nil, message.Errorf("%s %q is no id, tag or severity of a loaded signature%s", given.flag, name, set.similar(name))
			}
		}
	}
	level := cmp.Or(f.Safety, SafetyActive)
	var list []*Signature
	for _, s := range set.Signatures {
		if level.Allows(s.Safety) && f.Selects(s) {
			list = append(list, s)
		}
	}
	return list, nil
}

// Helpers are the signatures of the set that are not selected, but find out facts which selected ones need: they must run
// too, or those would say that there is no such product.
func (set *Set) Helpers(selected []*Signature) []*Signature {
	known := map[*Signature]bool{}
	for _, s := range selected {
		known[s] = true
	}
	var helpers []*Signature
	for queue := selected; len(queue) > 0; {
		var next []*Signature
		for _, s := range set.Signatures {
			if s.Gives != "" && !known[s] && slices.ContainsFunc(queue, func(q *Signature) bool { return slices.Contains(q.Needs, s.Gives) }) {
				known[s] = true
				next = append(next, s)
			}
		}
		helpers, queue = append(helpers, next...), next
	}
	return helpers
}

// Wants reports whether a finding of a signature with this severity passes the filter.
func (f Filter) Wants(s *Signature, severity Severity) bool {
	picks := func(name string) bool {
		return s.named(name) || strings.EqualFold(string(severity), name)
	}
	return (f.Profile == "" || s.speaksTo(f.Profile)) && (len(f.Only) == 0 || slices.ContainsFunc(f.Only, picks)) && !slices.ContainsFunc(f.Exclude, picks)
}

// Selects reports whether a signature may have a finding that passes the filter.
func (f Filter) Selects(s *Signature) bool {
	return slices.ContainsFunc(s.severities(), func(of Severity) bool { return f.Wants(s, of) })
}

// severities are those that findings of the signature may have.
func (s *Signature) severities() []Severity {
	list := []Severity{cmp.Or(s.Info.Severity, SeverityUnknown)}
	for _, v := range s.Variants {
		if v.Severity != "" {
			list = append(list, v.Severity)
		}
	}
	return list
}

// matches reports whether name is the signature's id, one of its tags or a severity of its findings.
func (s *Signature) matches(name string) bool {
	return s.named(name) || slices.ContainsFunc(s.severities(), func(of Severity) bool { return strings.EqualFold(string(of), name) })
}

// named reports whether name is the signature's id or one of its tags.
func (s *Signature) named(name string) bool {
	return strings.EqualFold(s.ID, name) || strings.EqualFold(s.fileID, name) || slices.ContainsFunc(s.Info.Tags, func(tag string) bool { return strings.EqualFold(tag, name) })
}

// IsSeverity reports whether a word is the name of a severity.
func IsSeverity(name string) bool {
	return slices.ContainsFunc(severities, func(s Severity) bool { return strings.EqualFold(string(s), name) })
}

// similar is a hint at an id that name may have meant.
func (set *Set) similar(name string) message.Message {
	ids := make([]string, len(set.Signatures))
	for i, s := range set.Signatures {
		ids[i] = s.ID
	}
	return DidYouMean(name, ids)
}

// DidYouMean is a hint at the nearest of the names, to stand after a sentence; the zero Message when none is near.
func DidYouMean(name string, names []string) message.Message {
	best, distance := "", min(3, len(name))
	for _, n := range names {
		if d := editDistance(name, n, distance); d < distance {
			best, distance = n, d
		}
	}
	if best == "" {
		return message.Message{}
	}
	return message.New("; did you mean %q?", best)
}

// editDistance is the number of letters to insert, delete or replace, at most limit.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost = 1 + min(before, row[j], row[j+1])
			}
			before, row[j+1] = row[j+1], cost
		}
	}
	return min(row[len(b)], limit)
}

// For returns the words and severity of a hit: those of its variant where the variant has any, else the signature's own.
func (s *Signature) For(variant string) (Info, Severity) {
	info := s.Info
	v, ok := s.Variants[variant]
	if !ok {
		return info, info.Severity
	}
	replace := func(to *string, with string) {
		if with != "" {
			*to = with
		}
	}
	replace(&info.Name, v.Name)
	replace(&info.Description, v.Description)
	replace(&info.Impact, v.Impact)
	replace(&info.Remediation, v.Remediation)
	replace(&info.JA.Name, v.JA.Name)
	replace(&info.JA.Description, v.JA.Description)
	replace(&info.JA.Impact, v.JA.Impact)
	replace(&info.JA.Remediation, v.JA.Remediation)
	if v.Severity != "" {
		info.Severity = v.Severity
	}
	return info, info.Severity
}

// Words are the signature's words in a language ("en" or "ja"), English where there are no others.
func (i Info) Words(language string) Words {
	w := Words{i.Name, i.Description, i.Impact, i.Remediation}
	if language != "ja" {
		return w
	}
	for _, f := range []struct {
		to   *string
		with string
	}{{&w.Name, i.JA.Name}, {&w.Description, i.JA.Description}, {&w.Impact, i.JA.Impact}, {&w.Remediation, i.JA.Remediation}} {
		if f.with != "" {
			*f.to = f.with
		}
	}
	return w
}
