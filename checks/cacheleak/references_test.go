package cacheleak

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// answerTo is a made-up answer of a page to a visitor. Lines of head are header fields.
func answerTo(who, key, body string, head ...string) *observation {
	h := http.Header{"Content-Type": {"text/html"}}
	for i := 0; i+1 < len(head); i += 2 {
		h.Add(head[i], head[i+1])
	}
	return answerWith(who, key, body, func(ex *web.Exchange) { ex.Header = h })
}

// answerWith is answerTo with a change to the answer.
func answerWith(who, key, body string, with func(*web.Exchange)) *observation {
	const length = 20 // of a real key; a shorter one would be part of many words
	if len(key) < length {
		key = strings.Repeat(key, length)
	}
	u := &url.URL{Scheme: "http", Host: "site.test", Path: "/page", RawQuery: "sotomi=" + key}
	ex := &web.Exchange{
		Request: &web.Request{URL: u}, URL: u, Status: 200, StatusLine: "HTTP/1.1 200 OK", Proto: "HTTP/1.1",
		Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte("<html><body>" + body + "</body></html>"),
	}
	with(ex)
	return newObservation(who, key, ex)
}

// mustBeJapanese fails when a sentence has no Japanese.
func mustBeJapanese(t *testing.T, m message.Message) {
	t.Helper()
	hiragana := func(c rune) bool { return unicode.Is(unicode.Hiragana, c) }
	if text := message.In("ja").Text(m); len(strings.Fields(m.String())) > 3 && !strings.ContainsFunc(text, hiragana) {
		t.Errorf("no Japanese for %q: %q", m, text)
	}
}

// threeRounds are references of a page made for each visitor by body, whose argument is different for every answer.
func threeRounds(body func(who, id string) string) *references {
	var list []*observation
	for round := range 3 {
		for _, who := range []string{anonymous, "A", "B"} {
			id := fmt.Sprintf("%s%d0123456789abcdef", who[:1], round)
			list = append(list, answerTo(who, "k"+id, body(who, id)))
		}
	}
	return newReferences(list)
}

var people = map[string]string{"A": "Alice alice@example.test", "B": "Bob bob@example.test", anonymous: "sign in"}

func personalBody(who, id string) string {
	return "<p>Hello " + people[who] + "</p><i>" + id + "</i>"
}

// only is a page with one more line for some visitors.
func only(lines map[string]string) func(who, id string) string {
	return func(who, _ string) string { return "<p>The shop</p>" + lines[who] }
}

