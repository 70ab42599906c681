package scanner

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Data is one source of a file of facts, such as releases or published weaknesses: what is newer than its date is not in it.
// The file was compiled in or imported.
type Data struct {
	Name   string `json:"name"`   // of the file; one that has several sources stands here with each
	Source string `json:"source"` // where the facts are from
	Date   string `json:"date"`   // 2026-08-22: what was known then
}

// DataTooOld is the age from which a report says that newer data may know more.
const DataTooOld = 180 * 24 * time.Hour

// ReadData reads what a data file says about itself in lines "# source: ..." and "# date: 2026-08-22" before its first other
// line: a pair for each source of its facts. It is nil when a source has no date, or there is none.
func ReadData(name, text string) []Data {
	var list []Data
	dates := 0
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		key, value, _ := strings.Cut(strings.TrimSpace(comment), ": ")
		switch key {
		case "source":
			list = append(list, Data{Name: name, Source: value})
		case "date":
			if dates++; dates != len(list) {
				return nil
			}
			list[dates-1].Date = value
		}
	}
	if dates != len(list) || slices.ContainsFunc(list, func(d Data) bool { return !d.told() }) {
		return nil
	}
	return list
}

// told reports whether data say where they are from, and of when.
func (d Data) told() bool {
	_, err := time.Parse(time.DateOnly, d.Date)
	return err == nil && d.Source != ""
}

// Compare orders data by their dates, the oldest first, then by their names.
func (d Data) Compare(other Data) int {
	return cmp.Or(strings.Compare(d.Date, other.Date), strings.Compare(d.Name, other.Name), strings.Compare(d.Source, other.Source))
}

// Age is how old data are at a time, zero when they have no date.
func (d Data) Age(at time.Time) time.Duration {
	date, err := time.Parse(time.DateOnly, d.Date)
	if err != nil {
		return 0
	}
	return at.Sub(date)
}
