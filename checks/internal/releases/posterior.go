package releases

import (
	"math"
	"slices"
)

// Class is a kind of files that fare alike in a shop.
type Class int

// The classes.
const (
	ClassScript    Class = iota // scripts, style sheets and other text
	ClassImage                  // images, fonts
	ClassInstaller              // mostly deleted after installation
	ClassManifest               // beside the public folder, mostly not to be had
	classes
)

// Outcome is how what a site gave for a file compares with one release.
type Outcome int

const (
	outcomeMatch   Outcome = iota // the content of the release; or missing when the release lacks it
	outcomeMissing                // not there though the release has it
	outcomeForeign                // a content that no release has
	outcomeOlder                  // the content of other releases only, the newest of them older than this one
	outcomeNewer                  // the same, but newer
	outcomes
)

// What is expected before anything was seen: so many files of each outcome. What a site answers is added to these, so
// that one that lost half of its files is soon known as one that loses files.
//
// Of files that a release has, loss says how many are there and how many are not; scripts and images are lost alike, so
// they share one line. content says what those that are there look like. Of files that it lacks, strange says how many
// are not there, which is a match, and how many are there all the same.
var (
	loss    = [classes][2]float64{ClassScript: {10, 0.4}, ClassInstaller: {0.9, 5}, ClassManifest: {0.9, 5}}
	content = [classes][outcomes]float64{
		ClassScript:    {outcomeMatch: 9, outcomeForeign: 0.8, outcomeOlder: 0.04, outcomeNewer: 0.01},
		ClassImage:     {outcomeMatch: 9, outcomeForeign: 0.4, outcomeOlder: 0.04, outcomeNewer: 0.01},
		ClassInstaller: {outcomeMatch: 1.6, outcomeForeign: 0.1, outcomeOlder: 0.04, outcomeNewer: 0.01},
		ClassManifest:  {outcomeMatch: 1.2, outcomeForeign: 0.4, outcomeOlder: 0.04, outcomeNewer: 0.01},
	}
	strange = [classes][outcomes]float64{
		ClassScript:    {outcomeMatch: 9, outcomeForeign: 0.2, outcomeOlder: 0.15, outcomeNewer: 0.01},
		ClassImage:     {outcomeMatch: 9, outcomeForeign: 0.2, outcomeOlder: 0.15, outcomeNewer: 0.01},
		ClassInstaller: {outcomeMatch: 9, outcomeForeign: 0.1, outcomeOlder: 0.1, outcomeNewer: 0.01},
		ClassManifest:  {outcomeMatch: 9, outcomeForeign: 0.5, outcomeOlder: 0.1, outcomeNewer: 0.01},
	}
)

// lossClass is the class whose line of loss a class shares.
func lossClass(c Class) Class {
	if c == ClassImage {
		return ClassScript
	}
	return c
}

// An Answer is what a site gave for one file.
type Answer struct {
	File    int
	Missing bool
	Bytes   string // Digest of the body as it came
	Text    string // Digest of the body with line ends made LF
}

// fits are the releases that have this content, the empty set when none has. Unless text is true, the very bytes win
// over the same text with other line ends.
func (d *Database) fits(a Answer, text bool) (set Set, exact bool) {
	set = newSet(len(d.Releases))
	if a.Missing {
		return set, false
	}
	for _, v := range d.Files[a.File].Variants {
		if v.Bytes == a.Bytes {
			exact = true
			if !text {
				return v.Releases, true
			}
		}
		if v.Text == a.Text {
			set = set.unite(v.Releases)
		}
	}
	return set, exact
}

// Fits are the releases that have the content of an answer, the empty set when none has.
func (b *Posterior) Fits(a Answer) Set {
	set, _ := b.db.fits(a, b.converted)
	return set
}

// counts is how often each outcome was seen by one release.
type counts struct {
	loss    [classes][2]int // there, not there
	content [classes][outcomes]int
	strange [classes][outcomes]int
}

// add counts an outcome for a file that the release has or lacks.
func (n *counts) add(c Class, has bool, o Outcome) {
	switch {
	case !has:
		n.strange[c][o]++
	case o == outcomeMissing:
		n.loss[lossClass(c)][1]++
	default:
		n.loss[lossClass(c)][0]++
		n.content[c][o]++
	}
}

// log is the logarithm of the likelihood of the counts.
func (n *counts) log() float64 {
	sum := 0.0
	for c := range classes {
		sum += evidence(loss[c][:], n.loss[c][:]) + evidence(content[c][:], n.content[c][:]) + evidence(strange[c][:], n.strange[c][:])
	}
	return sum
}

