package report

import (
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"sotomi/scanner"
)

// NewListUpdate writes results into a list that people have worked with. A finding that the list has keeps its row as it is,
// but for what a retest came to; others are added behind. With sheets, the other sheets are written anew, and one says in what
// the rows differ from the scan; a sheet of ours that has columns of people's own is put aside under another name. All is in
// the language of the list.
func NewListUpdate(w io.Writer, _ Options, l *List, sheets bool) scanner.Sink {
	return &listUpdate{workbook: newWorkbook(w, l.Language), list: l, sheets: sheets, met: map[int]bool{}}
}

type listUpdate struct {
	*workbook
	list    *List
	sheets  bool
	met     map[int]bool // rows of findings that there are
	changes [][]any
}

func (s *listUpdate) Start(start scanner.Start) error {
	s.file = s.list.file
	if err := s.begin(start); err != nil || !s.sheets {
		return err
	}
	return errors.Join(s.putAside(start.Time), s.openOthers())
}

// putAside renames sheets of ours with more columns than we write.
func (s *listUpdate) putAside(at time.Time) error {
	for id, width := range map[string]int{"clean": 4, "unchecked": 5, "inventory": 6, "checklist": 5, "about": 1, "changes": 7} {
		name := s.words.Say("sheet-"+id, nil)
		rows, err := s.file.GetRows(name)
		var missing excelize.ErrSheetNotExist
		switch {
		case errors.As(err, &missing):
			continue
		case err != nil:
			return err
		case !slices.ContainsFunc(rows, func(row []string) bool { return len(row) > width }):
			continue
		}
		aside := name + " - " + at.UTC().Format("20060102-1504")
		if err := s.file.SetSheetName(name, aside); err != nil {
			return err
		}
	}
	return nil
}

func (s *listUpdate) Target(t scanner.TargetInfo) error {
	if !s.sheets {
		return nil
	}
	return s.workbook.Target(t)
}

func (s *listUpdate) Outcome(o scanner.Outcome) error {
	if !s.sheets {
		return nil
	}
	return s.workbook.Outcome(o)
}

func (s *listUpdate) Finding(f scanner.Finding) error {
	e := newEntry(f, s.language)
	if s.sheets {
		if err := s.product(f, &e); err != nil {
			return err
		}
	}
	texts := map[string]string{}
	for i, text := range findingRow(&e, s.list.findings()+1, s.day, s.words) {
		texts[columns[i]] = text
	}
	rows := s.list.rowsOf(f)
	if len(rows) == 0 {
		s.change(&e, "", "", s.words.Say("change-added", nil))
		return s.list.add(texts)
	}
	for _, row := range rows {
		s.met[row] = true
		for id, text := range texts {
			if s.list.columns[id] > 0 && slices.Contains(compared, id) && !sameText(s.list.text(row, id), text) {
				s.change(&e, id, s.list.text(row, id), text)
			}
		}
		for _, id := range []string{"retest", "signature"} {
			if texts[id] != "" && (id == "retest" || s.list.text(row, id) == "") {
				if err := s.list.set(row, id, texts[id]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// compared are the columns whose differences are told.
var compared = []string{"name", "severity", "certainty", "cvss", "cve", "url", "values", "remedy"}

// sameText reports whether texts differ in nothing but blanks.
func sameText(a, b string) bool {
	return strings.Join(strings.Fields(a), " ") == strings.Join(strings.Fields(cut(b, maxCell)), " ")
}

// change notes what the sheet of changes says.
func (s *listUpdate) change(e *entry, column, before, now string) {
	if column != "" {
		column = s.words.Say("column-"+column, nil)
	}
	s.changes = append(s.changes, []any{s.day, e.Target, e.Name, column, before, now, e.Fingerprint})
}

func (s *listUpdate) Close(end scanner.Summary) error {
	if s.file == nil {
		return nil // it did not start
	}
	if s.sheets {
		if err := errors.Join(s.writeChanges(), s.end(end)); err != nil {
			return err
		}
	}
	return s.list.file.Write(s.w)
}

// writeChanges writes in what the list differs from the scan, in the order of the scan, then rows that the scan does not have.
func (s *listUpdate) writeChanges() error {
	sh, err := s.open("changes", column{"date", 14}, column{"target", 30}, column{"name", 36}, column{"heading", 16}, column{"in-list", 50}, column{"in-scan", 50}, column{"id", 36})
	if err != nil {
		return err
	}
	listed, _, err := s.list.Findings()
	if err != nil {
		return err
	}
	for _, row := range listed {
		if row.Row < s.list.added && !s.met[row.Row] {
			s.changes = append(s.changes, []any{s.day, row.Target, row.Name, "", "", s.words.Say("change-absent", nil), row.ID})
		}
	}
	for _, c := range s.changes {
		err = errors.Join(err, sh.row(c...))
	}
	return err
}
