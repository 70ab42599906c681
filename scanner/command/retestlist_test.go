package command

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"sotomi/scanner"
)

// workOn changes a workbook as its reader does.
func workOn(t *testing.T, name string, work func(f *excelize.File) error) {
	t.Helper()
	f, err := excelize.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(work(f), f.Save(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// says reports whether any cell of a workbook holds a text.
func says(t *testing.T, name, text string) bool {
	t.Helper()
	f, err := excelize.OpenFile(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, sheet := range f.GetSheetList() {
		rows, err := f.GetRows(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			if strings.Contains(strings.Join(row, "\x00"), text) {
				return true
			}
		}
	}
	return false
}

// listed scans a weak shop into a Japanese list, and adds a column and a note.
func listed(t *testing.T) (*mendable, string) {
	t.Helper()
	site, server := weakShop(t)
	list := filepath.Join(t.TempDir(), "list.xlsx")
	scanned(t, "git-exposed", server.URL, "--lang", "ja", "-o", "xlsx="+list)
	workOn(t, list, func(f *excelize.File) error {
		return errors.Join(f.InsertCols("検出一覧", "A", 1), f.SetCellStr("検出一覧", "A1", "社内番号"), f.SetCellStr("検出一覧", "A2", "SEC-42"), f.SetCellStr("検出一覧", "X2", "来週までに"))
	})
	return site, list
}

// A list gives a list: the copy has the results and all that people wrote, and the list itself is as it was unless it is
// named.
func TestRetestOfAList(t *testing.T) {
	site, list := listed(t)
	before, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(filepath.Dir(list), "copy.xlsx")
	status, out, said := sotomi(t, "retest", "--rate", "0", list, "-o", "text", "-o", "xlsx="+copied, "-o", "jsonl="+copied+".jsonl")
	if status != scanner.ExitFound || !strings.Contains(out, "remaining (1)") {
		t.Errorf("status %d: %s%s", status, said, out)
	}
	site.become(demoShop(nil))
	for _, want := range []string{"残存(", "SEC-42", "来週までに", "社内番号"} {
		if !says(t, copied, want) {
			t.Errorf("the copy does not say %q", want)
		}
	}
	if status, _, said = sotomi(t, "retest", "--rate", "0", list); status != 0 || !strings.Contains(said, "is as it was; -o xlsx=FILE") {
		t.Errorf("status %d: %s", status, said)
	}
	if after, err := os.ReadFile(list); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the list itself has changed (%v)", err)
	}
	if status, _, said = sotomi(t, "retest", "--rate", "0", list, "-o", "xlsx="+list); status != 0 {
		t.Errorf("status %d: %s", status, said)
	}
	for _, want := range []string{"解消(", "の応答は 404 です", "SEC-42", "来週までに"} {
		if !says(t, list, want) {
			t.Errorf("the list does not say %q", want)
		}
	}
}

// A list of a sotomi that wrote no signatures is understood by the name of the weakness.
func TestRetestOfAnOlderList(t *testing.T) {
	site, list := listed(t)
	workOn(t, list, func(f *excelize.File) error { return f.RemoveCol("検出一覧", "Z") })
	if says(t, list, "git-exposed") {
		t.Fatal("the list still names the signature")
	}
	site.become(demoShop(nil))
	_, out, said := sotomi(t, "retest", "--rate", "0", list, "-o", "jsonl")
	if got := retested(t, out)["git-exposed"]; got != scanner.RetestFixed {
		t.Errorf("%s: %s%s", got, said, out)
	}
}

// Mistakes of the file are told with their place, and nothing is sent.
func TestRetestMistakes(t *testing.T) {
	site, list := listed(t)
	file := filepath.Join(t.TempDir(), "scan.jsonl")
	for name, c := range map[string]struct {
		text, want string
		args       []string
	}{
		"half_a_line":    {`{"type":"scan"}` + "\n" + `{"type":"finding",` + "\n" + `{}`, "scan.jsonl: line 2: ", nil},
		"no_scan":        {"hello\n", "scan.jsonl: line 1: ", nil},
		"empty":          {"", "scan.jsonl: not a scan in JSON lines", nil},
		"half_a_book":    {"PK\x03\x04...", "scan.jsonl: this is not a workbook", nil},
		"no_such_id":     {"", "is neither the id of a finding", []string{"--only", "v1:ffffffffffffffffffffffffffffffff", list}},
		"two_files":      {"", "retest needs one file", []string{list, list}},
		"not_there":      {"", "missing.jsonl: no such file", []string{"missing.jsonl"}},
		"unknown_format": {"", `"docx" is not a format`, []string{list, "-o", "docx"}},
		"over_itself":    {aScan, "this is the file that is read", []string{file, "-o", "jsonl=" + file}},
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			args := c.args
			if args == nil {
				args = []string{file}
			}
			site.become(demoShop(nil))
			status, out, said := sotomi(t, append([]string{"retest", "--rate", "0"}, args...)...)
			if status != scanner.ExitUsage || !strings.Contains(said, c.want) || len(site.paths()) > 0 {
				t.Errorf("status %d, %q\n%s%s", status, site.paths(), said, out)
			}
		})
	}
	workOn(t, list, func(f *excelize.File) error { return f.SetCellStr("検出一覧", "Y2", "わからない") })
	if status, _, said := sotomi(t, "retest", list); status != scanner.ExitUsage || !strings.Contains(said, `sheet 検出一覧, cell Y2: "わからない" is not the id of a finding`) {
		t.Errorf("status %d: %s", status, said)
	}
}

// Another scan goes into the list that is there, and what is no list is never overwritten.
func TestListIsNotOverwritten(t *testing.T) {
	site, list := listed(t)
	_, server := weakShop(t)
	_ = site
	if status, _, said := sotomi(t, "scan", "--rate", "0", "--only", "git-exposed", "--lang", "en", "-o", "xlsx="+list, server.URL); status != scanner.ExitFound {
		t.Fatalf("status %d: %s", status, said)
	}
	for _, want := range []string{"SEC-42", "来週までに", strings.TrimPrefix(server.URL, "http://"), "一覧になかったため、末尾に追加しました"} {
		if !says(t, list, want) {
			t.Errorf("the list does not say %q", want)
		}
	}
	other := filepath.Join(t.TempDir(), "budget.xlsx")
	f := excelize.NewFile()
	if err := errors.Join(f.SetCellStr("Sheet1", "A1", "Budget"), f.SaveAs(other), f.Close()); err != nil {
		t.Fatal(err)
	}
	notes := filepath.Join(t.TempDir(), "notes.xlsx")
	if err := os.WriteFile(notes, []byte("notes"), 0o600); err != nil {
		t.Fatal(err)
	}
	fresh, server2 := weakShop(t)
	for _, name := range []string{other, notes} {
		fresh.become(demoShop(nil))
		status, _, said := sotomi(t, "scan", "--rate", "0", "--only", "git-exposed", "-o", "xlsx="+name, server2.URL)
		if status != scanner.ExitUsage || !strings.Contains(said, "a file is there that is not overwritten") || len(fresh.paths()) > 0 {
			t.Errorf("%s: status %d: %s", name, status, said)
		}
	}
	if !says(t, other, "Budget") {
		t.Error("the workbook is another one now")
	}
}
