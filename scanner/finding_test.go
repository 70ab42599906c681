package scanner

import (
	"maps"
	"slices"
	"testing"

	"sotomi/scanner/message"
)

// Values become facts as text, and a list comes back as it was.
func TestFacts(t *testing.T) {
	v := Values{"base": "/shop/", "files": 3, "confidence": 0.98, "open": true, "none": []string{}, "one": []string{"4.0.6"}, "two": []string{"4.0.6", "4.0.6-p1"}, "note": message.New("%d left", 2)}
	want := map[string]string{"base": "/shop/", "files": "3", "confidence": "0.98", "open": "true", "none": "", "one": "4.0.6", "two": "4.0.6, 4.0.6-p1", "note": "2 left"}
	facts := v.Facts()
	if !maps.Equal(facts, want) {
		t.Errorf("facts %v, want %v", facts, want)
	}
	for _, name := range []string{"none", "one", "two"} {
		if got := FactList(facts[name]); !slices.Equal(got, v[name].([]string)) {
			t.Errorf("%s: %q, want %q", name, got, v[name])
		}
	}
}
