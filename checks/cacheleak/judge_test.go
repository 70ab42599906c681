package cacheleak

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/web"
)

// TestCrossed: what proves that an answer was another visitor's, and what proves nothing.
func TestCrossed(t *testing.T) {
	refs := threeRounds(personalBody)
	fill := answerTo("A", "k", personalBody("A", "fill0123456789abcdef"))
	known := answerTo("A", "k", personalBody("A", "A00123456789abcdef"))
	other := answerTo("B", "c", personalBody("B", "control0123456789abcdef"))
	for _, c := range []struct {
		name    string
		got     *observation
		control *observation
		want    proof // "" for none
	}{
		{"the_very_answer", answerTo("B", "k", personalBody("A", "fill0123456789abcdef")), other, proofSameAnswer},
		{"the_page_without_its_identifier", answerTo("B", "k", "<p>Hello "+people["A"]+"</p>"), other, proofWhole},
		{"an_address_in_the_own_page", answerTo("B", "k", personalBody("B", "new0123456789abcdef0")+"<p>alice@example.test</p>"), other, ""},
		{"a_name_in_the_own_page", answerTo("B", "k", personalBody("B", "new0123456789abcdef0")+"<p>Alice</p>"), other, ""},
		{"the_own_page", answerTo("B", "k", personalBody("B", "new0123456789abcdef0")), other, ""},
		{"a_page_that_shows_the_last_visitor_to_all", answerTo("B", "k", "<p>last: alice@example.test</p>"), answerTo("B", "c", "<p>last: alice@example.test</p>"), ""},
		{"a_guests_page", answerTo("B", "k", personalBody(anonymous, "new0123456789abcdef0")), other, ""},
		{"our_key_repeated", answerTo("B", "k0123456789abcdef0123", personalBody("B", "k0123456789abcdef0123")), other, ""},
		{"to_its_owner", answerTo("A", "k", personalBody("A", "fill0123456789abcdef")), nil, ""},
		{"all_marks_in_a_page_that_shows_the_receiver_too", answerTo("B", "k", "<p>Bob, Alice, alice@example.test</p>"), other, ""},
		{"some_marks_and_none_of_the_receiver", answerTo("B", "k", "<p>alice@example.test</p>"), other, proofMark},
		{"an_identifier_of_every_page", answerTo("B", "k", personalBody("A", "A00123456789abcdef")), other, proofSameBytes},
		{"an_identifier_that_the_control_holds", answerTo("B", "k", personalBody("A", "fill0123456789abcdef")), answerTo("B", "c", personalBody("B", "fill0123456789abcdef")), proofSameBytes},
		{"an_identifier_of_no_fill", answerTo("B", "k", personalBody("A", "new0123456789abcdef0")), other, proofWhole},
		{"an_identifier_of_a_guests_answer", answerTo("B", "k", "<p>Hello "+people["A"]+"</p>guest0123456789abcdef"), other, proofWhole},
		{"to_a_guest", answerTo(anonymous, "k", personalBody("A", "fill0123456789abcdef")), answerTo(anonymous, "c", "sign in"), proofSameAnswer},
		{"an_address_at_a_guest_who_still_has_a_guests_page", answerTo(anonymous, "k", "<p>sign in</p><p>last: alice@example.test</p>"), answerTo(anonymous, "c", "sign in"), ""},
		{"an_address_and_a_control_that_shows_nothing_of_the_receiver", answerTo("B", "k", "<p>alice@example.test</p>"), answerTo("B", "c", "<p>closed</p>"), ""},
		{"no_control_yet", answerTo("B", "k", personalBody("A", "fill0123456789abcdef")), nil, proofSameAnswer},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got proof
			if x := refs.crossed([]*observation{answerTo(anonymous, "k", "guest0123456789abcdef"), fill, known}, c.got, c.control); x != nil {
				got = x.proof
				if x.donor != "A" || x.got != c.got || x.control != c.control || (x.fill != nil) != (c.want == proofSameAnswer || c.want == proofSameBytes) {
					t.Errorf("crossed %+v", x)
				}
			}
			if got != c.want {
				t.Errorf("proof %q, want %q", got, c.want)
			}
		})
	}
}

