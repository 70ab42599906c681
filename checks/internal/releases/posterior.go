package releases

import (
	"math"
	"slices"
)

const (
	// preRelease is how likely a shop runs an alpha, beta or release candidate compared with a release.
	preRelease = 1.0 / 400
	// development is the same for a state of development. Below a candidateRatio-th, so that a shop of a release with the same
	// files is not told as one.
	development = 1.0 / 100
)

// Answer is what a site gave for one file.
type Answer struct {
	Forms
	File    int // in the database
	Missing bool
}

// Posterior is the probability of each release after what a site answered, together with what became of its files on the way
// to it. Make it with NewPosterior.
type Posterior struct {
	db      *Database
	answers []Answer
	asked   map[int]bool
	counts  [deliveries][]counts // by release
	between [deliveries][]counts // by release: for one that the database lacks, between it and the next stable one
	beside  []float64            // log-likelihood by release of what was seen beside files
	odd     [deliveries]int      // contents by delivery in a form that it does not explain
}

// NewPosterior starts before any answer: every release is as likely as any other, pre-releases less so.
func NewPosterior(db *Database) *Posterior {
	p := &Posterior{db: db, asked: map[int]bool{}, beside: make([]float64, len(db.Releases))}
	for d := range p.counts {
		p.counts[d], p.between[d] = make([]counts, len(db.Releases)), make([]counts, len(db.Releases))
	}
	return p
}

// Observe adds the answer for a file.
func (p *Posterior) Observe(a Answer) {
	p.answers = append(p.answers, a)
	p.asked[a.File] = true
	f := &p.db.Files[a.File]
	for d := range deliveries {
		fits := p.db.fits(a, d)
		if fits.Count() == 0 && p.db.anyForm(a).Count() > 0 {
			p.odd[d]++
		}
		for r := range p.counts[d] {
			has, got := compare(f, r, a.Missing, fits)
			p.counts[d][r].add(f.Class, has, got)
			for _, next := range p.db.span[r] {
				if hasToo, too := compare(f, next, a.Missing, fits); got != resultMatch && too == resultMatch {
					has, got = hasToo, too
				}
			}
			p.between[d][r].add(f.Class, has, got)
		}
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
	joint := p.joint()
	prob := make([]float64, len(p.beside))
	for i, x := range joint {
		prob[i%len(prob)] += x
	}
	return prob
}

// joint is the probability of each delivery and release: all releases of the first delivery, then those of the next.
func (p *Posterior) joint() []float64 {
	return normalise(p.logs(&p.counts, &listed, func(r int) float64 { return p.db.prior[r] }))
}

// logs are the logarithms of the likelihood of each delivery and release by what is expected, times a prior.
func (p *Posterior) logs(n *[deliveries][]counts, e *expectation, prior func(r int) float64) []float64 {
	log := make([]float64, 0, int(deliveries)*len(p.beside))
	for d := range deliveries {
		for r := range p.beside {
			log = append(log, p.beside[r]+n[d][r].logLikelihood(e)+math.Log(deliveryPrior[d])+float64(p.odd[d])*math.Log(oddForm)+prior(r))
		}
	}
	return log
}

// delivery is the likeliest one.
func (p *Posterior) delivery() delivery {
	var sums [deliveries]float64
	for i, x := range p.joint() {
		sums[i/len(p.beside)] += x
	}
	best := asReleased
	for d := range deliveries {
		if sums[d] > sums[best] {
			best = d
		}
	}
	return best
}

// logSum is the logarithm of the sum of two numbers, given their logarithms.
func logSum(a, b float64) float64 {
	if math.IsInf(b, -1) {
		return a
	}
	return max(a, b) + math.Log1p(math.Exp(-math.Abs(a-b)))
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

// Fits are the releases that have the content of an answer, the empty set when none has: by what became of the site's files,
// else by the first of bytes, text and code that some release has.
func (p *Posterior) Fits(a Answer) Set {
	for _, fits := range p.fitsByForm(a) {
		if fits.Count() > 0 {
			return fits
		}
	}
	return newSet(len(p.db.Releases))
}

// fitsByForm are the releases with the content of an answer, by the likeliest delivery, by its bytes, its text and its code.
func (p *Posterior) fitsByForm(a Answer) [4]Set {
	return [4]Set{p.db.fits(a, p.delivery()), p.db.fits(a, asReleased), p.db.fits(a, anyEnds), p.db.anyForm(a)}
}

// Exact reports whether some release has the very bytes of an answer.
func (p *Posterior) Exact(a Answer) bool { return p.db.fits(a, asReleased).Count() > 0 }
