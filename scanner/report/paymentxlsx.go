package report

import (
	"archive/zip"
	"errors"
	"io"
	"strings"

	"github.com/xuri/excelize/v2"

	"sotomi/scanner"
)

// NewPaymentXLSX writes the evidence pack about payment pages as a workbook, with one sheet a table.
func NewPaymentXLSX(w io.Writer, o Options) scanner.Sink {
	return &paymentBook{evidencePack: newEvidencePack(o), w: w}
}

type paymentBook struct {
	*evidencePack
	w io.Writer
}

func (p *paymentBook) Close(s scanner.Summary) error {
	if err := p.end(s); err != nil {
		return err
	}
	file := excelize.NewFile()
	defer file.Close() // removes its temporary files
	top, err1 := file.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{Vertical: "top", WrapText: true}})
	bold, err2 := file.NewStyle(&excelize.Style{
		Font: &excelize.Font{Bold: true}, Fill: excelize.Fill{Type: "pattern", Pattern: 1, Color: []string{"D9E2EC"}},
		Alignment: &excelize.Alignment{Vertical: "top", WrapText: true},
	})
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	about := packTable{Title: p.inWords("About"), Columns: []string{p.title()}}
	for _, note := range p.notes() {
		about.Rows = append(about.Rows, []string{note})
	}
	for _, t := range append([]packTable{about}, p.tables()...) {
		if err := addSheet(file, t, bold, top); err != nil {
			return err
		}
	}
	if err := file.DeleteSheet("Sheet1"); err != nil {
		return err
	}
	file.SetZipWriter(func(io.Writer) excelize.ZipWriter { return zip.NewWriter(p.w) }) // else the whole workbook is in memory once more
	return file.Write(io.Discard)
}

// addSheet adds a table.
func addSheet(file *excelize.File, t packTable, bold, top int) error {
	name := sheetName(t.Title)
	if _, err := file.NewSheet(name); err != nil {
		return err
	}
	stream, err := file.NewStreamWriter(name)
	if err != nil {
		return err
	}
	for i := range t.Columns {
		width := 24.0
		if len(t.Columns) == 1 {
			width = 120
		}
		if err := stream.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
	}
	if err := stream.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	sh := &sheet{stream: stream, style: bold}
	for i, row := range append([][]string{t.Columns}, t.Rows...) {
		cells := make([]any, len(row))
		for j, text := range row {
			cells[j] = text
		}
		if err := sh.row(cells...); err != nil {
			return err
		}
		if i == 0 {
			sh.style = top
		}
	}
	return stream.Flush()
}

// sheetName is a title as the name of a sheet: at most 31 characters, without those that have a meaning there.
func sheetName(title string) string {
	title = strings.NewReplacer(":", "", "\\", "", "/", " ", "?", "", "*", "", "[", "", "]", "").Replace(title)
	runes := []rune(title)
	return strings.TrimSpace(string(runes[:min(len(runes), 31)]))
}
