package weaknesses

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
)

// versionForm is what can be compared: it begins with a digit and holds no white space.
var versionForm = regexp.MustCompile(`^[0-9][0-9A-Za-z]*(?:[._+-][0-9A-Za-z]+)*$`)

// VersionOf is a release without the v that some write before it; "" for what is none.
func VersionOf(text string) string {
	text = strings.TrimSpace(text)
	text = strings.TrimPrefix(strings.TrimPrefix(text, "v"), "V")
	if !versionForm.MatchString(text) {
		return ""
	}
	return text
}

// versionPart is a run of digits or of letters.
var versionPart = regexp.MustCompile(`[0-9]+|[A-Za-z]+`)

// stages are words for what comes before a release.
var stages = map[string]int{"dev": -5, "alpha": -4, "a": -4, "beta": -3, "rc": -2}

// Compare orders releases of plug-ins, themes and WordPress: by their numbers, where one that is missing is 0. Words
// for what comes before a release come before it; other letters, as in 1.0.4b, after it.
func Compare(a, b string) int {
	x, y := versionPart.FindAllString(a, -1), versionPart.FindAllString(b, -1)
	for i := range max(len(x), len(y)) {
		if c := comparePart(partAt(x, i), partAt(y, i)); c != 0 {
			return c
		}
	}
	return 0
}

func partAt(parts []string, i int) string {
	if i < len(parts) {
		return parts[i]
	}
	return ""
}

// comparePart orders two parts; "" is one that is missing.
func comparePart(a, b string) int {
	kindA, numberA := partKey(a)
	kindB, numberB := partKey(b)
	if kindA == 0 && kindB == 0 {
		return cmp.Compare(numberA, numberB)
	}
	return cmp.Or(cmp.Compare(kindA, kindB), strings.Compare(strings.ToLower(a), strings.ToLower(b)))
}

// partKey is the kind of a part (below 0 for what comes before a release, 0 for a number, 1 for a letter) and its number.
func partKey(part string) (kind int, number uint64) {
	if part == "" {
		return 0, 0
	}
	if n, err := strconv.ParseUint(part, 10, 64); err == nil {
		return 0, n
	}
	if stage, ok := stages[strings.ToLower(part)]; ok {
		return stage, 0
	}
	return 1, 0
}
