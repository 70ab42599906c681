// Package releases tells which release of a product a site runs by the static files and the markup that it gives out.
//
// A Database says which releases have which contents at which public path. A Posterior holds the probability of each
// release; Observe and AddLogLikelihood update it with what the site answered. It allows for files that the owner changed,
// lost, or left over from an older release. Next and PageGain choose what to ask for next, Verdict sums up. Nothing here
// talks to the network.
package releases

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Database is what the releases of one product give out. Releases, files and pages are named by their positions in it.
type Database struct {
	Releases []Release // oldest first
	Files    []File    // by path
	Pages    []Page
	Until    string // releases up to this day are in it: 2026-04-22; "" when unknown

	prior, openPrior []float64 // logarithms by release: that a site runs it, and that it runs one after it that is not here
	span             [][]int   // by release: those after it with the same first number, up to a stable one
	open             []bool    // by release: the newest of a line that goes on
	hole             []int     // by release: how many numbers are not here before the next stable one

	nextTo map[string]string // by release, that which came next where numbers were left out: "2.4.4" and "2.11.0"

	byName map[string]int
	byPath map[string]int
}

// Release is one release of the product.
type Release struct {
	Name   string
	Date   string // 2007-02-13
	Stable bool   // false for alphas, betas, release candidates and states of development
}

// File is one public path with its contents.
type File struct {
	Path     string // in the package, without a slash in front: html/js/eccube.js
	Variants []Variant
	Has      Set // releases that have it
	Class    Class

	// For the choice of what to ask for.
	columns   [deliveries][]int // by variant
	first     []int             // by variant: its oldest release
	variantOf []int             // by release, -1 for one without the file
}

// Variant is one content of a file and the releases that have it.
type Variant struct {
	Bytes, Text, Code string // as in Forms
	Releases          Set
}

// Page is the markup of one public page of the product's own theme.
type Page struct {
	Name   string   // "list"
	Paths  []string // below the base, those of newer releases last; none for what every page has
	Groups []Group
}

// Group is marks that the same releases have in their templates, and no others.
type Group struct {
	Releases Set
	Always   []string // on every page made from the template
	Maybe    []string // depending on the shop's data
}

// Position is where a release stands in the order of releases, oldest first.
func (d *Database) Position(name string) (int, bool) {
	i, ok := d.byName[name]
	return i, ok
}

// Find is the file at path.
func (d *Database) Find(path string) (int, bool) {
	i, ok := d.byPath[path]
	return i, ok
}

// Span is the releases from first to last, with the states of development that follow last; "" stands for the oldest or the
// newest. unknown is the name that is no release of
// the database, "" when both are.
func (d *Database) Span(first, last string) (set Set, unknown string) {
	set = newSet(len(d.Releases))
	i, j := 0, len(d.Releases)-1
	for _, end := range []struct {
		name string
		at   *int
	}{{first, &i}, {last, &j}} {
		at, ok := d.byName[end.name]
		switch {
		case ok:
			*end.at = at
		case end.name != "":
			return set, end.name
		}
	}
	for last != "" && j+1 < len(d.Releases) && strings.HasPrefix(d.Releases[j+1].Name, last+"+") {
		j++
	}
	for ; i <= j; i++ {
		set.add(i)
	}
	return set, ""
}

// Names are the releases of a set, oldest first.
func (d *Database) Names(s Set) []string {
	var names []string
	for i, r := range d.Releases {
		if s.Has(i) {
			names = append(names, r.Name)
		}
	}
	return names
}

