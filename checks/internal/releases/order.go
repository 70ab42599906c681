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

var nameForm = regexp.MustCompile(`^(\d+(?:\.\d+|\.n)*)([a-z]?)(en)?(?:-(alpha|beta|deta|pre|rc|RC|comu)(\d*))?(?:-p(\d+))?$`)

// Order is the releases of a product, oldest first.
type Order map[string]int

// ParseOrder reads the releases of a database and nothing more.
func ParseOrder(text []byte) (Order, error) {
	o := Order{}
	for line := range bytes.Lines(text) {
		fields := strings.Fields(string(line))
		if len(fields) == 3 && (fields[0] == "release" || fields[0] == "pre") {
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

// Compare orders two releases by their places in the list, and by their names when one is not in it.
func (o Order) Compare(a, b string) int {
	i, ok := o[a]
	j, ok2 := o[b]
	if ok && ok2 {
		return cmp.Compare(i, j)
	}
	return Compare(a, b)
}

// IsRelease reports whether a name looks like one.
func IsRelease(name string) bool { return nameForm.MatchString(name) }

// Compare orders names of releases as EC-CUBE writes them, those that are in no list too: by their numbers, then -alpha,
// -beta, -rc, the release itself, 1a, the English build, -p1, -p2. It is no semantic version: there 4.0.6-p1 would come
// before 4.0.6.
func Compare(a, b string) int {
	x, y := keyOf(a), keyOf(b)
	return cmp.Or(slices.Compare(x.numbers[:], y.numbers[:]), slices.Compare(x.suffix[:], y.suffix[:]), strings.Compare(a, b))
}

type nameKey struct {
	numbers [4]int
	suffix  [5]int // letter, stage, number of the stage, English, patch
}

var stages = []string{"alpha", "beta", "rc", ""}

func keyOf(name string) nameKey {
	var k nameKey
	m := nameForm.FindStringSubmatch(name)
	if m == nil {
		return k
	}
	for i, n := range strings.Split(m[1], ".") {
		if i < len(k.numbers) {
			k.numbers[i], _ = strconv.Atoi(n)
		}
		if n == "n" { // 3.n was the working name of what became 4.0
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
	return k
}

// English reports whether a release is an English build, which is patched apart from the others of its number.
func English(name string) bool {
	m := nameForm.FindStringSubmatch(name)
	return m != nil && m[3] != ""
}
