package cacheleak

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// TestStorableLooksAtEveryVisitor: that one visitor's page is private says nothing about another's.
func TestStorableLooksAtEveryVisitor(t *testing.T) {
	var visits []*observation
	for round := range 3 {
		for who, control := range map[string]string{anonymous: "public", "A": "private", "B": "max-age=60"} {
			id := fmt.Sprintf("%s%d0123456789abcdef", who[:1], round)
			visits = append(visits, answerTo(who, "k"+id, personalBody(who, id), "Cache-Control", control))
		}
	}
	page := visits[0].ex.URL
	r := &run{mask: newMask()}
	hit := r.storable(&pageResult{page: page, refs: newReferences(visits)})
	if hit == nil || hit.Variant != "fresh" || hit.Values["visitors"].([]string)[0] != "B" {
		t.Errorf("hit %+v, want B's page, which is fresh", hit)
	}
}

// TestStorable: which personal pages are reported for their head alone.
func TestStorable(t *testing.T) {
	for _, c := range []struct {
		name, control string
		status        int
		body          func(who, id string) string
		with          func(*pageResult)
		want          string // variant, "" for no hit
	}{
		{"fresh", "max-age=60", 200, personalBody, nil, "fresh"},
		{"nothing_stated", "", 200, personalBody, nil, "heuristic"},
		{"private", "private", 200, personalBody, nil, ""},
		{"an_error_page", "max-age=60", 404, personalBody, nil, ""},
		{"a_redirect", "max-age=60", 302, personalBody, nil, "fresh"},
		{"not_personal", "max-age=60", 200, only(nil), nil, ""},
		{"not_determined", "max-age=60", 200, personalBody, func(p *pageResult) { p.open = message.New("x") }, ""},
		{"nothing_tried", "max-age=60", 200, personalBody, func(p *pageResult) { p.refs = nil }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			var visits []*observation
			for round := range 3 {
				for _, who := range []string{anonymous, "A", "B"} {
					id := fmt.Sprintf("%s%d0123456789abcdef", who[:1], round)
					v := answerTo(who, "k"+id, c.body(who, id), "Cache-Control", c.control)
					v.ex.Status = c.status
					visits = append(visits, v)
				}
			}
			result := &pageResult{page: visits[0].ex.URL, refs: newReferences(visits)}
			if c.with != nil {
				c.with(result)
			}
			got := ""
			if hit := (&run{mask: newMask()}).storable(result); hit != nil {
				got = hit.Variant
				if hit.Certainty != scanner.Possible || hit.Values["storage"] != got || hit.Values["visitors"].([]string)[0] != "A" || hit.Values["cache-control"] != c.control {
					t.Errorf("hit %+v", hit)
				}
				mustBeJapanese(t, hit.Evidence[0].Note)
			}
			if got != c.want {
				t.Errorf("variant %q, want %q", got, c.want)
			}
		})
	}
}

// TestHit: a leak that was seen twice is certain, once is possible; the evidence says all in both languages.
func TestHit(t *testing.T) {
	refs := threeRounds(personalBody)
	fill := answerTo("A", "k", personalBody("A", "fill0123456789abcdef"), "X-Varnish", "1")
	got := answerTo("B", "k", personalBody("A", "fill0123456789abcdef"))
	shown := refs.crossed([]*observation{fill}, got, answerTo("B", "c", personalBody("B", "x0123456789abcdefx")))
	g := &gatherer{page: got.ex.URL}
	for _, c := range []struct {
		name      string
		mode      string
		leak      leak
		certainty scanner.Certainty
		variant   string
		evidence  int
	}{
		{"twice", "leak", leak{via: "sequential", shown: shown, again: shown}, scanner.Confirmed, "", 4},
		{"once", "leak", leak{via: "concurrent", shown: shown}, scanner.Possible, "once", 3},
		{"left_in_the_cache", "leak", leak{via: "bare", shown: shown, again: shown, purge: true}, scanner.Confirmed, "", 5},
		{"deception", "leak", leak{via: "deception", shown: shown, again: shown, detail: "PATH/NAME.css"}, scanner.Confirmed, "deception", 4},
		{"validator", "leak", leak{via: "validator", shown: shown, again: shown}, scanner.Confirmed, "validator", 4},
		{"cookie", "leak", leak{via: "set-cookie", shown: shown, again: shown}, scanner.Confirmed, "set-cookie", 4},
		{"mixup", "mixup", leak{via: "concurrent", shown: shown, again: shown, rounds: 2}, scanner.Confirmed, "", 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := &run{mask: newMask(), params: params{Mode: c.mode}}
			hit := r.hit(g, &pageResult{page: g.page, leak: &c.leak})
			if hit.Certainty != c.certainty || hit.Variant != c.variant || len(hit.Evidence) != c.evidence {
				t.Errorf("%s, variant %q, %d pieces of evidence; want %s, %q, %d", hit.Certainty, hit.Variant, len(hit.Evidence), c.certainty, c.variant, c.evidence)
			}
			if diff := cmp.Diff([]string{"A", "B"}, hit.Values["visitors"]); diff != "" || hit.Values["cache"] != "Varnish" || (hit.Values["address"] != nil) != (c.leak.detail != "") {
				t.Errorf("values %v", hit.Values)
			}
			if rounds, told := hit.Values["rounds"]; told != (c.leak.rounds > 0) {
				t.Errorf("rounds %v: only requests at the same time come in rounds", rounds)
			}
			for _, e := range hit.Evidence {
				mustBeJapanese(t, e.Note)
			}
		})
	}
}

// TestOrigin: the answer whose head explains a leak is the donor's, where it is known.
func TestOrigin(t *testing.T) {
	fill, got := answerTo("A", "k", "x"), answerTo("B", "k", "x")
	if (&crossUser{fill: fill, got: got}).origin() != fill || (&crossUser{got: got}).origin() != got {
		t.Error("origin is another answer")
	}
}

// TestMarksInEvidence: the marks that say most come first, five at most, and no value is shown.
func TestMarksInEvidence(t *testing.T) {
	got := answerTo("B", "k", "<p>Aoki Alice 48112233 2026-11-20 alice@example.test fill0123456789abcdef Tokyo</p>", "X-User", "Hanako", "Set-Cookie", "sid=secretsecret1")
	c := &crossUser{donor: "A", got: got, tokens: []string{"2026-11-20", "48112233", "Alice", "Aoki", "Tokyo", "alice@example.test", "fill0123456789abcdef"}, proof: proofMark}
	note := newMask().crossUser(c)[0].Note
	text := note.String()
	order := []string{"mail address, 18 characters, in the body at byte ", "identifier, 20 characters", "number, 8 characters", "word, 5 characters", "word, 4 characters"}
	last := -1
	for _, part := range order {
		at := strings.Index(text, part)
		if at <= last {
			t.Errorf("%q is missing or out of order in %q", part, text)
		}
		last = at
	}
	if strings.Contains(text, "date") || !strings.Contains(text, "7 in all") {
		t.Errorf("note %q, want five of seven marks", text)
	}
	for _, token := range c.tokens {
		if strings.Contains(text, token) {
			t.Errorf("the note shows %q", token)
		}
	}
	mustBeJapanese(t, note)
	m := newMask()
	for token, where := range map[string]string{"Hanako": "in a header", "secretsecret1": "in Set-Cookie"} {
		if mark := m.marker(got, token); !strings.Contains(mark.String(), where) {
			t.Errorf("mark %q, want %q", mark, where)
		}
	}
}
