package releases

import (
	"math"
	"path"
	"slices"
	"strings"
)

// Choice is a file worth asking for.
type Choice struct {
	File int
	Gain float64 // bits that the answer is expected to tell
}

// absence is how much less the answer for a file is worth that tells releases apart by not being there.
const absence = 0.6

// Next is the file whose answer is expected to tell most; Gain is 0 when no file tells anything. bonus, which may be nil,
// is added to the gain of a file that is worth knowing for its own sake when it tells something.
func (b *Posterior) Next(usable func(File) bool, bonus func(File) float64) Choice {
	p := b.Probabilities()
	var live []int
	for r, x := range p {
		if x > 1e-6 {
			live = append(live, r)
		}
	}
	best, bestScore := Choice{File: -1}, 0.0
	for i := range b.db.Files {
		f := &b.db.Files[i]
		if b.asked[i] || !usable(*f) || !splits(f, live) {
			continue
		}
		gain := b.gain(f, p, live)
		score := gain
		if !all(live, f.Has) {
			score *= absence
		}
		if bonus != nil && gain > 0 {
			score += bonus(*f)
		}
		if score > bestScore+1e-9 {
			best, bestScore = Choice{i, gain}, score
		}
	}
	return best
}

// splits reports whether a file differs at all between the releases that are left.
func splits(f *File, live []int) bool {
	number := func(r int) int {
		return slices.IndexFunc(f.Variants, func(v Variant) bool { return v.Releases.Has(r) })
	}
	for _, r := range live[1:] {
		if number(r) != number(live[0]) {
			return true
		}
	}
	return false
}

// gain is the expected loss of entropy in bits.
func (b *Posterior) gain(f *File, p []float64, live []int) float64 {
	type column struct{ sum, plogp float64 }
	columns := make([]column, len(f.Variants)+2) // each content, then missing, then foreign
	add := func(at int, q float64) {
		if q > 0 {
			columns[at].sum += q
			columns[at].plogp += q * math.Log2(q)
		}
	}
	before := 0.0
	missing, foreign := len(f.Variants), len(f.Variants)+1
	for _, r := range live {
		before -= p[r] * math.Log2(p[r])
		has := f.Has.Has(r)
		chance := func(o Outcome) float64 { return p[r] * b.tallies[r].chance(f.Class, has, o) }
		for i, v := range f.Variants {
			switch {
			case v.Releases.Has(r):
				add(i, chance(outcomeMatch))
			case v.Releases.First() < r:
				add(i, chance(outcomeOlder)/float64(len(f.Variants)))
			default:
				add(i, chance(outcomeNewer)/float64(len(f.Variants)))
			}
		}
		if has {
			add(missing, chance(outcomeMissing))
		} else {
			add(missing, chance(outcomeMatch))
		}
		add(foreign, chance(outcomeForeign))
	}
	after := 0.0
	for _, c := range columns {
		if c.sum > 0 {
			after += c.sum*math.Log2(c.sum) - c.plogp
		}
	}
	return max(0, before-after)
}

func isManifest(name string) bool {
	return !strings.Contains(name, "/")
}

func isInstaller(name string) bool {
	return strings.Contains(name, "/install/")
}

func isImage(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".gif", ".png", ".jpg", ".jpeg", ".ico", ".svg", ".woff", ".woff2", ".ttf", ".eot", ".pdf", ".swf", ".webp":
		return true
	}
	return false
}
