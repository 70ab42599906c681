package filehash

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/signatures"
)

// advisory is a signature about releases of the product; affected is the list of its spans.
func advisory(affected string) string {
	return fmt.Sprintf(`
id: advisory
info: {name: Weakness, author: sotomi, severity: high, reference: https://shop.example/}
safety: passive
needs: [eccube]
check: release-range
variants: {old: {severity: low, name: Old weakness}, possible: {name: Perhaps}, old-possible: {severity: low, name: Perhaps old}}
with:
  product: eccube
  database: eccube.db
  advisory: {cve: CVE-2020-0001, jvn: "JVN#1", cvss: "5.4"}
  affected: [%s]
`, affected)
}

// factSite is a site about which one fact is known.
type factSite struct {
	scanner.Site
	fact map[string]string
}

func (s factSite) Fact(name string) (map[string]string, bool) {
	return s.fact, name == "eccube" && s.fact != nil
}

func rangeOf(t *testing.T, affected string, fact map[string]string) ([]scanner.Hit, message.Message, error) {
	t.Helper()
	c, err := NewReleaseRange(parseSignature(t, advisory(affected), databaseText()))
	if err != nil {
		t.Fatal(err)
	}
	p := &scanner.Probe{Site: factSite{fact: fact}, Target: target.Target{URL: &url.URL{Scheme: "http", Host: "shop.example", Path: "/"}}}
	hits, err := c.Run(t.Context(), p)
	return hits, p.Notes().Reason, err
}

// A release is affected from introduced on, up to and with last, or up to but without fixed, in EC-CUBE's order.
func TestAffectedReleases(t *testing.T) {
	const (
		fixed   = `{introduced: 4.0.0, fixed: 4.0.6-p2}`
		last    = `{introduced: 2.12.3, last: 2.12.6}`
		first   = `{last: 2.11.0}`
		english = `{introduced: 2.12.3en, last: 2.12.3en-p1}`
		patch   = `{introduced: 4.0.0, fixed: 4.1.0-p1}` // a patch that the database lacks
	)
	for name, c := range map[string]struct {
		affected, candidates string
		want                 string // those affected; "" when there is no hit
		certainty            scanner.Certainty
	}{
		"first_of_the_span":          {fixed, "4.0.0", "4.0.0", scanner.Confirmed},
		"before_the_span":            {fixed, "4.0-beta", "", ""},
		"last_before_the_fix":        {fixed, "4.0.6-p1", "4.0.6-p1", scanner.Confirmed},
		"the_fix":                    {fixed, "4.0.6-p2", "", ""},
		"after_the_fix":              {fixed, "4.1.0", "", ""},
		"last_is_affected":           {last, "2.12.6", "2.12.6", scanner.Confirmed},
		"after_the_last":             {last, "2.13.5", "", ""},
		"oldest":                     {first, "2.4.4", "2.4.4", scanner.Confirmed},
		"beta_before_the_last":       {first, "2.11.0-beta", "2.11.0-beta", scanner.Possible},
		"all_candidates":             {fixed, "4.0.6, 4.0.6-p1", "4.0.6, 4.0.6-p1", scanner.Confirmed},
		"one_of_the_candidates":      {fixed, "4.0.6-p1, 4.0.6-p2", "4.0.6-p1", scanner.Possible},
		"last_of_the_candidates":     {fixed, "4.0-beta, 4.0.0", "4.0.0", scanner.Possible},
		"two_spans":                  {fixed + ", " + last, "2.12.6, 4.0.0", "2.12.6, 4.0.0", scanner.Confirmed},
		"english_build":              {english, "2.12.3en-p1", "2.12.3en-p1", scanner.Confirmed},
		"others_beside_english":      {english, "2.12.6", "", ""},
		"others_in_a_common_span":    {`{introduced: 2.12.3, last: 2.12.3en-p1}`, "2.12.3", "2.12.3", scanner.Confirmed},
		"english_in_a_common_span":   {last, "2.12.3en", "2.12.3en", scanner.Confirmed},
		"patch_that_cannot_be_seen":  {patch, "4.1.0", "4.1.0", scanner.Possible},
		"patch_of_another_release":   {patch, "4.0.6", "4.0.6", scanner.Confirmed},
		"patch_that_can_be_seen":     {fixed, "4.0.6", "4.0.6", scanner.Confirmed},
		"line_without_a_fix":         {`{introduced: 4.0.0, before: 4.1.0}`, "4.0.6-p2", "4.0.6-p2", scanner.Confirmed},
		"next_line":                  {`{introduced: 4.0.0, before: 4.1.0}`, "4.1.0", "", ""},
		"names_that_are_no_releases": {fixed, "none, 4.0.0", "4.0.0", scanner.Confirmed},
	} {
		t.Run(name, func(t *testing.T) {
			hits, reason, err := rangeOf(t, c.affected, map[string]string{"candidates": c.candidates, "base": "/shop/"})
			if err != nil {
				t.Fatal(err)
			}
			if c.want == "" {
				if len(hits) > 0 || reason.String() != c.candidates+" is not affected" {
					t.Errorf("%d hits, reason %q", len(hits), reason)
				}
				return
			}
			if len(hits) != 1 {
				t.Fatalf("%d hits", len(hits))
			}
			h := hits[0]
			if variant := map[scanner.Certainty]string{scanner.Possible: "possible"}[h.Certainty]; h.Variant != variant {
				t.Errorf("%s with the words %q, want %q", h.Certainty, h.Variant, variant)
			}
			if got := h.Values.Facts()["affected"]; got != c.want || h.Certainty != c.certainty || h.URL != "http://shop.example/shop/" {
				t.Errorf("%s %s at %s, want %s %s", h.Certainty, got, h.URL, c.certainty, c.want)
			}
			if h.Values["cve"] != "CVE-2020-0001" || h.Values["jvn"] != "JVN#1" || h.Values["cvss"] != "5.4" {
				t.Errorf("values %v", h.Values)
			}
		})
	}
}

