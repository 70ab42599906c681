package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// release is one tag that is a release of EC-CUBE.
type release struct {
	name string // as the vendor writes it: "1.3.1a", "2.12.3en-p1", "4.0.6-p4"
	date string // of the tagged commit: 2007-02-13
	tag  string
	dir  string // the clone it is in

	tree   []string // all its files
	prefix string   // folder of its package in the tree, "" for the root

	numbers [3]int
	kind    int // alpha, beta, rc, final; orders releases of the same numbers
	kindN   int // 2 of beta2
	letter  string
	english bool
	patch   int
	rest    string
}

const (
	kindAlpha = iota
	kindBeta
	kindRC
	kindFinal
)

func (r *release) stable() bool { return r.kind == kindFinal && r.rest == "" }

// Tags that look like releases but are none: nightly builds, builds for tests, daily builds of a release to come.
var noRelease = regexp.MustCompile(`weekly|^co/|-(20)?\d{6}$|-for-|^version-|-0304$|^api-`)

var tagForm = regexp.MustCompile(`^(?:eccube-)?(\d+)\.(\d+|n)(?:\.(\d+))?(a|b)?(en)?(?:-(alpha|beta|deta|rc|RC|pre|rel|comu)(\d*)(?:-(?:beta|dev))?)?(?:-p(\d+))?$`)

// parseTag is false for a tag that is no release.
func parseTag(tag string) (release, bool) {
	m := tagForm.FindStringSubmatch(tag)
	if m == nil || noRelease.MatchString(tag) {
		return release{}, false
	}
	r := release{tag: tag, kind: kindFinal, letter: m[4], english: m[5] != ""}
	r.name = strings.TrimSuffix(strings.TrimPrefix(tag, "eccube-"), "-rel")
	switch m[6] {
	case "alpha":
		r.kind = kindAlpha
	case "beta", "deta", "pre":
		r.kind = kindBeta
		r.name = strings.TrimSuffix(strings.TrimSuffix(r.name, "-dev"), "-beta-beta")
		if !strings.Contains(r.name, m[6]) {
			r.name += "-beta"
		}
	case "rc", "RC":
		r.kind = kindRC
	case "comu":
		r.rest = m[6]
	}
	r.kindN, _ = strconv.Atoi(m[7])
	r.patch, _ = strconv.Atoi(m[8])
	r.numbers[0], _ = strconv.Atoi(m[1])
	if m[2] == "n" { // 3.n was the working name of what became 4.0
		r.numbers[1] = 99
	} else {
		r.numbers[1], _ = strconv.Atoi(m[2])
	}
	r.numbers[2], _ = strconv.Atoi(m[3])
	return r, true
}

func compare(a, b release) int {
	if c := slices.Compare(a.numbers[:], b.numbers[:]); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(boolInt(a.kind == kindFinal), boolInt(b.kind == kindFinal)),
		strings.Compare(a.letter, b.letter),
		cmp.Compare(a.kind, b.kind),
		cmp.Compare(a.kindN, b.kindN),
		strings.Compare(a.rest, b.rest),
		cmp.Compare(boolInt(a.english), boolInt(b.english)),
		cmp.Compare(a.patch, b.patch),
	)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func sortReleases(list []release) { slices.SortFunc(list, compare) }

// releasesOf lists the releases of a clone whose major version is one of majors ("34"), and the other tags.
func releasesOf(dir, majors string) (list []release, unknown []string, err error) {
	text, err := git(dir, "for-each-ref", "--format=%(refname:strip=2) %(creatordate:short)", "refs/tags")
	if err != nil {
		return nil, nil, err
	}
	seen := map[string]string{}
	for line := range strings.Lines(text) {
		tag, date, _ := strings.Cut(strings.TrimSpace(line), " ")
		r, ok := parseTag(tag)
		if !ok {
			if !noRelease.MatchString(tag) {
				unknown = append(unknown, tag)
			}
			continue
		}
		if !strings.Contains(majors, strconv.Itoa(r.numbers[0])) {
			continue
		}
		if other, double := seen[r.name]; double {
			return nil, nil, fmt.Errorf("%s: tags %s and %s are both release %s", dir, other, tag, r.name)
		}
		seen[r.name] = tag
		r.date, r.dir = date, dir
		list = append(list, r)
	}
	return list, unknown, nil
}
