package sigtest_test

import (
	"testing"

	"sotomi/scanner/sigtest"
)

// TestLabPaces: one pace and no count when nothing is asked for, else all, and no number is a mistake.
func TestLabPaces(t *testing.T) {
	for text, want := range map[string]struct{ paces, runs int }{"": {1, 0}, "1": {3, 1}, "50": {3, 50}, "0": {}, "-1": {}, "many": {}} {
		t.Setenv("SOTOMI_LABS_RUNS", text)
		paces, runs, err := sigtest.LabPaces("slow_pages")
		if len(paces) != want.paces || runs != want.runs || (err != nil) != (want.paces == 0) {
			t.Errorf("%q: %v, %d, %v", text, paces, runs, err)
		}
		if text == "" && paces[0].Name != "slow_pages" {
			t.Errorf("the single pace is %v", paces)
		}
	}
}
