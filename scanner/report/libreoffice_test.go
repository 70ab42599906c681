package report_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"sotomi/scanner/report"
)

// resaved is a workbook as LibreOffice writes it after opening it.
func resaved(t *testing.T, office string, text []byte) []byte {
	t.Helper()
	dir := t.TempDir()
	name := filepath.Join(dir, "list.xlsx")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	c := exec.CommandContext(t.Context(), office, "-env:UserInstallation=file://"+filepath.Join(dir, "profile"), "--headless", "--convert-to", "xlsx", "--outdir", out, name)
	if said, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	again, err := os.ReadFile(filepath.Join(out, "list.xlsx"))
	if err != nil {
		t.Fatal(err)
	}
	return again
}

// TestListInLibreOffice: a workbook that LibreOffice has opened and saved is the list that it was, and takes a retest and another
// scan; so does the result.
func TestListInLibreOffice(t *testing.T) {
	office, err := exec.LookPath("soffice")
	if err != nil || testing.Short() {
		t.Skip("SKIPPED: LibreOffice (Debian: libreoffice-calc) is not here, or the run is a short one")
	}
	mine := worked(t, in(t, "xlsx", "ja", recorded), func(f *excelize.File) error {
		sheet := f.GetSheetList()[0]
		return errors.Join(f.SetCellStr(sheet, "Z1", "社内番号"), f.SetCellStr(sheet, "Z2", "SEC-42"))
	})
	saved := resaved(t, office, mine)
	sameCells(t, cells(t, mine), cells(t, saved))
	noFormulas(t, "saved", saved)
	looking := updated(t, saved, false, looked)
	after := resaved(t, office, updated(t, looking, true, more))
	text := ""
	for _, row := range cells(t, after)["検出一覧"] {
		text += strings.Join(row, "|") + "\n"
	}
	for _, want := range []string{"|社内番号", "|SEC-42", "解消(2026/11/27)", "|further"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	list, err := report.OpenList(bytes.NewReader(after))
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	before := len(cells(t, mine)["検出一覧"]) - 1
	if findings, unknown, err := list.Findings(); err != nil || len(findings) != before+1 || unknown != 0 {
		t.Errorf("%d findings, %d of others (%v); there were %d, and one was added", len(findings), unknown, err, before)
	}
}

// sameCells holds that workbooks say the same in the same cells.
func sameCells(t *testing.T, want, got map[string][][]string) {
	t.Helper()
	for sheet, rows := range want {
		for i, row := range rows {
			for j, value := range row {
				now := ""
				if i < len(got[sheet]) && j < len(got[sheet][i]) {
					now = got[sheet][i][j]
				}
				if strings.Join(strings.Fields(now), " ") != strings.Join(strings.Fields(value), " ") {
					t.Errorf("%s, row %d, column %d: %q, was %q", sheet, i+1, j+1, now, value)
				}
			}
		}
	}
}
