package cacheleak

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/web"
)

// TestReadTokens: which words of an answer are kept, and where they stand.
func TestReadTokens(t *testing.T) {
	key := strings.Repeat("k", 20)
	for _, c := range []struct {
		name string
		body string
		head []string
		want map[string]places // beside those of every page
	}{
		{"seen", "<p>Aoki</p>", nil, map[string]places{"Aoki": placeBody | placeSeen}},
		{"in_the_source_only", "<!-- Aoki -->", nil, map[string]places{"Aoki": placeBody}},
		{"in_a_form", `<form><input name="n" value="Aoki"></form>`, nil, map[string]places{"Aoki": placeBody | placeSeen, "form": placeBody, "input": placeBody, "name": placeBody, "value": placeBody}},
		{"with_signs", "<p>a.b+c-d_e@f.test.</p>", nil, map[string]places{"a.b+c-d_e@f.test": placeBody | placeSeen}},
		{"signs_at_the_ends", "<p>-.Aoki+</p>", nil, map[string]places{"Aoki": placeBody | placeSeen}},
		{"signs_alone", "<p>- . +</p>", nil, map[string]places{}},
		{"short_and_seen", "<p>Al</p>", nil, map[string]places{"Al": placeSeen}},
		{"short_and_not_seen", "<!-- Al -->", nil, map[string]places{}},
		{"our_own_key", "<p>page?sotomi=" + key + "</p>", nil, map[string]places{"page": placeBody | placeSeen, "sotomi": placeBody | placeSeen}},
		{"our_own_key_inside_a_word", "<p>x" + key + "y</p>", nil, map[string]places{}},
		{"a_header", "", []string{"X-User", "Aoki"}, map[string]places{"Aoki": placeHeader}},
		{"headers_of_the_cache", "", []string{"X-Cache", "Aoki", "Age", "48112233", "Date", "Aoki"}, map[string]places{}},
		{"a_session_cookie", "", []string{"Set-Cookie", "sid=a/b=c; Path=/Aoki"}, map[string]places{"a/b=c": placeSetCookie}},
		{"a_short_cookie", "", []string{"Set-Cookie", "sid=ab"}, map[string]places{}},
		{"no_page", "Al", []string{"Content-Type", "text/csv"}, map[string]places{"Al": placeBody | placeSeen, "html": placeBody | placeSeen, "body": placeBody | placeSeen}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := answerWith("A", key, c.body, func(ex *web.Exchange) {
				for i := 0; i < len(c.head); i += 2 {
					ex.Header.Del(c.head[i])
					ex.Header.Add(c.head[i], c.head[i+1])
				}
			})
			got := map[string]places{}
			for text, at := range v.tokens {
				if text != "html" && text != "body" || c.want[text] != 0 {
					got[text] = at.places
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("tokens (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPositions: a report says where in the body a mark stands first.
func TestPositions(t *testing.T) {
	v := answerTo("A", "k", "<p title='x'>.Aoki, Aoki</p>")
	if text := "<html><body><p title='x'>.Aoki, Aoki</p></body></html>"; int(v.tokens["Aoki"].at) != strings.Index(text, "Aoki") {
		t.Errorf("Aoki at %d, want %d", v.tokens["Aoki"].at, strings.Index(text, "Aoki"))
	}
}

// TestLongTokens: a long token is kept short, and is still another where any part of it is.
func TestLongTokens(t *testing.T) {
	long := strings.Repeat("aB3", 1000)
	one, other := shortened(long+"1"), shortened(long+"2")
	if one == other || len(one) > 2*maxToken || classOf(one) != classIdentifier {
		t.Errorf("shortened to %d bytes, class %s, equal %v", len(one), classOf(one), one == other)
	}
	if sentence := shortened(strings.Repeat("日本語", 200)); classOf(sentence) != classWord {
		t.Errorf("a long sentence has the class %s", classOf(sentence))
	}
	if exact := strings.Repeat("x", maxToken); shortened(exact) != exact {
		t.Error("a token of the greatest length is not kept as it is")
	}
}

// TestSeenTokensComeFirst: what a reader sees is kept before what only the source holds.
func TestSeenTokensComeFirst(t *testing.T) {
	v := answerTo("A", "k", "<!-- "+hugePages["unique_words"](1)+" --><p>Aoki</p>")
	if v.tokens["Aoki"].places&placeSeen == 0 || !v.cut {
		t.Errorf("Aoki %+v, cut %v", v.tokens["Aoki"], v.cut)
	}
}

func TestSharedCookies(t *testing.T) {
	ex := &web.Exchange{Header: http.Header{"Set-Cookie": {
		"PHPSESSID=1", "my_token=2", "AWSALB=3", "_ga=4", "lang=5", "plain=6", "hidden=7; HttpOnly", "sid=8; Max-Age=0", "theme_user=9; HttpOnly", "auth=10; Max-Age=60",
	}}}
	var got []string
	for _, c := range sharedCookies(ex) {
		got = append(got, c.Value)
	}
	if diff := cmp.Diff([]string{"1", "2", "7", "10"}, got); diff != "" {
		t.Errorf("cookies (-want +got):\n%s", diff)
	}
}

// TestClasses: what a mark looks like decides how much it proves.
func TestClasses(t *testing.T) {
	for token, want := range map[string]class{
		"alice@example.test": classMail, "@handle.test": classWord, "alice@host": classWord,
		"fill0123456789abcdef": classIdentifier, "a23456789012345": classNumber, "a234567890123456": classIdentifier,
		"abcdefghijklmnopqrstuvwx": classWord, "abCdeFghIjklmnopqrstuvwx": classIdentifier, "abCdeFghijklmnopqrstuvwx": classWord,
		"abCdeFghIjklmnopqrstuvw": classWord,
		"123456":                  classNumber, "12345": classWord, "48112233": classNumber, "0312345678": classNumber, "090-1234-5678": classNumber,
		"20261123": classDate, "2026-11-23": classDate, "2026.11.23": classDate, "2026-11-23T08": classDate, "23Nov2026": classDate,
		"23-November-2026": classDate, "2026年11月23日": classDate, "19000101": classDate, "20991231": classDate, "20240229": classDate,
		"20261323": classNumber, "20261132": classNumber, "20260230": classNumber, "20230229": classNumber, "18991231": classNumber, "21000101": classNumber,
		"23Foo2026": classNumber, "20261123080512": classNumber, "1795420800": classNumber,
		"ただいま全商品3割引きです": classWord, "会員番号は48112233です": classNumber, "Aoki": classWord,
	} {
		if got := classOf(token); got != want {
			t.Errorf("classOf(%q) = %q, want %q", token, got, want)
		}
	}
	strongest := []class{classNumber, classIdentifier, classMail}
	for _, sample := range []string{"20261123", "Aoki", "48112233", "fill0123456789abcdef", "alice@example.test"} {
		if got, want := strong(sample), slices.Contains(strongest, classOf(sample)); got != want {
			t.Errorf("strong(%q) = %v, want %v", sample, got, want)
		}
	}
}

// TestNames: a name is seen, and no word for how a page looks.
func TestNames(t *testing.T) {
	for _, c := range []struct {
		token string
		where places
		want  bool
	}{
		{"Aoki", placeSeen, true},
		{"Aoki", placeHeader, true},
		{"Aoki", placeSetCookie, true},
		{"Aoki", placeBody, false},
		{"2026-11-20", placeSeen, true},
		{"48112233", placeSeen, false},
		{"dark", placeSeen, false},
		{"Dark", placeSeen, false},
		{"theme-dark", placeSeen, false},
		{"ja", placeSeen, false},
		{"en-US", placeSeen, false},
		{"JPY", placeSeen, false},
		{"日本語", placeSeen, false},
		{"Aoki-Baba", placeSeen, true},
	} {
		if got := named(c.token, c.where); got != c.want {
			t.Errorf("named(%q, %d) = %v, want %v", c.token, c.where, got, c.want)
		}
	}
}

// TestReadOrder: nothing depends on the order of a map.
func TestReadOrder(t *testing.T) {
	head := []string{}
	for _, name := range []string{"X-A", "X-B", "X-C", "X-D"} {
		head = append(head, name, hugePages["unique_words"](uint64(name[2]))[:10*maxTokens])
	}
	first := slices.Sorted(maps.Keys(answerTo("A", "k", "x", head...).tokens))
	for range 5 {
		if again := slices.Sorted(maps.Keys(answerTo("A", "k", "x", head...).tokens)); !slices.Equal(first, again) {
			t.Fatal("one answer is read in two ways")
		}
	}
}

// TestEscapesInData: what data spell with escapes is read as the words that they stand for.
func TestEscapesInData(t *testing.T) {
	v := answerWith("A", "k", `{"name": "\u685c\u4e95", "mail": "hanako\u0040shop.test"}`, func(ex *web.Exchange) {
		ex.Header = http.Header{"Content-Type": {"application/json"}}
	})
	for _, word := range []string{"桜井", "hanako@shop.test"} {
		if !v.has(word) {
			t.Errorf("%s is not read", word)
		}
	}
}
