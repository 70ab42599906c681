package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mattn/go-runewidth"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// valuesText are all values of a finding in one line.
func valuesText(w message.Language, values scanner.Values) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		if name == "personal-fields" {
			value = fieldNames(w, value)
		}
		if text := message.Line(valueText(w, value)); text != "" {
			parts = append(parts, message.Line(w.Name("value", name))+": "+runewidth.Truncate(text, evidenceWidth, "…"))
		}
	}
	return strings.Join(parts, "   ")
}

// fieldNames are the kinds of personal fields in a language: a list, or one read back from JSON.
func fieldNames(w message.Language, value any) any {
	switch names := value.(type) {
	case []string:
		list := make([]string, len(names))
		for i, name := range names {
			list[i] = w.Name("field", name)
		}
		return list
	case []any:
		list := make([]any, len(names))
		for i, name := range names {
			list[i] = w.Name("field", fmt.Sprint(name))
		}
		return list
	}
	return value
}

// valueText is a value of a scan, or one read back from JSON, with the words that have a translation in the language.
func valueText(w message.Language, value any) string {
	switch v := value.(type) {
	case message.Message:
		return w.Text(v)
	case string:
		if word := w.Name("word", v); word != v {
			return word
		}
		return w.Literal(v) // a message without arguments is such a text in JSON
	case []string:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = w.Name("word", v[i])
		}
		return strings.Join(parts, ", ")
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			parts[i] = valueText(w, v[i])
		}
		return strings.Join(parts, ", ")
	case float64:
		if v == float64(int64(v)) {
			return fmt.Sprint(int64(v))
		}
	}
	return fmt.Sprint(value)
}
