package scriptlibrary

import (
	"regexp"
	"slices"
	"strings"
)

// line are the versions of a library that get no fixes any more, from one, "" being the oldest, to that before another, ""
// being the newest.
type line struct {
	from, below string
}

// endedLines are those that get no fixes any more, by library. The signature javascript-end-of-life says since when.
var endedLines = map[string]line{
	"jquery":        {below: "3.0.0"},
	"jquery-mobile": {},
	"angularjs":     {below: "2.0.0"},
	"bootstrap":     {from: "2.0.0", below: "5.0.0"},
	"vue":           {from: "2.0.0", below: "3.0.0"},
	"prototypejs":   {},
	"YUI":           {},
	"ckeditor":      {below: "4.23.0"},
	"tinyMCE":       {below: "7.0.0"},
}

// ended reports whether a version gets no fixes any more.
func (l *library) ended(version string) bool {
	e, ok := endedLines[l.Name]
	return ok && (e.from == "" || atOrAbove(version, e.from)) && (e.below == "" || !atOrAbove(version, e.below))
}

// unfixed is in what the data writes as the first version without a vulnerability that no version is without.
const unfixed = "999"

// final is a version that is no trial one.
var final = regexp.MustCompile(`^[0-9.]+$`)

// update is the first version that none of the vulnerabilities found is in, that nothing else is known against, and that gets
// fixes; "" when there is none.
func (t *told) update(found []vulnerability) string {
	version := t.version
	if t.partial {
		version = newestOf(version)
	}
	all := slices.Concat(t.library.Vulnerabilities, found)
	ends := []string{endedLines[t.library.Name].below}
	for _, v := range all {
		ends = append(ends, v.Below)
	}
	ends = slices.DeleteFunc(ends, func(end string) bool {
		return !final.MatchString(end) || strings.Contains(end, unfixed) || !atOrAbove(end, version) || t.library.ended(end)
	})
	slices.SortFunc(ends, func(a, b string) int {
		switch {
		case a == b:
			return 0
		case atOrAbove(a, b):
			return 1
		}
		return -1
	})
	for _, end := range ends {
		if !slices.ContainsFunc(all, func(v vulnerability) bool { return v.affects(end) }) {
			return end
		}
	}
	return ""
}
