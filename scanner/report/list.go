package report

import (
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// List is a list of findings in a workbook that NewXLSX wrote, with whatever people have done to it since: rows and columns in
// another order, columns and sheets of their own, notes. Nothing that they wrote is changed.
type List struct {
	Language string // of its headings
	file     *excelize.File
	sheet    string
	heading  int            // row of the headings, from 1
	columns  map[string]int // numbers of our columns by id, from 1
	rows     [][]string     // of the sheet, from its first
	byID     map[string][]int
	added    int // the first row that was added
}

// Listed is a finding as a list has it.
type Listed struct {
	Row                              int
	ID, Target, Name, URL, Signature string             // Signature is "" in a list of a sotomi that did not write it
	Severity                         signature.Severity // "" when it is none
	Possible                         bool
}

// maxWorkbook is how large a workbook may be when it is unpacked, in bytes.
const maxWorkbook = 1 << 30

// headingRows are the first rows of a sheet, in which its headings are looked for: people put titles above them.
const headingRows = 30

// OpenList reads a workbook. One that is no list of ours is an error.
func OpenList(r io.Reader) (*List, error) {
	file, err := excelize.OpenReader(r, excelize.Options{UnzipSizeLimit: maxWorkbook})
	if err != nil {
		return nil, message.Errorf("this is not a workbook: %w", err)
	}
	for _, sheet := range ordered(file.GetSheetList()) {
		rows, err := file.GetRows(sheet)
		if err != nil {
			return nil, message.Errorf("sheet %s: %w", sheet, err)
		}
		for i, row := range rows[:min(len(rows), headingRows)] {
			for _, language := range []string{"ja", "en"} {
				if known := knownColumns(row, message.In(language)); known["id"] > 0 && known["target"] > 0 {
					return newList(&List{Language: language, file: file, sheet: sheet, heading: i + 1, columns: known, rows: rows}), nil
				}
			}
		}
	}
	en, ja := message.In("en"), message.In("ja")
	return nil, message.Errorf("no sheet of the workbook is a list of findings: none has the headings %s and %s, or %s and %s",
		en.Say("column-target", nil), en.Say("column-id", nil), ja.Say("column-target", nil), ja.Say("column-id", nil))
}

func newList(l *List) *List {
	l.byID, l.added = map[string][]int{}, len(l.rows)+1
	for row := l.heading + 1; row <= len(l.rows); row++ {
		if id := l.text(row, "id"); id != "" {
			l.byID[id] = append(l.byID[id], row)
		}
	}
	return l
}

// findings is how many rows have an id.
func (l *List) findings() int { return len(l.byID) }

// rowsOf are the rows of a finding, whichever version of sotomi gave them their id.
func (l *List) rowsOf(f scanner.Finding) []int {
	for _, id := range f.Fingerprints() {
		if rows := l.byID[message.Line(id)]; len(rows) > 0 {
			return rows
		}
	}
	return nil
}

// add writes a row behind all others, in the style of the one above it.
func (l *List) add(texts map[string]string) error {
	row := len(l.rows) + 1
	l.rows = append(l.rows, nil)
	l.byID[texts["id"]] = append(l.byID[texts["id"]], row)
	for id := range l.columns {
		if err := l.set(row, id, texts[id]); err != nil {
			return err
		}
		if above := row - 1; above > l.heading {
			style, err := l.file.GetCellStyle(l.sheet, l.cell(above, id))
			if err != nil {
				return err
			}
			if err := l.file.SetCellStyle(l.sheet, l.cell(row, id), l.cell(row, id), style); err != nil {
				return err
			}
		}
	}
	return nil
}

// ordered puts the sheet that has our name before those that people made of it.
func ordered(sheets []string) []string {
	ours := func(name string) bool {
		return name == message.In("en").Say("sheet-findings", nil) || name == message.In("ja").Say("sheet-findings", nil)
	}
	slices.SortStableFunc(sheets, func(a, b string) int {
		switch {
		case ours(a) == ours(b):
			return 0
		case ours(a):
			return -1
		}
		return 1
	})
	return sheets
}

// knownColumns are the numbers of our columns in a row of headings.
func knownColumns(row []string, words message.Language) map[string]int {
	known := map[string]int{}
	for i, text := range row {
		for _, id := range columns {
			if known[id] == 0 && strings.TrimSpace(text) == words.Say("column-"+id, nil) {
				known[id] = i + 1
			}
		}
	}
	return known
}

// Close lets go of the workbook.
func (l *List) Close() error { return l.file.Close() }

// text is what a row says in a column of ours.
func (l *List) text(row int, id string) string {
	if n := l.columns[id]; n > 0 && row <= len(l.rows) && n <= len(l.rows[row-1]) {
		return strings.TrimSpace(l.rows[row-1][n-1])
	}
	return ""
}

// cell is the name of a cell, such as X5.
func (l *List) cell(row int, id string) string {
	name, err := excelize.CoordinatesToCellName(l.columns[id], row)
	if err != nil {
		return "?" // the column is one of the sheet's
	}
	return name
}

var isFingerprint = regexp.MustCompile(`^(?:v[0-9]+:)?[0-9a-f]{32}$`)

// Findings are those of the list, in its order. Rows without an id are not ours: unknown is how many there are. An error
// names sheet and cell.
func (l *List) Findings() (list []Listed, unknown int, err error) {
	words := message.In(l.Language)
	for row := l.heading + 1; row <= len(l.rows); row++ {
		f := Listed{
			Row: row, ID: l.text(row, "id"), Target: l.text(row, "target"), Name: l.text(row, "name"), URL: l.text(row, "url"), Signature: l.text(row, "signature"),
			Possible: l.text(row, "certainty") == words.Say("certainty-possible", nil),
		}
		switch {
		case f.ID == "" && strings.Join(l.rows[row-1], "") == "":
			continue
		case f.ID == "":
			unknown++
			continue
		case !isFingerprint.MatchString(f.ID):
			return nil, 0, message.Errorf("sheet %s, cell %s: %q is not the id of a finding", l.sheet, l.cell(row, "id"), f.ID)
		case !isPlace(f.Target):
			return nil, 0, message.Errorf("sheet %s, cell %s: %q is not the address of a target", l.sheet, l.cell(row, "target"), f.Target)
		case f.URL != "" && !isPlace(f.URL):
			return nil, 0, message.Errorf("sheet %s, cell %s: %q is not an address", l.sheet, l.cell(row, "url"), f.URL)
		}
		for _, severity := range grades {
			if l.text(row, "severity") == words.Say("severity-"+string(severity), nil) {
				f.Severity = severity
			}
		}
		list = append(list, f)
	}
	return list, unknown, nil
}

// isPlace reports whether a text is an address that a finding may have: of the web, or of a port.
func isPlace(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "tcp" || u.Scheme == "udp")
}

// set writes a text of ours into a column of ours, which is added behind all others when the list has none.
func (l *List) set(row int, id, text string) error {
	if l.columns[id] == 0 {
		widest := 0
		for _, r := range l.rows {
			widest = max(widest, len(r))
		}
		for _, n := range l.columns {
			widest = max(widest, n)
		}
		l.columns[id] = widest + 1
		if err := l.set(l.heading, id, message.In(l.Language).Say("column-"+id, nil)); err != nil {
			return err
		}
	}
	name, err := excelize.CoordinatesToCellName(l.columns[id], row)
	if err != nil {
		return err
	}
	return l.file.SetCellStr(l.sheet, name, cut(text, maxCell))
}

// Write writes the workbook.
func (l *List) Write(w io.Writer) error { return l.file.Write(w) }
