package report

import (
	"archive/zip"
	"errors"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// maxRows is how many rows we put into a sheet; a sheet ends at 1,048,576.
const maxRows = 1_000_000

// NewXLSX writes a workbook: findings, what was checked and is clean, what was not checked, which sites and products there
// are, the items of the checklists of a profile, and which scan it was. Rows go to temporary files as they come.
func NewXLSX(w io.Writer, o Options) scanner.Sink { return newWorkbook(w, o.Language) }

func newWorkbook(w io.Writer, language string) *workbook {
	s := &workbook{w: w, language: language, words: message.In(language)}
	s.losses = losses{words: s.words, each: s.lost}
	return s
}

type workbook struct {
	scanner.Discard
	w        io.Writer
	language string
	words    message.Language
	losses   losses
	start    scanner.Start
	day      string
	hosts    hosts

	file      *excelize.File
	top, bold int      // styles
	list      []*sheet // all that are open
	findings  *sheet   // nil where they go into a list that is there
	clean     *sheet
	unchecked *sheet
	inventory *sheet
	checklist *checklist // nil for a scan without a profile
}

// sheet is one sheet of a workbook, written row by row.
type sheet struct {
	stream *excelize.StreamWriter
	style  int
	rows   int
	left   int // rows beyond maxRows
}

// column is a heading and its width in characters.
type column struct {
	id    string
	width float64
}

var findingWidths = map[string]float64{
	"number": 6, "target": 26, "name": 36, "url": 36, "description": 50, "impact": 36, "values": 36, "curl": 36, "proof": 50, "remedy": 50, "references": 30,
}

func (s *workbook) Start(start scanner.Start) error {
	s.file = excelize.NewFile()
	if err := s.begin(start); err != nil {
		return err
	}
	var list []column
	for _, id := range columns {
		if id != "kind" {
			list = append(list, column{id, max(findingWidths[id], 12)})
		}
	}
	var err error
	if s.findings, err = s.open("findings", list...); err != nil {
		return err
	}
	return errors.Join(s.openOthers(), s.file.DeleteSheet("Sheet1"))
}

// begin notes which scan it is, and makes what all sheets need of the file.
func (s *workbook) begin(start scanner.Start) error {
	s.start, s.day, s.checklist = start, dayOf(start.Time, s.language), newChecklist(start)
	var err1, err2 error
	s.top, err1 = s.file.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}})
	s.bold, err2 = s.file.NewStyle(&excelize.Style{
		Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"D9E2EC"}},
		Alignment: &excelize.Alignment{Vertical: "top", WrapText: true},
	})
	return errors.Join(err1, err2)
}

// openOthers opens the sheets beside the findings.
func (s *workbook) openOthers() error {
	var err1, err2, err3 error
	s.clean, err1 = s.open("clean", column{"target", 36}, column{"signature", 36}, column{"result", 16}, column{"reason", 60})
	s.unchecked, err2 = s.open("unchecked", column{"target", 36}, column{"result", 16}, column{"reason", 60}, column{"checks", 10}, column{"signature", 60})
	s.inventory, err3 = s.open("inventory", column{"target", 36}, column{"status", 12}, column{"asked", 30}, column{"leads", 30}, column{"product", 36}, column{"values", 60})
	return errors.Join(err1, err2, err3)
}

// open begins a sheet with its headings. One of that name is written anew.
func (s *workbook) open(id string, list ...column) (*sheet, error) {
	name := s.words.Say("sheet-"+id, nil)
	if at, err := s.file.GetSheetIndex(name); err != nil || at < 0 {
		if _, err := s.file.NewSheet(name); err != nil {
			return nil, err
		}
	}
	stream, err := s.file.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	sh := &sheet{stream: stream, style: s.bold}
	headings := make([]any, len(list))
	for i, c := range list {
		headings[i] = s.words.Say("column-"+c.id, nil)
		if err := stream.SetColWidth(i+1, i+1, c.width); err != nil {
			return nil, err
		}
	}
	if err := stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return nil, err
	}
	if err := sh.row(headings...); err != nil {
		return nil, err
	}
	sh.style = s.top
	s.list = append(s.list, sh)
	return sh, nil
}

// row writes one row. Texts are texts: none of them becomes a formula.
func (sh *sheet) row(values ...any) error {
	if sh.rows == maxRows {
		sh.left++
		return nil
	}
	sh.rows++
	cells := make([]any, len(values))
	for i, value := range values {
		if text, ok := value.(string); ok {
			value = cut(text, maxCell)
		}
		cells[i] = excelize.Cell{StyleID: sh.style, Value: value}
	}
	at, err := excelize.CoordinatesToCellName(1, sh.rows)
	if err != nil {
		return err
	}
	return sh.stream.SetRow(at, cells)
}