// The finding names each fix and each note once, and has the variant of the first span.
func TestFixesNotesAndVariants(t *testing.T) {
	spans := `{introduced: 2.4.4, last: 2.11.5, variant: old, note: not fixed}, {introduced: 4.0.0, fixed: 4.0.6-p1, note: built on X}, {introduced: 4.1.0, fixed: 4.2.0}`
	for candidates, want := range map[string]scanner.Hit{
		"2.4.4, 2.11.0": {Variant: "old", Values: scanner.Values{"fixed": []string{}, "note": []string{"not fixed"}}},
		"2.4.4, 4.0.0":  {Variant: "old", Values: scanner.Values{"fixed": []string{"4.0.6-p1"}, "note": []string{"not fixed", "built on X"}}},
		"4.0.0, 4.0.6":  {Values: scanner.Values{"fixed": []string{"4.0.6-p1"}, "note": []string{"built on X"}}},
		"4.0.0, 4.3.0":  {Variant: "possible", Values: scanner.Values{"fixed": []string{"4.0.6-p1"}, "note": []string{"built on X"}}},
		"2.4.4, 4.3.0":  {Variant: "old-possible", Values: scanner.Values{"fixed": []string{}, "note": []string{"not fixed"}}},
		"4.0.0, 4.1.0":  {Values: scanner.Values{"fixed": []string{"4.0.6-p1", "4.2.0"}, "note": []string{"built on X"}}},
		"4.1.0":         {Values: scanner.Values{"fixed": []string{"4.2.0"}, "note": []string(nil)}},
	} {
		hits, _, err := rangeOf(t, spans, map[string]string{"candidates": candidates})
		if err != nil || len(hits) != 1 {
			t.Fatalf("%s: %d hits, %v", candidates, len(hits), err)
		}
		list, _ := hits[0].Values["note"].([]string)
		got := scanner.Values{"fixed": hits[0].Values["fixed"], "note": list}
		if diff := cmp.Diff(want.Values, got); diff != "" || hits[0].Variant != want.Variant {
			t.Errorf("%s: variant %q, values (-want +got):\n%s", candidates, hits[0].Variant, diff)
		}
		if note := notes(hits[0]); note != "release, identified by the files and pages of the shop: "+candidates {
			t.Errorf("%s: evidence %q", candidates, note)
		}
	}
}

