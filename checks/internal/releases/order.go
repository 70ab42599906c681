package releases

import (
	"bytes"
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// nameForm is how EC-CUBE names releases: 2.13.5, 1.3.1a, 2.12.3en-p1, 4.2.0-beta2, 3.n-alpha6; and how we name states of
// development after one, by their day: 2.25.0+20260804.
var nameForm = regexp.MustCompile(`^(\d+(?:\.\d+|\.n)*)([a-z]?)(en)?(?:-(alpha|beta|deta|pre|rc|RC|comu)(\d*))?(?:-p(\d+))?(?:\+(\d{8}))?$`)

// Order is the releases of a product, oldest first.
type Order map[string]int

// ParseOrder reads the releases of a database and nothing else of it.
func ParseOrder(text []byte) (Order, error) {
	o := Order{}
	for line := range bytes.Lines(text) {
		fields := strings.Fields(string(line))
		if len(fields) == 3 && (fields[0] == "release" || fields[0] == "pre" || fields[0] == "dev") {
			o[fields[1]] = len(o)
		}
		if len(fields) > 0 && fields[0] == "file" {
			break
		}
	}
	if len(o) == 0 {
		return nil, errors.New("no releases in it")
	}
	return o, nil
}

// Known reports whether the release is in the list.
func (o Order) Known(name string) bool {
	_, ok := o[name]
	return ok
}

// Compare orders two releases by the list, and by their names when one is not in it.
func (o Order) Compare(a, b string) int {
	i, ok := o[a]
	j, ok2 := o[b]
	if ok && ok2 {
		return cmp.Compare(i, j)
	}
	return Compare(a, b)
}

// Newest is the newest release of the list; states of development are none.
func (o Order) Newest() string {
	newest := ""
	for name, at := range o {
		if !Development(name) && (newest == "" || at > o[newest]) {
			newest = name
		}
	}
	return newest
}

// Stable is the release itself, or for an alpha, beta, release candidate or state of development the first release of the list
// that came after it; "" when there is none. What was developed for one line is in no release of another.
func (o Order) Stable(name string) string {
	if name == "" || Stable(name) {
		return name
	}
	next := ""
	for other := range o {
		if Stable(other) && o.Compare(other, name) > 0 && (!Development(name) || SameMajor(other, name)) && (next == "" || o.Compare(other, next) < 0) {
			next = other
		}
	}
	return next
}

// SameMajor reports whether the first numbers of two releases are the same.
func SameMajor(a, b string) bool { return keyOf(a).numbers[0] == keyOf(b).numbers[0] }

// SameLine reports whether the first two numbers of two releases are the same.
func SameLine(a, b string) bool {
	x, y := keyOf(a), keyOf(b)
	return x.numbers[0] == y.numbers[0] && x.numbers[1] == y.numbers[1]
}

// IsRelease reports whether a name looks like that of a release.
func IsRelease(name string) bool { return nameForm.MatchString(name) }

// Compare orders names of EC-CUBE releases, known or not: by their numbers, then -alpha, -beta, -rc, the release itself,
// the letter of 1.3.1a, the English build, -p1, -p2. These are not semantic versions: there 4.0.6-p1 would come before
// 4.0.6. A name that is none of a release comes before all others.
func Compare(a, b string) int {
	x, y := keyOf(a), keyOf(b)
	return cmp.Or(slices.Compare(x.numbers[:], y.numbers[:]), slices.Compare(x.suffix[:], y.suffix[:]), strings.Compare(a, b))
}

type nameKey struct {
	numbers [4]int
	suffix  [6]int // letter, stage, number of the stage, English, patch, day
}

var stages = []string{"alpha", "beta", "rc", ""}

func keyOf(name string) nameKey {
	var k nameKey
	m := nameForm.FindStringSubmatch(name)
	if m == nil {
		return k
	}
	numbers := strings.Split(m[1], ".")
	for i := range min(len(numbers), len(k.numbers)) {
		k.numbers[i], _ = strconv.Atoi(numbers[i])
		if numbers[i] == "n" { // 3.n was the working name of what became 4.0
			k.numbers[i] = 99
		}
	}
	if m[2] != "" {
		k.suffix[0] = int(m[2][0]-'a') + 1
	}
	stage := strings.ToLower(m[4])
	switch stage {
	case "deta", "pre":
		stage = "beta"
	case "comu":
		stage = ""
	}
	k.suffix[1] = slices.Index(stages, stage)
	if stage == "" {
		k.suffix[1] = len(stages)
	} else if k.suffix[0] > 0 { // 1.4.3a-beta is a beta too
		k.suffix[0], k.suffix[2] = 0, k.suffix[0]
	}
	if n, err := strconv.Atoi(m[5]); err == nil {
		k.suffix[2] += n
	}
	if m[3] != "" {
		k.suffix[3] = 1
	}
	k.suffix[4], _ = strconv.Atoi(m[6])
	k.suffix[5], _ = strconv.Atoi(m[7])
	return k
}

// English reports whether a release is an English build, which is patched apart from the others of its number.
func English(name string) bool {
	m := nameForm.FindStringSubmatch(name)
	return m != nil && m[3] != ""
}

// Stable reports whether a name is that of a release rather than of an alpha, beta, release candidate or community build, or of a
// state of development.
func Stable(name string) bool {
	m := nameForm.FindStringSubmatch(name)
	return m != nil && m[4] == "" && m[7] == ""
}

// Development reports whether a name is that of a state of development after a release.
func Development(name string) bool {
	m := nameForm.FindStringSubmatch(name)
	return m != nil && m[7] != ""
}
