package scriptlibrary

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	separator = regexp.MustCompile(`[.-]`)

	// addressed is a version in an address: numbers, a name of a release before the final one, and words of how the file is
	// packed. A word of another kind makes it no version, but the name of something else: "1.0-menu-plugin".
	addressed = regexp.MustCompile(`(?i)^([0-9]{1,3}(?:\.[0-9]+){0,4}(?:[.-]?(?:alpha|beta|rc|pre|canary|next|nightly|snapshot|dev|milestone)[.-]?[0-9]*|b[0-9]+|rc[0-9]+)*(?:-wp|-aem)?)` +
		`(?:[.-](?:slim|min|pack|packed|prod|production|custom|full|all|bundle|umd|esm|cjs|module|global|common|compat|core|legacy|modern|debug|lite|wp|js|[0-9a-f]{6,64}))*$`)

	written = regexp.MustCompile(`^[0-9]+(?:\.[0-9]+)+(?:[.-]?[0-9a-z]+)*`)
)

// addressVersion is the version in a part of an address, "" when it is none.
func addressVersion(text string) string {
	m := addressed.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	return m[1]
}

// contentVersion is the version that a script states, "" when it is none.
func contentVersion(text string) string {
	version := written.FindString(text)
	return strings.TrimSuffix(strings.TrimSuffix(version, ".min"), "-min")
}

// partial reports whether a version in an address is that of a line: a server of copies gives the newest of it.
func partial(version string) bool { return strings.Count(version, ".") < 2 }

// atOrAbove reports whether a version is not older than another. Numbers are newer than words: 3.0.0 is newer than
// 3.0.0-beta1, in whose place it has nothing, which is 0.
func atOrAbove(version, other string) bool {
	a, b := separator.Split(version, -1), separator.Split(other, -1)
	for i := range max(len(a), len(b)) {
		x, xNumber := part(a, i)
		y, yNumber := part(b, i)
		switch {
		case xNumber != yNumber:
			return xNumber
		case xNumber:
			n, _ := strconv.Atoi(x)
			m, _ := strconv.Atoi(y)
			if n != m {
				return n > m
			}
		case x != y:
			return x > y
		}
	}
	return true
}

var number = regexp.MustCompile(`^[0-9]{1,9}$`)

func part(parts []string, i int) (text string, isNumber bool) {
	if i >= len(parts) {
		return "0", true
	}
	return parts[i], number.MatchString(parts[i])
}

// affects reports whether a version has a vulnerability.
func (v *vulnerability) affects(version string) bool {
	return !atOrAbove(version, v.Below) && (v.From == "" || atOrAbove(version, v.From)) && !slices.Contains(v.Except, version)
}

// newestOf is a version that is as new as any of a line.
func newestOf(line string) string { return line + ".9999.9999" }

// against is what is known against what a script told.
func (t *told) against() []vulnerability {
	version, patched := t.version, t.patched
	if b, ok := backported[t.library.Name]; ok && strings.HasSuffix(version, b.label) {
		version, patched = strings.TrimSuffix(version, b.label), append(slices.Clone(patched), b.id)
	}
	if t.partial {
		version = newestOf(version)
	}
	var list []vulnerability
	for _, v := range t.library.Vulnerabilities {
		if v.affects(version) && !slices.ContainsFunc(v.IDs, func(id string) bool { return slices.Contains(patched, id) }) {
			list = append(list, v)
		}
	}
	return list
}
