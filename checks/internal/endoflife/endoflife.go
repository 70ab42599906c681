// Package endoflife knows until when the makers of a product mend its lines. The dates are data: dates.txt is written by the
// tool endoflifedb, byhand.txt by people, a line each: product, line, last day ("-" where none is set).
package endoflife

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"sotomi/checks/internal/datafile"
)

//go:embed dates.txt
var dates string

//go:embed byhand.txt
var byHand string

// Sources are the texts of the data files that were compiled in, by their names; each begins with lines "# source:", "# date:" and "# licence:".
func Sources() map[string]string {
	return map[string]string{"endoflife/dates.txt": dates, "endoflife/byhand.txt": byHand}
}

// Line is one line of releases of a product, such as 7.4, and its last day; the zero time where none is set.
type Line struct {
	Product, Name string
	End           time.Time
}

// Format is how the data and findings write a day.
const Format = time.DateOnly

// End says when support of a version of a product ended, "" when it had not on that day or nobody knows. "≤DAY" says that
// the version has no day of its own: it is older than the lines that have one, or tells only a part of its line's name.
func End(product, version string, on time.Time) string {
	if leading(version) == nil {
		return ""
	}
	var own, next, last *Line // that of the version; the next newer one; of those that the version may be of, the last to end
	open := false             // one of those has not ended
	lines := known()[product]
	for i := range lines {
		l := &lines[i]
		switch {
		case within(version, l.Name):
			if own == nil || len(l.Name) > len(own.Name) {
				own = l
			}
		case within(l.Name, version):
			open = open || !ended(l, on)
			if last == nil || l.End.After(last.End) {
				last = l
			}
		case compare(l.Name, version) > 0 && (next == nil || compare(l.Name, next.Name) < 0):
			next = l
		}
	}
	if own != nil {
		return day("", own, on)
	}
	if last == nil {
		last = next
	}
	if last == nil || open {
		return ""
	}
	return day("≤", last, on)
}

// day is the last one of a line, "" when it is not over.
func day(sign string, l *Line, on time.Time) string {
	if !ended(l, on) {
		return ""
	}
	return sign + l.End.Format(Format)
}

// ended reports whether the last day of a line is over.
func ended(l *Line, on time.Time) bool { return !l.End.IsZero() && !on.Before(l.End.AddDate(0, 0, 1)) }

// known are the lines of each product.
var known = sync.OnceValue(func() map[string][]Line {
	all := map[string][]Line{}
	for name, text := range Sources() {
		lines, err := Parse(datafile.Text(name, text))
		if err != nil {
			panic(fmt.Sprintf("%s: %v", name, err)) // compiled in, and a test reads it; the import reads the other
		}
		for _, l := range lines {
			all[l.Product] = append(all[l.Product], l)
		}
	}
	return all
})

// Parse reads a data file.
func Parse(text string) ([]Line, error) {
	var list []Line
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] == "#" {
			continue
		}
		if len(fields) != 3 {
			return nil, fmt.Errorf("line %d: want product, line and day", i+1)
		}
		l := Line{Product: fields[0], Name: fields[1]}
		if fields[2] != "-" {
			end, err := time.Parse(Format, fields[2])
			if err != nil {
				return nil, fmt.Errorf("line %d: %w", i+1, err)
			}
			l.End = end
		}
		if leading(l.Name) == nil {
			return nil, fmt.Errorf("line %d: %q does not begin with a number", i+1, l.Name)
		}
		list = append(list, l)
	}
	return list, nil
}

// within reports whether a version is of a line: 7.4.33 is of 7.4 and of 7, 1.0.2k is of 1.0.2, 7.40 is not of 7.4.
func within(version, line string) bool {
	rest, ok := strings.CutPrefix(version, line)
	return ok && (rest == "" || rest[0] < '0' || rest[0] > '9')
}

// compare orders versions and lines by their numbers; what they share is equal, so that a line has no order to its versions.
func compare(a, b string) int {
	x, y := leading(a), leading(b)
	n := min(len(x), len(y))
	return slices.Compare(x[:n], y[:n])
}

// leading are the numbers that a version begins with.
func leading(version string) []int {
	var list []int
	for _, part := range strings.Split(version, ".") {
		digits := len(part) - len(strings.TrimLeft(part, "0123456789"))
		n, err := strconv.Atoi(part[:digits])
		if err != nil {
			return list
		}
		list = append(list, n)
		if digits < len(part) {
			return list
		}
	}
	return list
}
