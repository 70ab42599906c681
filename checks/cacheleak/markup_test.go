package cacheleak

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func paths(list []*url.URL) string {
	var out []string
	for _, u := range list {
		out = append(out, u.RequestURI())
	}
	return strings.Join(out, " ")
}

// TestMentions: the files and parts of a page on its own site, none that changes something and none of others.
func TestMentions(t *testing.T) {
	for text, want := range map[string][2]string{ // files, fragments
		`<img src="/a.png"><script src="/a.js"></script><script src="https://cdn.test/b.js"></script>`: {"/a.js /a.png", ""},
		`<img src="http://site.test:81/a.png"><img src="/logout.png"><img src="/delete?id=1">`:         {"", ""},
		`<script>fetch("/ajax/cart"); load("\/api\/me.json")</script>`:                                 {"", "/ajax/cart /api/me.json"},
		`<script>fetch("/ajax/\u0063art")</script>`:                                                    {"", "/ajax/cart"},
		`<script>fetch("https://other.test/ajax/cart"); fetch("/logout"); fetch("/a.png")</script>`:    {"", ""},
		`<script>fetch("/page?x=1")</script>`:                                                          {"", ""},
		`<div hx-get="/parts/header" data-part="/parts/cart" data-x="y"></div>`:                        {"", "/parts/header /parts/cart"},
		`<esi:include src="/esi/greeting"/><!--esi <esi:include src="/esi/cart"/>-->`:                  {"", "/esi/greeting /esi/cart"},
		`<!-- <esi:include src="/esi/cart"/>--><iframe src="/frame"></iframe>`:                         {"", ""},
	} {
		m := answerTo("A", "k", text).mentions
		if d := cmp.Diff(want, [2]string{paths(m.files), paths(m.fragments)}); d != "" {
			t.Errorf("%s (-want +got):\n%s", text, d)
		}
	}
}

// TestFieldsOfAForm: only values that look as if they were made for one answer.
func TestFieldsOfAForm(t *testing.T) {
	got := answerTo("A", "k", `<input name="a" value="fill0123456789abcdef"><input name="b" value="48112233"><input name="c" value="a@example.test"><input name="d" value="search">`).fields
	if d := cmp.Diff([]string{"fill0123456789abcdef"}, got); d != "" {
		t.Errorf("fields (-want +got):\n%s", d)
	}
}

// TestFilesOfEachKind: the first of every kind come before the second of one.
func TestFilesOfEachKind(t *testing.T) {
	m := answerTo("A", "k", `<img src="/1.png"><img src="/2.png"><img src="/3.png"><script src="/1.js"></script><script src="/2.js"></script>`).mentions
	if got := paths(oneOfEachKind([]mentions{m, m}, 4)); got != "/1.js /1.png /2.js /2.png" {
		t.Errorf("files %s", got)
	}
}

// TestFoldersAreLeftWhole: from a folder of files, an address goes back to the root.
func TestFoldersAreLeftWhole(t *testing.T) {
	if d := cmp.Diff([]string{"/a/b/NAME%2F..%2F..%2F..PATH"}, below([]string{"/a/b"})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
