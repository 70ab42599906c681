package wordpress

import (
	"cmp"
	"fmt"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// known is what is published about the releases that a component can be.
type known struct {
	worst     float64  // CVSS score of those that all of the releases have; of any when they have none in common
	count     int      // of weaknesses
	cves      []string // numbers
	lines     []string // for people: number, score and ranges
	exploited []string
	update    message.Message // what to update to
	all       bool            // each of the weaknesses is in every one of the releases
	common    bool            // one of them is
}

// matching are the weaknesses that one of the releases has.
func matching(list []weakness, releases []string) known {
	k := known{all: true}
	var after versions // the bound that is highest
	unfixed, worst := false, 0.0
	for _, w := range list {
		hits, bound := w.hits(releases)
		if hits == 0 {
			continue
		}
		k.all = k.all && hits == len(releases)
		worst = max(worst, w.score)
		if hits == len(releases) {
			k.worst = max(k.worst, w.score)
		}
		k.count++
		if w.cve != "" {
			k.cves = append(k.cves, w.cve)
		}
		k.lines = append(k.lines, fmt.Sprintf("%s (%s; CVSS %.1f)", w.name(), bound, w.score))
		if w.exploited {
			k.exploited = append(k.exploited, w.name())
		}
		switch order := compareVersions(bound.to, after.to); {
		case bound.to == "":
			unfixed = true
		case after.to == "" || order > 0 || order == 0 && after.before && !bound.before:
			after = bound
		}
	}
	k.common = k.worst > 0
	k.worst = cmp.Or(k.worst, worst)
	switch {
	case k.count == 0:
	case unfixed:
		k.update = message.New("no release with a fix is known for all of them")
	case after.before:
		k.update = message.New("%s or newer", after.to)
	default:
		k.update = message.New("newer than %s", after.to)
	}
	return k
}

// having are the weaknesses that a release has.
func having(list []weakness, release string) []weakness {
	var out []weakness
	for _, w := range list {
		if hits, _ := w.hits([]string{release}); hits > 0 {
			out = append(out, w)
		}
	}
	return out
}

// hits is how many of the releases a weakness is in, and the range in which the newest of them lies.
func (w weakness) hits(releases []string) (n int, bound versions) {
	for _, r := range releases {
		if i := slices.IndexFunc(w.ranges, func(v versions) bool { return v.has(r) }); i >= 0 {
			n++
			bound = w.ranges[i]
		}
	}
	return n, bound
}

// variantOf is the variant of a signature for a CVSS score.
func variantOf(score float64) string {
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

// values are those of a finding about published weaknesses.
func (k known) values() scanner.Values {
	v := scanner.Values{"update": k.update}
	for name, list := range map[string][]string{"cve": k.cves, "known-weaknesses": k.lines, "exploited": k.exploited} {
		if len(list) > 0 {
			v[name] = list
		}
	}
	return v
}
