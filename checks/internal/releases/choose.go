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
	live, prob := p.states()
	table := tableOf(len(prob))
	releases := make([]int, 0, len(live))
	for r, x := range prob {
		if x > negligible {
			releases = append(releases, r)
		}
	}
	best, bestScore := Choice{File: -1}, 0.0
	for i := range p.db.Files {
		f := &p.db.Files[i]
		if p.asked[i] || !usable(*f) || !f.tells(live) {
			continue
		}
		gain := table.gain(f, prob, live)
		if gain < MinimumGain {
			continue
		}
		score := gain
		if !f.Has.hasAll(releases) {
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

// tells reports whether two releases are expected to answer differently, be it only because of what became of their files.
func (f *File) tells(live []state) bool {
	first := f.own(live[0].release, live[0].delivery)
	return slices.ContainsFunc(live, func(s state) bool {
		return s.release != live[0].release && f.own(s.release, s.delivery) != first
	})
}

// splits reports whether the file differs between the releases of a list: two contents, or there and missing.
func (f *File) splits(list []int) bool {
	return slices.ContainsFunc(list, func(r int) bool { return f.variantOf[r] != f.variantOf[list[0]] })
}

// state is one release and one delivery that are together worth a thought.
type state struct {
	release  int
	delivery delivery
	prob     float64
	chance   [classes][2][results]float64 // of each result, by class and whether the release has the file
}

// states are the states that are worth a thought, and the probabilities of all releases.
func (p *Posterior) states() ([]state, []float64) {
	var live []state
	prob := make([]float64, len(p.beside))
	for i, x := range p.joint() {
		d, r := delivery(i/len(prob)), i%len(prob)
		prob[r] += x
		if x <= negligible {
			continue
		}
		s := state{release: r, delivery: d, prob: x}
		for c := range classes {
			for got := range results {
				s.chance[c][0][got], s.chance[c][1][got] = p.counts[d][r].chance(c, false, got), p.counts[d][r].chance(c, true, got)
			}
		}
		live = append(live, s)
	}
	return live, prob
}

// table holds the probability of each answer together with each release, one answer a column. It is made once and used for
// one file after the other.
type table struct {
	columns [][]float64 // by release
	used    []bool
}

func tableOf(releases int) *table {
	return &table{columns: [][]float64{make([]float64, releases)}, used: []bool{false}}
}

func (t *table) add(column, release int, q float64) {
	for column >= len(t.columns) {
		t.columns = append(t.columns, make([]float64, len(t.columns[0])))
		t.used = append(t.used, false)
	}
	t.columns[column][release] += q
	t.used[column] = true
}

// gain is the expected loss of entropy in bits: of the releases, whatever became of the files on their way.
func (t *table) gain(f *File, prob []float64, live []state) float64 {
	missing, foreign := 3*len(f.Variants), 3*len(f.Variants)+1 // behind the columns of contents
	n := float64(len(f.Variants))
	for i := range live {
		s := &live[i]
		has, own := f.variantOf[s.release] >= 0, f.own(s.release, s.delivery)
		chance := &s.chance[f.Class][0]
		if has {
			chance = &s.chance[f.Class][1]
			t.add(own, s.release, s.prob*chance[resultMatch])
			t.add(missing, s.release, s.prob*chance[resultMissing])
		} else {
			t.add(missing, s.release, s.prob*chance[resultMatch])
		}
		for j := range f.Variants {
			column := f.columns[s.delivery][j]
			switch {
			case column == own:
			case f.first[j] < s.release:
				t.add(column, s.release, s.prob*chance[resultOlder]/n)
			default:
				t.add(column, s.release, s.prob*chance[resultNewer]/n)
			}
		}
		t.add(foreign, s.release, s.prob*chance[resultForeign])
	}
	return max(0, entropy(prob)-t.clear())
}

// clear empties the table and returns what entropy its columns had together.
func (t *table) clear() float64 {
	sum := 0.0
	for i, used := range t.used {
		if used {
			sum += entropy(t.columns[i])
			clear(t.columns[i])
			t.used[i] = false
		}
	}
	return sum
}

// own is the column of a release's own content, -1 when it does not have the file.
func (f *File) own(r int, by delivery) int {
	if i := f.variantOf[r]; i >= 0 {
		return f.columns[by][i]
	}
	return -1
}

// entropy is that of weights in bits, times their sum.
func entropy(weights []float64) float64 {
	sum, plogp := 0.0, 0.0
	for _, q := range weights {
		if q > 0 {
			sum += q
			plogp += q * math.Log2(q)
		}
	}
	if sum == 0 {
		return 0
	}
	return sum*math.Log2(sum) - plogp
}
