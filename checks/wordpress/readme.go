package wordpress

import (
	"regexp"
	"strconv"
	"strings"

	"sotomi/checks/internal/weaknesses"
)

var (
	readmeHead = regexp.MustCompile(`(?m)\A\x{FEFF}?\s*={2,3}[^=\n]+={2,3}\s*$`)
	stableTag  = regexp.MustCompile(`(?im)^\s*\*{0,2}Stable tag:\*{0,2}[ \t]*([^\s]+)`)
	styleHead  = regexp.MustCompile(`(?ims)\A\x{FEFF}?(?:\s*@charset[^;]*;)?\s*/\*.{0,400}?^[ \t*@]*Theme Name:`)
	// styleTag is the release in the head of a style sheet, and in that of some readmes.
	styleTag = regexp.MustCompile(`(?im)^[ \t*@]*Version:[ \t]*([^\s*]+)`)

	// readmePart begins a part of a readme, readmeChanges that of its changes.
	readmePart    = regexp.MustCompile(`(?m)^[ \t]*(?:==[^=]|## ?[^#\s])`)
	readmeChanges = regexp.MustCompile(`(?im)^[ \t]*(?:={2,3}|##)[ \t]*Change[ -]?log[ \t]*(?:=*|#*)[ \t]*\r?$`)
	// changesHead is a heading over the changes of a release: "= 6.8 (31st Aug, 2020) =", "#### v6.8", "**6.8**", "Version 6.8".
	changesHead = regexp.MustCompile(`(?im)^[ \t]*(?:(?:=|#{3,6}|\*\*)[ \t]*\[?(?:version|ver\.?|release|v\.?)?|version|ver\.?|v)[ \t]*([0-9]+(?:\.[0-9]+)+(?:[.-]?(?:dev|alpha|beta|rc)[.-]?[0-9]*)?)(?:[\])*:=,; \t(-]|\r?$)`)
)

// What the release of a component rests on.
type basis int

const (
	byAddresses basis = iota // of its files, which end in it
	byChanges                // the list of changes in its file, which begins with it
	byFile                   // its file, which tells it
)

// toldRelease is what the file of a component tells about its release.
type toldRelease struct {
	version string // the highest; "" for none
	lower   string // the Stable tag where it is below that, else ""
	basis   basis
}

// readReadme reads a readme.txt. The Stable tag is what others download, and is often left behind in what they get: the
// higher of it and the first heading over the changes counts. A tag of words, such as trunk, is none.
func readReadme(text string) toldRelease {
	head, changes := text, ""
	if at := readmePart.FindStringIndex(text); at != nil { // not the title, whose line has three signs
		head = text[:at[0]]
	}
	if at := readmeChanges.FindStringIndex(text); at != nil {
		changes = text[at[1]:]
		if end := readmePart.FindStringIndex(changes); end != nil {
			changes = changes[:end[0]]
		}
	}
	tag := firstVersion(stableTag, text)
	told := toldRelease{version: tag, basis: byFile}
	if stated := firstVersion(styleTag, head); stated != "" && weaknesses.Compare(stated, told.version) > 0 {
		told.version = stated
	}
	if first := firstVersion(changesHead, changes); first != "" && weaknesses.Compare(first, told.version) > 0 && (!isYear(first) || isYear(told.version)) {
		if told.version == "" {
			told.basis = byChanges
		}
		told.version = first
	}
	if tag != told.version {
		told.lower = tag
	}
	return told
}

func firstVersion(pattern *regexp.Regexp, text string) string {
	if m := pattern.FindStringSubmatch(text); m != nil {
		return weaknesses.VersionOf(m[1])
	}
	return ""
}

// isYear reports whether a release begins with a year: as a heading it is mostly a date.
func isYear(version string) bool {
	first, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(first)
	return err == nil && n >= 1990 && n < 2100
}

// readStyle reads the style.css of a theme.
func readStyle(text string) toldRelease {
	return toldRelease{version: firstVersion(styleTag, text), basis: byFile}
}
