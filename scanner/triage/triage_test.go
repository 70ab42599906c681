package triage_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/triage"
)

func finding(id, target, fingerprint string) scanner.Finding {
	return scanner.Finding{
		Signature: &signature.Signature{ID: id}, Severity: signature.SeverityHigh, Target: target, Fingerprint: fingerprint,
		Hit: scanner.Hit{URL: target + "/x", Certainty: scanner.Confirmed},
	}
}

// marked is what the rules say of findings, and the summary that a report gets.
func marked(t *testing.T, r *triage.Rules, list ...scanner.Finding) ([]scanner.Finding, scanner.Summary) {
	t.Helper()
	var c scanner.Collector
	s := r.Sink(&c)
	end := scanner.Summary{Severities: map[string]int{}, Confirmed: map[string]int{}}
	for _, f := range list {
		end.Severities[string(f.Severity)]++
		end.Confirmed[string(f.Severity)]++
		if err := s.Finding(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(end); err != nil {
		t.Fatal(err)
	}
	return c.Findings, c.Summary
}

const list = `ignore:
  - {id: "v1:a", reason: r, until: 2026-03-31}
  - {signature: by-target, target: "https://*.shop.example", reason: r, until: 2026-12-31, status: in-progress}
  - {signature: by-host, target: "*.shop.example", reason: r, until: 2026-12-31}
  - {signature: everywhere, target: "*", reason: r, until: 2026-12-31}
`

func TestSuppressions(t *testing.T) {
	at := func(day string) time.Time {
		moment, err := time.Parse(time.RFC3339, day)
		if err != nil {
			t.Fatal(err)
		}
		return moment
	}
	for name, c := range map[string]struct {
		f    scanner.Finding
		now  string
		want bool
	}{
		"id":                {finding("x", "https://h.example", "v1:a"), "2026-01-01T00:00:00Z", true},
		"other_id":          {finding("x", "https://h.example", "v1:b"), "2026-01-01T00:00:00Z", false},
		"last_moment":       {finding("x", "https://h.example", "v1:a"), "2026-03-31T23:59:59Z", true},
		"over":              {finding("x", "https://h.example", "v1:a"), "2026-04-01T00:00:00Z", false},
		"target":            {finding("by-target", "https://www.shop.example", "v1:c"), "2026-01-01T00:00:00Z", true},
		"scheme":            {finding("by-target", "http://www.shop.example", "v1:c"), "2026-01-01T00:00:00Z", false},
		"host_behind":       {finding("by-target", "https://www.shop.example.evil.example", "v1:c"), "2026-01-01T00:00:00Z", false},
		"host":              {finding("by-host", "http://www.shop.example:8080/a", "v1:c"), "2026-01-01T00:00:00Z", true},
		"host_is_no_path":   {finding("by-host", "http://h.example/www.shop.example", "v1:c"), "2026-01-01T00:00:00Z", false},
		"dot_is_a_dot":      {finding("by-host", "http://www-shop.example", "v1:c"), "2026-01-01T00:00:00Z", false},
		"everywhere":        {finding("everywhere", "http://h.example/a?b=c", "v1:c"), "2026-01-01T00:00:00Z", true},
		"another_signature": {finding("everywhere-else", "http://h.example", "v1:c"), "2026-01-01T00:00:00Z", false},
	} {
		t.Run(name, func(t *testing.T) {
			r := &triage.Rules{Now: at(c.now)}
			if err := r.ReadIgnore("i.yaml", []byte(list)); err != nil {
				t.Fatal(err)
			}
			found, s := marked(t, r, c.f)
			if got := found[0].Suppressed != nil; got != c.want {
				t.Errorf("suppressed: %v", got)
			}
			if open := s.Severities["high"] + s.SuppressedFindings; open != 1 || s.SuppressedFindings == 1 != c.want || s.Severities["high"] != s.Confirmed["high"] {
				t.Errorf("summary %+v", s)
			}
		})
	}
}

// TestNotices: what has ended, what ends within 14 days, and what nothing needs.
func TestNotices(t *testing.T) {
	for now, want := range map[string][]string{
		"2026-03-01": nil,
		"2026-03-17": nil,
		"2026-03-18": {"i.yaml:2: the suppression of v1:a ends on 2026-03-31 (days left: 14)"},
		"2026-04-01": {"i.yaml:2: the suppression of v1:a ended on 2026-03-31, so it counts again (findings: 1)"},
	} {
		day, err := time.Parse(time.DateOnly, now)
		if err != nil {
			t.Fatal(err)
		}
		r := &triage.Rules{Now: day}
		if err := r.ReadIgnore("i.yaml", []byte(list)); err != nil {
			t.Fatal(err)
		}
		n := r.Notices()
		if err := n.Finding(finding("x", "https://h.example", "v1:a")); err != nil {
			t.Fatal(err)
		}
		if err := n.Outcome(scanner.Outcome{Signature: "x", Target: "https://h.example", Status: scanner.StatusFound}); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range n.Messages() {
			got = append(got, m.String())
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", now, d)
		}
	}
}

func TestUnusedSuppressions(t *testing.T) {
	r := &triage.Rules{}
	if err := r.ReadIgnore("i.yaml", []byte(list)); err != nil {
		t.Fatal(err)
	}
	n := r.Notices()
	for _, o := range []scanner.Outcome{
		{Signature: "by-host", Target: "https://a.shop.example", Status: scanner.StatusClean},
		{Signature: "everywhere", Target: "https://a.shop.example", Status: scanner.StatusBlocked}, // could not tell
		{Signature: "by-target", Target: "https://other.example", Status: scanner.StatusClean},
	} {
		if err := n.Outcome(o); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for _, m := range n.Messages() {
		place, _, _ := strings.Cut(m.String(), ": ")
		got = append(got, place)
	}
	if d := cmp.Diff([]string{"i.yaml:2", "i.yaml:4"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestBaseline(t *testing.T) {
	var out bytes.Buffer
	s := triage.NewBaselineSink(&out, "en")
	suppressed := finding("b", "https://h.example", "v1:s")
	suppressed.Suppressed = &scanner.Suppression{Reason: "r"}
	for _, f := range []scanner.Finding{finding("b", "https://h.example", "v1:2"), finding("a", "https://h.example", "v1:1"), suppressed} {
		if err := s.Finding(f); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range []scanner.Outcome{{Signature: "b", Status: scanner.StatusFound}, {Signature: "a", Status: scanner.StatusUnreachable}, {Signature: "u", Status: scanner.StatusUnsupported}} {
		if err := s.Outcome(o); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(scanner.Summary{}); err != nil {
		t.Fatal(err)
	}
	b, err := triage.ReadBaseline(out.Bytes())
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if d := cmp.Diff([]string{"a", "b"}, b.Signatures); d != "" {
		t.Errorf("signatures (-want +got):\n%s", d)
	}
	found, sum := marked(t, &triage.Rules{Baseline: b}, finding("a", "https://h.example", "v1:1"), finding("a", "https://h.example", "v1:9"), finding("u", "https://h.example", "v1:8"), finding("b", "https://h.example", "v1:s"))
	var got []scanner.Novelty
	for _, f := range found {
		got = append(got, f.Baseline)
	}
	if d := cmp.Diff([]scanner.Novelty{scanner.Known, scanner.New, scanner.NewSignature, scanner.New}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[scanner.Novelty]int{scanner.Known: 1, scanner.New: 2, scanner.NewSignature: 1}, sum.Novelty); d != "" {
		t.Errorf("summary (-want +got):\n%s", d)
	}
	if err := triage.NewBaselineSink(&out, "en").Close(scanner.Summary{Interrupted: true}); err == nil {
		t.Error("a baseline of an interrupted scan")
	}
}

// TestVEX: a statement holds for the sites that it names, and only for what it says.
func TestVEX(t *testing.T) {
	withCVE := func(target string, c scanner.Certainty, ids ...string) scanner.Finding {
		f := finding("lib", target, "v1:x")
		f.Signature.Info.Classification.CVEID = ids
		f.Hit.Certainty = c
		return f
	}
	document := func(vulnerability, product, status string) string {
		return `{"@context":"https://openvex.dev/ns/v0.2.0","statements":[{"vulnerability":` + vulnerability + `,"products":[{"@id":"` + product + `"}],"status":"` + status + `","justification":"vulnerable_code_not_present"}]}`
	}
	name := `{"@id":"https://nvd.nist.gov/vuln/detail/CVE-2020-1","name":"CVE-2020-1"}`
	for label, c := range map[string]struct {
		text string
		f    scanner.Finding
		want bool
	}{
		"not_affected":            {document(name, "https://h.example", "not_affected"), withCVE("https://h.example", scanner.Confirmed, "CVE-2020-1"), true},
		"name_as_text":            {document(`"CVE-2020-1"`, "h.example", "not_affected"), withCVE("https://h.example", scanner.Confirmed, "CVE-2020-1"), true},
		"another_site":            {document(name, "https://h.example", "not_affected"), withCVE("https://i.example", scanner.Confirmed, "CVE-2020-1"), false},
		"one_of_two":              {document(name, "https://h.example", "not_affected"), withCVE("https://h.example", scanner.Confirmed, "CVE-2020-1", "CVE-2020-2"), false},
		"fixed_but_possible":      {document(name, "https://h.example", "fixed"), withCVE("https://h.example", scanner.Possible, "CVE-2020-1"), true},
		"fixed_but_confirmed":     {document(name, "https://h.example", "fixed"), withCVE("https://h.example", scanner.Confirmed, "CVE-2020-1"), false},
		"affected":                {document(name, "https://h.example", "affected"), withCVE("https://h.example", scanner.Possible, "CVE-2020-1"), false},
		"a_package_says_no_place": {document(name, "pkg:generic/lib@1", "not_affected"), withCVE("https://h.example", scanner.Confirmed, "CVE-2020-1"), false},
	} {
		t.Run(label, func(t *testing.T) {
			r := &triage.Rules{}
			if err := r.ReadVEX("v.json", []byte(c.text)); err != nil {
				t.Fatal(err)
			}
			found, _ := marked(t, r, c.f)
			if got := found[0].Suppressed != nil; got != c.want {
				t.Errorf("suppressed: %v", got)
			}
		})
	}
}
