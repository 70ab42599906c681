// Package staticdb writes databases of the static files that the releases of a product give out, for the tools that make
// data: hashes of the few files that tell most releases apart. Package releases reads them.
package staticdb

import (
	"cmp"
	"fmt"
	"io"
	"log"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"sotomi/checks/internal/gitclone"
	"sotomi/checks/internal/releases"
)

const header = `# What static files each release of %s gives out. Made by %s; do not edit.
# source: %s
# date: %s
# release NAME DATE; in the order of their numbers
# file PATH, then its contents: 48 bits of SHA-256 of the bytes; after a colon of the text with line ends LF, and after
# another of scripts and style sheets without comments and white space, each empty where it is that before it; and the
# releases that have it (FIRST..LAST in the order above)
`

const (
	keptFiles   = 32        // files in the database: a site is asked for a few of them, and may lack some
	largestFile = 256 << 10 // bytes up to which a scanner may ask for a file
)

// Product is one whose releases are tags of a public repository.
type Product struct {
	Title  string                   // as reports write it
	Source string                   // address of the repository
	Tool   string                   // the package that writes the database
	Name   func(tag string) string  // a tag's release as the product writes it; "" for what is none
	Served func(path string) string // where a site gives out a file of the repository, below its folder; "" where it does not
	Order  func(a, b string) int    // of releases by their names
	Rank   func(path string) int    // of where a site gives a file out: the lower, the likelier
}

// release is one release of a product.
type release struct {
	tag, name, date string
	files           map[string]string // ids by path
}

// releasesOf are the releases of a clone, in the order of their numbers: those of one line stand together.
func (p *Product) releasesOf(dir string) ([]release, error) {
	var clones gitclone.Clones // it reads its own objects
	text, err := clones.Output(dir, "for-each-ref", "--format=%(refname:short) %(creatordate:short)", "refs/tags")
	if err != nil {
		return nil, err
	}
	var list []release
	for line := range strings.Lines(text) {
		tag, date, _ := strings.Cut(strings.TrimSpace(line), " ")
		r := release{tag: tag, name: p.Name(tag), date: date, files: map[string]string{}}
		if r.name == "" {
			continue
		}
		files, err := clones.Tree(dir, tag)
		if err != nil {
			return nil, err
		}
		for name, id := range files {
			if at := p.Served(name); at != "" && !strings.ContainsAny(at, ` "%?#\`) {
				r.files[at] = id
			}
		}
		list = append(list, r)
	}
	slices.SortStableFunc(list, func(a, b release) int { return p.Order(a.name, b.name) })
	return slices.CompactFunc(list, func(a, b release) bool { return a.name == b.name }), nil
}

// IsScript reports whether a file is a script or a style sheet.
func IsScript(name string) bool { return path.Ext(name) == ".js" || path.Ext(name) == ".css" }

// Write writes the database of a product from a clone of its repository, byte for byte the same for the same tags.
func (p *Product) Write(w io.Writer, dir string) error {
	list, err := p.releasesOf(dir)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("no releases in %s", dir)
	}
	chosen := p.choose(list)
	forms, err := formsOf(dir, list, chosen)
	if err != nil {
		return err
	}
	newest := slices.MaxFunc(list, func(a, b release) int { return strings.Compare(a.date, b.date) })
	fmt.Fprintf(w, header, p.Title, p.Tool, p.Source, newest.date)
	for _, r := range list {
		fmt.Fprintf(w, "release %s %s\n", r.name, r.date)
	}
	for _, name := range chosen {
		writeFile(w, name, list, forms)
	}
	log.Printf("%s: %d releases, %d files", p.Title, len(list), len(chosen))
	return nil
}

// choose are the files that tell most releases apart, each picked for what the ones before leave open, in order of path.
func (p *Product) choose(list []release) []string {
	columns := map[string][]string{} // ids by release; "" where it lacks the file
	for i, r := range list {
		for name, id := range r.files {
			if columns[name] == nil {
				columns[name] = make([]string, len(list))
			}
			columns[name][i] = id
		}
	}
	names := slices.SortedFunc(maps.Keys(columns), func(a, b string) int {
		return cmp.Or(cmp.Compare(p.Rank(a), p.Rank(b)), strings.Compare(a, b))
	})
	var chosen []string
	groups := make([]int, len(list)) // of releases that the chosen files leave together
	for range keptFiles {
		best, most := "", 0.0
		for _, name := range names {
			if slices.Contains(chosen, name) {
				continue
			}
			if n := separated(groups, columns[name]); n > most {
				best, most = name, n
			}
		}
		if best == "" {
			break
		}
		chosen = append(chosen, best)
		split(groups, columns[best])
		if len(chosen)%8 == 0 {
			groups = make([]int, len(list)) // a second set for sites that lack files of the first
		}
	}
	slices.Sort(chosen)
	return chosen
}

// separated is how many pairs of releases in one group a file tells apart, less where it does so by being missing.
func separated(groups []int, ids []string) float64 {
	size, same, missing := map[int]int{}, map[[2]string]int{}, map[int]int{}
	for i, g := range groups {
		size[g]++
		same[[2]string{strconv.Itoa(g), ids[i]}]++
		if ids[i] == "" {
			missing[g]++
		}
	}
	pairs := func(n int) float64 { return float64(n*(n-1)) / 2 }
	sum := 0.0
	for g, n := range size {
		sum += pairs(n) - float64(missing[g]*(n-missing[g]))*0.7
	}
	for _, n := range same {
		sum -= pairs(n)
	}
	return sum
}

// split divides groups by a file's contents.
func split(groups []int, ids []string) {
	numbers := map[[2]string]int{}
	for i, g := range groups {
		key := [2]string{strconv.Itoa(g), ids[i]}
		if _, ok := numbers[key]; !ok {
			numbers[key] = len(numbers)
		}
		groups[i] = numbers[key]
	}
}

// formsOf hashes the contents of the chosen files, by id; those that are too large are left out.
func formsOf(dir string, list []release, chosen []string) (map[string]releases.Forms, error) {
	of := map[string]string{} // paths by id
	for _, r := range list {
		for _, name := range chosen {
			if id := r.files[name]; id != "" {
				of[id] = name
			}
		}
	}
	var clones gitclone.Clones
	forms := map[string]releases.Forms{}
	ids := slices.Sorted(maps.Keys(of))
	err := clones.Contents(dir, ids, func(i int, body []byte) {
		if len(body) <= largestFile {
			forms[ids[i]] = releases.FormsOf(of[ids[i]], body)
		}
	})
	return forms, err
}

// writeFile writes one file with its contents, the oldest first.
func writeFile(w io.Writer, name string, list []release, forms map[string]releases.Forms) {
	at := map[releases.Forms][]int{}
	var order []releases.Forms
	for i, r := range list {
		f, ok := forms[r.files[name]]
		if !ok {
			continue
		}
		if at[f] == nil {
			order = append(order, f)
		}
		at[f] = append(at[f], i)
	}
	if len(order) == 0 {
		return
	}
	fmt.Fprintf(w, "file %s\n", name)
	for _, f := range order {
		fmt.Fprintf(w, " %s %s\n", releases.Hashes(f.Bytes, f.Text, f.Code), releases.Spans(at[f], func(i int) string { return list[i].name }))
	}
}
