package releases

import (
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// without is a database that lacks some releases.
func (d *Database) without(t *testing.T, lacks func(name string) bool) *Database {
	t.Helper()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(d.nextTo)) {
		fmt.Fprintf(&b, "next %s %s\n", name, d.nextTo[name])
	}
	keep := newSet(len(d.Releases))
	for i, r := range d.Releases {
		if lacks(r.Name) {
			continue
		}
		keep.add(i)
		word := "pre"
		switch {
		case r.Stable:
			word = "release"
		case Development(r.Name):
			word = "dev"
		}
		fmt.Fprintf(&b, "%s %s %s\n", word, r.Name, r.Date)
	}
	for _, f := range d.Files {
		if !f.Has.Intersects(keep) {
			continue
		}
		fmt.Fprintf(&b, "file %s\n", f.Path)
		for _, v := range f.Variants {
			if names := d.Names(v.Releases.both(keep)); len(names) > 0 {
				fmt.Fprintf(&b, " %s:%s:%s %s\n", v.Bytes, v.Text, v.Code, strings.Join(names, " "))
			}
		}
	}
	out, err := Parse(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// both is what is in s and in other.
func (s Set) both(other Set) Set {
	out := make(Set, len(s))
	for i := range s {
		out[i] = s[i] & other[i]
	}
	return out
}

// site answers as a shop of a release of another database does: the installer is deleted, what is beside the public folder is
// out of reach.
type site struct {
	db      *Database
	release int
}

func (s site) answer(path string) (Forms, bool) {
	at, ok := s.db.Find(path)
	if !ok || s.db.Files[at].Class >= ClassInstaller {
		return Forms{}, false
	}
	for _, v := range s.db.Files[at].Variants {
		if v.Releases.Has(s.release) {
			ends := EndsLF
			if v.Bytes != v.Text {
				ends = EndsCRLF
			}
			return Forms{Bytes: v.Bytes, Text: v.Text, Code: v.Code, Loose: v.Code != v.Text, Ends: ends}, true
		}
	}
	return Forms{}, false
}

// coreScript is what the check asks for because the first page loads it, as eccube-version.yaml says.
var coreScript = regexp.MustCompile(`^html/(js|user_data/packages/default/js|template/[^/]+/(assets/)?js)/(eccube|css|site|navi|win_op|eccube\.legacy|eccube\.sphone|products|function|admin)\.js$|^html/bundle/front\.bundle\.js$`)

// look asks a site for files as the check does, pages aside.
func (s site) look(db *Database) *Posterior {
	p := NewPosterior(db)
	observe := func(file int) {
		forms, there := s.answer(db.Files[file].Path)
		p.Observe(Answer{File: file, Forms: forms, Missing: !there})
	}
	usable := func(f File) bool { return f.Class != ClassManifest }
	for range 16 {
		c := p.Next(usable, nil)
		if c.File < 0 {
			break
		}
		observe(c.File)
	}
	lead, left := p.Leading(), 2
	for i, f := range db.Files {
		if _, loads := s.answer(f.Path); loads && left > 0 && f.Has.Has(lead) && !p.Asked(i) && coreScript.MatchString(f.Path) {
			observe(i)
			left--
		}
	}
	for range 8 {
		file := p.OpenQuestion(usable)
		if file < 0 {
			break
		}
		observe(file)
	}
	return p
}

// seen is all that a site of a release gives out.
func (s site) seen() string {
	var b strings.Builder
	for _, f := range s.db.Files {
		forms, _ := s.answer(f.Path)
		fmt.Fprintf(&b, "%s ", forms.Bytes)
	}
	return b.String()
}

// lines are the releases by their first two numbers.
func lines(d *Database) map[string][]int {
	byLine := map[string][]int{}
	for i, r := range d.Releases {
		k := keyOf(r.Name).numbers
		line := fmt.Sprintf("%d.%d", k[0], k[1])
		byLine[line] = append(byLine[line], i)
	}
	return byLine
}

func eccube(t *testing.T) *Database {
	t.Helper()
	f, err := os.Open("../../../signatures/eccube/eccube.db")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	db, err := Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// tooNear are releases that the data would have to have: all files that a look from outside comes to are those of another.
var tooNear = map[string]string{
	"1.4.7":    "one picture of 1.4.6 differs, and no number is skipped after that",
	"2.11.0":   "an installer's file and a style sheet of the administration differ from 2.11.1",
	"2.11.1":   "the same from 2.11.0",
	"2.11.5":   "two scripts for telephones have the content of 2.12.0, pictures and jQuery differ, and no number is skipped",
	"2.12.3":   "jQuery is older than in 2.12.4",
	"2.12.3en": "nothing of 2.12.3en-p1 differs",
	"3.0.0":    "an empty file of 3.0.1 is not there",
	"3.0.1":    "all files of 3.0.0 are there",
	"3.0.18":   "line ends of scripts differ from 3.0.17",
	"4.0.2":    "all files of 4.0.1 are there",
}

// accused is a core script that the check would call modified: one of few that do not fit while others do; "" for none.
func (p *Posterior) accused(v Verdict) string {
	fit, foreign, core := 0, 0, ""
	for _, a := range p.Answers() {
		name := p.db.Files[a.File].Path
		switch {
		case !v.Likely() || path.Ext(name) != ".js" || strings.Contains(name, "jquery"):
		case slices.Contains(v.Fitting, a.File) && (a.Loose || !p.Exact(a)):
			fit++
		case slices.Contains(v.Foreign, a.File):
			foreign++
			if coreScript.MatchString(name) {
				core = name
			}
		}
	}
	if fit >= 2 && (fit > foreign || fit == foreign && !v.Doubtful()) {
		return core
	}
	return ""
}

// lackingOf takes releases out of the data and looks at their shops: none is told as another release without doubt, and of none
// a script is called modified, unless another gives out the very same files. It returns how many shops it looked at.
func lackingOf(t *testing.T, db *Database, what string, lacks []int) (shops int) {
	t.Helper()
	reduced := db.without(t, func(name string) bool { at, _ := db.Position(name); return slices.Contains(lacks, at) })
	same := map[string]bool{}
	for i := range db.Releases {
		if !slices.Contains(lacks, i) {
			same[site{db, i}.seen()] = true
		}
	}
	for _, r := range lacks {
		s, name := site{db, r}, db.Releases[r].Name
		seen := s.seen()
		if !db.Releases[r].Stable || same[seen] {
			continue
		}
		same[seen] = true
		shops++
		p := s.look(reduced)
		v := p.Verdict()
		if script := p.accused(v); script != "" {
			t.Errorf("without %s, a shop of %s told as %s has %s modified (unlisted %.4f)", what, name, reduced.Range(v.Candidates), script, v.Unlisted)
		}
		told := v.Published && !v.Doubtful()
		if _, near := tooNear[name]; told != (near && len(lacks) == 1) {
			t.Errorf("without %s, a shop of %s is told as %s: %t; unlisted %.4f, %d files fit, foreign %d, mixed %d, left over %d",
				what, name, reduced.Range(v.Candidates), told, v.Unlisted, len(v.Fitting), len(v.Foreign), len(v.Mixed), len(v.Leftover))
		}
	}
	return shops
}

// Shops of a line of releases that the data lack.
func TestLinesThatTheDatabaseLacks(t *testing.T) {
	db := eccube(t)
	byLine := lines(db)
	if testing.Short() {
		maps.DeleteFunc(byLine, func(line string, _ []int) bool { return line != "4.3" && line != "2.25" && line != "2.4" })
	}
	shops := 0
	for _, line := range slices.Sorted(maps.Keys(byLine)) {
		shops += lackingOf(t, db, "line "+line, byLine[line])
	}
	t.Logf("%d shops", shops)
}

// Shops of a single release that the data lack.
func TestReleasesThatTheDatabaseLacks(t *testing.T) {
	db := eccube(t)
	shops := 0
	for r, release := range db.Releases {
		short := testing.Short() && !slices.Contains([]string{"2.4.2", "2.13.2", "3.0.14", "4.0.4"}, release.Name)
		if release.Stable && !short {
			shops += lackingOf(t, db, "it", []int{r})
		}
	}
	t.Logf("%d shops", shops)
}

// A shop of a known release is told without doubt.
func TestKnownReleasesAreBeyondDoubt(t *testing.T) {
	db := eccube(t)
	for r, release := range db.Releases {
		if !release.Stable {
			continue
		}
		if v := (site{db, r}).look(db).Verdict(); v.Doubtful() || !v.Candidates.Has(r) {
			t.Errorf("%s: unlisted %.4f, candidates %s", release.Name, v.Unlisted, db.Range(v.Candidates))
		}
	}
}
