package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"sotomi/checks/internal/releases"
)

const header = `# What files each release of EC-CUBE gives out. Made by checks/internal/eccubedb; do not edit.
# source: https://github.com/EC-CUBE/ec-cube, https://github.com/EC-CUBE/ec-cube2, and forks of them
# date: %[1]s
# until DATE: releases up to that day are in it
# next NAME NAME: the vendor gave out nothing between, though there are numbers
# release NAME DATE, pre for what came before a release, or dev for a state between releases; oldest first
# file PATH, then its contents: 48 bits of SHA-256 of the bytes; after a colon of the text with line ends LF, and after
# another of scripts and style sheets without comments and white space, each empty where it is that before it; and the
# releases that have it (FIRST..LAST in the order above)
# page NAME ADDRESS..., then groups of releases with the marks that their own theme always shows there, after a question
# mark those that it may show: 40 bits of SHA-256 of one attribute or line each
`

// neighbours are releases with nothing between them though there are numbers: of 1.2, 1.4.0 to 1.4.4, 2.0.0 and 2.2 there are
// betas alone, 2.5 became 2.11, 2.18 became 2.25, and nothing is known of 2.14 to 2.16.
var neighbours = [][2]string{
	{"1.1.1", "1.3.0"},
	{"1.3.4", "1.4.5"},
	{"2.0.0-beta", "2.0.1"},
	{"2.1.2a", "2.3.0"},
	{"2.4.4", "2.11.0"},
	{"2.13.5-p2", "2.17.0"},
	{"2.17.2-p2", "2.25.0"},
}

// writeDatabase writes the database: the same releases and files give the same bytes.
func writeDatabase(w io.Writer, list []release, files []file) {
	fmt.Fprintf(w, header+"until %[1]s\n", until(list))
	for _, names := range neighbours {
		fmt.Fprintf(w, "next %s %s\n", names[0], names[1])
	}
	position := map[string]int{}
	for i, r := range list {
		position[r.name] = i
		word := "pre"
		switch {
		case r.stable():
			word = "release"
		case releases.Development(r.name):
			word = "dev"
		}
		fmt.Fprintf(w, "%s %s %s\n", word, r.name, r.date)
	}
	for _, f := range files {
		fmt.Fprintf(w, "file %s\n", f.path)
		byVariant := map[variant][]int{}
		for r, v := range f.has {
			byVariant[v] = append(byVariant[v], position[r])
		}
		var variants []variant
		for v, at := range byVariant {
			slices.Sort(at)
			variants = append(variants, v)
		}
		slices.SortFunc(variants, func(a, b variant) int {
			return cmp.Compare(byVariant[a][0], byVariant[b][0])
		})
		for _, v := range variants {
			fmt.Fprintf(w, " %s %s\n", releases.Hashes(v.raw, v.text, v.code), spans(list, byVariant[v]))
		}
	}
}

// until is the day up to which both the old and the current line are known: that of the newest state of the one that is known
// for less long.
func until(list []release) string {
	newest := map[bool]string{} // by whether it is the old line
	for _, r := range list {
		old := r.name[0] < '3'
		newest[old] = max(newest[old], r.date)
	}
	if len(newest) < 2 {
		return newest[true] + newest[false]
	}
	return min(newest[true], newest[false])
}

// writePages writes the marks of the pages.
func writePages(w io.Writer, list []release, pages []page) {
	position := map[string]int{}
	for i, r := range list {
		position[r.name] = i
	}
	for _, p := range pages {
		fmt.Fprintln(w, strings.Join(append([]string{"page", p.name}, p.paths...), " "))
		lines := make([]string, 0, len(p.groups))
		for _, g := range p.groups {
			at := make([]int, 0, len(g.releases))
			for _, name := range g.releases {
				at = append(at, position[name])
			}
			line := " " + spans(list, at) + " = " + strings.Join(g.always, " ")
			if len(g.maybe) > 0 {
				line += " ? " + strings.Join(g.maybe, " ")
			}
			lines = append(lines, strings.Join(strings.Fields(line), " "))
		}
		slices.Sort(lines)
		for _, line := range lines {
			fmt.Fprintln(w, " "+line)
		}
	}
}

func spans(list []release, at []int) string {
	return releases.Spans(at, func(i int) string { return list[i].name })
}
