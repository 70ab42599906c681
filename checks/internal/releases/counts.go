package releases

import "math"

// result is how a site's answer for one file compares with one release.
type result int

const (
	resultMatch   result = iota // the content of the release; or missing, and the release lacks the file
	resultMissing               // missing, and the release has the file
	resultForeign               // a content that no release has
	resultOlder                 // a content of other releases only, one of them older than this one
	resultNewer                 // a content of newer releases only
	results
)

// compare is the result of an answer for release r, and whether r has the file. fits are the releases with the content
// of the answer.
func compare(f *File, r int, missing bool, fits Set) (has bool, got result) {
	has = f.Has.Has(r)
	switch {
	case missing && has:
		return has, resultMissing
	case missing, fits.Has(r):
		return has, resultMatch
	case fits.Count() == 0:
		return has, resultForeign
	case fits.First() < r:
		return has, resultOlder
	}
	return has, resultNewer
}

// What is expected before anything was seen, as pseudo-counts of a Dirichlet prior. What a site answers is added to
// them, so a site that lost half of its files is soon known as one that loses files.
//
// presence: of the files that the release has, how many are there and how many are missing. Scripts and images get lost
// together, so they share one line. content: what the files that are there hold. unexpected: files that the release
// lacks; missing is then a match.
type expectation struct {
	presence   [classes][2]float64
	content    [classes][results]float64
	unexpected [classes][results]float64
}

// listed is what is expected of a site with a release of the database.
var listed = expectation{
	presence: [classes][2]float64{ClassScript: {10, 0.4}, ClassInstaller: {0.9, 5}, ClassManifest: {0.9, 5}},
	content: [classes][results]float64{
		ClassScript:    {resultMatch: 9, resultForeign: 0.8, resultOlder: 0.04, resultNewer: 0.01},
		ClassImage:     {resultMatch: 9, resultForeign: 0.4, resultOlder: 0.04, resultNewer: 0.01},
		ClassInstaller: {resultMatch: 1.6, resultForeign: 0.1, resultOlder: 0.04, resultNewer: 0.01},
		ClassManifest:  {resultMatch: 1.2, resultForeign: 0.4, resultOlder: 0.04, resultNewer: 0.01},
	},
	unexpected: [classes][results]float64{
		ClassScript:    {resultMatch: 9, resultForeign: 0.2, resultOlder: 0.15, resultNewer: 0.01},
		ClassImage:     {resultMatch: 9, resultForeign: 0.2, resultOlder: 0.15, resultNewer: 0.01},
		ClassInstaller: {resultMatch: 9, resultForeign: 0.1, resultOlder: 0.1, resultNewer: 0.01},
		ClassManifest:  {resultMatch: 9, resultForeign: 0.5, resultOlder: 0.1, resultNewer: 0.01},
	},
}

// presenceClass is the class whose line of presence a class shares.
func presenceClass(c Class) Class {
	if c == ClassImage {
		return ClassScript
	}
	return c
}

// counts is how often each result was seen for one release.
type counts struct {
	presence   [classes][2]int // there, missing
	content    [classes][results]int
	unexpected [classes][results]int
}

// add counts a result for a file that the release has or lacks.
func (n *counts) add(c Class, has bool, got result) {
	switch {
	case !has:
		n.unexpected[c][got]++
	case got == resultMissing:
		n.presence[presenceClass(c)][1]++
	default:
		n.presence[presenceClass(c)][0]++
		n.content[c][got]++
	}
}

// logLikelihood is the natural logarithm of the likelihood of the counts.
func (n *counts) logLikelihood(e *expectation) float64 {
	sum := 0.0
	for c := range classes {
		sum += logEvidence(e.presence[c][:], n.presence[c][:]) + logEvidence(e.content[c][:], n.content[c][:]) +
			logEvidence(e.unexpected[c][:], n.unexpected[c][:])
	}
	return sum
}

// chance is the probability of a result for the next file of class c that the release has or lacks.
func (n *counts) chance(c Class, has bool, got result) float64 {
	if !has {
		return share(listed.unexpected[c][:], n.unexpected[c][:], int(got))
	}
	l := presenceClass(c)
	if got == resultMissing {
		return share(listed.presence[l][:], n.presence[l][:], 1)
	}
	return share(listed.presence[l][:], n.presence[l][:], 0) * share(listed.content[c][:], n.content[c][:], int(got))
}

func share(expect []float64, n []int, at int) float64 {
	total := 0.0
	for i := range expect {
		total += expect[i] + float64(n[i])
	}
	return (expect[at] + float64(n[at])) / total
}

// logEvidence is the logarithm of the likelihood of counts whatever the site's true rates are: the Dirichlet-multinomial
// with the expectation as its parameters.
func logEvidence(expect []float64, n []int) float64 {
	total, all, log := 0.0, 0, 0.0
	for i := range expect {
		total += expect[i]
		all += n[i]
		if n[i] > 0 && expect[i] > 0 {
			log += lgamma(expect[i]+float64(n[i])) - lgamma(expect[i])
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
