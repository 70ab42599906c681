package wordpress

import (
	"fmt"
	"strconv"
	"strings"
)

// weakness is one published weakness of one component.
type weakness struct {
	cve       string // "" for none
	record    string // number at the source
	score     float64
	exploited bool
	ranges    []versions
}

// name is the CVE number, or the record's where there is none.
func (w weakness) name() string {
	if w.cve != "" {
		return w.cve
	}
	return "Wordfence " + w.record
}

// versions are those from From to To.
type versions struct {
	from   string // "" is the oldest
	to     string // "" is the newest
	before bool   // without To itself
}

func (v versions) has(version string) bool {
	if v.from != "" && compareVersions(version, v.from) < 0 {
		return false
	}
	if v.to == "" {
		return true
	}
	order := compareVersions(version, v.to)
	return order < 0 || order == 0 && !v.before
}

// String is the range for people: "<= 2.9.4", "2.6.0 – 2.7.7", "1.0 – < 2.0", "*".
func (v versions) String() string {
	sign := "<= "
	if v.before {
		sign = "< "
	}
	switch {
	case v.to == "" && v.from == "":
		return "*"
	case v.to == "":
		return ">= " + v.from
	case v.from == "":
		return sign + v.to
	case v.from == v.to:
		return v.to
	case v.before:
		return v.from + " – < " + v.to
	}
	return v.from + " – " + v.to
}

// table holds the published weaknesses by component, as lines that are parsed when they are asked for.
type table struct {
	date    string // of the records
	entries map[string][]string
}

// parseTable reads a table that checks/internal/wordpressdb wrote, which describes the form at its head.
func parseTable(text string) (*table, error) {
	t := &table{entries: map[string][]string{}}
	component := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "#"):
			if rest, ok := strings.CutPrefix(line, "# date: "); ok && t.date == "" { // behind it stands that of what is exploited
				t.date = rest
			}
		case strings.HasPrefix(line, " "):
			t.entries[component] = append(t.entries[component], line)
		default:
			component = line
		}
	}
	if t.date == "" || len(t.entries) == 0 {
		return nil, fmt.Errorf("no date or no records in it")
	}
	return t, nil
}

// CheckData says what is wrong with a file of weaknesses.
func CheckData(text string) error {
	t, err := parseTable(text)
	if err != nil {
		return err
	}
	for component := range t.entries {
		kind, name, _ := strings.Cut(component, " ")
		list, err := t.of(kind, name)
		if err != nil {
			return fmt.Errorf("%s: %w", component, err)
		}
		for _, w := range list {
			if err := w.check(); err != nil {
				return fmt.Errorf("%s: %w", component, err)
			}
		}
	}
	return nil
}

// check says what is wrong with a weakness.
func (w weakness) check() error {
	if len(w.record) != 36 || !(w.score > 0 && w.score <= 10) || w.cve != "" && !strings.HasPrefix(w.cve, "CVE-") {
		return fmt.Errorf("%s: a record of %q with score %v", w.name(), w.record, w.score)
	}
	for _, v := range w.ranges {
		if v.to != "" && versionOf(v.to) == "" || v.from != "" && versionOf(v.from) == "" {
			return fmt.Errorf("%s: bounds %q and %q", w.name(), v.from, v.to)
		}
	}
	return nil
}

// knows reports whether the table has a component; whether its name is written large or small does not matter.
func (t *table) knows(kind, name string) bool {
	return t.entries[kind+" "+strings.ToLower(name)] != nil
}

// of are the weaknesses of a component.
func (t *table) of(kind, name string) ([]weakness, error) {
	var list []weakness
	for _, line := range t.entries[kind+" "+strings.ToLower(name)] {
		w, err := parseWeakness(line)
		if err != nil {
			return nil, err
		}
		list = append(list, w)
	}
	return list, nil
}

// parseWeakness reads one line: CVE SCORE RECORD RANGE...
func parseWeakness(line string) (w weakness, err error) {
	fields := strings.Fields(line)
	if len(fields) < 4 {
		return w, fmt.Errorf("%q is too short", line)
	}
	cve, exploited := strings.CutSuffix(fields[0], "!")
	if cve != "-" {
		w.cve = cve
	}
	w.exploited, w.record = exploited, fields[2]
	if w.score, err = strconv.ParseFloat(fields[1], 64); err != nil {
		return w, err
	}
	for _, f := range fields[3:] {
		w.ranges = append(w.ranges, parseRange(f))
	}
	return w, nil
}

func parseRange(text string) (v versions) {
	from, to, both := strings.Cut(text, "..")
	if both {
		v.from = from
	} else {
		to = from
	}
	v.to, v.before = strings.CutPrefix(to, "<")
	if v.to == "*" {
		v.to = ""
	}
	return v
}
