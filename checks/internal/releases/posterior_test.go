package releases

import (
	"math"
	"slices"
	"testing"
)

// Before any answer every release can be it, and pre-releases only just.
func TestBeforeAnyAnswer(t *testing.T) {
	p := NewPosterior(parse(t, "1.0 1.1b 1.1", "html/a.js x 1.0..1.1"))
	if got := candidates(p); got != "1.0 1.1" {
		t.Errorf("candidates %s", got)
	}
	sum := 0.0
	for _, x := range p.Probabilities() {
		sum += x
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("the probabilities sum to %v", sum)
	}
	if v := p.Verdict(); v.Confidence < 0.99 || v.Confidence > 1 {
		t.Errorf("confidence %v of all releases", v.Confidence)
	}
}

// A shop runs a release rather than a pre-release with the same files; with files of its own the pre-release is a candidate.
func TestPreReleases(t *testing.T) {
	files := []string{"html/a.js x 1.0, y 1.1b..1.1", "html/b.js x 1.0, y 1.1b, z 1.1", "html/c.js x 1.0, y 1.1b, z 1.1", "html/d.js x 1.0, y 1.1b, z 1.1", "html/e.js x 1.0, y 1.1b, z 1.1"}
	p := NewPosterior(parse(t, "1.0 1.1b 1.1", files...))
	observe(t, p, "html/a.js", "y")
	if got := candidates(p); got != "1.1" {
		t.Errorf("a file of both: candidates %s", got)
	}
	observe(t, p, "html/b.js", "y")
	observe(t, p, "html/c.js", "y")
	if got := candidates(p); got != "1.1b 1.1" {
		t.Errorf("two files of the pre-release: candidates %s", got)
	}
	observe(t, p, "html/d.js", "y")
	observe(t, p, "html/e.js", "y")
	if got := candidates(p); got != "1.1b" {
		t.Errorf("four files of the pre-release: candidates %s", got)
	}
}

// Files are left over from older releases, hardly ever from newer ones: of two releases with as many files each, the newer
// is the shop's.
func TestOlderFilesAreLeftOver(t *testing.T) {
	p := NewPosterior(parse(t, "1.0 1.1", "html/a.js x 1.0, y 1.1", "html/b.js x 1.0, y 1.1", "html/c.js x 1.0, y 1.1", "html/d.js x 1.0, y 1.1"))
	for path, content := range map[string]string{"html/a.js": "x", "html/b.js": "x", "html/c.js": "y", "html/d.js": "y"} {
		observe(t, p, path, content)
	}
	prob := p.Probabilities()
	if prob[1] < 3*prob[0] || p.Leading() != 1 {
		t.Errorf("probabilities %v, want the newer release far ahead", prob)
	}
}

// A file that a release lacks is left over from an older one, or put there from a newer one, which is rarer.
func TestFilesThatAReleaseLacks(t *testing.T) {
	for name, c := range map[string]struct {
		names, file string
		lacks       int
	}{
		"older": {"1.0 1.1", "html/a.js x 1.0", 1},
		"newer": {"1.0 1.1", "html/a.js x 1.1", 0},
	} {
		p := NewPosterior(parse(t, c.names, c.file))
		observe(t, p, "html/a.js", "x")
		prob := p.Probabilities()
		ratio := prob[1-c.lacks] / prob[c.lacks]
		if name == "older" && (ratio < 10 || ratio > 100) || name == "newer" && ratio < 200 {
			t.Errorf("%s: the release with the file is %.0f times likelier", name, ratio)
		}
	}
}

// Contents between two releases with another content are older to the newer one and newer to the older one.
func TestCompareOfContents(t *testing.T) {
	db := parse(t, "1.0 1.1 1.2 1.3", "html/a.js x 1.0 1.2, y 1.1")
	f := &db.Files[0]
	fits := f.Variants[0].Releases
	for r, want := range []result{resultMatch, resultOlder, resultMatch, resultOlder} {
		has, got := compare(f, r, false, fits)
		if got != want || has != (r < 3) {
			t.Errorf("release %d: %v %d, want %d", r, has, got, want)
		}
	}
	if _, got := compare(f, 0, false, f.Variants[1].Releases); got != resultNewer {
		t.Errorf("a newer content is %d", got)
	}
	if _, got := compare(f, 0, false, newSet(4)); got != resultForeign {
		t.Errorf("a content of no release is %d", got)
	}
	for r, want := range []result{resultMissing, resultMissing, resultMissing, resultMatch} {
		if _, got := compare(f, r, true, newSet(4)); got != want {
			t.Errorf("release %d without the file: %d, want %d", r, got, want)
		}
	}
}

