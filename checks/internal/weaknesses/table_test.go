package weaknesses

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A range holds its ends, but for one that stands behind "<".
func TestRanges(t *testing.T) {
	for _, c := range []struct{ form, in, out, shown string }{
		{"6.8", "1.0 6.7.9 6.8 6.8.0", "6.8.1 6.9", "<= 6.8"},
		{"<6.9", "1.0 6.8.9", "6.9 7.0", "< 6.9"},
		{"2.6.10..2.8.4", "2.6.10 2.7 2.8.4", "2.6.9 2.8.5", "2.6.10 – 2.8.4"},
		{"5.8..<5.8.3", "5.8 5.8.2", "5.7.9 5.8.3", "5.8 – < 5.8.3"},
		{"2.1..2.1", "2.1 2.1.0", "2.0 2.1.1", "2.1"},
		{"*", "0.1 99.0", "", "*"},
	} {
		v := ParseRange(c.form)
		for _, version := range strings.Fields(c.in) {
			if !v.has(version) {
				t.Errorf("%s lacks %s", c.form, version)
			}
		}
		for _, version := range strings.Fields(c.out) {
			if v.has(version) {
				t.Errorf("%s has %s", c.form, version)
			}
		}
		if v.String() != c.shown {
			t.Errorf("%s is shown as %q, want %q", c.form, v.String(), c.shown)
		}
	}
}

// theTable is the data that comes with the program.
func theTable(t *testing.T) *Table {
	t.Helper()
	text, err := os.ReadFile("../../../signatures/wordpress/weaknesses.txt")
	if err != nil {
		t.Fatal(err)
	}
	data, err := Parse(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Every record of the data can be read: a known kind, a score of CVSS, a number, and bounds that are releases.
func TestTable_is_sound(t *testing.T) {
	data := theTable(t)
	records := 0
	for component := range data.Entries {
		kind, name, ok := strings.Cut(component, " ")
		if !ok || kind != "plugin" && kind != "theme" && kind != "core" || name != strings.ToLower(name) {
			t.Errorf("component %q", component)
		}
		list, err := data.Of(kind, name)
		if err != nil {
			t.Errorf("%s: %v", component, err)
		}
		for _, w := range list {
			records++
			if len(w.Record) != 36 || w.Score <= 0 || w.Score > 10 || w.CVE != "" && !strings.HasPrefix(w.CVE, "CVE-") {
				t.Errorf("%s: %+v", component, w)
			}
			for _, v := range w.Ranges {
				if v.To != "" && VersionOf(v.To) == "" || v.From != "" && VersionOf(v.From) == "" {
					t.Errorf("%s: %s: bounds %+v", component, w.name(), v)
				}
			}
		}
	}
	if records < 5000 {
		t.Errorf("only %d records", records)
	}
}

// What each of some releases is known for. The first of a fix has none of it.
func TestMatching(t *testing.T) {
	data := theTable(t)
	for _, c := range []struct{ component, version, cve, update string }{
		{"wp-file-manager", "6.8", "CVE-2020-25213", "newer than 7.2.1"},
		{"wp-file-manager", "6.9", "-CVE-2020-25213", ""},
		{"usc-e-shop", "2.9.3", "CVE-2023-5952", "newer than 2.11.33"},
		{"usc-e-shop", "2.9.5", "-CVE-2023-5952", ""},
		{"duplicator", "1.3.26", "CVE-2020-11738", ""},
	} {
		list, err := data.Of("plugin", c.component)
		if err != nil {
			t.Fatal(err)
		}
		k := Matching(list, []string{c.version})
		cve, absent := strings.CutPrefix(c.cve, "-")
		if found := strings.Contains(strings.Join(k.CVEs, " "), cve); found == absent {
			t.Errorf("%s %s: %v, want %s", c.component, c.version, k.CVEs, c.cve)
		}
		if c.update != "" && k.Update.String() != c.update {
			t.Errorf("%s %s: update to %q, want %q", c.component, c.version, k.Update.String(), c.update)
		}
	}
}

// What to update to follows from the highest bound; where one range has none, no release is named.
func TestUpdate(t *testing.T) {
	for _, c := range []struct {
		ranges []string
		want   string
	}{
		{[]string{"2.0"}, "newer than 2.0"},
		{[]string{"<2.0"}, "2.0 or newer"},
		{[]string{"2.0", "<2.1"}, "2.1 or newer"},
		{[]string{"<2.0", "2.0"}, "newer than 2.0"},
		{[]string{"2.0", "*"}, "no release with a fix is known for all of them"},
		{[]string{"1.0"}, ""},
	} {
		var list []Weakness
		for _, r := range c.ranges {
			list = append(list, Weakness{CVE: "CVE-1-" + r, Score: 5, Ranges: []Range{ParseRange(r)}})
		}
		got := ""
		if k := Matching(list, []string{"1.5"}); !k.Update.IsZero() {
			got = k.Update.String()
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%v (-want +got):\n%s", c.ranges, d)
		}
	}
}

// The day of a table is that of its records, not of what is known to be exploited.
func TestTableDate(t *testing.T) {
	list, err := Parse("# date: 2026-08-22\n# source: b\n# date: 2025-08-25\nplugin a\n CVE-1 9.0 x *\n")
	if err != nil || list.Date != "2026-08-22" {
		t.Errorf("Parse: %+v, %v", list, err)
	}
}
