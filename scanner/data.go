package scanner

import (
	"slices"
	"strings"
	"time"
)

// Data is a file of facts that was compiled in, such as releases or published weaknesses: what is newer than its date is not
// in it.
type Data struct {
	Name   string `json:"name"`   // of the file
	Source string `json:"source"` // where the facts are from
	Date   string `json:"date"`   // 2026-08-22: what was known then
}

// DataTooOld is the age from which a report says that newer data may know more.
const DataTooOld = 180 * 24 * time.Hour

// ReadData reads what a data file says about itself in lines "# source: ..." and "# date: 2026-08-22" before its first other
// line; false when it does not.
func ReadData(name, text string) (Data, bool) {
	d := Data{Name: name}
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		key, value, _ := strings.Cut(strings.TrimSpace(comment), ": ")
		switch key {
		case "source":
			d.Source = value
		case "date":
			d.Date, _, _ = strings.Cut(value, " ") // behind it may stand what the day is of
		}
	}
	_, err := time.Parse(time.DateOnly, d.Date)
	return d, err == nil && d.Source != ""
}

// SortData puts the oldest first.
func SortData(list []Data) {
	slices.SortFunc(list, func(a, b Data) int {
		return strings.Compare(a.Date+" "+a.Name, b.Date+" "+b.Name)
	})
}

// Age is how old data are at a time, zero when they have no date.
func (d Data) Age(at time.Time) time.Duration {
	date, err := time.Parse(time.DateOnly, d.Date)
	if err != nil {
		return 0
	}
	return at.Sub(date)
}
