package match

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The index of a text never hides a word that is in it, and never finds one that is not.
func TestHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SampledFrom([]string{"a", "b", "<", "é", "\x00", "日", "xyz"})
		s := strings.Join(rapid.SliceOfN(letters, 0, 2000).Draw(t, "text"), "")
		in := &text{s: s, popular: true}
		word := strings.Join(rapid.SliceOfN(letters, 0, 12).Draw(t, "word"), "")
		if len(s) > 0 && rapid.Bool().Draw(t, "from the text") {
			at := rapid.IntRange(0, len(s)-1).Draw(t, "at")
			word = s[at:min(len(s), at+rapid.IntRange(0, 40).Draw(t, "length"))]
		}
		if got, want := in.holds(word), strings.Contains(s, word); got != want {
			t.Fatalf("a text of %d bytes holds %q: %v, want %v", len(s), word, got, want)
		}
	})
}

func TestTrigramsLeaveWordsOut(t *testing.T) {
	page := strings.Repeat("<p>We have traded in examples since 1987.</p>\n", 100)
	if trigramsOf(page).may("Powered by Product 12") {
		t.Error("a page without any of its trigrams may hold a word")
	}
}
