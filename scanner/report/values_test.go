package report

import (
	"encoding/json"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// Notes are said in the language of the report, in a scan and when it is read back; other values stay as they are.
func TestNotesAreTranslated(t *testing.T) {
	const note, japanese = "no release of this line has the fix", "この系列には修正版がありません"
	for name, c := range map[string]struct {
		value  any
		en, ja string
	}{
		"one":     {note, "note: " + note, "補足: " + japanese},
		"several": {[]string{note, "unknown 100%"}, "note: " + note + ", unknown 100%", "補足: " + japanese + ", unknown 100%"},
		"number":  {7, "note: 7", "補足: 7"},
	} {
		text, err := json.Marshal(scanner.Values{"note": c.value})
		if err != nil {
			t.Fatal(err)
		}
		var back scanner.Values
		if err := json.Unmarshal(text, &back); err != nil {
			t.Fatal(err)
		}
		for _, values := range []scanner.Values{{"note": c.value}, back} {
			if got := valuesText(message.In("en"), values); got != c.en {
				t.Errorf("%s: %q, want %q", name, got, c.en)
			}
			if got := valuesText(message.In("ja"), values); got != c.ja {
				t.Errorf("%s: %q, want %q", name, got, c.ja)
			}
		}
	}
	if got, want := valuesText(message.In("ja"), scanner.Values{"version": note}), "バージョン: "+note; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
