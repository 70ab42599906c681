package checks

import (
	"testing"

	"sotomi/checks/internal/endoflife"
	"sotomi/checks/scriptlibrary"
)

// A file that does not say where it is from, and of when, would be left out silently.
func TestData(t *testing.T) {
	if got, want := len(Data()), len(endoflife.Sources())+len(scriptlibrary.Sources()); got != want || got == 0 {
		t.Errorf("%d files say their source and date, want %d", got, want)
	}
}
