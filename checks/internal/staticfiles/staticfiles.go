// Package staticfiles tells which releases of a product a site can be running by the contents of a few static files, for
// checks that know where these are.
package staticfiles

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"sotomi/checks/internal/releases"
	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// Asked is how many static files are asked for to tell the release.
const Asked = 5

// Verdict is what static files come to.
type Verdict struct {
	Candidates []string // releases, oldest first; none when no file has the content of one
	Range      string   // the candidates for people
	Foreign    int      // files that are there and that no release has: the release may be one that the data lack
	Evidence   []evidence.Evidence
}

// Ask tells the release by the contents of a few static files below base. Files that fit no release or are not there take no
// release away: sites remove them, and their own software changes them. An error is that of a request after which no other
// is sent.
func Ask(ctx context.Context, p *scanner.Probe, db *releases.Database, base *url.URL) (Verdict, error) {
	posterior := releases.NewPosterior(db)
	var v Verdict
	fitting := 0
	var missing []int
	for range Asked {
		file := Next(db, posterior, missing)
		if file < 0 {
			break
		}
		posterior.Skip(file)
		name := db.Files[file].Path
		ex, err := p.Do(ctx, &web.Request{URL: base.ResolveReference(&url.URL{Path: name})})
		switch {
		case Unanswered(err):
			continue
		case err != nil:
			return v, err
		case ex.Status == http.StatusNotFound:
			missing = append(missing, file)
			continue
		case ex.Status != http.StatusOK || ex.Truncated:
			continue
		}
		answer := releases.Answer{File: file, Forms: releases.FormsOf(name, ex.Body)}
		fits := posterior.Fits(answer)
		if fits.Count() == 0 {
			if _, err := web.ParsePage(ex); err != nil { // not a page in its place
				v.Foreign++
			}
			continue
		}
		posterior.Observe(answer)
		fitting++
		v.Evidence = append(v.Evidence, evidence.New(ex, message.New("%s has the content of %s (SHA-256 %s…)", name, db.Range(fits), answer.Bytes)))
	}
	if fitting > 0 {
		candidates := posterior.Verdict().Candidates
		v.Candidates, v.Range = db.Names(candidates), db.Range(candidates)
	}
	return v, nil
}

// Unanswered reports whether one request alone went wrong, so that another may do better.
func Unanswered(err error) bool {
	var refused *web.Error
	return errors.As(err, &refused) && refused.Kind != web.KindCanceled && refused.Kind != web.KindThrottled
}

// Next is the file that leaves the fewest of the candidates together, -1 when none tells them apart. missing are the files
// that were asked for and not there: releases that have none of them come first, where there are any.
func Next(db *releases.Database, posterior *releases.Posterior, missing []int) int {
	all := posterior.Verdict().Candidates
	candidates := map[int]bool{}
	for r := range db.Releases {
		if all.Has(r) && !slices.ContainsFunc(missing, func(file int) bool { return db.Files[file].Has.Has(r) }) {
			candidates[r] = true
		}
	}
	if len(candidates) == 0 && len(missing) > 0 {
		return Next(db, posterior, nil)
	}
	best, fewest := -1, len(candidates)
	for i := range db.Files {
		if posterior.Asked(i) {
			continue
		}
		left, largest := len(candidates), 0 // those that lack the file, and the most with one content
		for _, v := range db.Files[i].Variants {
			n := 0
			for r := range candidates {
				if v.Releases.Has(r) {
					n++
				}
			}
			left -= n
			largest = max(largest, n)
		}
		if largest = max(largest, left); largest < fewest {
			best, fewest = i, largest
		}
	}
	if best < 0 && len(missing) > 0 {
		return Next(db, posterior, nil)
	}
	return best
}