// chance is the likelihood of outcome o for the next file of class c that the release has or lacks.
func (n *counts) chance(c Class, has bool, o Outcome) float64 {
	if !has {
		return share(strange[c][:], n.strange[c][:], int(o))
	}
	l := lossClass(c)
	if o == outcomeMissing {
		return share(loss[l][:], n.loss[l][:], 1)
	}
	return share(loss[l][:], n.loss[l][:], 0) * share(content[c][:], n.content[c][:], int(o))
}

func share(expect []float64, n []int, at int) float64 {
	total := 0.0
	for i := range expect {
		total += expect[i] + float64(n[i])
	}
	return (expect[at] + float64(n[at])) / total
}

// Belief weighs releases by answers. The zero value is not useful; make it with NewBelief.
type Posterior struct {
	db      *Database
	answers []Answer
	asked   map[int]bool
	tallies []counts  // by release
	extra   []float64 // log likelihood by release of what was seen beside files

	converted bool // line ends were changed on the way to the site, so that bytes tell nothing beyond the text
}

// preRelease is how much less likely a shop runs what came before a release.
const preRelease = 1.0 / 400

// NewBelief knows nothing yet.
func NewPosterior(db *Database) *Posterior {
	return &Posterior{db: db, asked: map[int]bool{}, tallies: make([]counts, len(db.Releases)), extra: make([]float64, len(db.Releases))}
}

// Answers are what was learned from files, in order.
func (b *Posterior) Answers() []Answer { return b.answers }

// Learn takes in an answer.
func (b *Posterior) Observe(a Answer) {
	b.answers = append(b.answers, a)
	b.asked[a.File] = true
	if set, exact := b.db.fits(a, false); !b.converted && !exact && set.Count() > 0 {
		b.converted = true
		b.tallies = make([]counts, len(b.db.Releases))
		for _, earlier := range b.answers {
			b.count(earlier)
		}
		return
	}
	b.count(a)
}

func (b *Posterior) count(a Answer) {
	fits := b.Fits(a)
	f := &b.db.Files[a.File]
	for r := range b.tallies {
		has, o := outcome(f, r, a.Missing, fits)
		b.tallies[r].add(f.Class, has, o)
	}
}

// Skip notes that a file cannot be had, with nothing learned.
func (b *Posterior) Skip(file int) { b.asked[file] = true }

// outcome is how an answer looks to release r, which has the file or lacks it.
func outcome(f *File, r int, missing bool, fits Set) (has bool, o Outcome) {
	has = f.Has.Has(r)
	switch {
	case missing && has:
		return has, outcomeMissing
	case missing, fits.Has(r):
		return has, outcomeMatch
	case fits.Count() == 0:
		return has, outcomeForeign
	case fits.Last() < r || fits.First() < r:
		return has, outcomeOlder
	}
	return has, outcomeNewer
}

// Weigh adds what was seen beside files: logarithms of likelihoods by release.
func (b *Posterior) AddLogLikelihood(log []float64) {
	for i := range b.extra {
		b.extra[i] += log[i]
	}
}

// Probabilities are those of the releases; they sum to 1.
func (b *Posterior) Probabilities() []float64 {
	log := make([]float64, len(b.tallies))
	for r := range log {
		log[r] = b.extra[r]
		if !b.db.Releases[r].Stable {
			log[r] += math.Log(preRelease)
		}
		log[r] += b.tallies[r].log()
	}
	return normalise(log)
}

func normalise(log []float64) []float64 {
	top := slices.Max(log)
	p := make([]float64, len(log))
	sum := 0.0
	for i, l := range log {
		p[i] = math.Exp(l - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// evidence is the logarithm of the likelihood of the counts, whatever the unknown rates of the site are (a Dirichlet
// prior with the expectation as its parameters).
func evidence(expect []float64, n []int) float64 {
	total, all, log := 0.0, 0, 0.0
	for o := range expect {
		total += expect[o]
		all += n[o]
		if n[o] > 0 && expect[o] > 0 {
			log += lgamma(expect[o]+float64(n[o])) - lgamma(expect[o])
		}
	}
	if all == 0 {
		return 0
	}
	return log + lgamma(total) - lgamma(total+float64(all))
}

func lgamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

// ClassOf sorts a path.
func ClassOf(path string) Class {
	switch {
	case isManifest(path):
		return ClassManifest
	case isInstaller(path):
		return ClassInstaller
	case isImage(path):
		return ClassImage
	}
	return ClassScript
}

// Asked reports whether a file was learned or skipped.
func (b *Posterior) Asked(file int) bool { return b.asked[file] }

// Leading is the position of the likeliest release.
func (b *Posterior) Leading() int {
	p := b.Probabilities()
	best := 0
	for r := range p {
		if p[r] > p[best] {
			best = r
		}
	}
	return best
}