// TestMarkers: what tells A's page from all others, and nothing that may come from a theme, a campaign or the time.
func TestMarkers(t *testing.T) {
	themes := map[string]string{"A": "dark", "B": "light", anonymous: "light"}
	threeThemes := map[string]string{"A": "theme-dark", "B": "theme-light", anonymous: "theme-auto"}
	names := map[string]string{"A": "Alice", "B": "Bob", anonymous: "sign in"}
	round := 0
	for _, c := range []struct {
		name string
		body func(who, id string) string
		want []string // markers of A
	}{
		{"names_and_addresses", personalBody, []string{"Alice", "alice@example.test"}},
		{"names_only", func(who, _ string) string { return "<p>" + names[who] + "</p>" }, []string{"Alice"}},
		{"names_that_nobody_sees", func(who, _ string) string { return `<p class="` + names[who] + `">x</p>` }, nil},
		{"a_theme_of_two", func(who, id string) string { return "<p>" + themes[who] + " mode</p>" + id }, nil},
		{"a_theme_of_three", func(who, id string) string { return "<p>" + threeThemes[who] + "</p>" + id }, nil},
		{"noise_in_every_answer", func(_, id string) string { return "<p>" + id + "</p>" }, nil},
		{"the_same_for_all", func(string, string) string { return "<p>Call 0312345678</p>" }, nil},
		{"a_clock", func(string, string) string {
			round++
			return fmt.Sprintf("<p>2026-11-23T08:%02d:00Z</p>", round/3)
		}, nil},
		{"members_see_more", func(who, _ string) string {
			if who == anonymous {
				return "<p>sign in</p>"
			}
			return "<p>log out, member news 20261123</p>"
		}, nil},
		{"a_word_that_only_one_gets", only(map[string]string{"A": "<p>Discount</p>"}), nil},
		{"a_date_that_only_one_gets", only(map[string]string{"A": "<p>until 2026-12-24</p>"}), nil},
		{"a_sentence_with_a_digit_that_only_one_gets", only(map[string]string{"A": "<p>ただいま全商品3割引きです</p>"}), nil},
		{"a_word_and_a_number_of_another", only(map[string]string{"A": "<p>Aoki</p>", "B": "<p>90776655</p>"}), []string{"Aoki"}},
		{"days_of_two", only(map[string]string{"A": "<p>2026-11-20</p>", "B": "<p>2026-11-21</p>"}), []string{"2026-11-20"}},
		{"a_number_that_only_one_gets", only(map[string]string{"A": "<p>48112233</p>"}), []string{"48112233"}},
		{"a_number_that_nobody_sees", only(map[string]string{"A": `<p data-id="48112233">x</p>`}), []string{"48112233"}},
		{"a_number_of_guests", only(map[string]string{anonymous: "<p>48112233</p>"}), nil},
		{"what_guests_get_too", only(map[string]string{"A": "<p>48112233</p>", anonymous: "<p>48112233</p>"}), nil},
		{"a_form_filled_in", only(map[string]string{"A": `<form><input name="n" value="Aoki"></form>`, "B": `<form><input name="n" value="Baba"></form>`}), []string{"Aoki"}},
		{"names_beside_themes", only(map[string]string{"A": `<p class="hidden-a">Aoki</p><p>theme-dark</p>`, "B": `<p class="hidden-b">Baba</p><p>theme-light</p>`}), []string{"Aoki"}},
		{"initials", only(map[string]string{"A": "<p>AA</p>", "B": "<p>BB</p>"}), nil},
		{"one_letter_names", only(map[string]string{"A": "<p>A.</p>", "B": "<p>B.</p>"}), []string{"A"}},
		{"something_that_comes_and_goes", func(who, id string) string {
			if who == "A" && id[1] != '1' {
				return "<p>48112233</p>"
			}
			return "<p>The shop</p>"
		}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for token := range threeRounds(c.body).markers("A") {
				got = append(got, token)
			}
			if diff := cmp.Diff(sortedStrings(c.want), sortedStrings(got)); diff != "" {
				t.Errorf("markers (-want +got):\n%s", diff)
			}
		})
	}
}

