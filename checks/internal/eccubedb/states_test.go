package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sotomi/checks/internal/eccubegit"
	"sotomi/checks/internal/gitclone"
)

// States without a tag come from any clone: a release cut from another one has its files but for its own package.json, one
// whose package.json is unknown has none, and a state of development is no release.
func TestStatesWithoutATag(t *testing.T) {
	old := repository(t, map[string]string{"tag": "eccube-2.25.0", "html/js/eccube.js": "two\n"}, map[string]string{"tag": "eccube2-weekly-20260804", "html/js/eccube.js": "three\n"})
	current := repository(t, map[string]string{"tag": "4.3.0-alpha", "html/a.js": "x", "package.json": "{}"})
	fork := repository(t, map[string]string{"tag": "base", "html/a.js": "y", "package.json": `{"version":"4.3.0"}`, "composer.json": "{}"})
	shop := repository(t, map[string]string{"tag": "shop", "html/a.js": "ours", "package.json": `{"version":"4.3.1"}`})
	commit := func(dir, tag string) string {
		out, err := gitclone.Clones{Dirs: []string{dir}}.Output(dir, "rev-parse", tag)
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(out)
	}
	base := commit(fork, "base")
	states := []eccubegit.State{
		{Name: "4.3.0", Date: "2024-07-29", Commit: base, Source: "a/fork"},
		{Name: "4.3.1", Date: "2025-08-06", Commit: base, Versions: commit(shop, "shop"), Source: "a/shop"},
		{Name: "4.3.1-p1", Date: "2026-03-11", Commit: base, Versions: "-", Source: "a/fork"},
		{Name: "2.25.0+20260804", Date: "2026-08-04", Commit: "eccube2-weekly-20260804", Source: "a/old"},
	}
	releases, err := withStates(nil, gitclone.Clones{Dirs: []string{old, current, fork, shop}}, states)
	if err != nil {
		t.Fatal(err)
	}
	sortReleases(releases)
	files, err := publicFiles(releases)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	writeDatabase(&out, releases, files)
	want := `until 2026-03-11
next 1.1.1 1.3.0
next 1.3.4 1.4.5
next 2.0.0-beta 2.0.1
next 2.1.2a 2.3.0
next 2.4.4 2.11.0
next 2.13.5-p2 2.17.0
next 2.17.2-p2 2.25.0
dev 2.25.0+20260804 2026-08-04
release 4.3.0 2024-07-29
release 4.3.1 2025-08-06
release 4.3.1-p1 2026-03-11
file composer.json
 44136fa355b3 4.3.0
file html/a.js
 a1fce4363854 4.3.0..4.3.1-p1
file html/js/eccube.js
 `
	if got := strings.TrimPrefix(out.String(), fmt.Sprintf(header, "2026-03-11")); !strings.HasPrefix(got, want) || strings.Count(got[strings.Index(got, "file package.json"):], "\n ") != 2 {
		t.Errorf("database:\n%s", got)
	}
	_, err = withStates(nil, gitclone.Clones{Dirs: []string{old, current, fork}}, states)
	if err == nil || err.Error() != "no clone has 4.3.1 (clone github.com/a/shop)" {
		t.Errorf("without a clone: %v", err)
	}
}

// A database that disagrees with what is known of telling files is not written.
func TestContentsThatAreKnown(t *testing.T) {
	f := file{path: "html/template/default/assets/js/eccube.js", has: map[string]variant{"4.2.3": {raw: "000000000000"}}}
	if err := agree([]file{f}); err == nil {
		t.Error("another content is accepted")
	}
	dir := repository(t, map[string]string{"tag": "eccube-2.13.5", "html/a.js": "x"})
	out := filepath.Join(t.TempDir(), "eccube.db")
	states := []eccubegit.State{{Name: "4.3.0", Date: "2024-07-29", Commit: "eccube-2.13.5", Source: "a/b"}}
	if err := run(gitclone.Clones{Dirs: []string{dir, dir}}, states, out); err == nil {
		t.Error("no error")
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("the database was written")
	}
}
