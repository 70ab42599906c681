package report_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// TestWorkbook: a workbook has its sheets with what belongs there, one more with a profile, and no cell is a formula.
func TestWorkbook(t *testing.T) {
	for name, put := range all {
		for _, language := range []string{"en", "ja"} {
			text := in(t, "xlsx", language, put)
			f, err := excelize.OpenReader(bytes.NewReader(text))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var dump strings.Builder
			for _, sheet := range f.GetSheetList() {
				fmt.Fprintf(&dump, "# %s\n", sheet)
				rows, err := f.GetRows(sheet)
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range rows {
					fmt.Fprintf(&dump, "%q\n", row)
				}
			}
			if i := strings.IndexFunc(dump.String(), steers); i >= 0 {
				t.Errorf("%s: %q", name, dump.String()[i:])
			}
			want := 5
			if name == "profiled" {
				want++
			}
			if n := len(f.GetSheetList()); n != want {
				t.Errorf("%s: %d sheets", name, n)
			}
			if name == "recorded" || name == "nothing" || name == "troubled" || name == "profiled" {
				golden(t, "xlsx."+name+"."+language, []byte(dump.String()))
			}
			noFormulas(t, name, text)
		}
	}
}

func noFormulas(t *testing.T, name string, workbook []byte) {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(workbook), int64(len(workbook)))
	if err != nil {
		t.Fatal(err)
	}
	sheets := 0
	for _, file := range z.File {
		r, err := file.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(file.Name, "xl/worksheets/sheet") {
			sheets++
		}
		if bytes.Contains(text, []byte("<f>")) || bytes.Contains(text, []byte("<hyperlink")) || bytes.Contains(text, []byte("<script")) {
			t.Errorf("%s: %s holds a formula, a link or markup", name, file.Name)
		}
	}
	if sheets < 4 {
		t.Errorf("%s: %d sheets", name, sheets)
	}
}
