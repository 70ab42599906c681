package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"sotomi/checks/internal/eccubegit"
	"sotomi/checks/internal/gitclone"
	"sotomi/checks/internal/releases"
)

// release is one tag that is a release of EC-CUBE.
type release struct {
	name string // as the vendor writes it: "1.3.1a", "2.12.3en-p1", "4.0.6-p4"
	date string // of the tagged commit: 2007-02-13
	tag  string
	dir  string // the clone it is in

	clones gitclone.Clones
	state  eccubegit.State // zero for a release with a tag

	tree   []string // all files of the tag
	prefix string   // folder of the package in the tree, "" for the root
}

// noRelease matches tags that look like releases but are nightly builds or builds for tests.
var noRelease = regexp.MustCompile(`weekly|^co/|-(20)?\d{6}$|-for-|^version-|-0304$|^api-`)

var tagForm = regexp.MustCompile(`^(?:eccube-)?(\d+)\.(\d+|n)(?:\.(\d+))?(a|b)?(en)?(?:-(alpha|beta|deta|rc|RC|pre|rel|comu)(\d*)(?:-(?:beta|dev))?)?(?:-p(\d+))?$`)

// parseTag is the release of a tag; false for a tag that is none.
func parseTag(tag string) (release, bool) {
	m := tagForm.FindStringSubmatch(tag)
	if m == nil || noRelease.MatchString(tag) {
		return release{}, false
	}
	name := strings.TrimSuffix(strings.TrimPrefix(tag, "eccube-"), "-rel")
	switch stage := m[6]; stage {
	case "beta", "deta", "pre":
		name = strings.TrimSuffix(strings.TrimSuffix(name, "-dev"), "-beta-beta")
		if !strings.Contains(name, stage) {
			name += "-beta"
		}
	}
	return release{name: name, tag: tag}, true
}

func (r release) stable() bool { return releases.Stable(r.name) }

func sortReleases(list []release) {
	slices.SortFunc(list, func(a, b release) int { return releases.Compare(a.name, b.name) })
}

// releasesOf lists the releases of a clone whose major version is one of majors ("34"), and the tags that it does not
// understand.
func releasesOf(clones gitclone.Clones, dir, majors string) (list []release, unknown []string, err error) {
	text, err := clones.Output(dir, "for-each-ref", "--format=%(refname:strip=2) %(creatordate:short)", "refs/tags")
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
		if major, _, _ := strings.Cut(r.name, "."); !strings.Contains(majors, major) {
			continue
		}
		if other, double := seen[r.name]; double {
			return nil, nil, fmt.Errorf("%s: tags %s and %s are both release %s", dir, other, tag, r.name)
		}
		seen[r.name] = tag
		r.date, r.dir, r.clones = date, dir, clones
		list = append(list, r)
	}
	return list, unknown, nil
}

// withStates adds states to a list of releases. A tag of the same name wins.
func withStates(list []release, clones gitclone.Clones, states []eccubegit.State) ([]release, error) {
	var missing []string
	for _, s := range states {
		if slices.ContainsFunc(list, func(r release) bool { return r.name == s.Name }) {
			continue
		}
		dir := clones.Dirs[1]
		if s.Name[0] == '2' {
			dir = clones.Dirs[0]
		}
		if !clones.Has(dir, s.Commit) || len(s.Versions) > 1 && !clones.Has(dir, s.Versions) {
			missing = append(missing, fmt.Sprintf("%s (clone github.com/%s)", s.Name, s.Source))
			continue
		}
		list = append(list, release{name: s.Name, date: s.Date, tag: s.Commit, dir: dir, clones: clones, state: s})
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("no clone has %s", strings.Join(missing, ", "))
	}
	return list, nil
}