// TestCookieCrossed: two visitors share a session only by a value that the site makes anew for each.
func TestCookieCrossed(t *testing.T) {
	session := func(value string) []string { return []string{"Set-Cookie", "PHPSESSID=" + value + "; path=/"} }
	refs := newReferences([]*observation{
		answerTo(anonymous, "k1", "x", session("one0123456789")...), answerTo(anonymous, "k2", "x", session("two0123456789")...),
	})
	fill := answerTo(anonymous, "k", "shown0123456789", slices.Concat(session("three0123456789"), session("five0123456789"), session("one0123456789"))...)
	for _, c := range []struct {
		name string
		got  *observation
		want bool
	}{
		{"the_same_session", answerTo(anonymous, "k", "x", session("three0123456789")...), true},
		{"a_session_of_its_own", answerTo(anonymous, "k", "x", session("four0123456789")...), false},
		{"no_cookie", answerTo(anonymous, "k", "x"), false},
		{"a_load_balancers_cookie", answerTo(anonymous, "k", "x", "Set-Cookie", "AWSALB=three0123456789"), false},
		{"a_session_that_everybody_gets", answerTo(anonymous, "k", "x", session("one0123456789")...), false},
		{"a_session_that_the_others_page_shows", answerTo(anonymous, "k", "x", session("shown0123456789")...), false},
		{"the_value_in_the_page_only", answerTo(anonymous, "k", "three0123456789"), false},
		{"a_session_that_the_receiver_has_anyway", answerTo(anonymous, "k", "x", session("five0123456789")...), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := refs.cookieCrossed([]*observation{fill}, c.got, answerTo(anonymous, "c", "x", session("five0123456789")...)) != nil
			if got != c.want {
				t.Errorf("crossed %v, want %v", got, c.want)
			}
		})
	}
}

// TestCookieOfOneMember: a member who gets a cookie twice has it from nobody else; another member has.
func TestCookieOfOneMember(t *testing.T) {
	session := []string{"Set-Cookie", "PHPSESSID=three0123456789; path=/"}
	fills := []*observation{answerTo("A", "k", "x", session...)}
	for who, want := range map[string]bool{"A": false, "B": true, anonymous: true} {
		if got := newReferences(nil).cookieCrossed(fills, answerTo(who, "k", "x", session...), nil) != nil; got != want {
			t.Errorf("the session of A at %s: crossed %v, want %v", who, got, want)
		}
	}
}

// TestCookiesMadeAtTheSameMoment: two answers of one second hold the same time; only values that nobody gets by chance
// show that one answer was handed to two visitors.
func TestCookiesMadeAtTheSameMoment(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for value, want := range map[string]bool{
		fmt.Sprint(at.Unix()):                   false,
		fmt.Sprint(at.UnixMilli()):              false,
		at.Format("20060102150405"):             false,
		at.Format("2006-01-02T15.04.05Z"):       false,
		at.Format("Mon-02-Jan-2006"):            false,
		"visit-" + fmt.Sprint(at.Unix()):        false,
		at.Format("20060102") + "-3f9a0c1b2d":   true,
		"abcdefghij-123456":                     true, // no date, so its end is no time of day
		"4811223344":                            true,
		fmt.Sprint(at.AddDate(-9, 0, 0).Unix()): true, // nobody makes cookies of such a time today
	} {
		cookie := []string{"Set-Cookie", "uid=" + value}
		refs := newReferences([]*observation{answerTo(anonymous, "1", "x", "Set-Cookie", "uid=one0123456789"), answerTo(anonymous, "2", "x", "Set-Cookie", "uid=two0123456789")})
		fill, got := answerTo(anonymous, "k", "x", cookie...), answerTo(anonymous, "k", "x", cookie...)
		fill.ex.Started, got.ex.Started = at, at
		if crossed := refs.cookieCrossed([]*observation{fill}, got, answerTo(anonymous, "c", "x")) != nil; crossed != want {
			t.Errorf("cookie %q in two hands: crossed %v, want %v", value, crossed, want)
		}
	}
}

// TestEvidenceIsTheSameInEveryRun: where several cookies cross, the same one is shown each time.
func TestEvidenceIsTheSameInEveryRun(t *testing.T) {
	cookies := []string{"Set-Cookie", "sid=aaaa0123456789", "Set-Cookie", "token=bbbb0123456789", "Set-Cookie", "csrf=cccc0123456789"}
	refs := newReferences([]*observation{answerTo(anonymous, "1", "x"), answerTo(anonymous, "2", "x")})
	for range 50 {
		fill, got := answerTo(anonymous, "k", "x", cookies...), answerTo(anonymous, "k", "x", cookies...)
		c := refs.cookieCrossed([]*observation{fill}, got, answerTo(anonymous, "c", "x"))
		if c == nil || c.tokens[0] != "aaaa0123456789" {
			t.Fatalf("crossed %+v, want the first cookie in order each time", c)
		}
	}
}

