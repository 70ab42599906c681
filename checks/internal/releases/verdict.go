package releases

import (
	"slices"
	"strings"
)

// candidateRatio is how many times less likely than the likeliest release another may be and still be a candidate.
const candidateRatio = 50

// lacking is the probability from which on a release that the database lacks is told as one, rather than its candidates.
const lacking = 0.75

// Verdict is what the answers come to: the releases that the site can be running, and what does not fit them.
type Verdict struct {
	Candidates Set
	Confidence float64 // probability that the release is among the candidates, if the database has it
	Unlisted   float64 // probability that the site runs a release that the database lacks
	Published  bool    // a candidate is more than a release before a release or a state of development
	Strange    bool    // some content does not fit the likeliest release
	Untouched  bool    // some script or style sheet that a server can rewrite is as a release has it
	Newer      bool    // that release would be the next of a line that goes on
	After      int     // the likeliest release before such a one
	Fitting    []int   // files whose content a candidate has, line ends, comments and white space aside
	Foreign    []int   // files that candidates have, with a content that no release has
	Mixed      []Mixed // files that candidates have, with the content of other releases
	Leftover   []int   // files that no candidate has, with the content of other releases
}

// Doubtful reports whether the release may be one that the database lacks: some content that does not fit says so.
func (v Verdict) Doubtful() bool {
	return v.Unlisted*candidateRatio >= 1-v.Unlisted && v.Strange
}

// Lacking reports whether the release is rather one that the database lacks than one of the candidates. Where no script and no
// style sheet is as any release has it, it is the server that changes them.
// And of a line that goes on no more all releases are known: such a site is rather a changed one.
func (v Verdict) Lacking() bool {
	return v.Doubtful() && v.Untouched && v.Newer && v.Unlisted > lacking
}

// unlikely is the probability up to which a release that the database lacks is no reason to keep quiet about changed files.
const unlikely = 0.1

// Likely reports whether the release is rather one of the candidates, whatever content does not fit them.
func (v Verdict) Likely() bool {
	return !v.Doubtful() || v.Published && v.Unlisted <= unlikely
}

// Mixed is a file with the content of releases that are no candidates.
type Mixed struct {
	File     int // in the database
	Releases Set // that have this content
}

// Verdict is what the answers so far come to.
func (p *Posterior) Verdict() Verdict {
	prob := p.Probabilities()
	top := slices.Max(prob)
	v := Verdict{Candidates: newSet(len(prob))}
	for r, x := range prob {
		if x*candidateRatio >= top {
			v.Candidates.add(r)
			v.Confidence += x
			v.Published = v.Published || p.db.Releases[r].Stable
		}
	}
	v.Unlisted, v.After = p.Unlisted()
	v.Newer = p.db.Open(v.After)
	v.Strange = p.strange(p.Leading()) || p.db.hole[v.After] > 0 && p.lost(p.Leading())
	v.Untouched = slices.ContainsFunc(p.answers, func(a Answer) bool {
		return !a.Missing && a.Loose && p.db.Files[a.File].Class == ClassScript && p.Fits(a).Count() > 0
	})
	for _, a := range p.answers {
		if a.Missing {
			continue
		}
		f, fits := &p.db.Files[a.File], p.Fits(a)
		switch {
		case p.fitsAny(a, v.Candidates):
			v.Fitting = append(v.Fitting, a.File)
		case fits.Count() == 0:
			if f.Has.Intersects(v.Candidates) {
				v.Foreign = append(v.Foreign, a.File)
			}
		case f.Has.Intersects(v.Candidates):
			v.Mixed = append(v.Mixed, Mixed{a.File, fits})
		default:
			v.Leftover = append(v.Leftover, a.File)
		}
	}
	return v
}

// fitsAny reports whether one of some releases has the content of an answer in any form.
func (p *Posterior) fitsAny(a Answer, some Set) bool {
	for _, fits := range p.fitsByForm(a) {
		if fits.Intersects(some) {
			return true
		}
	}
	return false
}

// Range is the releases of a set for people: "2.13.4", "4.0.6-p2 – 4.0.6-p4", "3.0.0, 3.0.2 – 3.0.4". Pre-releases
// that are not in the set leave no gap.
func (d *Database) Range(s Set) string {
	var out []string
	first, last := "", ""
	flush := func() {
		switch first {
		case "":
		case last:
			out = append(out, first)
		default:
			out = append(out, first+" – "+last)
		}
		first, last = "", ""
	}
	for i, r := range d.Releases {
		switch {
		case s.Has(i) && first == "":
			first, last = r.Name, r.Name
		case s.Has(i):
			last = r.Name
		case r.Stable:
			flush()
		}
	}
	flush()
	return strings.Join(out, ", ")
}
