package wordpress

import (
	"slices"
	"strings"

	"sotomi/checks/internal/releases"
	"sotomi/checks/internal/weaknesses"
	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
)

// behind is the variant for a release that a later one of its line has fixes for, without a published weakness of its own.
const behind = "behind"

// core is mode "core": the weaknesses of the release. It sends nothing.
//
// A line goes on getting fixes after newer ones came out, and those releases hold little else. What is published names the
// releases of the newest line only, so a release counts as affected by its own line's, and as behind when its line went on.
func (c *check) core(p *scanner.Probe, fact map[string]string) ([]scanner.Hit, error) {
	candidates := scanner.FactList(fact["candidates"])
	if len(candidates) == 0 {
		return nil, scanner.Undetermined("the release of %s is not known", product)
	}
	t, err := c.table()
	if err != nil {
		return nil, err
	}
	db, err := c.releases()
	if err != nil {
		return nil, err
	}
	all, err := t.Of("core", "wordpress")
	if err != nil {
		return nil, err
	}
	names := strings.Join(candidates, ", ")
	k := weaknesses.Matching(ofLines(all, candidates), candidates)
	late, newest := behindOf(db, candidates)
	switch {
	case len(late) > 0:
		k.Update = message.New("%s or newer", newest)
		k.All = len(late) == len(candidates)
	case k.Count == 0 && anyNewer(db, candidates):
		return nil, scanner.Undetermined("WordPress %s is newer than the data of this program (%s)", names, t.Date)
	case k.Count == 0:
		p.Explain("no published weakness of WordPress %s in the data of %s", names, t.Date)
		return nil, nil
	}
	h := hitOf(p, fact, candidates, k.All)
	h.Variant, h.Values = weaknesses.VariantOf(k.Worst), k.Values()
	if !k.Common && len(late) > 0 {
		h.Variant = behind
	}
	h.Values["candidates"] = candidates
	h.Evidence = []evidence.Evidence{{Note: message.New("release of WordPress: %s; weaknesses as published by Wordfence Intelligence on %s", names, t.Date)}}
	return []scanner.Hit{h}, nil
}

// ofLines are the weaknesses with those of their ranges that end in the line of one of the releases.
func ofLines(list []weaknesses.Weakness, candidates []string) []weaknesses.Weakness {
	var out []weaknesses.Weakness
	for _, w := range list {
		w.Ranges = slices.DeleteFunc(w.Ranges, func(v weaknesses.Range) bool {
			return !slices.ContainsFunc(candidates, func(name string) bool { return lineOf(name) == lineOf(v.To) })
		})
		if len(w.Ranges) > 0 {
			out = append(out, w)
		}
	}
	return out
}

// behindOf are the candidates that a later release of their line follows, and the newest of those.
func behindOf(db *releases.Database, candidates []string) (late []string, newest string) {
	for _, name := range candidates {
		if last := newestOf(db, lineOf(name)); last != "" && weaknesses.Compare(name, last) < 0 {
			late, newest = append(late, name), last
		}
	}
	return late, newest
}

// anyNewer reports whether one of the candidates is newer than all that the data has of its line, or than all of it.
func anyNewer(db *releases.Database, candidates []string) bool {
	return slices.ContainsFunc(candidates, func(name string) bool {
		last := newestOf(db, lineOf(name))
		if last == "" {
			last = db.Releases[len(db.Releases)-1].Name
		}
		return weaknesses.Compare(name, last) > 0
	})
}

// newestOf is the newest release of a line in the data, "" when it has none of it.
func newestOf(db *releases.Database, line string) string {
	newest := ""
	for _, r := range db.Releases {
		if lineOf(r.Name) == line {
			newest = r.Name
		}
	}
	return newest
}

// lineOf is the line of a release of WordPress: 6.4 of 6.4.2.
func lineOf(name string) string {
	parts := strings.SplitN(name, ".", 3)
	return strings.Join(parts[:min(2, len(parts))], ".")
}

// hitOf is a finding about the release: confirmed when WordPress tells one release and the finding is about all candidates.
func hitOf(p *scanner.Probe, fact map[string]string, candidates []string, all bool) scanner.Hit {
	h := scanner.Hit{URL: p.Target.URL.String(), Certainty: scanner.Confirmed}
	if len(candidates) > 1 || fact["basis"] != basisTold || !all {
		h.Certainty = scanner.Possible
	}
	if u, err := p.Target.URL.Parse(fact["home"]); err == nil {
		h.URL = u.String()
	}
	return h
}

// old is mode "old": a release that gets no security fixes any more. It sends nothing.
func (c *check) old(p *scanner.Probe, fact map[string]string) ([]scanner.Hit, error) {
	candidates := scanner.FactList(fact["candidates"])
	if len(candidates) == 0 {
		return nil, scanner.Undetermined("the release of %s is not known", product)
	}
	concerned := slices.DeleteFunc(slices.Clone(candidates), func(name string) bool { return weaknesses.Compare(name, c.params.Before) >= 0 })
	if len(concerned) == 0 {
		return nil, nil
	}
	h := hitOf(p, fact, candidates, len(concerned) == len(candidates))
	h.Values = scanner.Values{"candidates": concerned}
	h.Evidence = []evidence.Evidence{{Note: message.New("release of WordPress: %s", strings.Join(candidates, ", "))}}
	return []scanner.Hit{h}, nil
}
