package report

import (
	"strings"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// oldDataLines are oldData behind a line that says what they mean; none when no data were old.
func oldDataLines(start scanner.Start, words message.Language) []string {
	lines := oldData(start.Data, start.Time, words)
	if len(lines) > 0 {
		lines = append([]string{words.Say("old-data", nil)}, lines...)
	}
	return lines
}

// oldData are the sources of the program's data that were old when a scan began, a line each with the files that stand on it.
func oldData(list []scanner.Data, at time.Time, words message.Language) []string {
	const day = 24 * time.Hour
	var sources []scanner.Data // Name holds all files
	for _, d := range list {
		if d.Age(at) < scanner.DataTooOld {
			continue
		}
		known := false
		for i := range sources {
			if same := &sources[i]; same.Source == d.Source && same.Date == d.Date {
				same.Name += ", " + d.Name
				known = true
			}
		}
		if !known {
			sources = append(sources, d)
		}
	}
	var lines []string
	for _, d := range sources {
		lines = append(lines, words.Count("old-data-source", int(d.Age(at)/day), map[string]any{
			"Name": message.Line(d.Name), "Date": message.Line(d.Date), "Source": message.Line(strings.TrimSpace(d.Source)),
		}))
	}
	return lines
}