// A release that the page claims and the database lacks counts instead of those that files fit best, if it is of their line or
// newer than all that is known. What a page writes there can be anything.
func TestClaimedReleaseCounts(t *testing.T) {
	const spans = `{introduced: 4.0.0, fixed: 4.4.0}`
	for claimed, want := range map[string]bool{
		"4.3.9": true, "4.4.0": false, "4.4.1": false, "": true, "x": true, "4.0.6-p9": true,
		"1.2.3.4.n": true, "9.9.9.9.9.9.n": true, "99999999999999999999.1": true,
	} {
		hits, _, err := rangeOf(t, spans, map[string]string{"candidates": "4.3.0", "claimed": claimed})
		if err != nil || (len(hits) > 0) != want {
			t.Errorf("claimed %q: %d hits, %v", claimed, len(hits), err)
		}
	}
}

// A page may claim what it likes: its own number in place of the product's. Where the files tell another line, both count.
func TestClaimsAgainstFiles(t *testing.T) {
	const spans = `{introduced: 4.0.0, fixed: 4.2.0}`
	for name, c := range map[string]struct {
		candidates, claimed, affected string
		certainty                     scanner.Certainty
	}{
		"theme_with_a_number":     {"4.0.0", "4.9.9", "4.0.0", scanner.Possible},
		"theme_with_a_low_number": {"4.0.0", "1.0.2", "4.0.0", scanner.Confirmed},
		"theme_with_a_date":       {"4.0.0", "2024.10.1", "4.0.0", scanner.Confirmed},
		"pages_updated_alone":     {"4.0.0", "4.2.1", "4.0.0", scanner.Possible},
		"files_updated_alone":     {"4.2.1", "4.1.0", "4.1.0", scanner.Possible},
		"one_of_them":             {"4.0.6, 4.0.6-p1", "4.0.6", "4.0.6, 4.0.6-p1", scanner.Confirmed},
		"patch":                   {"4.0.6, 4.0.6-p1", "4.0.6-p9", "4.0.6-p9", scanner.Confirmed},
		"newer_than_the_data":     {"4.3.0", "4.4.0", "", ""},
	} {
		hits, _, err := rangeOf(t, spans, map[string]string{"candidates": c.candidates, "claimed": c.claimed, "basis": "files"})
		if err != nil || (len(hits) > 0) != (c.affected != "") {
			t.Fatalf("%s: %d hits, %v", name, len(hits), err)
		}
		if len(hits) > 0 && (hits[0].Values.Facts()["affected"] != c.affected || hits[0].Certainty != c.certainty) {
			t.Errorf("%s: %v, %s", name, hits[0].Values, hits[0].Certainty)
		}
	}
}

// A release that rests on the page alone makes a weakness possible; one that is not told makes it undetermined.
func TestWhatTheReleaseRestsOn(t *testing.T) {
	const spans = `{introduced: 4.0.0, fixed: 4.2.0}`
	for basis, want := range map[string]scanner.Certainty{"files": scanner.Confirmed, "page": scanner.Possible} {
		hits, _, err := rangeOf(t, spans, map[string]string{"candidates": "4.0.0", "basis": basis})
		if err != nil || len(hits) != 1 || hits[0].Certainty != want {
			t.Errorf("%s: %v, %v", basis, hits, err)
		}
	}
	hits, _, err := rangeOf(t, spans, map[string]string{"candidates": "4.0.0, 4.0.6", "basis": "line"})
	if len(hits) > 0 || err == nil || err.Error() != "failed: the pages of the eccube site tell its line but not its release, and no file does" {
		t.Errorf("line: %d hits, error %v", len(hits), err)
	}
}

