package releases

import (
	"math"
	"slices"
)

// A site can run a release that the database lacks. It is thought of as one that came after a release of the database and
// before the next: it has most of the files of either, and some of them with a content that no release has.
const (
	// openEnd is how likely a site runs a release after the newest known one of a line that goes on, compared with one
	// release that is known.
	openEnd = 0.05
	// openGap is the same for a release after any other: a build of its own, or one that was never published.
	openGap = 0.02
	// openHole is the same for each release whose number the database skips, up to holeMost of them: the vendor gave it out,
	// or left the number out.
	openHole = 1.0
	holeMost = 4
	// knownForm is how likely contents of a release that the database lacks are those of a known release but for their line
	// ends, comments or white space, compared with such a change by an owner. Where files come as released it counts once,
	// however many they are: a new year in the head of each file is one change.
	knownForm = 0.1
)

// unlisted is what is expected of a site with a release that the database lacks, compared with the one before it. Fewer
// files than an owner ever changes are as they were; what is otherwise there is seldom of other known releases.
var unlisted = expectation{
	presence: [classes][2]float64{ClassScript: {10, 1}, ClassInstaller: {0.9, 5}, ClassManifest: {0.9, 5}},
	content: [classes][results]float64{
		ClassScript:    {resultMatch: 4, resultForeign: 3, resultOlder: 0.02, resultNewer: 0.05},
		ClassImage:     {resultMatch: 9, resultForeign: 1, resultOlder: 0.02, resultNewer: 0.05},
		ClassInstaller: {resultMatch: 1, resultForeign: 1, resultOlder: 0.02, resultNewer: 0.02},
		ClassManifest:  {resultMatch: 0.3, resultForeign: 1.5, resultOlder: 0.02, resultNewer: 0.02},
	},
	unexpected: [classes][results]float64{
		ClassScript:    {resultMatch: 9, resultForeign: 0.6, resultOlder: 0.15, resultNewer: 0.3},
		ClassImage:     {resultMatch: 9, resultForeign: 0.4, resultOlder: 0.15, resultNewer: 0.3},
		ClassInstaller: {resultMatch: 9, resultForeign: 0.3, resultOlder: 0.1, resultNewer: 0.1},
		ClassManifest:  {resultMatch: 9, resultForeign: 0.5, resultOlder: 0.1, resultNewer: 0.1},
	},
}

// Unlisted is the probability that the site runs a release that the database lacks, and the likeliest release before it.
func (p *Posterior) Unlisted() (probability float64, after int) {
	known := p.logs(&p.counts, &listed, func(r int) float64 { return p.db.prior[r] })
	prior := func(r int) float64 { return p.db.openPrior[r] }
	open, near := p.logs(&p.between, &unlisted, prior), p.logs(&p.between, &listed, prior)
	for i := range open {
		if p.db.hole[i%len(p.beside)] > 0 { // one that was given out between these may differ from them as little as a changed one
			open[i] = logSum(open[i], near[i]) - math.Ln2
		}
		by := delivery(i / len(p.beside))
		odd := p.odd[by]
		if by == asReleased {
			odd = min(odd, 1)
		}
		open[i] += float64(odd) * math.Log(knownForm)
	}
	prob := normalise(slices.Concat(known, open))[len(known):]
	byRelease := make([]float64, len(p.beside))
	for i, x := range prob {
		byRelease[i%len(byRelease)] += x
		probability += x
	}
	for r, x := range byRelease {
		if x > byRelease[after] {
			after = r
		}
	}
	return probability, after
}

// Open reports whether a release is the newest known one of a line that goes on, or a state of development after it.
func (d *Database) Open(r int) bool { return d.open[r] }

// prepareEnds fills in the priors.
func (d *Database) prepareEnds() {
	group := map[int]int{} // how many anchors share an open end, by the position of its newest release
	newest := make([]int, len(d.Releases))
	for r := range d.Releases {
		newest[r] = d.NewestOfLine(r)
		d.open = append(d.open, r >= newest[r] && (d.Releases[r].Stable || Development(d.Releases[r].Name)) && d.goesOn(r))
		if d.open[r] {
			group[newest[r]]++
		}
		d.span = append(d.span, d.following(r))
	}
	d.hole = d.holes()
	for r, release := range d.Releases {
		prior, open := 0.0, math.Log(openGap)
		switch {
		case Development(release.Name):
			prior, open = math.Log(development), math.Inf(-1)
		case !release.Stable:
			prior = math.Log(preRelease)
			if d.hasStable(release.Name) {
				open = math.Inf(-1)
			}
		}
		switch {
		case d.open[r]:
			open = math.Log(openEnd / float64(group[newest[r]]))
		case d.hole[r] > 0:
			open = math.Log(openHole * float64(min(d.hole[r], holeMost)))
		}
		d.prior, d.openPrior = append(d.prior, prior), append(d.openPrior, open)
	}
}