// As soon as one file shows that line ends were changed on the way to the site, bytes no longer tell releases apart whose
// text is the same: earlier answers are counted anew.
func TestLineEndsAreCountedAnew(t *testing.T) {
	db := parse(t, "1.0 1.1 1.2", "html/a.js raw1:same 1.0, raw2:same 1.1, other 1.2", "html/b.js lf:lf 1.0..1.2")
	p := NewPosterior(db)
	observe(t, p, "html/a.js", "raw1:same")
	if got := candidates(p); got != "1.0" {
		t.Fatalf("by its bytes: candidates %s", got)
	}
	if got := p.Fits(p.Answers()[0]); got.Count() != 1 {
		t.Errorf("by its bytes the answer fits %v", db.Names(got))
	}
	observe(t, p, "html/b.js", "crlf:lf")
	if got := candidates(p); got != "1.0 1.1" {
		t.Errorf("with changed line ends: candidates %s", got)
	}
	if got := p.Fits(p.Answers()[0]); got.Count() != 2 {
		t.Errorf("by its text the answer fits %v", db.Names(got))
	}
	prob := p.Probabilities()
	if prob[1] < prob[0]/2 || p.delivery() != crlfEnds {
		t.Errorf("probabilities %v by delivery %d, want near ones", prob, p.delivery())
	}
}

// Line ends are one question of the whole site. A shop that was uploaded with CRLF looks like an old release whose package had
// CRLF in some files: the files that differ in their text are asked for, and tell.
func TestLineEndsOfTheWholeSite(t *testing.T) {
	files := []string{"html/a.js crlf:a 1.0, a 1.1", "html/b.js crlf:b 1.0, b 1.1", "html/c.js crlf:c 1.0, c 1.1", "html/d.js crlf1:d1 1.0, d2 1.1", "html/e.js e 1.0..1.1", "html/f.js crlf3:f1 1.0, f2 1.1"}
	p := NewPosterior(parse(t, "1.0 1.1", files...))
	for _, path := range []string{"html/a.js", "html/b.js", "html/c.js"} {
		observe(t, p, path, "crlf:"+path[5:6])
	}
	if c := p.Next(anything, nil); c.File != 3 && c.File != 4 {
		t.Fatalf("with the bytes of 1.0, next is %d: another hypothesis is left", c.File)
	}
	observe(t, p, "html/d.js", "crlf2:d2")
	observe(t, p, "html/f.js", "crlf4:f2")
	if got := candidates(p); got != "1.1" || p.delivery() != crlfEnds {
		t.Errorf("candidates %s, delivery %d", got, p.delivery())
	}
	if v := p.Verdict(); len(v.Fitting) != 5 || len(v.Mixed)+len(v.Foreign) > 0 {
		t.Errorf("verdict %+v", v)
	}
	p = NewPosterior(parse(t, "1.0 1.1", files...))
	for _, path := range []string{"html/a.js", "html/b.js", "html/c.js"} {
		observe(t, p, path, "crlf:"+path[5:6])
	}
	observe(t, p, "html/e.js", "e:e") // LF in all releases: nothing was converted
	if got, prob := candidates(p), p.Probabilities(); got != "1.0" || prob[1] > 0.005 {
		t.Errorf("with a file of LF: candidates %s, probabilities %v", got, prob)
	}
}

// A server that takes out comments and white space leaves the release to be told, and no file looks changed.
func TestRewrittenFiles(t *testing.T) {
	p := NewPosterior(parse(t, "1.0 1.1 1.2", "html/a.js a::ca 1.0, b::cb 1.1..1.2", "html/b.js c::cc 1.0..1.1, d::cd 1.2", "html/c.js e::ce 1.0..1.1, f::cf 1.2", "html/d.png x 1.0, y 1.1..1.2"))
	observe(t, p, "html/a.js", "x1:x1:cb")
	observe(t, p, "html/b.js", "x2:x2:cc")
	observe(t, p, "html/c.js", "x3:x3:ce")
	observe(t, p, "html/d.png", "y")
	if got := candidates(p); got != "1.1" || p.delivery() != rewritten {
		t.Errorf("candidates %s, delivery %d", got, p.delivery())
	}
	if v := p.Verdict(); len(v.Fitting) != 4 || len(v.Foreign)+len(v.Mixed) > 0 {
		t.Errorf("verdict %+v", v)
	}
}

// A script with comments and white space that is as released shows that the server does not rewrite scripts.
func TestUntouchedScriptsSpeakAgainstARewritingServer(t *testing.T) {
	mass := func(loose bool) float64 {
		p := NewPosterior(parse(t, "1.0 1.1", "html/a.js a::ca 1.0..1.1"))
		p.Observe(Answer{File: 0, Forms: Forms{Bytes: "a", Text: "a", Code: "ca", Loose: loose}})
		sum := 0.0
		for i, x := range p.joint() {
			if delivery(i/2) == rewritten {
				sum += x
			}
		}
		return sum
	}
	if loose, minified := mass(true), mass(false); loose > minified/20 {
		t.Errorf("a rewriting server is %v likely after an untouched script, %v after a minified one", loose, minified)
	}
}

// An edited file is no sign of changed line ends, nor is a missing one.
func TestWhatIsNoSignOfChangedLineEnds(t *testing.T) {
	p := NewPosterior(parse(t, "1.0 1.1", "html/a.js raw1:same 1.0, raw2:same 1.1", "html/b.js lf:lf 1.0..1.1", "html/c.js lf:lf 1.0..1.1"))
	observe(t, p, "html/a.js", "raw1:same")
	observe(t, p, "html/b.js", "edited:edited")
	observe(t, p, "html/c.js", "")
	if got := candidates(p); got != "1.0" || p.delivery() != asReleased {
		t.Errorf("candidates %s, delivery %d", got, p.delivery())
	}
}

