package scanner

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"

	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

func drawFinding(t *rapid.T) Finding {
	word := rapid.StringMatching(`[a-z]{1,6}`)
	target := "https://" + word.Draw(t, "host") + ".example"
	return Finding{
		Signature: &signature.Signature{ID: word.Draw(t, "signature")}, Target: target, Severity: signature.SeverityHigh,
		Hit: Hit{URL: target + "/" + word.Draw(t, "path"), Variant: word.Draw(t, "variant"), Matcher: word.Draw(t, "matcher")},
	}
}

func fingerprintOf(f Finding) string { return new(Fingerprints).Of(f) }

// TestFingerprint_stays: what is no part of the weakness does not change the fingerprint.
func TestFingerprint_stays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawFinding(t)
		before := fingerprintOf(f)
		if !regexp.MustCompile(`^v1:[0-9a-f]{32}$`).MatchString(before) {
			t.Fatalf("fingerprint %q", before)
		}
		f.Hit.Values = Values{rapid.StringMatching(`[a-z]+`).Draw(t, "name"): rapid.String().Draw(t, "value"), "note": message.New("x")}
		f.Hit.Certainty = rapid.SampledFrom([]Certainty{Confirmed, Possible}).Draw(t, "certainty")
		f.Severity = rapid.SampledFrom([]signature.Severity{signature.SeverityLow, signature.SeverityCritical}).Draw(t, "severity")
		f.Signature = &signature.Signature{ID: f.Signature.ID, Info: signature.Info{Name: rapid.String().Draw(t, "words")}}
		f.Baseline, f.Suppressed = New, &Suppression{Reason: "x"}
		if after := fingerprintOf(f); after != before {
			t.Errorf("%s became %s", before, after)
		}
	})
}

// TestFingerprint_tells_weaknesses_apart: another signature, target, place, variant or matcher is another weakness.
func TestFingerprint_tells_weaknesses_apart(t *testing.T) {
	changes := map[string]func(*Finding){
		"signature": func(f *Finding) { f.Signature = &signature.Signature{ID: f.Signature.ID + "-x"} },
		"target":    func(f *Finding) { f.Target += ":8443" },
		"path":      func(f *Finding) { f.Hit.URL += "/x" },
		"host":      func(f *Finding) { f.Hit.URL = "https://cdn.example/x" },
		"parameter": func(f *Finding) { f.Hit.URL += "?x=1" },
		"variant":   func(f *Finding) { f.Hit.Variant += "x" },
		"matcher":   func(f *Finding) { f.Hit.Matcher += "x" },
		"dump":      func(f *Finding) { f.Hit.URL += "/20260101.sql" },
	}
	rapid.Check(t, func(t *rapid.T) {
		f := drawFinding(t)
		before := fingerprintOf(f)
		for name, change := range changes {
			other := f
			if change(&other); fingerprintOf(other) == before {
				t.Errorf("another %s has the same fingerprint", name)
			}
		}
	})
}

func TestFingerprint_of_places(t *testing.T) {
	at := func(path string) string {
		return fingerprintOf(Finding{Signature: &signature.Signature{ID: "a"}, Target: "http://h.example", Hit: Hit{URL: "http://h.example" + path}})
	}
	same := [][2]string{
		{"/a?x=1", "/a?x=2"},
		{"/a?x=1&y=2", "/a?y=1&x=2"},
		{"/s/0123456789abcdef0123", "/s/fedcba9876543210fedc"},
		{"/u/123e4567-e89b-12d3-a456-426614174000", "/u/00000000-e89b-12d3-a456-426614174000"},
		{"/t/1700000000", "/t/1764205000"},
	}
	for _, pair := range same {
		if at(pair[0]) != at(pair[1]) {
			t.Errorf("%s and %s have different fingerprints", pair[0], pair[1])
		}
	}
	different := [][2]string{
		{"/a", "/b"},
		{"/a?x=1", "/a?y=1"},
		{"/dump_1.sql", "/dump_2.sql"},
		{"/20260101.sql", "/20260201.sql"}, // the dump of another day is another file
		{"/db-202601010330.sql", "/db-202602010330.sql"},
		{"/db-20260101033000.sql", "/db-20260101034500.sql"},
	}
	for _, pair := range different {
		if at(pair[0]) == at(pair[1]) {
			t.Errorf("%s and %s have the same fingerprint", pair[0], pair[1])
		}
	}
}

// TestFingerprint_of_equals: findings that agree in everything are told apart by their order.
func TestFingerprint_of_equals(t *testing.T) {
	f := Finding{Signature: &signature.Signature{ID: "a"}, Target: "http://h.example", Hit: Hit{URL: "http://h.example/"}}
	var fingerprints Fingerprints
	first, second := fingerprints.Of(f), fingerprints.Of(f)
	if first == second || first != fingerprintOf(f) {
		t.Errorf("%s, then %s", first, second)
	}
}

// TestIs reads fingerprints of all versions. The unversioned one was written by a release that knew no versions.
func TestIs(t *testing.T) {
	f := Finding{Signature: &signature.Signature{ID: "git-exposed"}, Target: "http://h.example", Hit: Hit{URL: "http://h.example/.git/HEAD", Matcher: "m"}}
	f.Fingerprint = fingerprintOf(f)
	const unversioned = "e4f8093454461862de36efa97e7023a4"
	old := f
	old.Fingerprint = unversioned
	for name, c := range map[string]struct {
		f    Finding
		id   string
		want bool
	}{
		"same":                      {f, f.Fingerprint, true},
		"unversioned":               {f, unversioned, true},
		"unversioned_both":          {old, unversioned, true},
		"unversioned_of_a_scan":     {old, f.Fingerprint, true},
		"other_unversioned":         {f, "0123456789abcdef0123456789abcdef", false},
		"the_digest_of_the_new_way": {f, "v2:" + f.Fingerprint[3:], false},
		"none":                      {f, "", false},
		"none_both":                 {Finding{Signature: f.Signature}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.f.Is(c.id); got != c.want {
				t.Errorf("%s is %s: %v", c.f.Fingerprint, c.id, got)
			}
		})
	}
}
