package template_test

import (
	"testing"
	"testing/fstest"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
)

// A weakness that is concluded from a version is possible: the release may have been mended by hand.
func TestCertaintyOfASignature(t *testing.T) {
	for certainty, want := range map[string]scanner.Certainty{"": scanner.Confirmed, "certainty: possible\n": scanner.Possible} {
		text := "id: a\ninfo: {name: x, severity: low}\n" + certainty + `http: [{method: GET, path: ["{{BaseURL}}/x"], matchers: [{type: word, words: [xyzzy]}]}]
tests: [{name: a, serve: {/x: {body: xyzzy}}, want: [{}]}]
`
		set, err := signature.Load(signature.Sources{Embedded: fstest.MapFS{"f/a.yaml": &fstest.MapFile{Data: []byte(text)}}})
		if err != nil {
			t.Fatal(err)
		}
		s := set.Signatures[0]
		h, err := sigtest.Handler(s, &s.Tests[0], nil)
		if err != nil {
			t.Fatal(err)
		}
		r, err := sigtest.Scan(t.Context(), h, &s.Tests[0], sigtest.Options{Checks: checks.All}, s)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Findings) != 1 || r.Findings[0].Hit.Certainty != want {
			t.Errorf("%q: %d findings, want one that is %s", certainty, len(r.Findings), want)
		}
	}
	wrong := fstest.MapFS{"f/a.yaml": &fstest.MapFile{Data: []byte("id: a\ninfo: {name: x, severity: low}\ncertainty: likely\nhttp: [{method: GET, path: [\"{{BaseURL}}/x\"]}]\n")}}
	if _, err := signature.Load(signature.Sources{Embedded: wrong}); err == nil {
		t.Error("certainty: likely: want an error")
	}
}
