package weaknesses

import (
	"cmp"
	"fmt"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// Known is what is published about the releases that a component can be.
type Known struct {
	Worst     float64  // CVSS score of those that all of the releases have; of any when they have none in common
	Count     int      // of weaknesses
	CVEs      []string // numbers
	Lines     []string // for people: number, score and ranges
	Exploited []string
	Update    message.Message // what to update to
	All       bool            // each of the weaknesses is in every one of the releases
	Common    bool            // one of them is
}

// Matching are the weaknesses that one of the releases has.
func Matching(list []Weakness, releases []string) Known {
	k := Known{All: true}
	var after Range // the bound that is highest
	unfixed, worst := false, 0.0
	for _, w := range list {
		hits, bound := w.hits(releases)
		if hits == 0 {
			continue
		}
		k.All = k.All && hits == len(releases)
		worst = max(worst, w.Score)
		if hits == len(releases) {
			k.Worst = max(k.Worst, w.Score)
		}
		k.Count++
		if w.CVE != "" {
			k.CVEs = append(k.CVEs, w.CVE)
		}
		k.Lines = append(k.Lines, fmt.Sprintf("%s (%s; %s)", w.name(), bound, w.rated()))
		if w.Exploited {
			k.Exploited = append(k.Exploited, w.name())
		}
		switch order := Compare(bound.To, after.To); {
		case bound.To == "":
			unfixed = true
		case after.To == "" || order > 0 || order == 0 && after.Before && !bound.Before:
			after = bound
		}
	}
	k.Common = k.Worst > 0
	k.Worst = cmp.Or(k.Worst, worst)
	switch {
	case k.Count == 0:
	case unfixed:
		k.Update = message.New("no release with a fix is known for all of them")
	case after.Before:
		k.Update = message.New("%s or newer", after.To)
	default:
		k.Update = message.New("newer than %s", after.To)
	}
	return k
}

// Having are the weaknesses that a release has.
func Having(list []Weakness, release string) []Weakness {
	var out []Weakness
	for _, w := range list {
		if hits, _ := w.hits([]string{release}); hits > 0 {
			out = append(out, w)
		}
	}
	return out
}

// hits is how many of the releases a weakness is in, and the range in which the newest of them lies.
func (w Weakness) hits(releases []string) (n int, bound Range) {
	for _, r := range releases {
		if i := slices.IndexFunc(w.Ranges, func(v Range) bool { return v.has(r) }); i >= 0 {
			n++
			bound = w.Ranges[i]
		}
	}
	return n, bound
}

// VariantOf is the variant of a signature for a CVSS score.
func VariantOf(score float64) string {
	switch {
	case score >= 9:
		return "critical"
	case score >= 7:
		return "high"
	case score >= 4:
		return "medium"
	}
	return "low"
}

// Values are those of a finding about published weaknesses.
func (k Known) Values() scanner.Values {
	v := scanner.Values{"update": k.Update}
	for name, list := range map[string][]string{"cve": k.CVEs, "known-weaknesses": k.Lines, "exploited": k.Exploited} {
		if len(list) > 0 {
			v[name] = list
		}
	}
	return v
}