// A finding never sends anyone to a pre-release: the release that follows it is the one to update to.
func TestFixIsARelease(t *testing.T) {
	for fixed, want := range map[string]string{"4.0-beta": "4.0.0", "4.2.0-rc": "4.2.0", "4.3.0-beta": "4.3.0", "4.4.0-alpha": "", "4.0.6-p1": "4.0.6-p1"} {
		hits, _, err := rangeOf(t, fmt.Sprintf(`{introduced: 2.4.4, fixed: %s}`, fixed), map[string]string{"candidates": "2.4.4"})
		if err != nil || len(hits) != 1 || hits[0].Values.Facts()["fixed"] != want {
			t.Errorf("%s: %v, %v, want fixed %q", fixed, hits, err, want)
		}
	}
}

// Without the product there is nothing to judge; without a release it cannot be judged.
func TestWithoutARelease(t *testing.T) {
	const spans = `{introduced: 4.0.0, fixed: 4.2.0}`
	for name, c := range map[string]struct {
		fact map[string]string
		want string
	}{
		"no_product":    {nil, "not-applicable: no eccube here"},
		"no_candidates": {map[string]string{"candidates": ""}, "failed: the release of eccube is not known"},
		"no_names":      {map[string]string{"candidates": "unknown, ?"}, "failed: the release of eccube is not known"},
	} {
		hits, _, err := rangeOf(t, spans, c.fact)
		if len(hits) > 0 || err == nil || err.Error() != c.want {
			t.Errorf("%s: %d hits, error %v, want %s", name, len(hits), err, c.want)
		}
	}
}

// An advisory that cannot be right is refused when signatures are loaded.
func TestAdvisoriesThatAreRefused(t *testing.T) {
	good := advisory(`{introduced: 4.0.0, fixed: 4.2.0}`)
	if _, err := NewReleaseRange(parseSignature(t, good, databaseText())); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ old, to, want string }{
		"unknown_key":   {"product:", "products:", "products"},
		"no_product":    {"product: eccube", "product: ''", "product and affected are needed"},
		"no_spans":      {"[{introduced: 4.0.0, fixed: 4.2.0}]", "[]", "product and affected are needed"},
		"not_needed":    {"needs: [eccube]", "needs: [other]", "needs: eccube is missing"},
		"no_database":   {"eccube.db", "other.db", "other.db"},
		"bad_database":  {"eccube.db", "shop.yaml", "no releases in it"},
		"no_variant":    {"4.2.0}", "4.2.0, variant: older}", `no variant "older"`},
		"no_words":      {"possible: {name: Perhaps}, ", "", `no variant "possible"`},
		"no_release":    {"fixed: 4.2.0", "fixed: four", `"four" is not a release`},
		"open_end":      {"fixed: 4.2.0", "note: open", "without last, before or fixed"},
		"no_introduced": {"introduced: 4.0.0", "introduced: '4,0'", `"4,0" is not a release`},
	} {
		_, err := NewReleaseRange(parseSignature(t, strings.Replace(good, c.old, c.to, 1), databaseText()))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "shop.yaml") {
			t.Errorf("%s: error %v, want one with %q and the file", name, err, c.want)
		}
	}
}

// Every note of an embedded advisory can be said in Japanese.
func TestNotesInJapanese(t *testing.T) {
	set, err := signature.Load(signature.Sources{Embedded: signatures.FS})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	translated := func(note string) bool { return message.In("ja").Name("word", note) != note }
	for _, s := range set.Signatures {
		if s.Check != "release-range" {
			continue
		}
		c, err := NewReleaseRange(s)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range c.(*releaseRange).params.Affected {
			if a.Note == "" {
				continue
			}
			if seen++; !translated(a.Note) {
				t.Errorf("%s: no Japanese for %q", s.File, a.Note)
			}
		}
	}
	if seen == 0 || !translated(cannotTell) {
		t.Errorf("%d notes; %q in Japanese: %t", seen, cannotTell, translated(cannotTell))
	}
}
