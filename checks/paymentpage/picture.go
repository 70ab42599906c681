package paymentpage

import (
	"context"
	"encoding/json"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
)

// maxPictured is how many findings on a page have its pictures.
const maxPictured = 3

// pictured puts pictures of the page into hits of a mode, and remembers the one of a page on which that mode found nothing wrong. What
// the page looks like now alone, the inventory shows.
func (c inventory) pictured(ctx context.Context, p *scanner.Probe, s *seenPage, hits []scanner.Hit) error {
	earlier, _, err := p.Recall(ctx)
	if err != nil {
		return err
	}
	wrong := len(hits) > 0
	if c.params.Mode == "inventory" {
		wrong = len(s.deviations) > 0 || len(s.suspicions) > 0
	}
	shown := &evidence.Pictures{After: s.picture}
	if wrong {
		shown.Before = readPicture(earlier[s.page.URL])
	}
	for i := range hits {
		if i < maxPictured && (shown.Before != nil || shown.After != nil && c.params.Mode == "inventory") {
			hits[i].Pictures = shown
		}
	}
	if wrong || s.picture == nil {
		return nil
	}
	text, err := json.Marshal(s.picture)
	if err == nil {
		p.Remember(s.page.URL, text)
	}
	return err
}

// readPicture reads what was remembered; nil when that cannot be read.
func readPicture(text json.RawMessage) *evidence.Picture {
	p := new(evidence.Picture)
	if len(text) == 0 || json.Unmarshal(text, p) != nil {
		return nil
	}
	return p.Sound()
}