func sortedStrings(list []string) []string {
	set := map[string]bool{}
	for _, s := range list {
		set[s] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// TestOneAnswerShowsNoMarks: what is stable is seen only by asking again.
func TestOneAnswerShowsNoMarks(t *testing.T) {
	once := []*observation{answerTo(anonymous, "1", "x"), answerTo("A", "2", "48112233 2026-11-20"), answerTo("B", "3", "90776655")}
	if refs := newReferences(once); len(refs.markers("A")) > 0 || refs.personal() {
		t.Errorf("one answer each: markers %v", refs.markers("A"))
	}
	twice := append(once, answerTo("A", "4", "48112233"))
	if refs := newReferences(twice); len(refs.markers("A")) != 1 || !refs.personal() {
		t.Errorf("two answers: markers %v, want the number", refs.markers("A"))
	}
}

func TestHeaderMarks(t *testing.T) {
	var list []*observation
	for round := range 2 {
		for who, name := range map[string]string{anonymous: "guest", "A": "Aoki", "B": "Baba"} {
			list = append(list, answerTo(who, fmt.Sprint(round, who), "x", "X-User", name, "X-Runtime", "48112233"+who, "Set-Cookie", "sid="+name+"; path=/", "Set-Cookie", "theme=bright"+who))
		}
	}
	if diff := cmp.Diff(tokens{"Aoki": {places: placeHeader | placeSetCookie}}, newReferences(list).markers("A"), cmp.AllowUnexported(token{})); diff != "" {
		t.Errorf("markers (-want +got):\n%s", diff)
	}
}

func TestSameAccount(t *testing.T) {
	for _, c := range []struct {
		name         string
		a, b, guests string
		want         bool
	}{
		{"one_account_twice", "alice@example.test", "alice@example.test", "", true},
		{"two_accounts", "alice@example.test", "bob@example.test", "", false},
		{"an_address_of_the_site", "help@example.test", "help@example.test", "help@example.test", false},
		{"one_account_twice_and_an_address_of_the_site", "alice@example.test help@example.test", "alice@example.test help@example.test", "help@example.test", true},
		{"a_page_that_shows_the_visitor_before", "alice@example.test", "bob@example.test alice@example.test", "bob@example.test", false},
		{"one_number_twice", "48112233", "48112233", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := map[string]string{"A": c.a, "B": c.b, anonymous: c.guests}
			if got := threeRounds(only(text)).sameAccount(); got != c.want {
				t.Errorf("sameAccount %v, want %v", got, c.want)
			}
		})
	}
}

func TestSharedValidator(t *testing.T) {
	for _, c := range []struct {
		name         string
		a, b, guests []string
		want         bool
	}{
		{"one_etag", []string{"Etag", "x"}, []string{"Etag", "x"}, nil, true},
		{"two_etags", []string{"Etag", "x"}, []string{"Etag", "y"}, nil, false},
		{"one_date", []string{"Last-Modified", "x"}, []string{"Last-Modified", "x"}, nil, true},
		{"two_etags_of_one_date", []string{"Etag", "x", "Last-Modified", "z"}, []string{"Etag", "y", "Last-Modified", "z"}, nil, false},
		{"none", nil, nil, nil, false},
		{"a_members_and_a_guests", []string{"Etag", "x"}, nil, []string{"Etag", "x"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			refs := newReferences([]*observation{
				answerTo(anonymous, "0", "", c.guests...), answerTo("A", "1", "", c.a...), answerTo("B", "2", "", c.b...),
				answerTo("A", "3", "", c.a...), answerTo("B", "4", "", c.b...), answerTo(anonymous, "5", "", c.guests...),
			})
			if got := refs.sharedValidator(); got != c.want {
				t.Errorf("sharedValidator %v, want %v", got, c.want)
			}
		})
	}
}

// TestHandsOutCookies: only a site that gives every answer a session of its own can hand one session to two visitors.
func TestHandsOutCookies(t *testing.T) {
	for _, c := range []struct {
		name string
		sets []string // Set-Cookie of each answer, several joined by |
		want bool
	}{
		{"a_session_each", []string{"sid=one0123456789", "sid=two0123456789"}, true},
		{"one_session_for_all", []string{"sid=one0123456789", "sid=one0123456789"}, false},
		{"one_answer_only", []string{"sid=one0123456789", ""}, false},
		{"two_cookies_of_one_answer", []string{"sid=one0123456789|token=two0123456789", ""}, false},
		{"values_that_can_be_guessed", []string{"sid=one1", "sid=two2"}, false},
		{"words", []string{"sid=onesessionvalue", "sid=twosessionvalue"}, false},
		{"a_load_balancer", []string{"AWSALB=one0123456789", "AWSALB=two0123456789"}, false},
		{"no_session_by_its_name", []string{"x=one0123456789", "x=two0123456789"}, false},
		{"a_cookie_hidden_from_scripts", []string{"x=one0123456789; HttpOnly", "x=two0123456789; HttpOnly"}, true},
		{"cookies_deleted", []string{"sid=one0123456789; Max-Age=0", "sid=two0123456789; Max-Age=0"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var list []*observation
			for i, set := range c.sets {
				var head []string
				for _, cookie := range strings.Split(set, "|") {
					head = append(head, "Set-Cookie", cookie)
				}
				list = append(list, answerTo(anonymous, fmt.Sprint(i), "x", head...))
			}
			if got := newReferences(list).handsOutCookies(); got != c.want {
				t.Errorf("handsOutCookies %v, want %v", got, c.want)
			}
		})
	}
}

// TestUsable: what answers must be like for a judgement, and who is not logged in.
func TestUsable(t *testing.T) {
	login := `<form><input name="user"><input type="password" name="password"></form>`
	account := `<form><input type="password" name="p"><input name="a"><input name="b"><input name="c"><input name="d"><input name="e"><input name="f"></form>`
	status := func(n int) func(*web.Exchange) { return func(ex *web.Exchange) { ex.Status = n } }
	location := func(to string) func(*web.Exchange) {
		return func(ex *web.Exchange) { ex.Status, ex.Header = 302, http.Header{"Location": {to}} }
	}
	for _, c := range []struct {
		name   string
		body   string
		with   []func(*web.Exchange) // of the member's answers, in order; the last holds for the rest
		reason string
		out    bool
	}{
		{"a_page", "x", nil, "", false},
		{"a_login_form", login, nil, "", true},
		{"a_login_form_and_a_number", login + "48112233", nil, "", false},
		{"a_form_for_ones_data", account, nil, "", false},
		{"not_allowed", "x", []func(*web.Exchange){status(403)}, "", true},
		{"unauthorized", "x", []func(*web.Exchange){status(401)}, "", true},
		{"to_the_login", "", []func(*web.Exchange){location("/login")}, "", true},
		{"to_another_page", "", []func(*web.Exchange){location("/news")}, "", false},
		{"no_page", "x", []func(*web.Exchange){status(404)}, "", false},
		{"two_statuses", "x", []func(*web.Exchange){status(200), status(404)}, "different statuses", false},
		{"broken", "x", []func(*web.Exchange){status(500)}, "answers 500", false},
		{"cut_off", "", []func(*web.Exchange){func(ex *web.Exchange) { ex.Body, ex.Truncated = nil, true }}, "cut off", false},
		{"too_long", "x", []func(*web.Exchange){func(ex *web.Exchange) { ex.Truncated = true }}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			list := []*observation{answerTo(anonymous, "1", "guest"), answerTo(anonymous, "2", "guest")}
			for i := range 3 {
				list = append(list, answerWith("A", fmt.Sprint(i), c.body, func(ex *web.Exchange) {
					if len(c.with) > 0 {
						c.with[min(i, len(c.with)-1)](ex)
					}
				}))
			}
			reason, out := newReferences(list).usable([]visitor{{name: "A"}})
			if !strings.Contains(reason.String(), c.reason) || reason.IsZero() != (c.reason == "") || len(out) > 0 != c.out {
				t.Errorf("usable = %q, %v; want %q, logged out %v", reason, out, c.reason, c.out)
			}
			mustBeJapanese(t, reason)
		})
	}
}

