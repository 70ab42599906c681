package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"sotomi/checks/internal/gitclone"
	"sotomi/checks/internal/releases"
)

// variant is one content of a file, in the forms in which it is compared.
type variant struct{ raw, text, code string }

// file is one public path with its contents.
type file struct {
	path string             // from the folder of the package: html/js/eccube.js
	has  map[string]variant // by release name
}

// blob is one version of a file's content in a clone. Its ending says how it is read.
type blob struct{ dir, id, ending string }

// publicFiles are the static files that a web server gives out of a release, by path. It fills in the tree and the prefix
// of each release.
func publicFiles(list []release) ([]file, error) {
	byPath := map[string]map[string]blob{} // by path, then release name
	for i := range list {
		if err := list[i].collect(byPath); err != nil {
			return nil, err
		}
	}
	if len(list) == 0 {
		return nil, errors.New("no releases")
	}
	hashes, err := hashAll(list[0].clones, byPath)
	if err != nil {
		return nil, err
	}
	var files []file
	for _, name := range slices.Sorted(maps.Keys(byPath)) {
		f := file{path: name, has: map[string]variant{}}
		for r, b := range byPath[name] {
			if v, ok := hashes[b]; ok {
				f.has[r] = v
			}
		}
		if len(f.has) > 0 {
			files = append(files, f)
		}
	}
	return files, nil
}

// collect reads the tree of a release and adds its public files.
func (r *release) collect(byPath map[string]map[string]blob) error {
	if err := r.collectTree(r.tag, byPath); err != nil || r.state.Versions == "" || r.state.Versions == "-" {
		return err
	}
	return r.collectTree(r.state.Versions, byPath)
}

// collectTree adds the public files of one tree of a release.
func (r *release) collectTree(commit string, byPath map[string]map[string]blob) error {
	tree, err := r.clones.Output(r.dir, "ls-tree", "-r", "-z", commit)
	if err != nil {
		return err
	}
	for entry := range strings.SplitSeq(tree, "\x00") {
		meta, name, ok := strings.Cut(entry, "\t")
		fields := strings.Fields(meta) // mode, kind, id
		if !ok || fields[1] != "blob" || fields[0] == symlink {
			continue
		}
		if from, own := r.state.Manifests(name); r.state.Commit != "" && from != commit || commit != r.tag && own {
			continue
		}
		r.tree = append(r.tree, name)
		if strings.HasPrefix(name, community) {
			r.prefix = community
		}
		if !r.public(name) {
			continue
		}
		for _, at := range places(r.packaged(name)) {
			if byPath[at] == nil {
				byPath[at] = map[string]blob{}
			}
			byPath[at][r.name] = blob{r.dir, fields[2], path.Ext(at)}
		}
	}
	return nil
}

const symlink = "120000" // git's mode of symbolic links

// hashAll hashes every blob once.
func hashAll(clones gitclone.Clones, byPath map[string]map[string]blob) (map[blob]variant, error) {
	blobs := map[string]map[blob]bool{} // by clone
	for _, byRelease := range byPath {
		for _, b := range byRelease {
			if blobs[b.dir] == nil {
				blobs[b.dir] = map[blob]bool{}
			}
			blobs[b.dir][b] = true
		}
	}
	hashes := map[blob]variant{}
	for dir, set := range blobs {
		sorted := slices.SortedFunc(maps.Keys(set), func(a, b blob) int {
			return cmp.Or(strings.Compare(a.id, b.id), strings.Compare(a.ending, b.ending))
		})
		if err := hashBlobs(clones, dir, sorted, hashes); err != nil {
			return nil, err
		}
	}
	return hashes, nil
}

// private are folders under html/ that releases do not keep or that shops fill themselves.
var private = []string{"html/test/", "html/install/temp/", "html/upload/", "html/user_data/upload/", "html/user_data/cache/"}

// notStatic are endings of files that servers run or hide.
var notStatic = map[string]bool{
	".php": true, ".tpl": true, ".inc": true, ".htaccess": true, ".gitkeep": true, ".gitignore": true, ".conf": true,
	".config": true, ".cgi": true, ".htpasswd": true, ".twig": true, ".csv": true, ".sh": true, ".db": true, ".default": true, "": true,
}

