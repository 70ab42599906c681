package command

import (
	"strings"
	"testing"

	"sotomi/scanner/report"
)

// TestHelpNamesEveryFormat: the flag names all formats that there are.
func TestHelpNamesEveryFormat(t *testing.T) {
	for name := range report.Formats() {
		if text := outputFlag().String(); !strings.Contains(text, " "+name+",") && !strings.Contains(text, " "+name+";") {
			t.Errorf("the help of --output does not name %s: %s", name, text)
		}
	}
}
