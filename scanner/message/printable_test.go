package message

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// harm is the first character of a text that a terminal does not simply show.
func harm(text string) (rune, bool) {
	for _, r := range text {
		if r == '\n' || r == '\t' || unprintable(r) {
			return r, true
		}
	}
	return 0, false
}

// What came from outside stays on its line and moves nothing, in whatever way a message says it.
func TestTextShowsWhatCameFromOutside(t *testing.T) {
	odd := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"\x1b[2J", "a\nb", "a\r\nb", "\u009b", "\x9b", "\u202e", "\u2028", "\x7f", "\x00", "%s%n"}))
	rapid.Check(t, func(t *rapid.T) {
		text, more := odd.Draw(t, "text"), rapid.SliceOf(odd).Draw(t, "more")
		m := New("%s %q %v %-5s %s %s", text, text, text, text, more, Message{Format: text})
		for _, lang := range []string{"en", "ja"} {
			said := In(lang).Text(m)
			if r, bad := harm(said); bad {
				t.Errorf("%s: %U in %q", lang, r, said)
			}
		}
	})
}

func TestTextKeepsItsOwnLinesAndQuotes(t *testing.T) {
	m := Join("\n", New("file %q", "a\nb"), New("%s", "c\td"))
	if got, want := In("en").Text(m), "file \"a\\nb\"\nc d"; got != want {
		t.Errorf("Text = %q, want %q", got, want)
	}
	if got, want := m.String(), "file \"a\\nb\"\nc\td"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
}

// JSON stays the same JSON.
func TestPrintableJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text") + rapid.SampledFrom([]string{"", "\x7f", "\u009b", "\u202e", "\U000e0041", "日本語"}).Draw(t, "end")
		plain, err := json.Marshal(map[string]string{text: text})
		if err != nil {
			t.Fatal(err)
		}
		printable := PrintableJSON(append(plain, '\n'))
		if r, bad := harm(strings.TrimSuffix(string(printable), "\n")); bad {
			t.Errorf("%U in %q", r, printable)
		}
		var back map[string]string
		if err := json.Unmarshal(printable, &back); err != nil || utf8.ValidString(text) && back[text] != text {
			t.Errorf("%q became %q: %v", text, printable, err)
		}
	})
}
