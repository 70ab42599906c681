package releases

import (
	"math"
	"testing"
)

func next(p *Posterior, usable func(File) bool, bonus func(File) float64) string {
	c := p.Next(usable, bonus)
	if c.File < 0 {
		return "none"
	}
	return p.db.Files[c.File].Path
}

// The file that divides the releases best comes first; one that they have alike is never asked for.
func TestNext(t *testing.T) {
	p := NewPosterior(parse(
		t, "1.0 1.1 1.2 1.3", "html/all.js x 1.0..1.3", "html/one.js x 1.0..1.2, y 1.3", "html/two.js x 1.0..1.1, y 1.2..1.3",
		"html/four.js a 1.0, b 1.1, c 1.2, d 1.3",
	))
	if got := next(p, anything, nil); got != "html/four.js" {
		t.Errorf("first %s", got)
	}
	not := func(f File) bool { return f.Path != "html/four.js" }
	if got := next(p, not, nil); got != "html/two.js" {
		t.Errorf("without it %s", got)
	}
	observe(t, p, "html/two.js", "y")
	if got := next(p, not, nil); got != "html/one.js" {
		t.Errorf("then %s", got)
	}
	observe(t, p, "html/one.js", "y")
	if got := next(p, func(f File) bool { return f.Path == "html/all.js" }, nil); got != "none" {
		t.Errorf("a file that tells nothing: %s", got)
	}
	if c := p.Next(func(File) bool { return false }, nil); c.File != -1 || c.Gain != 0 {
		t.Errorf("nothing usable: %v", c)
	}
}

// The gain is what the answer is expected to tell: near to one bit for an even question, less for an uneven one, nothing
// for a release that is known, and never more than there is to know.
func TestGain(t *testing.T) {
	db := parse(t, "1.0 1.1 1.2 1.3", "html/half.js x 1.0..1.1, y 1.2..1.3", "html/one.js x 1.0..1.2, y 1.3")
	gain := func(p *Posterior, path string) float64 {
		return p.Next(func(f File) bool { return f.Path == path }, nil).Gain
	}
	p := NewPosterior(db)
	half, one := gain(p, "html/half.js"), gain(p, "html/one.js")
	if half < 0.75 || half > 1 || one < 0.55 || one > 0.82 {
		t.Errorf("gains %v and %v bits", half, one)
	}
	p.AddLogLikelihood([]float64{0, -9, -9, -9})
	if got := gain(p, "html/half.js"); got > 0.02 {
		t.Errorf("gain %v when the release is as good as known", got)
	}
}

// A file that tells releases apart by being missing is worth less than one with two contents: the site may have lost it.
func TestNextPrefersContentsToAbsence(t *testing.T) {
	p := NewPosterior(parse(t, "1.0 1.1 1.2 1.3", "html/absent.js x 1.2..1.3", "html/content.js x 1.0..1.1, y 1.2, z 1.3"))
	if got := next(p, anything, nil); got != "html/content.js" {
		t.Errorf("first %s", got)
	}
	p = NewPosterior(parse(t, "1.0 1.1 1.2 1.3", "html/absent.js x 1.2..1.3", "html/content.js x 1.0..1.2, y 1.3"))
	if got := next(p, anything, nil); got != "html/content.js" {
		t.Errorf("a content that divides three to one comes after an absence that divides two to two")
	}
	absent := p.Next(func(f File) bool { return f.Path == "html/absent.js" }, nil)
	if absent.Gain < 0.7 {
		t.Errorf("the gain itself is %v: only the order of files is changed", absent.Gain)
	}
}

// The bonus decides between files that tell as much, and makes no file worth asking for that tells nothing.
func TestNextBonus(t *testing.T) {
	p := NewPosterior(parse(t, "1.0 1.1", "html/a.js x 1.0, y 1.1", "html/b.js x 1.0, y 1.1", "html/c.js x 1.0..1.1"))
	bonus := func(path string) func(File) float64 {
		return func(f File) float64 {
			if f.Path == path {
				return 0.1
			}
			return 0
		}
	}
	if got := next(p, anything, nil); got != "html/a.js" {
		t.Errorf("without a bonus %s, want the first of equals", got)
	}
	if got := next(p, anything, bonus("html/b.js")); got != "html/b.js" {
		t.Errorf("with a bonus for b.js %s", got)
	}
	if got := next(p, anything, bonus("html/c.js")); got != "html/a.js" {
		t.Errorf("with a bonus for c.js %s", got)
	}
	c := p.Next(anything, bonus("html/b.js"))
	if plain := p.Next(func(f File) bool { return f.Path == "html/b.js" }, nil); math.Abs(c.Gain-plain.Gain) > 1e-12 {
		t.Errorf("gain %v with the bonus, %v without", c.Gain, plain.Gain)
	}
}

// A file that is not worth a request is no choice, whatever its bonus: it must not hide one that is.
func TestNextKnowsWhatIsWorthARequest(t *testing.T) {
	p := NewPosterior(parse(t, "1.0 1.1 1.2", "html/a.js x 1.0, y 1.1..1.2", "html/b.js x 1.0..1.1, y 1.2"))
	p.AddLogLikelihood([]float64{-12, 0, -4.5})
	bonus := func(f File) float64 {
		if f.Path == "html/a.js" {
			return 0.3
		}
		return 0
	}
	if c := p.Next(anything, bonus); c.File != 1 || c.Gain < MinimumGain {
		t.Errorf("first %v", c)
	}
	if c := p.Next(func(f File) bool { return f.Path == "html/a.js" }, bonus); c.File != -1 || c.Gain != 0 {
		t.Errorf("a file that tells next to nothing: %v", c)
	}
}

// Installer files are mostly deleted, so a script with the same contents comes first.
func TestNextKnowsClasses(t *testing.T) {
	p := NewPosterior(parse(t, "1.0 1.1", "html/install/a.js x 1.0, y 1.1", "html/z.js x 1.0, y 1.1", "package.json x 1.0, y 1.1"))
	if got := next(p, anything, nil); got != "html/z.js" {
		t.Errorf("first %s", got)
	}
}
