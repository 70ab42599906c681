package scanner_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
)

func TestReadData(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want scanner.Data
		ok   bool
	}{
		"both":              {"# Some data.\n# source: https://a.test commit 1\n# date: 2026-08-22\na 1\n", scanner.Data{Name: "f", Source: "https://a.test commit 1", Date: "2026-08-22"}, true},
		"several_days":      {"# source: x\n# date: 2026-08-22 (records), 2025-08-25 (exploited)\n", scanner.Data{Name: "f", Source: "x", Date: "2026-08-22"}, true},
		"no_date":           {"# source: https://a.test\na 1\n", scanner.Data{Name: "f", Source: "https://a.test"}, false},
		"no_source":         {"# date: 2026-08-22\na 1\n", scanner.Data{Name: "f", Date: "2026-08-22"}, false},
		"no_day":            {"# source: x\n# date: summer\n", scanner.Data{Name: "f", Source: "x", Date: "summer"}, false},
		"behind_the_data":   {"a 1\n# source: x\n# date: 2026-08-22\n", scanner.Data{Name: "f"}, false},
		"nothing":           {"", scanner.Data{Name: "f"}, false},
		"dates_of_releases": {"# release NAME DATE\nrelease 1.0 2026-01-01\n", scanner.Data{Name: "f"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := scanner.ReadData("f", c.text)
			if diff := cmp.Diff(c.want, got); diff != "" || ok != c.ok {
				t.Errorf("ReadData = %v, want %v (-want +got)\n%s", ok, c.ok, diff)
			}
		})
	}
}

func TestDataAge(t *testing.T) {
	list := []scanner.Data{{Name: "b", Date: "2026-08-22"}, {Name: "c", Date: "2026-11-01"}, {Name: "a", Date: "2026-08-22"}}
	scanner.SortData(list)
	if list[0].Name != "a" || list[2].Name != "c" {
		t.Errorf("SortData: %v", list)
	}
	if got := list[0].Age(time.Date(2026, 8, 23, 12, 0, 0, 0, time.UTC)); got != 36*time.Hour {
		t.Errorf("Age = %s, want 36h", got)
	}
	if got := (scanner.Data{}).Age(time.Date(2026, 8, 23, 0, 0, 0, 0, time.UTC)); got != 0 {
		t.Errorf("Age without a date = %s, want 0", got)
	}
}
