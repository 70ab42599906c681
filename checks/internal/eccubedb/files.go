package main

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"path"
	"slices"
	"strconv"
	"strings"
)

// variant is one content of a file: the hash of its bytes and that of its text with line ends made "\n" (the same for
// binary files and for text that has no others).
type variant struct{ raw, text string }

// file is one public path with its contents by release name.
type file struct {
	path string // from the folder of the package: html/js/eccube.js
	has  map[string]variant
}

func git(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", append([]string{"--git-dir", dir, "-c", "core.quotepath=off"}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s in %s: %w: %s", args[0], dir, err, stderr.String())
	}
	return string(out), nil
}

// publicFiles are the static files that a web server gives out of a release, by path.
func publicFiles(releases []release) ([]file, error) {
	byPath := map[string]map[string]string{} // path, release, blob
	blobs := map[string]map[string]bool{}    // clone, blobs
	for i := range releases {
		r := &releases[i]
		tree, err := git(r.dir, "ls-tree", "-r", "-z", r.tag)
		if err != nil {
			return nil, err
		}
		for entry := range strings.SplitSeq(tree, "\x00") {
			meta, name, ok := strings.Cut(entry, "\t")
			fields := strings.Fields(meta)
			if !ok || fields[1] != "blob" || fields[0] == "120000" {
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
					byPath[at] = map[string]string{}
				}
				byPath[at][r.name] = fields[2]
			}
			if blobs[r.dir] == nil {
				blobs[r.dir] = map[string]bool{}
			}
			blobs[r.dir][fields[2]] = true
		}
	}
	hashes := map[string]variant{}
	for dir, set := range blobs {
		if err := hashBlobs(dir, slices.Sorted(maps.Keys(set)), hashes); err != nil {
			return nil, err
		}
	}
	var files []file
	for _, name := range slices.Sorted(maps.Keys(byPath)) {
		f := file{path: name, has: map[string]variant{}}
		for r, blob := range byPath[name] {
			if v := hashes[blob]; v.raw != "" {
				f.has[r] = v
			}
		}
		if len(f.has) > 0 {
			files = append(files, f)
		}
	}
	return files, nil
}

// Folders under html/ that releases do not keep or that shops fill themselves.
var private = []string{"html/test/", "html/install/temp/", "html/upload/", "html/user_data/upload/", "html/user_data/cache/"}

// Endings that are run, hidden or never static.
var noStatic = map[string]bool{
	".php": true, ".tpl": true, ".inc": true, ".htaccess": true, ".gitkeep": true, ".gitignore": true, ".conf": true,
	".config": true, ".cgi": true, ".htpasswd": true, ".twig": true, ".csv": true, ".sh": true, ".db": true, ".default": true, "": true,
}

// Files beside html/ that a shop gives out when its whole package is the document root and nothing denies them.
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
	return !noStatic[strings.ToLower(path.Ext(base))] && !strings.HasPrefix(base, ".") && !strings.ContainsAny(name, " \"%?#\\")
}

// community is the folder in which the community edition keeps its package.
const community = "comu-utf8/"

// packaged is the name in the package.
func (r *release) packaged(name string) string { return strings.TrimPrefix(name, community) }

// places are where a shop has the file: the installer of 1.x copies a folder.
func places(name string) []string {
	if rest, ok := strings.CutPrefix(name, "html/install/user_data/"); ok {
		return []string{name, "html/user_data/" + rest}
	}
	return []string{name}
}

// biggest is the size of files beyond which a scanner should not ask for them.
const biggest = 256 << 10

// hashBlobs fills in the hashes of blobs; big files have none.
func hashBlobs(dir string, blobs []string, into map[string]variant) error {
	cmd := exec.Command("git", "--git-dir", dir, "cat-file", "--batch")
	cmd.Stdin = strings.NewReader(strings.Join(blobs, "\n") + "\n")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	in := bufio.NewReaderSize(out, 1<<20)
	for _, blob := range blobs {
		head, err := in.ReadString('\n')
		if err != nil {
			return fmt.Errorf("git cat-file in %s: %w", dir, err)
		}
		fields := strings.Fields(head)
		if len(fields) != 3 || fields[0] != blob {
			return fmt.Errorf("git cat-file in %s: %q", dir, head)
		}
		size, err := strconv.Atoi(fields[2])
		if err != nil {
			return err
		}
		body := make([]byte, size+1)
		if _, err := io.ReadFull(in, body); err != nil {
			return err
		}
		if body = body[:size]; size <= biggest {
			into[blob] = variant{digest(body), digest(bytes.ReplaceAll(bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n")))}
		}
	}
	return cmd.Wait()
}

// digest is long enough that two contents of one path do not meet: 48 bits of SHA-256.
func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:6])
}

// How many files are kept that tell the same releases apart: enough for a shop that lost or changed most of them.
const (
	keepScripts = 12
	keepOthers  = 6
)

// prune drops files that say nothing beyond what others say.
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

// rank orders files by how likely a shop still has them.
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
