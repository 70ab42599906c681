package releases

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

// without is a database that lacks some releases.
func (d *Database) without(t *testing.T, lacks func(name string) bool) *Database {
	t.Helper()
	var b strings.Builder
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
			return Forms{Bytes: v.Bytes, Text: v.Text, Code: v.Code, Loose: v.Code != v.Text, Ends: EndsLF}, true
		}
	}
	return Forms{}, false
}

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

// tooNear are releases that differ from those of another line in too few files: in none that is asked for, or in no more than
// an owner changes.
var tooNear = []string{"1.1.1", "2.13.2", "2.17.0", "2.4.0", "2.4.2", "2.4.3", "2.4.4", "4.1.0"}

// Each line of releases is taken out of the data and its shops are looked at: none is told as a release of another line
// without doubt, unless that gives out the very same files.
func TestLinesThatTheDatabaseLacks(t *testing.T) {
	db := eccube(t)
	byLine := lines(db)
	if testing.Short() {
		maps.DeleteFunc(byLine, func(line string, _ []int) bool { return line != "4.3" && line != "2.25" })
	}
	shops, likely := 0, 0
	for _, line := range slices.Sorted(maps.Keys(byLine)) {
		lacks := byLine[line]
		reduced := db.without(t, func(name string) bool { at, _ := db.Position(name); return slices.Contains(lacks, at) })
		same := map[string]string{}
		for i, r := range db.Releases {
			if !slices.Contains(lacks, i) {
				same[site{db, i}.seen()] = r.Name
			}
		}
		for _, r := range lacks {
			s := site{db, r}
			seen := s.seen()
			if !db.Releases[r].Stable || same[seen] != "" {
				continue
			}
			same[seen] = db.Releases[r].Name
			shops++
			v := s.look(reduced).Verdict()
			if v.Lacking() {
				likely++
			}
			if v.Published && !v.Doubtful() && !slices.Contains(tooNear, db.Releases[r].Name) {
				t.Errorf("without line %s, a shop of %s is told as %s: unlisted %.4f, %d files fit, foreign %d, mixed %d, left over %d",
					line, db.Releases[r].Name, reduced.Range(v.Candidates), v.Unlisted, len(v.Fitting), len(v.Foreign), len(v.Mixed), len(v.Leftover))
			}
		}
	}
	t.Logf("%d shops, %d rather of a release that the data lack", shops, likely)
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
