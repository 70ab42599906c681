package releases

import "slices"

const (
	// rivalRatio is how many times less likely than the likeliest release another may be and still be worth ruling out.
	rivalRatio = 5000
	// enoughFound is how many files must have been found before a missing one is trusted to rule out a rival.
	enoughFound = 10
)

// Control is a file that all rivals have alike, -1 when no more is needed. Whether it is there tells nothing about the
// release, but how many files the site lost. That matters when the verdict rests on a missing file: the site may have
// lost it, whichever release it runs.
func (p *Posterior) Control(usable func(File) bool) int {
	prob := p.Probabilities()
	top := slices.Max(prob)
	var rivals, candidates []int
	for r, x := range prob {
		if x*rivalRatio >= top && p.db.Releases[r].Stable {
			rivals = append(rivals, r)
			if x*candidateRatio >= top {
				candidates = append(candidates, r)
			}
		}
	}
	pivot := p.pivot(candidates)
	if pivot == nil && p.found() < enoughFound {
		pivot = p.pivot(rivals)
	}
	if pivot == nil {
		return -1
	}
	best, bestScore := -1, -1
	for i := range p.db.Files {
		f := &p.db.Files[i]
		if f.Class > ClassImage || !f.Has.Has(rivals[0]) || p.asked[i] || f.splits(rivals) || !usable(*f) {
			continue
		}
		if score := sharedFolders(f.Path, pivot.Path); score > bestScore {
			best, bestScore = i, score
		}
	}
	return best
}

// found is how many files were there.
func (p *Posterior) found() int {
	n := 0
	for _, a := range p.answers {
		if !a.Missing {
			n++
		}
	}
	return n
}

// pivot is a missing file that some of the releases have and others lack; nil when there is none.
func (p *Posterior) pivot(list []int) *File {
	for _, a := range p.answers {
		f := &p.db.Files[a.File]
		if a.Missing && f.Class <= ClassImage && f.Has.hasAny(list) && !f.Has.hasAll(list) {
			return f
		}
	}
	return nil
}

// sharedFolders is how many folders two paths have in common from the start: files get lost by the folder.
func sharedFolders(a, b string) int {
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
