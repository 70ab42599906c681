package report_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

// cells are all that a workbook says, by sheet.
func cells(t testing.TB, text []byte) map[string][][]string {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string][][]string{}
	for _, sheet := range f.GetSheetList() {
		if all[sheet], err = f.GetRows(sheet); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// worked is a workbook on which somebody has worked.
func worked(t testing.TB, text []byte, work func(f *excelize.File) error) []byte {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := work(f); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// updated puts a scan into a workbook.
func updated(t testing.TB, text []byte, sheets bool, put func(testing.TB, scanner.Sink)) []byte {
	t.Helper()
	list, err := report.OpenList(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	var out bytes.Buffer
	put(t, report.NewListUpdate(&out, report.Options{Language: "en"}, list, sheets))
	return out.Bytes()
}

// looked says of each finding of the recorded scan that it is fixed.
func looked(t testing.TB, to scanner.Sink) { recorded(t, &fixing{to}) }

type fixing struct{ scanner.Sink }

func (s *fixing) Finding(f scanner.Finding) error {
	f.Retest = &scanner.Retest{Result: scanner.RetestFixed, Time: time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC), Reason: message.New("%s is answered %d", f.Hit.URL, 404), Requests: 1}
	return s.Sink.Finding(f)
}

// more is the recorded scan with one finding more.
func more(t testing.TB, to scanner.Sink) { recorded(t, &adding{Sink: to}) }

type adding struct {
	scanner.Sink
	done bool
}

func (s *adding) Finding(f scanner.Finding) error {
	if !s.done {
		s.done = true
		further := f
		further.Signature = &signature.Signature{ID: "further", Info: signature.Info{Name: "Further"}}
		further.Fingerprint = "v1:00000000000000000000000000000000"
		if err := s.Sink.Finding(further); err != nil {
			return err
		}
	}
	return s.Sink.Finding(f)
}

// TestListKeepsWhatPeopleWrote: whatever people do to the list, in whatever order they put it, every cell that they wrote or
// left is there after a retest and after another scan, at its place.
func TestListKeepsWhatPeopleWrote(t *testing.T) {
	text := in(t, "xlsx", "ja", recorded)
	rapid.Check(t, func(r *rapid.T) {
		var sheet string
		mine := worked(t, text, func(f *excelize.File) error {
			sheet = f.GetSheetList()[0]
			rows, err := f.GetRows(sheet)
			if err != nil {
				return err
			}
			head, body := rows[0], rows[1:]
			order := rapid.Permutation(slices.Sorted(slices.Values(numbers(len(head)+2)))).Draw(r, "columns")
			body = rapid.Permutation(body).Draw(r, "rows")
			above := rapid.IntRange(0, 3).Draw(r, "above")
			if err := f.DeleteSheet(sheet); err != nil {
				return err
			}
			if _, err := f.NewSheet(sheet); err != nil {
				return err
			}
			put := func(column, row int, value string) error {
				name, err := excelize.CoordinatesToCellName(column+1, row+1)
				return errors.Join(err, f.SetCellStr(sheet, name, value))
			}
			var errs []error
			for i := range above {
				errs = append(errs, put(0, i, "再診断用の一覧"))
			}
			for at, from := range order {
				for i, row := range append([][]string{head}, body...) {
					value := rapid.SampledFrom([]string{"", "社内メモ", "=1+1", "山田"}).Draw(r, "note")
					if i == 0 && from >= len(head) {
						value = "社内" + string(rune('A'+from-len(head)))
					} else if from < len(row) && row[from] != "" {
						value = row[from]
					} else if from < len(head) && (i == 0 || head[from] == "検出ID" || head[from] == "診断対象") {
						value = ""
					}
					errs = append(errs, put(at, above+i, value))
				}
			}
			_, err = f.NewSheet("私のシート")
			return errors.Join(append(errs, err, f.SetCellStr("私のシート", "B2", "触らないこと"))...)
		})
		before := cells(t, mine)
		for name, c := range map[string]struct {
			sheets bool
			put    func(testing.TB, scanner.Sink)
			added  int
		}{"retest": {false, looked, 0}, "scan": {true, more, 1}} {
			after := cells(t, updated(t, mine, c.sheets, c.put))
			if n := len(after[sheet]) - len(before[sheet]); n != c.added {
				r.Fatalf("%s: %d rows more, want %d", name, n, c.added)
			}
			if after["私のシート"][1][1] != "触らないこと" {
				r.Fatalf("%s: the other sheet is %q", name, after["私のシート"])
			}
			retests := 0
			for i, row := range before[sheet] {
				for j, value := range row {
					now := ""
					if j < len(after[sheet][i]) {
						now = after[sheet][i][j]
					}
					switch {
					case now == value:
					case name == "retest" && strings.HasPrefix(now, "解消(2026/11/27)"):
						retests++
					default:
						r.Fatalf("%s: row %d, column %d was %q and is %q", name, i+1, j+1, value, now)
					}
				}
			}
		}
	})
}

func numbers(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// TestListTakesRetests: every row with the id of a finding gets what the retest came to, also where the column was deleted.
func TestListTakesRetests(t *testing.T) {
	text := in(t, "xlsx", "en", recorded)
	for name, work := range map[string]func(*excelize.File) error{
		"as_written":     func(*excelize.File) error { return nil },
		"without_column": func(f *excelize.File) error { return f.RemoveCol("Findings", column(t, f, "Retest")) },
		"other_name":     func(f *excelize.File) error { return f.SetSheetName("Findings", "Liste") },
		"title_above":    func(f *excelize.File) error { return f.InsertRows("Findings", 1, 2) },
	} {
		after := updated(t, worked(t, text, work), false, looked)
		list, err := report.OpenList(bytes.NewReader(after))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		findings, _, err := list.Findings()
		if err != nil || len(findings) == 0 {
			t.Fatalf("%s: %d findings, %v", name, len(findings), err)
		}
		n := 0
		for _, rows := range cells(t, after) {
			for _, row := range rows {
				n += strings.Count(strings.Join(row, "\x00"), "fixed (2026-11-27): https") + strings.Count(strings.Join(row, "\x00"), "fixed (2026-11-27): http:")
			}
		}
		if n != len(findings) {
			t.Errorf("%s: %d retests for %d findings", name, n, len(findings))
		}
		noFormulas(t, name, after)
	}
}

// column is the letter of the column with a heading.
func column(t *testing.T, f *excelize.File, heading string) string {
	t.Helper()
	at, err := f.SearchSheet("Findings", heading)
	if err != nil || len(at) != 1 {
		t.Fatalf("%q is at %v (%v)", heading, at, err)
	}
	return strings.TrimRight(at[0], "0123456789")
}

// TestListTellsDifferences: what the list says otherwise than the scan is told on a sheet of its own, and so are rows that the
// scan does not have. The other sheets of ours are those of the scan, unless people added columns to them.
func TestListTellsDifferences(t *testing.T) {
	mine := worked(t, in(t, "xlsx", "en", more), func(f *excelize.File) error {
		return errors.Join(f.SetCellStr("Findings", column(t, f, "Severity")+"3", "LOW"), f.SetCellStr("Not checked", "J1", "of mine"))
	})
	after := cells(t, updated(t, mine, true, recorded))
	told := ""
	for _, row := range after["Differences"] {
		told += strings.Join(row, "|") + "\n"
	}
	for _, want := range []string{"|Severity|LOW|", "|Further||", "not found in this scan; the row stays"} {
		if !strings.Contains(told, want) {
			t.Errorf("no %q in\n%s", want, told)
		}
	}
	if n := len(after["Differences"]); n != 3 {
		t.Errorf("%d rows of differences:\n%s", n, told)
	}
	kept := ""
	for name, rows := range after {
		if strings.HasPrefix(name, "Not checked - ") {
			kept = strings.Join(rows[0], "|")
		}
	}
	if !strings.HasSuffix(kept, "of mine") || len(after["Not checked"]) == 0 {
		t.Errorf("the sheet with a column of people's own is gone: %q", kept)
	}
}

// TestListMistakes: what is no list is said with its sheet and cell.
func TestListMistakes(t *testing.T) {
	text := in(t, "xlsx", "en", recorded)
	set := func(heading, value string) func(*excelize.File) error {
		return func(f *excelize.File) error { return f.SetCellStr("Findings", column(t, f, heading)+"3", value) }
	}
	for name, c := range map[string]struct {
		work func(*excelize.File) error
		want string
	}{
		"id":         {set("Finding ID", "mine"), `sheet Findings, cell X3: "mine" is not the id of a finding`},
		"target":     {set("Target", "shop"), `sheet Findings, cell B3: "shop" is not the address of a target`},
		"url":        {set("URL", "javascript:alert(1)"), `cell I3: "javascript:alert(1)" is not an address`},
		"no_heading": {func(f *excelize.File) error { return f.RemoveRow("Findings", 1) }, "no sheet of the workbook is a list of findings"},
		"port":       {set("URL", "tcp://192.0.2.7:6379"), "none"},
		"own_row":    {set("Finding ID", ""), ""},
	} {
		list, err := report.OpenList(bytes.NewReader(worked(t, text, c.work)))
		unknown := 0
		if err == nil {
			_, unknown, err = list.Findings()
		}
		if c.want == "none" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if c.want == "" && (err != nil || unknown != 1) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v (rows of other people: %d), want %q", name, err, unknown, c.want)
		}
	}
	if _, err := report.OpenList(strings.NewReader("PK\x03\x04 and no more")); err == nil || !strings.Contains(err.Error(), "this is not a workbook") {
		t.Errorf("half a file: %v", err)
	}
}