// TestCookiesOfFewValues: two visitors who get the same short or plain value got it by chance.
func TestCookiesOfFewValues(t *testing.T) {
	refs := newReferences(nil)
	for value, want := range map[string]bool{"a12345678": false, "abcdefghij": false, "a123456789": true} {
		fill, got := answerTo(anonymous, "k", "x", "Set-Cookie", "sid="+value), answerTo(anonymous, "k", "x", "Set-Cookie", "sid="+value)
		if crossed := refs.cookieCrossed([]*observation{fill}, got, nil) != nil; crossed != want {
			t.Errorf("cookie %q in two hands: crossed %v, want %v", value, crossed, want)
		}
	}
}

// TestCookieOnly: a leak that shows in Set-Cookie alone is told apart.
func TestCookieOnly(t *testing.T) {
	set := func(who string) []string {
		return map[string][]string{"A": {"Set-Cookie", "uid=aaaa0123456789"}, "B": {"Set-Cookie", "uid=bbbb0123456789"}}[who]
	}
	var list []*observation
	for round := range 3 {
		for _, who := range []string{anonymous, "A", "B"} {
			list = append(list, answerTo(who, fmt.Sprint(round, who), "x", set(who)...))
		}
	}
	refs := newReferences(list)
	control := answerTo("B", "c", "x", set("B")...)
	for body, want := range map[string]bool{"x": true, "aaaa0123456789": false} {
		got := refs.crossed(nil, answerTo("B", "k", body, set("A")...), control)
		if got == nil || got.cookie != want {
			t.Errorf("page %q: crossed %+v, want only by the cookie %v", body, got, want)
		}
	}
}

// TestDisplaced: a member who gets a guest's very answer instead of a page of their own shows that the cache hands on
// answers. Without a control that holds the member's page nothing was displaced.
func TestDisplaced(t *testing.T) {
	refs := threeRounds(personalBody)
	guests := func(id string) string { return personalBody(anonymous, id) }
	fill := answerTo(anonymous, "k", guests("fill0123456789abcdef")+"<p>just now, visit 48112233</p>")
	own := answerTo("A", "c", personalBody("A", "control0123456789abcdef"))
	for _, c := range []struct {
		name         string
		got, control *observation
		want         []string
	}{
		{"the_guests_answer", answerTo("A", "k", guests("fill0123456789abcdef")), own, []string{"fill0123456789abcdef"}},
		{"the_members_own_page", answerTo("A", "k", personalBody("A", "fill0123456789abcdef")), own, nil},
		{"another_guests_page", answerTo("A", "k", guests("new0123456789abcdef0")), own, nil},
		{"another_page_of_the_same_moment", answerTo("A", "k", guests("new0123456789abcdef0")+"<p>just now, visit 48112233</p>"), own, nil},
		{"no_longer_logged_in", answerTo("A", "k", guests("fill0123456789abcdef")), answerTo("A", "c", guests("control0123456789abcdef")), nil},
		{"an_identifier_of_the_page", answerTo("A", "k", guests("fill0123456789abcdef")), answerTo("A", "c", personalBody("A", "fill0123456789abcdef")), nil},
		{"to_another_guest", answerTo(anonymous, "k", guests("fill0123456789abcdef")), answerTo(anonymous, "c", guests("control0123456789abcdef")), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			x := refs.displaced(fill, c.got, c.control)
			if (x != nil) != (c.want != nil) {
				t.Fatalf("displaced %+v, want shared tokens %q", x, c.want)
			}
			if x != nil {
				if got = x.tokens; x.donor != anonymous || x.proof != proofSameAnswer || x.fill != fill {
					t.Errorf("displaced %+v", x)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("shared tokens (-want +got):\n%s", diff)
			}
		})
	}
}

// TestStrength: the very answer proves more than all marks, and all marks more than some.
func TestStrength(t *testing.T) {
	strength := func(p proof) int { return (&crossUser{proof: p}).strength() }
	if strength(proofSameAnswer) <= strength(proofSameBytes) || strength(proofSameBytes) <= strength(proofWhole) || strength(proofWhole) <= strength(proofMark) {
		t.Errorf("strengths %d, %d, %d", strength(proofSameAnswer), strength(proofWhole), strength(proofMark))
	}
}

// TestFullAnswersProveNothingMissing: where strong tokens were left out of an answer, nothing is another's by its absence.
func TestFullAnswersProveNothingMissing(t *testing.T) {
	refs := threeRounds(personalBody)
	flood := hugePages["unique_identifiers"](1)
	got, full := answerTo("B", "k", "<p>alice@example.test</p>"), answerTo("B", "c", "<p>Bob</p>"+flood)
	if x := refs.crossed(nil, got, full); x != nil {
		t.Errorf("crossed %+v against a control that was not kept in full", x)
	}
	if x := refs.crossed(nil, got, answerTo("B", "c", "<p>Bob</p>")); x == nil {
		t.Error("not crossed against a whole control")
	}
	list := []*observation{answerTo("A", "1", "48112233 Aoki"), answerTo("B", "2", "Baba "+flood), answerTo("A", "3", "48112233 Aoki"), answerTo("B", "4", "Baba "+flood)}
	if diff := cmp.Diff(tokens{"Aoki": {places: placeBody | placeSeen, at: 21}}, newReferences(list).markers("A"), cmp.AllowUnexported(token{})); diff != "" {
		t.Errorf("markers against an answer that was not kept in full (-want +got):\n%s", diff)
	}
}

