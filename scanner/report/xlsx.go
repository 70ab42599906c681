package report

import (
	"errors"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// maxRows is how many rows we put into a sheet; a sheet ends at 1,048,576.
const maxRows = 1_000_000

// NewXLSX writes a workbook: findings, what was checked and is clean, what was not checked, and which sites and products
// there are. Rows go to temporary files as they come.
func NewXLSX(w io.Writer, o Options) scanner.Sink {
	s := &workbook{w: w, language: o.Language, words: message.In(o.Language)}
	s.losses = losses{words: s.words, each: s.lost}
	return s
}

type workbook struct {
	scanner.Discard
	w        io.Writer
	language string
	words    message.Language
	losses   losses
	day      string

	file                                  *excelize.File
	findings, clean, unchecked, inventory *sheet
}

// sheet is one sheet of a workbook, written row by row.
type sheet struct {
	stream *excelize.StreamWriter
	style  int
	rows   int
	left   int // rows beyond maxRows
	width  int // columns
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
	s.day = dayOf(start.Time, s.language)
	s.file = excelize.NewFile()
	top, err1 := s.file.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}})
	bold, err2 := s.file.NewStyle(&excelize.Style{
		Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"D9E2EC"}},
		Alignment: &excelize.Alignment{Vertical: "top", WrapText: true},
	})
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	var list []column
	for _, id := range columns {
		if id != "kind" {
			list = append(list, column{id, max(findingWidths[id], 12)})
		}
	}
	var errs []error
	open := func(name string, list ...column) *sheet {
		sh, err := s.sheet(name, bold, list)
		errs = append(errs, err)
		if sh != nil {
			sh.style = top
		}
		return sh
	}
	s.findings = open(s.words.Say("sheet-findings", nil), list...)
	s.clean = open(s.words.Say("sheet-clean", nil), column{"target", 36}, column{"signature", 36}, column{"result", 16}, column{"reason", 60})
	s.unchecked = open(s.words.Say("sheet-unchecked", nil), column{"target", 36}, column{"result", 16}, column{"reason", 60}, column{"checks", 10}, column{"signature", 60})
	s.inventory = open(s.words.Say("sheet-inventory", nil), column{"target", 36}, column{"status", 12}, column{"asked", 30}, column{"leads", 30}, column{"product", 36}, column{"values", 60})
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return s.file.DeleteSheet("Sheet1")
}

// sheet begins a sheet with its headings.
func (s *workbook) sheet(name string, style int, list []column) (*sheet, error) {
	if _, err := s.file.NewSheet(name); err != nil {
		return nil, err
	}
	stream, err := s.file.NewStreamWriter(name)
	if err != nil {
		return nil, err
	}
	sh := &sheet{stream: stream, style: style, width: len(list)}
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
	return sh, sh.row(headings...)
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
	for _, name := range ofProducts {
		if f.Hit.Values[name] != nil {
			if err := s.inventory.row(e.Target, "", "", "", e.Name, e.Values); err != nil {
				return err
			}
			break
		}
	}
	row := []any{s.findings.rows}
	for i, text := range findingRow(&e, 0, s.day, s.words) {
		if columns[i] != "number" && columns[i] != "kind" {
			row = append(row, text)
		}
	}
	return s.findings.row(row...)
}

func (s *workbook) Outcome(o scanner.Outcome) error {
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
	err := s.losses.flush()
	for _, note := range notLookedAt(end, s.words) {
		err = errors.Join(err, s.unchecked.row("", "", note))
	}
	for _, sh := range []*sheet{s.findings, s.clean, s.unchecked, s.inventory} {
		if sh.left > 0 {
			at, _ := excelize.CoordinatesToCellName(1, sh.rows+1)
			err = errors.Join(err, sh.stream.SetRow(at, []any{s.words.Say("more", map[string]any{"N": sh.left})}))
		}
		err = errors.Join(err, sh.stream.Flush())
	}
	err = errors.Join(err, s.properties(end))
	if err != nil {
		return err
	}
	return s.file.Write(s.w)
}

// properties say which scan it was.
func (s *workbook) properties(end scanner.Summary) error {
	a := newAnswer(end, nil, s.language)
	return s.file.SetDocProps(&excelize.DocProperties{Creator: "sotomi", Title: "sotomi", Description: strings.Join([]string{a.Bad, a.Unchecked}, " ")})
}