// Half of the text files keep their line ends on a site that changes them: what was exact stays a match by its text.
func TestExactFilesAfterChangedLineEnds(t *testing.T) {
	p := NewPosterior(parse(t, "1.0 1.1", "html/a.js a 1.0, b 1.1", "html/b.js lf:lf 1.0..1.1"))
	observe(t, p, "html/b.js", "crlf:lf")
	observe(t, p, "html/a.js", "b")
	if got := candidates(p); got != "1.1" {
		t.Errorf("candidates %s", got)
	}
	if v := p.Verdict(); len(v.Fitting) != 2 || len(v.Foreign) > 0 {
		t.Errorf("verdict %+v", v)
	}
}

// A site that lost many files is known as one that loses files: the next missing file says less.
func TestLossIsLearned(t *testing.T) {
	files := []string{"html/a.js x 1.1"}
	for _, name := range []string{"b", "c", "d", "e", "f"} {
		files = append(files, "html/"+name+".js x 1.0..1.1")
	}
	ratio := func(content string) float64 {
		p := NewPosterior(parse(t, "1.0 1.1", files...))
		for _, name := range []string{"b", "c", "d", "e", "f"} {
			observe(t, p, "html/"+name+".js", content)
		}
		observe(t, p, "html/a.js", "")
		prob := p.Probabilities()
		return prob[0] / prob[1]
	}
	there, lost := ratio("x"), ratio("")
	if there < 10 || lost > 3 {
		t.Errorf("the release without the file is %.1f times likelier on a whole site, %.1f times on one that lost all others", there, lost)
	}
}

// Images are lost with scripts; that files of the installer or beside the public folder are missing says little.
func TestLossByClass(t *testing.T) {
	for file, c := range map[string]struct{ least, most float64 }{
		"html/a.js":         {10, 100},
		"html/a.png":        {15, 100},
		"html/install/a.js": {1, 2},
		"package.json":      {1, 2},
	} {
		p := NewPosterior(parse(t, "1.0 1.1", file+" x 1.1"))
		observe(t, p, file, "")
		prob := p.Probabilities()
		if ratio := prob[0] / prob[1]; !(ratio >= c.least && ratio <= c.most) { // NaN is wrong too
			t.Errorf("%s: missing makes the release without it %.1f times likelier, want %v to %v", file, ratio, c.least, c.most)
		}
	}
	p := NewPosterior(parse(t, "1.0 1.1", "html/a.png x 1.1", "html/b.js x 1.0..1.1", "html/c.js x 1.0..1.1"))
	observe(t, p, "html/b.js", "")
	observe(t, p, "html/c.js", "")
	observe(t, p, "html/a.png", "")
	if prob := p.Probabilities(); !(prob[0] < 6*prob[1]) {
		t.Errorf("after two lost scripts a lost image still tells %v", prob)
	}
}

// What was seen beside files adds to them.
func TestAddLogLikelihood(t *testing.T) {
	p := NewPosterior(parse(t, "1.0 1.1", "html/a.js x 1.0..1.1"))
	p.AddLogLikelihood([]float64{0, math.Log(3)})
	p.AddLogLikelihood([]float64{0, math.Log(2)})
	prob := p.Probabilities()
	if math.Abs(prob[1]/prob[0]-6) > 1e-9 || p.Leading() != 1 {
		t.Errorf("probabilities %v, want 1 to 6", prob)
	}
}

// What was observed or skipped is not chosen again, and only what was observed counts.
func TestAsked(t *testing.T) {
	p := NewPosterior(parse(t, "1.0 1.1", "html/a.js x 1.0, y 1.1", "html/b.js x 1.0, y 1.1", "html/c.js x 1.0, y 1.1"))
	observe(t, p, "html/a.js", "x")
	p.Skip(1)
	if !p.Asked(0) || !p.Asked(1) || p.Asked(2) {
		t.Error("asked is not what was observed or skipped")
	}
	if len(p.Answers()) != 1 || p.Answers()[0].File != 0 {
		t.Errorf("answers %v", p.Answers())
	}
	if c := p.Next(anything, nil); c.File != 2 {
		t.Errorf("next is %v", c)
	}
}

// Several releases of one probability: the oldest leads.
func TestLeading(t *testing.T) {
	p := NewPosterior(parse(t, "1.0b 1.0 1.1", "html/a.js x 1.0b..1.1"))
	if got := p.Leading(); got != 1 {
		t.Errorf("leading is %d of %v", got, p.Probabilities())
	}
	if !slices.Equal(p.db.Names(p.Fits(Answer{Forms: Forms{Bytes: "x", Text: "x", Code: "x"}})), []string{"1.0b", "1.0", "1.1"}) {
		t.Error("fits")
	}
}