// TestCookiesThatEverybodyGets: a cookie of the references is nobody's own, whatever it looks like.
func TestCookiesThatEverybodyGets(t *testing.T) {
	set := []string{"Set-Cookie", "sid=abcdefghi1"}
	fill, got := answerTo(anonymous, "k", "x", set...), answerTo(anonymous, "k", "x", set...)
	if newReferences(nil).cookieCrossed([]*observation{fill}, got, nil) == nil {
		t.Error("the cookie is not seen at all")
	}
	if newReferences([]*observation{answerTo(anonymous, "1", "x", set...)}).cookieCrossed([]*observation{fill}, got, nil) != nil {
		t.Error("a cookie that everybody gets has crossed")
	}
}

// TestMixed: another member's address or number beside the receiver's own is told apart from words, from what guests get
// and from what the page shows the receiver anyway.
func TestMixed(t *testing.T) {
	lines := map[string]string{"A": "<p>Alice 48112233</p>", "B": "<p>Bob 90776655</p>", anonymous: "<p>guest 55667788</p>"}
	refs := threeRounds(only(lines))
	control := answerTo("B", "c", lines["B"])
	for _, c := range []struct {
		name    string
		got     *observation
		control *observation
		want    bool
	}{
		{"anothers_number", answerTo("B", "k", lines["B"]+"48112233"), control, true},
		{"at_a_first_look", answerTo("B", "k", lines["B"]+"48112233"), nil, true},
		{"the_own_page", answerTo("B", "k", lines["B"]), nil, false},
		{"anothers_name", answerTo("B", "k", lines["B"]+"Alice"), control, false},
		{"a_number_of_guests", answerTo("B", "k", lines["B"]+"55667788"), control, false},
		{"nothing_of_the_own", answerTo("B", "k", lines["A"]), control, false},
		{"a_number_that_the_page_shows_anyway", answerTo("B", "k", lines["B"]+"48112233"), answerTo("B", "c", lines["B"]+"48112233"), false},
	} {
		if got := refs.mixed(c.got, c.control); got != c.want {
			t.Errorf("%s: mixed %v, want %v", c.name, got, c.want)
		}
	}
}

// TestMixedUp: marks beside the receiver's own count when they come back, and not on a page that shows everybody whom it
// was visited by.
func TestMixedUp(t *testing.T) {
	lines := map[string]string{"A": "<p>Alice 48112233</p>", "B": "<p>Bob 90776655</p>", anonymous: "<p>guest</p>"}
	refs := threeRounds(only(lines))
	own, both := lines["B"], lines["B"]+"48112233"
	type visit struct{ got, control string }
	for _, c := range []struct {
		name   string
		visits []visit
		want   bool
	}{
		{"once", []visit{{both, own}}, false},
		{"again", []visit{{both, own}, {own, own}, {both, own}}, true},
		{"never", []visit{{own, own}, {own, own}}, false},
		{"shown_to_everybody", []visit{{both, both}, {both, both}}, false},
		{"shown_to_everybody_at_times", []visit{{both, own}, {both, both}, {both, own}}, false},
	} {
		g := &gatherer{}
		for _, v := range c.visits {
			g.sawMixed(refs, answerTo("B", "k", v.got), answerTo("B", "c", v.control))
		}
		if got := g.mixedUp(); got != c.want {
			t.Errorf("%s: mixed up %v, want %v", c.name, got, c.want)
		}
	}
}

// TestBytesOfAnother: a body proves whose it is only as one that the donor got, and only where it holds something.
func TestBytesOfAnother(t *testing.T) {
	refs := threeRounds(personalBody)
	got := answerTo("B", "k", personalBody("A", "A00123456789abcdef"))
	if refs.sameBytes("A", nil, got) == nil {
		t.Error("the bytes of the donor's reference")
	}
	if refs.sameBytes("B", nil, got) != nil || refs.sameBytes("A", nil, answerTo("B", "k", "x")) != nil {
		t.Error("bytes that the donor never got")
	}
	empty := func(ex *web.Exchange) { ex.Body = nil }
	if refs.sameBytes("A", []*observation{answerWith("A", "k", "", empty)}, answerWith("B", "k", "", empty)) != nil {
		t.Error("two empty answers")
	}
}
