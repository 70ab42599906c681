package releases

import (
	"math"
	"slices"
)

// preRelease is how likely a shop runs an alpha, beta or release candidate compared with a release.
const preRelease = 1.0 / 400

// Answer is what a site gave for one file.
type Answer struct {
	File    int // in the database
	Missing bool
	Bytes   string // Digest of the body as it came
	Text    string // Digest of the body with line ends made LF
}

// Posterior is the probability of each release after what a site answered. Make it with NewPosterior.
type Posterior struct {
	db      *Database
	answers []Answer
	asked   map[int]bool
	counts  []counts  // by release
	beside  []float64 // log-likelihood by release of what was seen beside files

	// The site changed the line ends of its text files, so the bytes say nothing beyond the text.
	converted bool
}

// NewPosterior starts before any answer: every release is as likely as any other, pre-releases less so.
func NewPosterior(db *Database) *Posterior {
	return &Posterior{db: db, asked: map[int]bool{}, counts: make([]counts, len(db.Releases)), beside: make([]float64, len(db.Releases))}
}

// Observe adds the answer for a file.
func (p *Posterior) Observe(a Answer) {
	p.answers = append(p.answers, a)
	p.asked[a.File] = true
	if set, exact := p.db.fits(a, false); !p.converted && !exact && set.Count() > 0 {
		// The first file that fits by its text only: earlier answers are compared anew, by their text.
		p.converted = true
		p.counts = make([]counts, len(p.db.Releases))
		for _, earlier := range p.answers {
			p.count(earlier)
		}
		return
	}
	p.count(a)
}

func (p *Posterior) count(a Answer) {
	fits := p.Fits(a)
	f := &p.db.Files[a.File]
	for r := range p.counts {
		has, got := compare(f, r, a.Missing, fits)
		p.counts[r].add(f.Class, has, got)
	}
}

// Skip notes that the site's answer for a file says nothing, so that it is not asked for again.
func (p *Posterior) Skip(file int) { p.asked[file] = true }

// Asked reports whether a file was observed or skipped.
func (p *Posterior) Asked(file int) bool { return p.asked[file] }

// Answers are the observed answers, in order.
func (p *Posterior) Answers() []Answer { return p.answers }

// AddLogLikelihood adds what was seen beside files: natural logarithms of likelihoods, by release.
func (p *Posterior) AddLogLikelihood(log []float64) {
	for i := range p.beside {
		p.beside[i] += log[i]
	}
}

// Probabilities are those of the releases, by position; they sum to 1.
func (p *Posterior) Probabilities() []float64 {
	log := make([]float64, len(p.counts))
	for r := range log {
		log[r] = p.beside[r] + p.counts[r].logLikelihood()
		if !p.db.Releases[r].Stable {
			log[r] += math.Log(preRelease)
		}
	}
	return normalise(log)
}

// normalise makes probabilities out of logarithms of likelihoods.
func normalise(log []float64) []float64 {
	top := slices.Max(log)
	prob := make([]float64, len(log))
	sum := 0.0
	for i, l := range log {
		prob[i] = math.Exp(l - top)
		sum += prob[i]
	}
	for i := range prob {
		prob[i] /= sum
	}
	return prob
}

// Leading is the position of the likeliest release, the oldest of several.
func (p *Posterior) Leading() int {
	prob := p.Probabilities()
	best := 0
	for r := range prob {
		if prob[r] > prob[best] {
			best = r
		}
	}
	return best
}

// Fits are the releases that have the content of an answer, the empty set when none has.
func (p *Posterior) Fits(a Answer) Set {
	set, _ := p.db.fits(a, p.converted)
	return set
}

// fits are the releases with the content of an answer. Unless byText is true, a release with the very bytes wins over
// those with the same text and other line ends. exact reports whether some release has the very bytes.
func (d *Database) fits(a Answer, byText bool) (set Set, exact bool) {
	set = newSet(len(d.Releases))
	if a.Missing {
		return set, false
	}
	for _, v := range d.Files[a.File].Variants {
		if v.Bytes == a.Bytes {
			exact = true
			if !byText {
				return v.Releases, true
			}
		}
		if v.Text == a.Text {
			set = set.union(v.Releases)
		}
	}
	return set, exact
}
