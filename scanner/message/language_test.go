package message

import (
	"encoding/json"
	"regexp"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// translation is one message by plural form; "other" is the only one of a message without number.
type translation map[string]string

func (m *translation) UnmarshalJSON(text []byte) error {
	var plain string
	if json.Unmarshal(text, &plain) == nil {
		*m = translation{"other": plain}
		return nil
	}
	forms := map[string]string{}
	err := json.Unmarshal(text, &forms)
	*m = forms
	return err
}

func readWords(t *testing.T, language string) map[string]translation {
	t.Helper()
	text, err := words.ReadFile("words/" + language + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]translation
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

var place = regexp.MustCompile(`\{\{[^}]*\}\}`)

// TestWordsInBothLanguages: whatever can be said in one can be said in the other, with the same values in it, and
// wherever English has a singular.
func TestWordsInBothLanguages(t *testing.T) {
	en, ja := readWords(t, "en"), readWords(t, "ja")
	places := func(all map[string]translation) map[string][]string {
		found := map[string][]string{}
		for id, forms := range all {
			found[id] = place.FindAllString(forms["other"], -1)
			slices.Sort(found[id])
		}
		return found
	}
	if d := cmp.Diff(places(en), places(ja)); d != "" {
		t.Errorf("(-en +ja):\n%s", d)
	}
	for id, forms := range en {
		if forms["other"] == "" || ja[id]["other"] == "" {
			t.Errorf("%s has no text in a language", id)
		}
		if one, ok := forms["one"]; ok && !slices.Equal(place.FindAllString(one, -1), place.FindAllString(forms["other"], -1)) {
			t.Errorf("%s: one and other hold different values", id)
		}
		if _, ok := ja[id]["one"]; ok {
			t.Errorf("%s: Japanese has no singular", id)
		}
	}
}

// TestCounting: numbers come out in the right form, and words that are not there as their name.
func TestCounting(t *testing.T) {
	for _, c := range []struct {
		language string
		n        int
		want     string
	}{
		{"en", 0, "0 findings"},
		{"en", 1, "1 finding"},
		{"en", 2, "2 findings"},
		{"en", 21, "21 findings"},
		{"ja", 1, "検出 1件"},
		{"ja", 2, "検出 2件"},
	} {
		if got := In(c.language).Count("findings", c.n, nil); got != c.want {
			t.Errorf("%s, %d: %q, want %q", c.language, c.n, got, c.want)
		}
	}
	if got := In("en").Say("severity-\x1b[1m", nil); got != `severity-\x1b[1m` {
		t.Errorf("a word that is not there: %q", got)
	}
}

func TestLine(t *testing.T) {
	for text, want := range map[string]string{
		"":                         "",
		"日本語 ok":                   "日本語 ok",
		"a\r\n\tb":                 "a   b",
		"\x1b[31m\x00\x7f\u009b":   `\x1b[31m\x00\x7f\x9b`,
		"\u202eelif\u2066\u200f":   `\u202eelif\u2066\u200f`,
		"no UTF-8: \x9b\xff, more": "no UTF-8: \ufffd\ufffd, more",
	} {
		if got := Line(text); got != want {
			t.Errorf("message.Line(%q) = %q, want %q", text, got, want)
		}
	}
}
