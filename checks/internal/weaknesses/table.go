// Package weaknesses reads tables of published weaknesses by the releases that have them, and compares releases.
package weaknesses

import (
	"fmt"
	"strconv"
	"strings"
)

// Weakness is one published weakness of one component.
type Weakness struct {
	CVE       string // "" for none
	Record    string // number or name at the source
	Score     float64
	Rating    string // a word in place of a score: critical, high or medium; "-" when nobody rated it; else ""
	Exploited bool
	Ranges    []Range
}

// name is the CVE number, or the record's where there is none.
func (w Weakness) name() string {
	if w.CVE != "" {
		return w.CVE
	}
	if len(w.Record) == wordfenceNumber {
		return "Wordfence " + w.Record
	}
	return w.Record
}

// wordfenceNumber is how long the numbers of Wordfence's records are.
const wordfenceNumber = 36

// ratings are the words for a weakness without a score, with the lowest score that each stands for. An unrated one counts as
// medium.
var ratings = map[string]float64{"critical": 9, "high": 7, "medium": 4, "-": 4}

// rated is the score or the rating, for people.
func (w Weakness) rated() string {
	switch w.Rating {
	case "":
		return fmt.Sprintf("CVSS %.1f", w.Score)
	case "-":
		return "not rated"
	}
	return w.Rating
}

// Range are those from From to To.
type Range struct {
	From   string // "" is the oldest
	To     string // "" is the newest
	Before bool   // without To itself
}

func (v Range) has(version string) bool {
	if v.From != "" && Compare(version, v.From) < 0 {
		return false
	}
	if v.To == "" {
		return true
	}
	order := Compare(version, v.To)
	return order < 0 || order == 0 && !v.Before
}

// String is the range for people: "<= 2.9.4", "2.6.0 – 2.7.7", "1.0 – < 2.0", "*".
func (v Range) String() string {
	sign := "<= "
	if v.Before {
		sign = "< "
	}
	switch {
	case v.To == "" && v.From == "":
		return "*"
	case v.To == "":
		return ">= " + v.From
	case v.From == "":
		return sign + v.To
	case v.From == v.To:
		return v.To
	case v.Before:
		return v.From + " – < " + v.To
	}
	return v.From + " – " + v.To
}

// Table holds the published weaknesses by component, as lines that are parsed when they are asked for.
type Table struct {
	Date    string // of the records
	Entries map[string][]string
}

// Parse reads a table that checks/internal/wordpressdb wrote, which describes the form at its head.
func Parse(text string) (*Table, error) {
	t := &Table{Entries: map[string][]string{}}
	component := ""
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "#"):
			if rest, ok := strings.CutPrefix(line, "# date: "); ok && t.Date == "" { // behind it stands that of what is exploited
				t.Date = rest
			}
		case strings.HasPrefix(line, " "):
			t.Entries[component] = append(t.Entries[component], line)
		default:
			component = line
		}
	}
	if t.Date == "" || len(t.Entries) == 0 {
		return nil, fmt.Errorf("no date or no records in it")
	}
	return t, nil
}

// CheckData says what is wrong with a file of weaknesses.
func CheckData(text string) error {
	t, err := Parse(text)
	if err != nil {
		return err
	}
	for component := range t.Entries {
		kind, name, _ := strings.Cut(component, " ")
		list, err := t.Of(kind, name)
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
func (w Weakness) check() error {
	if w.Record == "" || w.CVE == "" && w.Record == "-" || !(w.Score > 0 && w.Score <= 10) || w.CVE != "" && !strings.HasPrefix(w.CVE, "CVE-") {
		return fmt.Errorf("%s: a record of %q with score %v", w.name(), w.Record, w.Score)
	}
	for _, v := range w.Ranges {
		if v.To != "" && VersionOf(v.To) == "" || v.From != "" && VersionOf(v.From) == "" {
			return fmt.Errorf("%s: bounds %q and %q", w.name(), v.From, v.To)
		}
	}
	return nil
}

// Knows reports whether the table has a component; whether its name is written large or small does not matter.
func (t *Table) Knows(kind, name string) bool {
	return t.Entries[kind+" "+strings.ToLower(name)] != nil
}

// Of are the weaknesses of a component.
func (t *Table) Of(kind, name string) ([]Weakness, error) {
	var list []Weakness
	for _, line := range t.Entries[kind+" "+strings.ToLower(name)] {
		w, err := parseWeakness(line)
		if err != nil {
			return nil, err
		}
		list = append(list, w)
	}
	return list, nil
}

// parseWeakness reads one line: CVE SCORE RECORD RANGE...
func parseWeakness(line string) (w Weakness, err error) {
	fields := strings.Fields(line)
	if len(fields) < 4 {
		return w, fmt.Errorf("%q is too short", line)
	}
	cve, exploited := strings.CutSuffix(fields[0], "!")
	if cve != "-" {
		w.CVE = cve
	}
	w.Exploited, w.Record = exploited, fields[2]
	if score, ok := ratings[fields[1]]; ok {
		w.Score, w.Rating = score, fields[1]
	} else if w.Score, err = strconv.ParseFloat(fields[1], 64); err != nil {
		return w, err
	}
	for _, f := range fields[3:] {
		w.Ranges = append(w.Ranges, ParseRange(f))
	}
	return w, nil
}

// ParseRange reads TO, <TO, FROM..TO or FROM..<TO; * has no end.
func ParseRange(text string) (v Range) {
	from, to, both := strings.Cut(text, "..")
	if both {
		v.From = from
	} else {
		to = from
	}
	v.To, v.Before = strings.CutPrefix(to, "<")
	if v.To == "*" {
		v.To = ""
	}
	return v
}
