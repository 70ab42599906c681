package releases

import (
	"fmt"
	"math"
	"testing"
)

// A verdict that rests on a missing file wants files that all candidates have, nearest to the missing one first; any other
// verdict wants none.
func TestControl(t *testing.T) {
	files := []string{"html/js/far/a.js x 1.0..1.2", "html/js/near/b.js x 1.0..1.2", "html/js/near/c.js x 1.0, y 1.1..1.2", "html/js/near/d.js x 1.1..1.2", "html/js/near/e.png x 1.0..1.2", "html/js/near/install/f.js x 1.0..1.2", "html/css/z.css x 1.0..1.2", "html/css/y.css x 1.0..1.2"}
	name := func(p *Posterior, usable func(File) bool) string {
		if i := p.Control(usable); i >= 0 {
			return p.db.Files[i].Path
		}
		return "none"
	}
	p := NewPosterior(parse(t, "1.0 1.1 1.2", files...))
	if got := name(p, anything); got != "none" {
		t.Errorf("before any answer: %s", got)
	}
	observe(t, p, "html/js/far/a.js", "x")
	if got := name(p, anything); got != "none" {
		t.Errorf("with nothing missing: %s", got)
	}
	observe(t, p, "html/css/y.css", "")
	if got := name(p, anything); got != "none" {
		t.Errorf("with a missing file that all releases have: %s", got)
	}
	observe(t, p, "html/js/near/d.js", "")
	if got := name(p, anything); got != "html/js/near/b.js" {
		t.Errorf("with a missing file: %s", got)
	}
	if got := name(p, func(f File) bool { return f.Class == ClassImage }); got != "html/js/near/e.png" {
		t.Errorf("of images: %s", got)
	}
	if got := name(p, func(f File) bool { return f.Class == ClassInstaller }); got != "none" {
		t.Errorf("of the installer, which is deleted anyway: %s", got)
	}
	observe(t, p, "html/js/near/b.js", "x")
	observe(t, p, "html/js/near/e.png", "x")
	if got := name(p, anything); got != "html/css/z.css" {
		t.Errorf("after those nearby: %s", got)
	}
	observe(t, p, "html/css/z.css", "x")
	if got := name(p, anything); got != "none" {
		t.Errorf("when all are known: %s", got)
	}
}

// Releases that are all but ruled out by a missing file are looked at once more as long as few files were found. Those
// ruled out by far are not, and those that the missing file says nothing about are not either.
func TestControlForRivals(t *testing.T) {
	files := []string{"html/a.js x 1.1..1.2", "html/b.js x 1.0..1.2"}
	for i := range 13 {
		files = append(files, fmt.Sprintf("html/x%02d.js x 1.0..1.2", i))
	}
	for name, c := range map[string]struct {
		odds  float64 // that 1.0, which lacks the missing file, is it
		found int
		want  bool
	}{
		"rival_few_found":     {100, 3, true},
		"rival_nearly_enough": {100, 9, true},
		"rival_enough_found":  {100, 10, false},
		"ruled_out":           {1e6, 3, false},
	} {
		p := NewPosterior(parse(t, "1.0 1.1 1.2", files...))
		observe(t, p, "html/a.js", "")
		for i := range c.found {
			observe(t, p, fmt.Sprintf("html/x%02d.js", i), "x")
		}
		now := p.Probabilities()
		add := math.Log(c.odds) - math.Log(now[0]/now[1])
		p.AddLogLikelihood([]float64{add, 0, 0})
		if got := p.Control(anything) >= 0; got != c.want {
			t.Errorf("%s: control %t, want %t", name, got, c.want)
		}
	}
}

// A pre-release is no rival: it does not keep a check asking.
func TestControlLeavesPreReleases(t *testing.T) {
	p := NewPosterior(parse(t, "1.0b 1.1", "html/a.js x 1.0b", "html/b.js x 1.0b..1.1"))
	observe(t, p, "html/a.js", "")
	now := p.Probabilities()
	p.AddLogLikelihood([]float64{math.Log(now[1]/now[0]) - math.Log(500), 0})
	if got := p.Control(anything); got >= 0 {
		t.Errorf("control %d", got)
	}
}
