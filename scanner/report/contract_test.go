package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// field is one of the contract; an optional one may be left out, but what is there is never null.
type field struct {
	name, kind string // kind: string, number, bool, list, object, words (en and perhaps ja)
	optional   bool
}

// contract is what others rely on: the records with their fields, in this order. New fields may be added at any place.
var contract = map[string][]field{
	"scan": {
		{"type", "string", false},
		{"tool", "string", false},
		{"version", "string", false},
		{"signature_set", "string", false},
		{"time", "string", false},
		{"targets", "list", false},
		{"signatures", "number", false},
		{"above_safety", "list", true},
	},
	"finding": {
		{"type", "string", false},
		{"signature", "string", false},
		{"severity", "string", false},
		{"certainty", "string", false},
		{"target", "string", false},
		{"url", "string", false},
		{"matcher", "string", true},
		{"title", "words", false},
		{"description", "words", true},
		{"impact", "words", true},
		{"values", "object", true},
		{"evidence", "list", false},
		{"remediation", "words", true},
		{"references", "list", false},
		{"cwe", "list", false},
		{"cve", "list", true},
		{"cvss", "string", true},
		{"tags", "list", true},
		{"fingerprint", "string", false},
	},
	"outcome": {
		{"type", "string", false},
		{"signature", "string", false},
		{"target", "string", false},
		{"status", "string", false},
		{"reason", "string", true},
		{"requests", "number", false},
	},
	"summary": {
		{"type", "string", false},
		{"severities", "object", false},
		{"statuses", "object", false},
		{"targets", "number", false},
		{"requests", "number", false},
		{"suppressed", "number", false},
		{"not_started", "number", true},
		{"above_safety", "number", true},
		{"redirected", "list", true},
		{"seconds", "number", false},
		{"complete", "bool", false},
		{"interrupted", "bool", false},
	},
}

// vocabulary are the values that a field may have.
var vocabulary = map[string][]string{
	"severity":  {"critical", "high", "medium", "low", "info", "unknown"},
	"certainty": {"confirmed", "possible"},
	"status": {
		"clean", "found", "not-applicable", "unreachable", "throttled", "blocked", "unsupported", "failed", "crashed", "interrupted",
	},
}

// TestLinesKeepTheContract holds every line of every scan to the contract.
func TestLinesKeepTheContract(t *testing.T) {
	for name, put := range scans {
		all := strings.Split(strings.TrimSuffix(string(lines(t, put)), "\n"), "\n")
		for i, line := range all {
			if err := keepsContract(line); err != nil {
				t.Errorf("%s: %v\n%s", name, err, line)
			}
			if first, last := strings.HasPrefix(line, `{"type":"scan",`), strings.HasPrefix(line, `{"type":"summary",`); first != (i == 0) || last != (i == len(all)-1) {
				t.Errorf("%s: line %d of %d:\n%s", name, i+1, len(all), line)
			}
		}
	}
}

func keepsContract(line string) error {
	names, values, err := fieldsOf(line)
	if err != nil {
		return err
	}
	kind, _ := values["type"].(string)
	fields, ok := contract[kind]
	if !ok {
		return fmt.Errorf("a record of type %q", kind)
	}
	var known, present []string
	for _, f := range fields {
		value, ok := values[f.name]
		switch {
		case !ok && f.optional:
			continue
		case !ok:
			return fmt.Errorf("%s: %s is missing", kind, f.name)
		case kindOf(f.kind, value) != f.kind:
			return fmt.Errorf("%s: %s is %v, want a %s", kind, f.name, value, f.kind)
		}
		if words, ok := vocabulary[f.name]; ok && !slices.Contains(words, value.(string)) {
			return fmt.Errorf("%s: %s is %q", kind, f.name, value)
		}
		known = append(known, f.name)
	}
	for _, name := range names {
		if slices.ContainsFunc(fields, func(f field) bool { return f.name == name }) {
			present = append(present, name)
		}
	}
	if !slices.Equal(known, present) {
		return fmt.Errorf("%s: fields in the order %v, want %v", kind, present, known)
	}
	if text, ok := values["time"].(string); ok {
		if at, err := time.Parse(time.RFC3339, text); err != nil || at.Location() != time.UTC || at.Nanosecond() != 0 {
			return fmt.Errorf("%s: time %s is not in UTC and whole seconds", kind, text)
		}
	}
	return nil
}

// fieldsOf are the fields of a line in their order, and by name.
func fieldsOf(line string) ([]string, map[string]any, error) {
	var values map[string]any
	if err := json.Unmarshal([]byte(line), &values); err != nil {
		return nil, nil, err
	}
	var names []string
	d := json.NewDecoder(bytes.NewReader([]byte(line)))
	if _, err := d.Token(); err != nil {
		return nil, nil, err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, nil, err
		}
		names = append(names, fmt.Sprint(name))
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, nil, err
		}
	}
	return names, values, nil
}

func kindOf(want string, value any) string {
	switch v := value.(type) {
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "bool"
	case []any:
		return "list"
	case map[string]any:
		_, en := v["en"].(string)
		if want == "words" && en && len(v) <= 2 {
			return "words"
		}
		return "object"
	}
	return "null"
}

func TestKeepsContract(t *testing.T) {
	for line, want := range map[string]string{
		`{"type":"outcome","signature":"x","target":"t","status":"clean","requests":1}`:               "",
		`{"type":"outcome","signature":"x","new":null,"target":"t","status":"clean","requests":1}`:    "",
		`{"type":"outcome","target":"t","signature":"x","status":"clean","requests":1}`:               "order",
		`{"type":"outcome","signature":"x","target":"t","status":"clean"}`:                            "requests is missing",
		`{"type":"outcome","signature":"x","target":"t","status":"fine","requests":1}`:                `status is "fine"`,
		`{"type":"outcome","signature":"x","target":"t","status":"clean","reason":null,"requests":1}`: "want a string",
		`{"type":"thought"}`: `a record of type "thought"`,
	} {
		if err := keepsContract(line); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}