// following are what came after a release with the same first number, up to the next stable one. English builds are a row of
// their own.
func (d *Database) following(r int) []int {
	var span []int
	for at := r + 1; at < len(d.Releases) && SameMajor(d.Releases[at].Name, d.Releases[r].Name); at++ {
		if English(d.Releases[at].Name) != English(d.Releases[r].Name) {
			continue
		}
		span = append(span, at)
		if d.Releases[at].Stable {
			break
		}
	}
	return span
}

// holes are by release how many numbers the database skips before the next stable one: one between 2.3.1 and 2.3.3. What it
// skips before the first release of all stands at the oldest before that.
func (d *Database) holes() []int {
	holes := make([]int, len(d.Releases))
	anchor := -1 // the last stable release of this row, else the oldest that is none
	for r, release := range d.Releases {
		switch {
		case English(release.Name) || Development(release.Name):
			continue
		case anchor >= 0 && !SameMajor(d.Releases[anchor].Name, release.Name):
			anchor = -1
		}
		if !release.Stable {
			if anchor < 0 {
				anchor = r
			}
			continue
		}
		if anchor >= 0 {
			holes[anchor] = d.skipped(d.Releases[anchor], release.Name)
		}
		anchor = r
	}
	return holes
}

// skipped is how many numbers lie between a release and the next that the database has. Of a line that is skipped it is one.
func (d *Database) skipped(before Release, name string) int {
	a, b := keyOf(before.Name), keyOf(name)
	switch {
	case d.nextTo[before.Name] == name:
		return 0
	case !before.Stable: // nothing came before it
		return b.numbers[1] + b.numbers[2]
	case a.numbers == b.numbers:
		return max(b.suffix[0]-a.suffix[0], b.suffix[4]-a.suffix[4]) - 1
	case SameLine(before.Name, name):
		return b.numbers[2] - a.numbers[2] - 1 + b.suffix[0] + b.suffix[4]
	}
	return b.numbers[1] - a.numbers[1] - 1 + b.numbers[2]
}

// hasStable reports whether a line has a release that is not only one before a release.
func (d *Database) hasStable(name string) bool {
	return slices.ContainsFunc(d.Releases, func(other Release) bool { return other.Stable && SameLine(other.Name, name) })
}

// NewestOfLine is the newest release with the first number of another.
func (d *Database) NewestOfLine(r int) int {
	newest := -1
	for i, other := range d.Releases {
		if other.Stable && SameMajor(other.Name, d.Releases[r].Name) {
			newest = i
		}
	}
	return newest
}

// goesOn reports whether a line is the newest of all, or has states of development after its newest release.
func (d *Database) goesOn(r int) bool {
	newest := d.NewestOfLine(r)
	if newest < 0 {
		return false
	}
	last := !slices.ContainsFunc(d.Releases[newest+1:], func(other Release) bool { return other.Stable })
	return last || newest+1 < len(d.Releases) && Development(d.Releases[newest+1].Name)
}

const (
	inDoubt  = 0.002  // probability of a release that the database lacks from which on more files are worth asking for
	strange  = 0.0001 // the same when some content does not fit the leading release
	decided  = 0.99   // and from which on no more are
	openMost = 6      // contents of a file above which more say nothing about how often it changes
)

// OpenQuestion is a file whose content may show that the site runs a release that the database lacks: one of the leading
// release that changed often. It is -1 when that is settled.
func (p *Posterior) OpenQuestion(usable func(File) bool) int {
	probability, _ := p.Unlisted()
	lead := p.Leading()
	if probability < strange || probability > decided || probability < inDoubt && !p.strange(lead) {
		return -1
	}
	best, bestScore := -1, 0
	for i := range p.db.Files {
		f := &p.db.Files[i]
		if f.Class != ClassScript || p.asked[i] || !f.Has.Has(lead) || !usable(*f) {
			continue
		}
		if score := min(f.changes(p.db, lead), openMost); score > bestScore {
			best, bestScore = i, score
		}
	}
	return best
}

// strange reports whether a file has a content that a release has not there.
func (p *Posterior) strange(r int) bool {
	by := p.delivery()
	return slices.ContainsFunc(p.answers, func(a Answer) bool {
		return !a.Missing && !p.db.fits(a, by).Has(r)
	})
}

// lost reports whether a script or picture of a release is missing.
func (p *Posterior) lost(r int) bool {
	return slices.ContainsFunc(p.answers, func(a Answer) bool {
		f := &p.db.Files[a.File]
		return a.Missing && f.Class <= ClassImage && f.Has.Has(r)
	})
}

// changes is how many contents a file has among the releases with the first number of one.
func (f *File) changes(d *Database, r int) int {
	n := 0
	for _, v := range f.Variants {
		if first := v.Releases.First(); SameMajor(d.Releases[first].Name, d.Releases[r].Name) {
			n++
		}
	}
	return n
}
