package releases

import (
	"slices"
	"strings"
)

// doubt is how much less likely than the likeliest a release may be and still be part of the answer.
const candidateRatio = 50

// Verdict is what is believed: which releases, and how sure.
type Verdict struct {
	Candidates Set
	Confidence float64 // probability that the release is among the candidates
	Fitting    int     // files whose content the candidates have
	Foreign    []int   // files that candidates have, with contents that no release has
	Mixed      []Mixed
	Leftover   []int // files of other releases that no candidate has
}

// near is how much less likely than the likeliest a release may be and still be worth a second look.
const sameVerdictRatio = 5000

// enough is how many files must have been found before one that is not there tells releases apart.
const enough = 10

// Control is a file that all releases near the answer have alike, -1 when there is none or nothing hangs on it. It tells
// nothing about them, but how many files the site lost: an answer that rests on what is not there is worth that much.
func (b *Posterior) Control(usable func(File) bool) int {
	p := b.Probabilities()
	top := slices.Max(p)
	var live []int
	for r, x := range p {
		if x*sameVerdictRatio >= top && b.db.Releases[r].Stable {
			live = append(live, r)
		}
	}
	found := 0
	for _, a := range b.answers {
		if !a.Missing {
			found++
		}
	}
	in := slices.DeleteFunc(slices.Clone(live), func(r int) bool { return p[r]*candidateRatio < top })
	pivot := b.pivot(in)
	if pivot == nil && found < enough {
		pivot = b.pivot(live)
	}
	if pivot == nil {
		return -1
	}
	best, bestScore := -1, -1
	for i := range b.db.Files {
		f := &b.db.Files[i]
		if f.Class > ClassImage || !f.Has.Has(live[0]) || b.asked[i] || splits(f, live) || !usable(*f) {
			continue
		}
		if score := common(f.Path, pivot.Path); score > bestScore {
			best, bestScore = i, score
		}
	}
	return best
}

// pivot is a file which is not there, which some of the releases have and others lack; nil when there is none.
func (b *Posterior) pivot(releases []int) *File {
	for _, a := range b.answers {
		f := &b.db.Files[a.File]
		if a.Missing && f.Class <= ClassImage && slices.ContainsFunc(releases, f.Has.Has) && !all(releases, f.Has) {
			return f
		}
	}
	return nil
}

// common is how many folders two paths share: files are lost by the folder.
func common(a, b string) int {
	n := 0
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			break
		}
		if a[i] == '/' {
			n++
		}
	}
	return n
}

func all(list []int, s Set) bool {
	return !slices.ContainsFunc(list, func(r int) bool { return !s.Has(r) })
}

// Mixed is a file that all candidates have with another content: that of other releases.
type Mixed struct {
	File     int
	Releases Set
}

// Verdict is what the answers so far come to.
func (b *Posterior) Verdict() Verdict {
	p := b.Probabilities()
	top := slices.Max(p)
	v := Verdict{Candidates: newSet(len(p))}
	for r, x := range p {
		if x*candidateRatio >= top {
			v.Candidates.add(r)
			v.Confidence += x
		}
	}
	for _, a := range b.answers {
		if a.Missing {
			continue
		}
		f, fits := &b.db.Files[a.File], b.Fits(a)
		switch {
		case fits.Count() == 0:
			if f.Has.meets(v.Candidates) {
				v.Foreign = append(v.Foreign, a.File)
			}
		case fits.meets(v.Candidates):
			v.Fitting++
		case f.Has.meets(v.Candidates):
			v.Mixed = append(v.Mixed, Mixed{a.File, fits})
		default:
			v.Leftover = append(v.Leftover, a.File)
		}
	}
	return v
}

func (s Set) meets(other Set) bool {
	for i := range min(len(s), len(other)) {
		if s[i]&other[i] != 0 {
			return true
		}
	}
	return false
}

// Range is the releases of a set for people: "2.13.4", "4.0.6-p2 to 4.0.6-p4", "3.0.0, 3.0.2 to 3.0.4". Releases that
// came before one are not counted as gaps.
func (d *Database) Range(s Set) string {
	var out []string
	first, last := "", ""
	flush := func() {
		switch first {
		case "":
		case last:
			out = append(out, first)
		default:
			out = append(out, first+" to "+last)
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
