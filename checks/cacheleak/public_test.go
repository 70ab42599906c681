package cacheleak

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sotomi/scanner/web"
)

// TestPlainlyPublic: what is certainly meant for all, by what everybody gets, a stranger among them.
func TestPlainlyPublic(t *testing.T) {
	asJSON := func(ex *web.Exchange) { ex.Header = http.Header{"Content-Type": {"application/json"}} }
	absent := func(ex *web.Exchange) { ex.Status = http.StatusNotFound }
	same := func(text string) func(int) string { return func(int) string { return text } }
	token := func(of func(n int) string) func(int) string {
		return func(n int) string { return `<input type="hidden" name="token" value="` + of(n) + `">` }
	}
	for _, c := range []struct {
		name, path string
		text       func(n int) string // of the nth answer; the last is the stranger's
		with       func(*web.Exchange)
		state      busterResult
		want       bool
	}{
		{"a_page", "/about", same("<p>The shop</p>"), nil, busterUnknown, true},
		{"an_account", "/mypage", same("<p>The shop</p>"), nil, busterWorks, false},
		{"data", "/about", same("1"), asJSON, busterUnknown, false},
		{"data_made_anew", "/about", same("1"), asJSON, busterWorks, true},
		{"no_page", "/about", same("<p>The shop</p>"), absent, busterWorks, false},
		{"a_form_to_log_in", "/about", same(`<form><input type="password" name="p"></form>`), nil, busterWorks, false},
		{"words_to_one_visitor", "/about", same("<p>Welcome back</p>"), nil, busterWorks, false},
		{"words_to_the_stranger", "/about", func(n int) string { return map[bool]string{n == 4: "<p>Sign in</p>"}[true] }, nil, busterWorks, false},
		{"words_in_a_script", "/about", same(`<script>var text = "Sign in"</script>`), nil, busterWorks, true},
		{"a_long_page", "/about", same("<p>" + strings.Repeat("The shop. ", 20_000) + "</p>"), nil, busterWorks, false},
		{"one_token_for_all", "/about", token(func(int) string { return "fill0123456789abcdef" }), nil, busterWorks, false},
		{"a_token_each", "/about", token(func(n int) string { return fmt.Sprintf("fill%d123456789abcdef", n) }), nil, busterWorks, true},
	} {
		var list []*observation
		for n, who := range []string{anonymous, "A", "B", anonymous, anonymous} {
			list = append(list, answerWith(who, fmt.Sprint("k", n), c.text(n), func(ex *web.Exchange) {
				if c.with != nil {
					c.with(ex)
				}
			}))
		}
		refs, stranger := newReferences(list[:4]), list[4]
		if got := refs.plainlyPublic(&url.URL{Scheme: "http", Host: "site.test", Path: c.path}, stranger, c.state); got != c.want {
			t.Errorf("%s: plainly public %v, want %v", c.name, got, c.want)
		}
	}
}

// TestMentionsOfMembers: what a page names is read as a member gets it, or whoever asked first.
func TestMentionsOfMembers(t *testing.T) {
	guest, member := answerTo(anonymous, "1", `<img src="/guest.png">`), answerTo("A", "2", `<img src="/member.png">`)
	if got := paths(newReferences([]*observation{guest, member}).mentions().files); got != "/member.png" {
		t.Errorf("with a member: %s", got)
	}
	if got := paths(newReferences([]*observation{guest}).mentions().files); got != "/guest.png" {
		t.Errorf("guests only: %s", got)
	}
}

// TestBestCrossingIsShown: of what was seen twice, the stronger proof comes first; what was seen once is not seen again.
func TestBestCrossingIsShown(t *testing.T) {
	weak := &crossUser{proof: proofMark, got: answerTo("B", "1", "x")}
	strong := &crossUser{proof: proofSameAnswer, got: answerTo(anonymous, "2", "x")}
	cookie := &crossUser{proof: proofSameAnswer, got: answerTo(anonymous, "3", "x"), cookie: true}
	if l := leakOf([]*crossUser{weak, strong}); l.shown != strong || l.again != weak || l.via != "anonymous" {
		t.Errorf("two crossings: %+v", l)
	}
	if l := leakOf([]*crossUser{weak}); l.again != nil || l.via != "sequential" {
		t.Errorf("one crossing: %+v", l)
	}
	if l := leakOf([]*crossUser{cookie}); l.via != "set-cookie" {
		t.Errorf("a cookie: %+v", l)
	}
}

// TestStoredByValidator: a page that the origin confirms to others is told as that, a cookie that is handed out as a cookie.
func TestStoredByValidator(t *testing.T) {
	for _, c := range []struct {
		via  string
		how  storage
		want string
	}{
		{"sequential", storageValidator, "validator"},
		{"anonymous", storageValidator, "validator"},
		{"sequential", storageFresh, "sequential"},
		{"set-cookie", storageValidator, "set-cookie"},
	} {
		l := &leak{via: c.via}
		if l.stored(c.how); l.via != c.want {
			t.Errorf("%s, stored by %q: via %s, want %s", c.via, c.how, l.via, c.want)
		}
	}
}

// TestCheckIsAlone: an answer may depend on who else asks at the moment.
func TestCheckIsAlone(t *testing.T) {
	if !(&check{}).Alone() {
		t.Error("other checks may ask at the same time")
	}
}
