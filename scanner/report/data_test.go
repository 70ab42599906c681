package report_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/report"
)

// A report names each source that is 180 days old or more, with its files, counted to the start of the scan and not to today: a
// saved scan reads the same for ever.
func TestOldData(t *testing.T) {
	list := []scanner.Data{{Name: "old.txt", Source: "https://a.test", Date: "2026-03-01"}, {Name: "new.txt", Source: "https://b.test", Date: "2026-11-01"}}
	shared := append([]scanner.Data{{Name: "new.txt", Source: "https://a.test", Date: "2026-03-01"}}, list...)
	day := func(n int) time.Time { return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC).AddDate(0, 0, n) }
	for name, c := range map[string]struct {
		language string
		data     []scanner.Data
		at       time.Time
		want     string // in the report; "" for no line about data
	}{
		"old":           {"en", list, day(180), "2026-03-01, 180 days old: old.txt (https://a.test)"},
		"shared":        {"en", shared, day(180), "2026-03-01, 180 days old: new.txt, old.txt (https://a.test)\n"},
		"one_day_less":  {"en", list, day(179), ""},
		"in_japanese":   {"ja", list, day(200), "2026-03-01(200日前): old.txt(https://a.test)"},
		"only_new_data": {"en", list[1:], day(180), ""},
		"none":          {"en", nil, day(1000), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			s := report.NewText(&out, report.Options{Language: c.language})
			if err := s.Start(scanner.Start{Time: c.at, Data: c.data}); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(scanner.Summary{Complete: true}); err != nil {
				t.Fatal(err)
			}
			got := out.String()
			if c.want != "" && !strings.Contains(got, c.want) || c.want == "" && strings.Contains(got, "what became known") {
				t.Errorf("want %q in the report:\n%s", c.want, got)
			}
		})
	}
}

// The first line of JSON lines has the data, and a replay gives them on.
func TestDataInJSONLines(t *testing.T) {
	data := []scanner.Data{{Name: "old.txt", Source: "https://a.test", Date: "2026-03-01"}}
	var out, again bytes.Buffer
	s := report.NewJSONLines(&out, report.Options{})
	if err := s.Start(scanner.Start{Time: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), Data: data}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(scanner.Summary{Complete: true}); err != nil {
		t.Fatal(err)
	}
	if want := `"data":[{"name":"old.txt","source":"https://a.test","date":"2026-03-01"}]`; !strings.Contains(out.String(), want) {
		t.Errorf("want %s in\n%s", want, out.String())
	}
	if err := report.Replay(bytes.NewReader(out.Bytes()), report.NewText(&again, report.Options{Language: "en"})); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(again.String(), "old.txt") {
		t.Errorf("the replayed report does not name the old data:\n%s", again.String())
	}
}

// What people read says how old the data were, whatever its form.
func TestOldDataInReports(t *testing.T) {
	old := []scanner.Data{{Name: "old.txt", Source: "a source", Date: "2026-03-01"}}
	for _, format := range []string{"text", "html", "markdown", "xlsx"} {
		for days, want := range map[int]bool{179: false, 180: true} {
			text := in(t, format, "en", func(t testing.TB, to scanner.Sink) {
				if err := errors.Join(to.Start(scanner.Start{Time: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC).AddDate(0, 0, days), Data: old}), to.Close(scanner.Summary{Complete: true})); err != nil {
					t.Fatal(err)
				}
			})
			said := string(text)
			if format == "xlsx" {
				said = ""
				for _, row := range cells(t, text)["About this scan"] {
					said += strings.Join(row, "\n") + "\n"
				}
			}
			if got := strings.Contains(said, "what became known since then"); got != want {
				t.Errorf("%s after %d days: %t, want %t", format, days, got, want)
			}
		}
	}
}
