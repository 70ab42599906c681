package report

import (
	"fmt"
	"maps"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// Values that say what something was and what it is now: lists of texts that are shown side by side.
const (
	valueBefore = "before"
	valueAfter  = "after"
)

// sides are what was before and what is now, in rows; none for a finding that says neither. The last row of the shorter list
// is followed by empty ones.
func sides(values scanner.Values) (rows [][2]string) {
	before, after := texts(values[valueBefore]), texts(values[valueAfter])
	for i := range max(len(before), len(after)) {
		var row [2]string
		if i < len(before) {
			row[0] = before[i]
		}
		if i < len(after) {
			row[1] = after[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// texts are a list of texts, as a check gives it or as it is read from JSON.
func texts(value any) (list []string) {
	switch v := value.(type) {
	case []string:
		for _, text := range v {
			list = append(list, message.Line(text))
		}
	case []any:
		for _, text := range v {
			list = append(list, message.Line(fmt.Sprint(text)))
		}
	}
	return list
}

// withoutSides are the values that are not shown side by side.
func withoutSides(values scanner.Values) scanner.Values {
	if len(sides(values)) == 0 {
		return values
	}
	others := maps.Clone(values)
	delete(others, valueBefore)
	delete(others, valueAfter)
	return others
}
