package releases

import "math"

// What is expected of the groups of marks on a page, as pseudo-counts of a beta prior. Owners change templates more often
// than files, and a theme comes from a release older than the shop's rather than from a newer one.
var pageExpectation = struct{ has, lacks [2]float64 }{
	has:   [2]float64{9, 1},  // groups of the release: shown, not shown
	lacks: [2]float64{30, 1}, // groups of other releases: not shown, shown
}

const (
	// pageWeight discounts the groups of one page, which are not independent of each other.
	pageWeight = 0.7
	// minimumMarks is how many marks of the product's own theme make a page one of that theme.
	minimumMarks = 8
)

// View is how a page of the site compares with the product's own theme.
type View struct {
	Page int       // in the database
	Seen int       // marks of the theme that the page shows
	Log  []float64 // log-likelihood by release; all 0 unless Telling
}

// Telling reports whether the page is of the product's own theme.
func (v View) Telling() bool { return v.Seen >= minimumMarks }

// Compare compares the marks of a page of the site with the page of the database at a position.
func (d *Database) Compare(page int, marks map[string]bool) View {
	v := View{Page: page, Log: make([]float64, len(d.Releases))}
	type counts struct{ has, lacks [2]int }
	seen := make([]counts, len(d.Releases))
	for _, g := range d.Pages[page].Groups {
		always, maybe := countIn(marks, g.Always), countIn(marks, g.Maybe)
		v.Seen += always + maybe
		shown := maybe > 0 || always > 0 && 2*always >= len(g.Always)
		for r := range seen {
			switch {
			case g.Releases.Has(r) && shown:
				seen[r].has[0]++
			case g.Releases.Has(r) && len(g.Always) > 0:
				seen[r].has[1]++
			case !g.Releases.Has(r) && shown:
				seen[r].lacks[1]++
			case !g.Releases.Has(r):
				seen[r].lacks[0]++
			}
		}
	}
	if !v.Telling() {
		return v
	}
	for r, n := range seen {
		v.Log[r] = pageWeight * (logEvidence(pageExpectation.has[:], n.has[:]) + logEvidence(pageExpectation.lacks[:], n.lacks[:]))
	}
	return v
}

func countIn(marks map[string]bool, list []string) int {
	n := 0
	for _, m := range list {
		if marks[m] {
			n++
		}
	}
	return n
}

// PageGain is how many bits a page would tell if the shop shows the product's own theme: what the theme always shows
// counts whole, what it may show counts half.
func (p *Posterior) PageGain(page int) float64 {
	const half = 0.5
	prob := p.Probabilities()
	sure := p.pageEntropy(page, prob, func(g *Group) bool { return len(g.Always) > 0 })
	all := p.pageEntropy(page, prob, func(*Group) bool { return true })
	return sure + half*max(0, all-sure)
}

// pageEntropy is the entropy in bits of the classes into which the counted groups of a page divide the releases.
func (p *Posterior) pageEntropy(page int, prob []float64, counted func(*Group) bool) float64 {
	classes := map[string]float64{}
	groups := p.db.Pages[page].Groups
	for r, x := range prob {
		if x < negligible {
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
	entropy := 0.0
	for _, x := range classes {
		entropy -= x * math.Log2(x)
	}
	return entropy
}
