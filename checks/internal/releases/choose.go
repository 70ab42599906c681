package releases

import (
	"math"
	"slices"
)

// Choice is a file worth asking for.
type Choice struct {
	File int     // in the database, -1 when none is worth a request
	Gain float64 // bits that the answer is expected to tell
}

const (
	// MinimumGain is in bits: an answer expected to tell less is not worth a request.
	MinimumGain = 0.002
	// negligible is the probability below which a release no longer counts when the next file is chosen.
	negligible = 1e-6
	// absenceFactor lowers the score of a file that tells releases apart by being missing: the site may have lost it.
	absenceFactor = 0.6
)

// Next is the file whose answer is expected to tell most, of those that are worth a request. bonus, which may be nil, is added
// to the score of a file that is worth having for another reason too.
func (p *Posterior) Next(usable func(File) bool, bonus func(File) float64) Choice {
	prob := p.Probabilities()
	var live []int
	for r, x := range prob {
		if x > negligible {
			live = append(live, r)
		}
	}
	best, bestScore := Choice{File: -1}, 0.0
	for i := range p.db.Files {
		f := &p.db.Files[i]
		if p.asked[i] || !usable(*f) || !f.splits(live) {
			continue
		}
		gain := p.gain(f, prob, live)
		if gain < MinimumGain {
			continue
		}
		score := gain
		if !f.Has.hasAll(live) {
			score *= absenceFactor
		}
		if bonus != nil {
			score += bonus(*f)
		}
		if score > bestScore+1e-9 {
			best, bestScore = Choice{i, gain}, score
		}
	}
	return best
}

// splits reports whether the file differs between the releases of a list: two contents, or there and missing.
func (f *File) splits(list []int) bool {
	variant := func(r int) int {
		return slices.IndexFunc(f.Variants, func(v Variant) bool { return v.Releases.Has(r) })
	}
	for _, r := range list[1:] {
		if variant(r) != variant(list[0]) {
			return true
		}
	}
	return false
}

// gain is the expected loss of entropy in bits.
func (p *Posterior) gain(f *File, prob []float64, live []int) float64 {
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
		before -= prob[r] * math.Log2(prob[r])
		has := f.Has.Has(r)
		chance := func(got result) float64 { return prob[r] * p.counts[r].chance(f.Class, has, got) }
		for i, v := range f.Variants {
			switch {
			case v.Releases.Has(r):
				add(i, chance(resultMatch))
			case v.Releases.First() < r:
				add(i, chance(resultOlder)/float64(len(f.Variants)))
			default:
				add(i, chance(resultNewer)/float64(len(f.Variants)))
			}
		}
		if has {
			add(missing, chance(resultMissing))
		} else {
			add(missing, chance(resultMatch))
		}
		add(foreign, chance(resultForeign))
	}
	after := 0.0
	for _, c := range columns {
		if c.sum > 0 {
			after += c.sum*math.Log2(c.sum) - c.plogp
		}
	}
	return max(0, before-after)
}
