package main

import (
	"fmt"
	"strings"
)

// mutant is one change of one file.
type mutant struct {
	list string // name of its list
	line int    // in the list, counted from 1
	file string // from the root of the module
	old  string // stands once in the file
	new  string
	note string   // the rule that it breaks
	also []string // further packages whose tests may kill it
}

func (m mutant) place() string { return fmt.Sprintf("%s:%d: %s", m.list, m.line, m.file) }

// separator stands between the fields of a line. The new text may be empty.
const separator = "|||"

// parse reads a list: one mutant a line, as file ||| old text ||| new text ||| broken rule, with \n for line breaks in
// the texts. Blank lines and lines that begin with # are left out; "# also: ./checks ./scanner/command" names
// packages whose tests count too from there on. Only lines that contain only are kept.
func parse(list, text, only string) ([]mutant, error) {
	var (
		mutants []mutant
		also    []string
	)
	field := func(text string) string { return strings.ReplaceAll(text, `\n`, "\n") }
	for i, line := range strings.Split(text, "\n") {
		if packages, ok := strings.CutPrefix(line, "# also:"); ok {
			also = strings.Fields(packages)
		}
		if strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#") || !strings.Contains(line, only) {
			continue
		}
		fields := strings.Split(line, separator)
		if len(fields) != 4 {
			return nil, fmt.Errorf("%s:%d: %d fields, want 4: file, old text, new text, rule", list, i+1, len(fields))
		}
		for j := range fields {
			fields[j] = strings.TrimSuffix(strings.TrimPrefix(fields[j], " "), " ")
		}
		m := mutant{
			list: list, line: i + 1, file: strings.TrimSpace(fields[0]), old: field(fields[1]), new: field(fields[2]),
			note: strings.TrimSpace(fields[3]), also: also,
		}
		if m.old == "" || m.old == m.new {
			return nil, fmt.Errorf("%s:%d: the old text is empty or equals the new one", list, i+1)
		}
		mutants = append(mutants, m)
	}
	return mutants, nil
}
