package releases

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// The numbers of releases say where the database lacks some.
func TestSkippedNumbers(t *testing.T) {
	for name, c := range map[string]struct {
		names string
		after string
		want  int
	}{
		"next_patch":            {"4.0.6 4.0.6-p1", "4.0.6", 0},
		"patch":                 {"4.0.6 4.0.6-p2", "4.0.6", 1},
		"third_number":          {"2.3.1 2.3.3", "2.3.1", 1},
		"patch_of_the_next":     {"4.0.5 4.0.6-p1", "4.0.5", 1},
		"letter":                {"1.3.1 1.3.1a", "1.3.1", 0},
		"next_line":             {"4.0.6-p4 4.1b 4.1.0", "4.0.6-p4", 0},
		"first_of_a_line":       {"2.12.6 2.13.0b 2.13.1", "2.12.6", 1},
		"line":                  {"2.3.4 2.11.0", "2.3.4", 7},
		"renumbered":            {"2.4.4 2.11.0", "2.4.4", 0},
		"lacks_after_it":        {"2.4.4 2.11.2", "2.4.4", 8},
		"lacks_before_it":       {"2.4.3 2.11.0", "2.4.3", 6},
		"english_between":       {"2.12.3 2.12.3en 2.12.4", "2.12.3", 0},
		"other_first_number":    {"2.25.0 3.0.0", "2.25.0", 0},
		"before_the_first":      {"1.2.0b 1.3.0", "1.2.0b", 3},
		"before_the_first_zero": {"3.0.0b 3.0.0", "3.0.0b", 0},
	} {
		t.Run(name, func(t *testing.T) {
			db := parse(t, c.names, "html/js/a.js aaaaaaaaaaaa "+c.after)
			db.nextTo["2.4.4"] = "2.11.0"
			at, _ := db.Position(c.after)
			if got := db.holes()[at]; got != c.want {
				t.Errorf("%d numbers skipped, want %d", got, c.want)
			}
		})
	}
}

// Where a number is skipped, one script that no release has is reason enough to doubt: the release between may have it. Where
// none is, the owner has it from somewhere.
func TestDoubtWhereANumberIsSkipped(t *testing.T) {
	for last, want := range map[string]bool{"1.0.1": false, "1.0.2": true} {
		var files []string
		for _, name := range strings.Split("abcdefgh", "") {
			files = append(files, fmt.Sprintf("html/js/%s.js %s 1.0.0 %s,%s 1.1.0", name, strings.Repeat(name, 12), last, strings.Repeat("0", 12)))
		}
		p := NewPosterior(parse(t, "1.0.0 "+last+" 1.1.0", files...))
		observe(t, p, "html/js/a.js", "999999999999")
		for _, name := range strings.Split("bcdefgh", "") {
			observe(t, p, "html/js/"+name+".js", strings.Repeat(name, 12))
		}
		if v := p.Verdict(); v.Doubtful() != want {
			t.Errorf("with %s: doubtful %t (unlisted %.4f)", last, v.Doubtful(), v.Unlisted)
		}
	}
}

func TestLogSum(t *testing.T) {
	for _, c := range [][3]float64{{0, 0, math.Ln2}, {0, math.Inf(-1), 0}, {math.Inf(-1), math.Inf(-1), math.Inf(-1)}, {math.Log(3), math.Log(5), math.Log(8)}, {math.Inf(-1), 1, 1}} {
		if got := logSum(c[0], c[1]); got != c[2] && math.Abs(got-c[2]) > 1e-12 {
			t.Errorf("logSum(%v, %v) = %v, want %v", c[0], c[1], got, c[2])
		}
	}
}
