package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

const template = `id: CVE-2020-25213-a

info:
  name: >
    A <= 6.8
  reference:
    - https://www.wordfence.com/threat-intel/vulnerabilities/id/dab7e451-f2ea-4f41-8e38-a2a983ccb18b?source=api-prod
  classification:
    cvss-metrics: CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H
    cvss-score: 9.8
    cve-id: CVE-2020-25213
  tags: cve,wordpress,wp-plugin,Wp-File-Manager,critical,production

http:
  - matchers:
      - type: dsl
        dsl:
          - compare_versions(version, '>= 6.0', '<= 6.8')`

// A template gives a component's name in small letters, and the facts of its record.
func TestParseTemplate(t *testing.T) {
	r, ok := parseTemplate(template)
	want := record{"plugin", "wp-file-manager", "dab7e451-f2ea-4f41-8e38-a2a983ccb18b", "CVE-2020-25213", 9.8, true, []string{"6.0..6.8"}}
	if d := cmp.Diff(want, r, cmp.AllowUnexported(record{})); !ok || d != "" {
		t.Errorf("%t (-want +got):\n%s", ok, d)
	}
	if r, ok := parseTemplate("id: x\ninfo:\n  tags: cve\n"); ok {
		t.Errorf("no template: %+v", r)
	}
}

// Bounds become ranges; what cannot be compared gives none.
func TestRangeOf(t *testing.T) {
	for bounds, want := range map[string]string{
		"'<= 6.8'": "6.8", "'< 6.9'": "<6.9", "'>= 2.6.10', '<= 2.8.4'": "2.6.10..2.8.4", "'>= 5.8', '< 5.8.3'": "5.8..<5.8.3", "'2.1'": "2.1..2.1",
		"'<= *'": "*", "'<= 1.0.'": "1.0", "'<= v1.00'": "1.00", "'<= .53.2'": "", "'<= 47.0(20-11-2023)'": "", "'>= 1.0'": "", "'> 1.0'": "", "''": "",
	} {
		if got := rangeOf(bounds); got != want {
			t.Errorf("rangeOf(%s) = %q, want %q", bounds, got, want)
		}
	}
}

// Of plug-ins and themes those are kept that anybody can attack, that somebody attacked, or that are made in Japan.
func TestKeep(t *testing.T) {
	exploited := map[string]bool{"CVE-1": true}
	base := record{kind: "plugin", name: "a", score: 9.8, open: true, ranges: []string{"1.0"}}
	for name, c := range map[string]struct {
		change func(*record)
		want   bool
	}{
		"anybody":              {func(*record) {}, true},
		"an account":           {func(r *record) { r.open = false }, false},
		"harmless":             {func(r *record) { r.score = 5.3 }, false},
		"exploited":            {func(r *record) { r.open, r.score, r.cve = false, 5.3, "CVE-1" }, true},
		"japanese":             {func(r *record) { r.open, r.score, r.name = false, 4.3, "usc-e-shop" }, true},
		"no range":             {func(r *record) { r.ranges = nil }, false},
		"core":                 {func(r *record) { r.kind, r.open, r.score = "core", false, 4.3 }, true},
		"core without a score": {func(r *record) { r.kind, r.score = "core", 0 }, false},
	} {
		r := base
		c.change(&r)
		if got := r.keep(exploited); got != c.want {
			t.Errorf("%s: kept %t, want %t", name, got, c.want)
		}
	}
}

// Releases are named as WordPress names itself.
func TestNamesOfReleases(t *testing.T) {
	for tag, want := range map[string]string{"6.4.0": "6.4", "6.4.2": "6.4.2", "1.5.1.3": "1.5.1.3", "6.10.0": "6.10"} {
		if got := nameOf(tag); got != want {
			t.Errorf("nameOf(%q) = %q, want %q", tag, got, want)
		}
	}
}

// Only those files are offered that a site gives out as they are.
func TestServed(t *testing.T) {
	for name, want := range map[string]bool{
		"wp-includes/js/a.js": true, "wp-admin/css/a.css": true, "readme.html": true, "wp-content/themes/a/a.css": false, "wp-login.php": false,
		"wp-includes/version.php": false,
	} {
		if (served(name) == name) != want {
			t.Errorf("served(%q) = %q", name, served(name))
		}
	}
}