func (s *workbook) Target(t scanner.TargetInfo) error {
	var status any = ""
	if t.Status != 0 {
		status = t.Status
	}
	ports := ""
	if t.Ports != nil {
		ports = message.Line(s.words.Text(t.Ports.Message()))
	}
	return s.inventory.row(message.Line(t.Target), status, message.Line(t.Asked), message.Line(t.Leads), "", ports)
}

// ofProducts are values of findings that tell which product there is.
var ofProducts = []string{"version", "range", "candidates", "generator", "product", "distribution"}

func (s *workbook) Finding(f scanner.Finding) error {
	e := newEntry(f, s.language)
	if err := s.product(f, &e); err != nil {
		return err
	}
	row := []any{s.findings.rows}
	for i, text := range findingRow(&e, 0, s.day, s.words) {
		if columns[i] != "number" && columns[i] != "kind" {
			row = append(row, text)
		}
	}
	return s.findings.row(row...)
}

// product takes what a finding says of products, and of the checklists.
func (s *workbook) product(f scanner.Finding, e *entry) error {
	s.checklist.finding(f)
	for _, name := range ofProducts {
		if f.Hit.Values[name] != nil {
			return s.inventory.row(e.Target, "", "", "", e.Name, e.Values)
		}
	}
	return nil
}

func (s *workbook) Outcome(o scanner.Outcome) error {
	s.hosts.add(o.Target)
	s.checklist.outcome(o)
	if o.Status == scanner.StatusClean || o.Status == scanner.StatusNotApplicable {
		err := s.clean.row(message.Line(o.Target), message.Line(o.Signature), s.words.Say("status-"+string(o.Status), nil), message.Line(s.words.Text(o.Reason)))
		if err != nil {
			return err
		}
	}
	return s.losses.add(o)
}

func (s *workbook) lost(l loss) error {
	return s.unchecked.row(l.Target, s.words.Say("status-"+string(l.Status), nil), l.Reason, l.Checks, l.names(s.words))
}

func (s *workbook) Close(end scanner.Summary) error {
	if s.inventory == nil {
		return nil // it did not start
	}
	defer s.file.Close() // removes its temporary files
	err := errors.Join(s.end(end), s.properties(end))
	if err != nil {
		return err
	}
	s.file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(s.w) }) // else the whole workbook is in memory once more
	return s.file.Write(io.Discard)
}

// end writes what is known at the end of the scan, and ends all sheets.
func (s *workbook) end(end scanner.Summary) error {
	err := s.losses.flush()
	for _, note := range notLookedAt(end, s.words) {
		err = errors.Join(err, s.unchecked.row("", "", note))
	}
	err = errors.Join(err, s.items(), s.about(end))
	for _, sh := range s.list {
		if sh.left > 0 {
			at, _ := excelize.CoordinatesToCellName(1, sh.rows+1)
			err = errors.Join(err, sh.stream.SetRow(at, []any{s.words.Say("more", map[string]any{"N": sh.left})}))
		}
		err = errors.Join(err, sh.stream.Flush())
	}
	return err
}

// items writes what the scan says of the items of its profile's checklists.
func (s *workbook) items() error {
	if s.checklist == nil {
		return nil
	}
	sh, err := s.open("checklist", column{"list", 36}, column{"item", 10}, column{"item-text", 50}, column{"result", 50}, column{"findings", 60})
	if err != nil {
		return err
	}
	for _, list := range s.checklist.lists {
		for _, item := range list.Items {
			seen := s.checklist.items[item.ID]
			var findings []string
			for _, f := range seen.findings {
				e := newEntry(f, s.language)
				findings = append(findings, e.Name+" – "+e.URL)
			}
			if seen.more > 0 {
				findings = append(findings, s.words.Say("more", map[string]any{"N": seen.more}))
			}
			name, text := list.Name, item.Name
			if s.language == "ja" {
				name, text = list.JA, item.JA
			}
			err = errors.Join(err, sh.row(name, item.Short, text, seen.say(item, s.start.Time, s.language), strings.Join(findings, "\n")))
		}
	}
	return errors.Join(err, sh.row(s.words.Say("page-checklist-note", nil)))
}

// about writes which scan it was, what it came to, and how old its data were.
func (s *workbook) about(end scanner.Summary) error {
	sh, err := s.open("about", column{"about", 120})
	if err != nil {
		return err
	}
	a := newAnswer(end, nil, s.language)
	lines := []string{about(s.start, end, s.hosts.count(), s.language), a.Bad, a.Unchecked}
	for _, line := range append(lines, oldDataLines(s.start, s.words)...) {
		err = errors.Join(err, sh.row(line))
	}
	return err
}

// properties say which scan it was.
func (s *workbook) properties(end scanner.Summary) error {
	a := newAnswer(end, nil, s.language)
	return s.file.SetDocProps(&excelize.DocProperties{Creator: "sotomi", Title: "sotomi", Description: strings.Join([]string{a.Bad, a.Unchecked}, " ")})
}