// Parse reads a database. checks/internal/eccubedb writes the form and describes it at the head of the file. Errors name
// the line.
func Parse(r io.Reader) (*Database, error) {
	p := parser{db: &Database{byName: map[string]int{}, byPath: map[string]int{}, nextTo: map[string]string{}}}
	in := bufio.NewScanner(r)
	in.Buffer(nil, 1<<20)
	for line := 1; in.Scan(); line++ {
		if err := p.line(in.Text()); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	if len(p.db.Releases) == 0 || len(p.db.Files) == 0 {
		return nil, errors.New("no releases or no files in it")
	}
	p.db.prepareEnds()
	for i := range p.db.Files {
		p.db.Files[i].prepare(len(p.db.Releases))
	}
	return p.db, nil
}

// prepare fills in what is looked up often.
func (f *File) prepare(releases int) {
	for by := range deliveries {
		for i := range f.Variants {
			f.columns[by] = append(f.columns[by], f.column(i, by))
		}
	}
	for _, v := range f.Variants {
		f.first = append(f.first, v.Releases.First())
	}
	for r := range releases {
		f.variantOf = append(f.variantOf, slices.IndexFunc(f.Variants, func(v Variant) bool { return v.Releases.Has(r) }))
	}
}

type parser struct {
	db     *Database
	inPage bool
}

func (p *parser) line(text string) error {
	if text == "" || text[0] == '#' {
		return nil
	}
	fields := strings.Fields(text)
	if len(fields) < 2 {
		return fmt.Errorf("%q is too short", text)
	}
	if text[0] == ' ' {
		if p.inPage {
			return p.group(fields)
		}
		return p.variant(fields)
	}
	switch fields[0] {
	case "until":
		p.db.Until = fields[1]
	case "next":
		if len(fields) != 3 {
			return fmt.Errorf("%q: two releases belong there", text)
		}
		p.db.nextTo[fields[1]] = fields[2]
	case "release", "pre", "dev":
		if len(fields) != 3 || len(p.db.Files) > 0 {
			return fmt.Errorf("%q: a release has a name and a date, and stands before the first file", text)
		}
		p.db.byName[fields[1]] = len(p.db.Releases)
		p.db.Releases = append(p.db.Releases, Release{fields[1], fields[2], fields[0] == "release"})
	case "file":
		p.inPage = false
		p.db.byPath[fields[1]] = len(p.db.Files)
		p.db.Files = append(p.db.Files, File{Path: fields[1], Has: newSet(len(p.db.Releases)), Class: ClassOf(fields[1])})
	case "page":
		p.inPage = true
		p.db.Pages = append(p.db.Pages, Page{Name: fields[1], Paths: fields[2:]})
	default:
		return fmt.Errorf("%q is none of until, next, release, pre, dev, file and page", fields[0])
	}
	return nil
}

func (p *parser) variant(fields []string) error {
	if len(p.db.Files) == 0 {
		return errors.New("contents before the first file")
	}
	f := &p.db.Files[len(p.db.Files)-1]
	raw, rest, _ := strings.Cut(fields[0], ":")
	text, code, _ := strings.Cut(rest, ":")
	text = cmp.Or(text, raw)
	set, err := p.spans(fields[1:])
	if err != nil {
		return err
	}
	f.Variants = append(f.Variants, Variant{raw, text, cmp.Or(code, text), set})
	f.Has = f.Has.union(set)
	return nil
}

// group reads "SPAN... = MARK... ? MARK...".
func (p *parser) group(fields []string) error {
	var g Group
	part := 0
	var spans []string
	for _, f := range fields {
		switch {
		case f == "=":
			part = 1
		case f == "?":
			part = 2
		case part == 0:
			spans = append(spans, f)
		case part == 1:
			g.Always = append(g.Always, f)
		default:
			g.Maybe = append(g.Maybe, f)
		}
	}
	set, err := p.spans(spans)
	if err != nil {
		return err
	}
	g.Releases = set
	page := &p.db.Pages[len(p.db.Pages)-1]
	page.Groups = append(page.Groups, g)
	return nil
}

func (p *parser) spans(spans []string) (Set, error) {
	set := newSet(len(p.db.Releases))
	for _, s := range spans {
		first, last, isRange := strings.Cut(s, "..")
		if !isRange {
			last = first
		}
		i, ok := p.db.byName[first]
		j, ok2 := p.db.byName[last]
		if !ok || !ok2 || j < i {
			return nil, fmt.Errorf("%q is not a span of releases", s)
		}
		for ; i <= j; i++ {
			set.add(i)
		}
	}
	return set, nil
}
