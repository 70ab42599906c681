package releases

import "math"

// What is expected of the groups of marks on a page, as for files. Owners change templates more than files, and what a
// theme is made from is older than the shop rather than newer.
var pageExpectation = struct{ has, lacks [2]float64 }{
	has:   [2]float64{9, 1},  // shown, not shown
	lacks: [2]float64{30, 1}, // not shown, shown
}

// damp is how much less the groups of one page count than if they were independent of each other.
const damp = 0.7

// minimumMarks is how many marks of the product's own theme a page must show before it is held to be of that theme.
const minimumMarks = 8

// View is how a page of the site compares with the product's own theme.
type View struct {
	Page int
	Seen int       // marks of the theme that the page shows
	Log  []float64 // by release
}

// Compare holds a page's marks against the pages at the positions named in the database, taken together.
func (d *Database) Compare(page int, marks map[string]bool) View {
	v := View{Page: page, Log: make([]float64, len(d.Releases))}
	type tally struct{ has, lacks [2]int }
	tallies := make([]tally, len(d.Releases))
	for _, g := range d.Pages[page].Groups {
		always, maybe := 0, 0
		for _, m := range g.Always {
			if marks[m] {
				always++
			}
		}
		for _, m := range g.Maybe {
			if marks[m] {
				maybe++
			}
		}
		v.Seen += always + maybe
		shown := maybe > 0 || always > 0 && 2*always >= len(g.Always)
		for r := range tallies {
			switch {
			case g.Releases.Has(r) && shown:
				tallies[r].has[0]++
			case g.Releases.Has(r) && len(g.Always) > 0:
				tallies[r].has[1]++
			case !g.Releases.Has(r) && shown:
				tallies[r].lacks[1]++
			case !g.Releases.Has(r):
				tallies[r].lacks[0]++
			}
		}
	}
	if v.Seen < minimumMarks {
		return v
	}
	for r, t := range tallies {
		v.Log[r] = damp * (betaEvidence(pageExpectation.has, t.has) + betaEvidence(pageExpectation.lacks, t.lacks))
	}
	return v
}

// betaEvidence is evidence for two outcomes.
func betaEvidence(expect [2]float64, n [2]int) float64 {
	log := lgamma(expect[0]+expect[1]) - lgamma(expect[0]+expect[1]+float64(n[0]+n[1]))
	for i := range n {
		log += lgamma(expect[i]+float64(n[i])) - lgamma(expect[i])
	}
	return log
}

// PageGain is the entropy in bits that page would take from what is believed if the shop shows the product's own theme:
// what its pages always show counts whole, what they may show by half.
func (b *Posterior) PageGain(page int) float64 {
	const half = 0.5
	p := b.Probabilities()
	sure := b.pageSplit(page, p, func(g *Group) bool { return len(g.Always) > 0 })
	return sure + half*max(0, b.pageSplit(page, p, func(*Group) bool { return true })-sure)
}

// pageSplit is the entropy of the classes that the counted groups of a page make.
func (b *Posterior) pageSplit(page int, p []float64, counted func(*Group) bool) float64 {
	classes := map[string]float64{}
	groups := b.db.Pages[page].Groups
	for r, x := range p {
		if x < 1e-6 {
			continue
		}
		key := make([]byte, len(groups))
		for i := range groups {
			if counted(&groups[i]) && groups[i].Releases.Has(r) {
				key[i] = 1
			}
		}
		classes[string(key)] += x
	}
	told := 0.0
	for _, x := range classes {
		told -= x * math.Log2(x)
	}
	return told
}

// Telling reports whether the page is of the product's own theme.
func (v View) Telling() bool { return v.Seen >= minimumMarks }
