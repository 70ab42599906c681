package scanner_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
)

func TestReadData(t *testing.T) {
	a := scanner.Data{Name: "f", Source: "https://a.test commit 1", Date: "2026-08-22"}
	b := scanner.Data{Name: "f", Source: "https://b.test", Date: "2025-08-25"}
	for name, c := range map[string]struct {
		text string
		want []scanner.Data
	}{
		"one":               {"# Some data.\n# source: https://a.test commit 1\n# date: 2026-08-22\na 1\n", []scanner.Data{a}},
		"two":               {"# source: https://a.test commit 1\n# date: 2026-08-22\n# source: https://b.test\n# date: 2025-08-25\na 1\n", []scanner.Data{a, b}},
		"no_date":           {"# source: https://a.test\na 1\n", nil},
		"second_no_date":    {"# source: x\n# date: 2026-08-22\n# source: y\n", nil},
		"two_dates":         {"# source: x\n# date: 2026-08-22\n# date: 2026-08-23\n", nil},
		"no_source":         {"# date: 2026-08-22\na 1\n", nil},
		"source_behind":     {"# date: 2026-08-22\n# source: x\n", nil},
		"no_day":            {"# source: x\n# date: summer\n", nil},
		"behind_the_data":   {"a 1\n# source: x\n# date: 2026-08-22\n", nil},
		"nothing":           {"", nil},
		"dates_of_releases": {"# release NAME DATE\nrelease 1.0 2026-01-01\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, scanner.ReadData("f", c.text)); diff != "" {
				t.Errorf("ReadData (-want +got)\n%s", diff)
			}
		})
	}
}

func TestDataAge(t *testing.T) {
	list := []scanner.Data{{Name: "b", Date: "2026-08-22"}, {Name: "c", Date: "2026-11-01"}, {Name: "a", Date: "2026-08-22"}}
	slices.SortFunc(list, scanner.Data.Compare)
	if list[0].Name != "a" || list[2].Name != "c" {
		t.Errorf("sorted: %v", list)
	}
	if got := list[0].Age(time.Date(2026, 8, 23, 12, 0, 0, 0, time.UTC)); got != 36*time.Hour {
		t.Errorf("Age = %s, want 36h", got)
	}
	if got := (scanner.Data{}).Age(time.Date(2026, 8, 23, 0, 0, 0, 0, time.UTC)); got != 0 {
		t.Errorf("Age without a date = %s, want 0", got)
	}
}
