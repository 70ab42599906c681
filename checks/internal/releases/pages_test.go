package releases

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// theme is a database of three releases: common marks of all, and marks of each from 1.1 on.
func theme(t *testing.T) *Database {
	t.Helper()
	list := func(prefix string, n int) string {
		var marks []string
		for i := range n {
			marks = append(marks, fmt.Sprintf("%s%d", prefix, i))
		}
		return strings.Join(marks, " ")
	}
	db, err := Parse(strings.NewReader("release 1.0 2020-01-01\nrelease 1.1 2020-01-01\nrelease 1.2 2020-01-01\nfile html/a.js\n x 1.0..1.2\npage home /\n" +
		" 1.0..1.2 = " + list("all", 8) + "\n 1.1..1.2 = " + list("new", 4) + "\n 1.2 = " + list("newest", 4) + " ? " + list("maybe", 2) + "\n" +
		"page extra extra/\n 1.0..1.1 = a b\n 1.2 = ? c d\n"))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func marksOf(names ...string) map[string]bool {
	marks := map[string]bool{}
	for _, name := range names {
		prefix, n, _ := strings.Cut(name, "*")
		count := 1
		if n != "" {
			_, _ = fmt.Sscan(n, &count)
		}
		for i := range count {
			marks[fmt.Sprintf("%s%d", prefix, i)] = true
		}
	}
	return marks
}

// A page of the product's own theme is likeliest from the release whose groups it shows, no more and no fewer. Half of a
// group shows it, so does one mark that depends on the shop's data.
func TestCompareOfPages(t *testing.T) {
	for name, c := range map[string]struct {
		marks map[string]bool
		want  int // the likeliest release, -1 when the page says nothing
		seen  int
	}{
		"oldest":           {marksOf("all*8"), 0, 8},
		"middle":           {marksOf("all*8", "new*4"), 1, 12},
		"newest":           {marksOf("all*8", "new*4", "newest*4"), 2, 16},
		"half_of_a_group":  {marksOf("all*8", "new*2"), 1, 10},
		"less_than_half":   {marksOf("all*8", "new*1"), 0, 9},
		"maybe":            {marksOf("all*8", "new*4", "maybe*1"), 2, 13},
		"too_little":       {marksOf("all*7"), -1, 7},
		"another_site":     {marksOf("else*30"), -1, 0},
		"owner_cut_common": {marksOf("all*2", "new*4", "newest*4"), 2, 10},
	} {
		v := theme(t).Compare(0, c.marks)
		if v.Seen != c.seen || v.Telling() != (c.want >= 0) {
			t.Errorf("%s: %d marks seen, telling %t", name, v.Seen, v.Telling())
		}
		if c.want < 0 {
			if slices.Max(v.Log) != 0 || slices.Min(v.Log) != 0 {
				t.Errorf("%s: a page that is not of the theme says %v", name, v.Log)
			}
			continue
		}
		for r, log := range v.Log {
			if r != c.want && log >= v.Log[c.want] {
				t.Errorf("%s: %v, want release %d on top", name, v.Log, c.want)
			}
		}
	}
}

// A group that the page shows and the release lacks counts more than one that it lacks and the release has: owners take
// things out of a theme, they seldom put in what a later release would bring.
func TestMissingGroupsCountLess(t *testing.T) {
	log := theme(t).Compare(0, marksOf("all*8", "new*4")).Log
	shownToOlder, missingToNewer := log[1]-log[0], log[1]-log[2]
	if shownToOlder < 1.2*missingToNewer || missingToNewer < 0.5 {
		t.Errorf("logs %v", log)
	}
	if d := log[1] - log[0]; d < 1 || d > 3 {
		t.Errorf("one group tells %v nats: marks of one page are not independent", d)
	}
}

// A page tells what divides the releases that are left: what is always shown counts whole, what may be shown by half.
func TestPageGain(t *testing.T) {
	db := theme(t)
	p := NewPosterior(db)
	log3 := math.Log2(3)
	third := log3 - 2.0/3 // of one in three against the other two
	if got := p.PageGain(0); math.Abs(got-log3) > 1e-9 {
		t.Errorf("three releases, three looks: %v bits, want %v", got, log3)
	}
	if got := p.PageGain(1); math.Abs(got-third) > 1e-9 {
		t.Errorf("one against two: %v bits, want %v", got, third)
	}
	db.Pages[1].Groups = db.Pages[1].Groups[1:] // those that may be shown
	if got := p.PageGain(1); math.Abs(got-third/2) > 1e-9 {
		t.Errorf("by what may be shown: %v bits, want %v", got, third/2)
	}
	p.AddLogLikelihood([]float64{0, -20, -20})
	if got := p.PageGain(0); got > 1e-6 {
		t.Errorf("with a known release: %v bits", got)
	}
}
