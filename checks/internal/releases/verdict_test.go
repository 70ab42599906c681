package releases

import (
	"math"
	"strings"
	"testing"
)

// A release is a candidate down to a fiftieth of the likeliest: a shop must not be called safe on odds of 20 to 1.
func TestCandidates(t *testing.T) {
	db := parse(t, "1.0 1.1", "html/a.js x 1.0..1.1")
	for ratio, want := range map[float64]string{1: "1.0 1.1", 20: "1.0 1.1", 49: "1.0 1.1", 51: "1.1", 1000: "1.1"} {
		p := NewPosterior(db)
		p.AddLogLikelihood([]float64{0, math.Log(ratio)})
		if got := candidates(p); got != want {
			t.Errorf("odds of %v: candidates %s, want %s", ratio, got, want)
		}
		confidence := 1.0
		if !strings.Contains(want, "1.0") {
			confidence = ratio / (ratio + 1)
		}
		if got := p.Verdict().Confidence; math.Abs(got-confidence) > 1e-6 {
			t.Errorf("odds of %v: confidence %v, want %v", ratio, got, confidence)
		}
	}
}

// Each file that was there is one of four: as a candidate has it, as other releases have it, as none has it, or one that
// candidates do not have at all. The last says nothing when it fits no release.
func TestFilesOfAVerdict(t *testing.T) {
	db := parse(
		t, "1.0 1.1 1.2", "html/a.js x 1.0, y 1.1, z 1.2", "html/b.js x 1.0, y 1.1, z 1.2", "html/c.js x 1.0, y 1.1, z 1.2", "html/d.js x 1.0, y 1.1, z 1.2",
		"html/e.js x 1.0..1.1", "html/f.js x 1.0..1.1", "html/g.js x 1.0..1.2", "html/h.js x 1.0, y 1.1, z 1.2",
		"html/i.js x 1.0, y 1.1, z 1.2", "html/j.js x 1.0, y 1.1, z 1.2",
		"html/k.js x 1.0, y 1.1, z 1.2", "html/l.js x 1.0, y 1.1, z 1.2",
	)
	p := NewPosterior(db)
	for _, path := range []string{"html/a.js", "html/b.js", "html/h.js", "html/i.js", "html/j.js", "html/k.js", "html/l.js"} {
		observe(t, p, path, "z") // fits
	}
	observe(t, p, "html/c.js", "x")      // of an older release
	observe(t, p, "html/d.js", "edited") // of no release
	observe(t, p, "html/e.js", "x")      // left over
	observe(t, p, "html/f.js", "edited") // of no release, and candidates lack the file
	observe(t, p, "html/g.js", "")       // missing
	v := p.Verdict()
	if got := candidates(p); got != "1.2" || len(v.Fitting) != 7 {
		t.Errorf("candidates %s with %d files", got, len(v.Fitting))
	}
	if len(v.Mixed) != 1 || db.Files[v.Mixed[0].File].Path != "html/c.js" || db.Range(v.Mixed[0].Releases) != "1.0" {
		t.Errorf("mixed %v", v.Mixed)
	}
	if len(v.Foreign) != 1 || db.Files[v.Foreign[0]].Path != "html/d.js" {
		t.Errorf("foreign %v", v.Foreign)
	}
	if len(v.Leftover) != 1 || db.Files[v.Leftover[0]].Path != "html/e.js" {
		t.Errorf("leftover %v", v.Leftover)
	}
}

// Ranges run over pre-releases that are not in the set, and over nothing else.
func TestRange(t *testing.T) {
	db := parse(t, "1.0 1.1b 1.1 1.2 1.3b 1.3", "html/a.js x 1.0")
	for releases, want := range map[string]string{
		"":                          "",
		"1.1":                       "1.1",
		"1.0 1.1":                   "1.0 – 1.1",
		"1.0 1.1b 1.1 1.2 1.3b":     "1.0 – 1.3b",
		"1.0 1.2":                   "1.0, 1.2",
		"1.0 1.1 1.3":               "1.0 – 1.1, 1.3",
		"1.1b":                      "1.1b",
		"1.0 1.1b 1.1 1.2 1.3b 1.3": "1.0 – 1.3",
	} {
		set := newSet(len(db.Releases))
		for name := range strings.FieldsSeq(releases) {
			i, ok := db.Position(name)
			if !ok {
				t.Fatal(name)
			}
			set.add(i)
		}
		if got := db.Range(set); got != want {
			t.Errorf("%q: %q, want %q", releases, got, want)
		}
	}
}