// TestPersonal: a page is personal by what members get. What only guests get is for everybody who is not logged in.
func TestPersonal(t *testing.T) {
	for _, c := range []struct {
		name string
		body func(who, id string) string
		want bool
	}{
		{"members", personalBody, true},
		{"one_member", only(map[string]string{"A": "48112233"}), true},
		{"guests_only", only(map[string]string{anonymous: "48112233"}), false},
		{"nobody", only(nil), false},
	} {
		if got := threeRounds(c.body).personal(); got != c.want {
			t.Errorf("%s: personal %v, want %v", c.name, got, c.want)
		}
	}
}

// TestVolatile: what is made for one answer alone is seen by its shape, and the time of the answer is no such thing.
func TestVolatile(t *testing.T) {
	v := answerTo("A", "k", "x")
	v.ex.Started = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for token, want := range map[string]bool{
		"fill0123456789abcdef": true, "48112233445566778899": false, "alice@example.test": false, "Alice": false,
		"20261123T080000Z": false, "request-1795420800": false, "request-1795420800123": false, "Mon-23-Nov-2026-08": false, "2026-11-23T08.00.00Z": false,
		"20261123-3f9a0c1b2d4e5f60": true, "1795420800-3f9a0c1b2d4e5f60": true, "20061123T080000Z-old": true,
	} {
		if got := v.volatile(token); got != want {
			t.Errorf("volatile(%q) = %v, want %v", token, got, want)
		}
	}
}
