package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sotomi/checks/internal/staticdb"
)

// core is WordPress itself.
var core = staticdb.Product{
	Title: "WordPress", Source: "https://github.com/johnpbloch/wordpress-core", Tool: "checks/internal/wordpressdb",
	Name: nameOf, Served: served, Order: func(a, b string) int { return slices.Compare(numbers(a), numbers(b)) }, Rank: rank,
}

// tagForm is how releases are tagged: 6.4.2, and 6.4.0 for 6.4.
var tagForm = regexp.MustCompile(`^\d+\.\d+(\.\d+)*$`)

// nameOf is a release as WordPress itself writes it: 6.4 for the tag 6.4.0.
func nameOf(tag string) string {
	if !tagForm.MatchString(tag) {
		return ""
	}
	if strings.Count(tag, ".") == 2 {
		return strings.TrimSuffix(tag, ".0")
	}
	return tag
}

func numbers(name string) []int {
	var list []int
	for part := range strings.SplitSeq(name, ".") {
		n, err := strconv.Atoi(part)
		if err != nil {
			return nil
		}
		list = append(list, n)
	}
	return list
}

// served is a file of the package that a site gives out as it is, "" for others.
func served(name string) string {
	if name == "readme.html" || name == "license.txt" ||
		staticdb.IsScript(name) && (strings.HasPrefix(name, "wp-includes/") || strings.HasPrefix(name, "wp-admin/")) {
		return name
	}
	return ""
}

// rank orders files by how likely a site gives them out: the administration's folder is often closed.
func rank(name string) int {
	switch {
	case strings.HasPrefix(name, "wp-includes/"):
		return 0
	case strings.HasPrefix(name, "wp-admin/"):
		return 1
	}
	return 2
}