// manifests are files beside html/ that a shop gives out when its package is the document root and nothing denies them.
var manifests = map[string]bool{
	"package.json": true, "composer.json": true, "composer.lock": true, "README.md": true, "robots.txt": true, "gulpfile.js": true,
}

// public reports whether a file of the repository can be asked for in a shop.
func (r *release) public(name string) bool {
	if manifests[name] {
		return true
	}
	if !strings.HasPrefix(r.packaged(name), "html/") {
		return false
	}
	for _, p := range private {
		if strings.HasPrefix(r.packaged(name), p) {
			return false
		}
	}
	base := path.Base(name)
	if base == "dummy" { // an empty file that keeps a folder in the package
		return true
	}
	return !notStatic[strings.ToLower(path.Ext(base))] && !strings.HasPrefix(base, ".") && !strings.ContainsAny(name, " \"%?#\\")
}

// community is the folder in which the community edition keeps its package.
const community = "comu-utf8/"

// packaged is a file's name in the package.
func (r *release) packaged(name string) string { return strings.TrimPrefix(name, community) }

// places are where a shop has a file of the package: the installer of 1.x copies a folder.
func places(name string) []string {
	if rest, ok := strings.CutPrefix(name, "html/install/user_data/"); ok {
		return []string{name, "html/user_data/" + rest}
	}
	return []string{name}
}

// biggest is the size in bytes up to which a scanner may ask for a file: the style sheet of the theme, which every page of the
// 4 line loads, is within it.
const biggest = 512 << 10

// hashBlobs adds the hashes of blobs of one clone; files that are too big get none.
func hashBlobs(clones gitclone.Clones, dir string, blobs []blob, into map[blob]variant) error {
	ids := make([]string, len(blobs))
	for i, b := range blobs {
		ids[i] = b.id
	}
	return clones.Contents(dir, ids, func(i int, body []byte) {
		if len(body) <= biggest {
			f := releases.FormsOf(blobs[i].ending, body)
			into[blobs[i]] = variant{f.Bytes, f.Text, f.Code}
		}
	})
}

// How many of the files that tell the same releases apart are kept: enough for a shop that lost or changed most of them.
const (
	keepScripts = 12
	keepOthers  = 6
)

// prune drops files that tell nothing beyond what enough others tell.
func prune(files []file) []file {
	groups := map[string][]file{}
	for _, f := range files {
		k := f.partition()
		groups[k] = append(groups[k], f)
	}
	var kept []file
	for _, group := range groups {
		slices.SortFunc(group, func(a, b file) int {
			return cmp.Or(cmp.Compare(rank(a.path), rank(b.path)), cmp.Compare(len(a.path), len(b.path)), strings.Compare(a.path, b.path))
		})
		scripts, others := 0, 0
		for _, f := range group {
			switch {
			case rank(f.path) == 0:
				if scripts++; scripts <= keepScripts {
					kept = append(kept, f)
				}
			default:
				if others++; others <= keepOthers {
					kept = append(kept, f)
				}
			}
		}
	}
	slices.SortFunc(kept, func(a, b file) int { return strings.Compare(a.path, b.path) })
	return kept
}

// partition is equal for files that tell the same releases apart.
func (f *file) partition() string {
	number := map[variant]int{}
	var s strings.Builder
	for _, r := range slices.Sorted(maps.Keys(f.has)) {
		n, ok := number[f.has[r]]
		if !ok {
			n = len(number)
			number[f.has[r]] = n
		}
		fmt.Fprintf(&s, "%s=%d ", r, n)
	}
	return s.String()
}

// rank orders files by how likely a shop still has them, likeliest first.
func rank(name string) int {
	switch {
	case !strings.HasPrefix(name, "html/"):
		return 4
	case strings.HasPrefix(name, "html/install/"), strings.HasPrefix(name, "html/template/install/"):
		return 3
	case strings.HasPrefix(name, "html/bundle/"):
		return 2
	case path.Ext(name) == ".js", path.Ext(name) == ".css":
		return 0
	}
	return 1
}
