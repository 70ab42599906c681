package report

import (
	"encoding/csv"
	"io"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// NewCSV writes a list of findings for spreadsheets: UTF-8 with its mark and CRLF, as they want it, and no cell that is a
// formula. What could not be checked follows each target's findings in rows of its own kind.
func NewCSV(w io.Writer, o Options) scanner.Sink {
	s := &csvList{w: w, rows: csv.NewWriter(w), language: o.Language, words: message.In(o.Language)}
	s.rows.UseCRLF = true
	s.losses = losses{words: s.words, each: s.lost}
	return s
}

type csvList struct {
	scanner.Discard
	w        io.Writer
	rows     *csv.Writer
	language string
	words    message.Language
	day      string
	number   int
	losses   losses
}

func (s *csvList) Start(start scanner.Start) error {
	s.day = dayOf(start.Time, s.language)
	if _, err := io.WriteString(s.w, "\ufeff"); err != nil {
		return err
	}
	return s.row(headings(s.words))
}

func (s *csvList) row(texts []string) error {
	for i, text := range texts {
		texts[i] = cell(text)
	}
	if err := s.rows.Write(texts); err != nil {
		return err
	}
	s.rows.Flush()
	return s.rows.Error()
}

func (s *csvList) Finding(f scanner.Finding) error {
	e := newEntry(f, s.language)
	s.number++
	return s.row(findingRow(&e, s.number, s.day, s.words))
}

func (s *csvList) Outcome(o scanner.Outcome) error { return s.losses.add(o) }

func (s *csvList) lost(l loss) error {
	s.number++
	return s.row(lossRow(&l, s.number, s.words))
}

func (s *csvList) Close(end scanner.Summary) error {
	if err := s.losses.flush(); err != nil {
		return err
	}
	notes := []string{}
	if end.NotStarted > 0 {
		notes = append(notes, s.words.Count("not-started", end.NotStarted, nil))
	}
	if end.Interrupted {
		notes = append(notes, s.words.Say("interrupted", nil))
	}
	if len(notes) == 0 && s.number == 0 && !complete(end) {
		notes = append(notes, s.words.Say("exit-nothing", nil))
	}
	for _, note := range notes {
		row := make([]string, len(columns))
		row[1], row[3] = s.words.Say("kind-unchecked", nil), note
		if err := s.row(row); err != nil {
			return err
		}
	}
	return nil
}
