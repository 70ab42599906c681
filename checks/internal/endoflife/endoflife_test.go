package endoflife

import (
	"strings"
	"testing"
	"time"
)

func TestEnd(t *testing.T) {
	for _, c := range []struct{ product, version, on, want string }{
		{"php", "7.4.33", "2026-11-26", "2022-11-28"},
		{"php", "7.4", "2026-11-26", "2022-11-28"},
		{"php", "8.2.12", "2026-12-31", ""}, // its last day
		{"php", "8.2.12", "2027-01-02", "2026-12-31"},
		{"php", "8.2.12", "2026-11-26", ""},
		{"php", "4.4.9", "2026-11-26", "≤2005-09-05"},
		{"php", "9.0.1", "2030-01-01", ""}, // newer than the data
		{"php", "8.40", "2040-01-01", ""},  // 8.40 is not 8.4
		{"php", "", "2026-11-26", ""},
		{"php", "unknown", "2026-11-26", ""},
		{"openssl", "1.0.2k", "2026-11-26", "2019-12-31"},
		{"openssl", "1.1.1", "2023-09-01", ""},
		{"nginx", "1.17.3", "2026-11-26", "≤2021-04-20"}, // a line between two of which the data have the days
		{"nginx", "1.30.1", "2026-11-26", ""},
		{"apache-http-server", "2.4.6", "2026-11-26", ""},
		{"apache-http-server", "2.2.15", "2026-11-26", "2017-07-11"},
		{"joomla", "1.5.26", "2026-11-26", "≤2023-08-17"},
		{"drupal", "7.103", "2026-11-26", "2025-01-05"},
		{"drupal", "9", "2026-11-26", "≤2023-11-01"}, // all its lines have ended
		{"drupal", "10", "2026-11-26", ""},           // one of its lines has not
		{"magento", "2.4", "2026-11-26", ""},         // some of its lines have ended, others have no last day
		{"magento", "2.3", "2026-11-26", "2022-09-30"},
		{"movable-type", "4.28", "2026-11-26", "≤2015-09-30"},
		{"movable-type", "7.9.4", "2026-11-26", ""}, // no day is known
		{"no-such-product", "1.0", "2026-11-26", ""},
	} {
		on, err := time.Parse(Format, c.on)
		if err != nil {
			t.Fatal(err)
		}
		if got := End(c.product, c.version, on); got != c.want {
			t.Errorf("End(%s, %s, %s) = %q, want %q", c.product, c.version, c.on, got, c.want)
		}
	}
}

func TestParseMistakes(t *testing.T) {
	for _, text := range []string{"php 7.4\n", "php 7.4 tomorrow\n", "php x.4 2020-01-01\n", "php 7.4 2020-01-01 x\n"} {
		if lines, err := Parse(text); err == nil {
			t.Errorf("Parse(%q) = %v, want an error", text, lines)
		}
	}
}

// Every product that dates.txt and byhand.txt name has one day a line.
func TestSources(t *testing.T) {
	for name, text := range Sources() {
		seen := map[string]bool{}
		lines, err := Parse(text)
		if err != nil || len(lines) == 0 {
			t.Fatalf("%s: %d lines, %v", name, len(lines), err)
		}
		for _, l := range lines {
			if key := l.Product + " " + l.Name; seen[key] {
				t.Errorf("%s: %s twice", name, key)
			} else {
				seen[key] = true
			}
		}
		for _, head := range []string{"# source: ", "# date: ", "# licence: "} {
			if strings.Count(text, head) != 1 {
				t.Errorf("%s: %d lines begin with %q, want 1", name, strings.Count(text, head), head)
			}
		}
	}
}
