package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sotomi/checks/internal/gitclone"

	"github.com/google/go-cmp/cmp"
)

// Tags become the names that the vendor uses; nightly and test builds are no releases.
func TestParseTag(t *testing.T) {
	for tag, want := range map[string]string{
		"eccube-2.13.5": "2.13.5", "eccube-1.3.1a-rel": "1.3.1a", "eccube-2.12.3en-p1": "2.12.3en-p1", "4.0.6-p4": "4.0.6-p4",
		"eccube-1.1.0-deta": "1.1.0-deta", "3.0.11-RC": "3.0.11-RC", "4.2.0-beta2": "4.2.0-beta2", "3.n-alpha6": "3.n-alpha6", "eccube-1.3.4-comu": "1.3.4-comu",
		"eccube-2.0.0-beta": "2.0.0-beta", "3.0.11-pre": "3.0.11-pre",
		"4.0-weekly": "", "version-2.4": "", "eccube-2.11.0-20110201": "", "co/4.0": "", "nightly": "", "": "",
	} {
		if r, ok := parseTag(tag); r.name != want || ok != (want != "") {
			t.Errorf("%q: %q, %t, want %q", tag, r.name, ok, want)
		}
	}
}

// repository is a git repository with a commit and a tag for each of the releases, all on one day.
func repository(t *testing.T, releases ...map[string]string) string {
	t.Helper()
	git, err := exec.LookPath("git")
	if err != nil {
		t.Skip("git is missing")
	}
	dir := t.TempDir()
	run := func(args ...string) {
		cmd := exec.CommandContext(t.Context(), git, args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_AUTHOR_DATE=2020-02-03T12:00:00Z", "GIT_COMMITTER_DATE=2020-02-03T12:00:00Z",
			"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@a.example", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@a.example")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	run("init", "-q", "-b", "main")
	run("config", "core.autocrlf", "false")
	for _, files := range releases {
		for name, body := range files {
			if name == "tag" {
				continue
			}
			if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(body), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		run("add", "-A")
		run("commit", "-q", "--allow-empty", "-m", files["tag"])
		run("tag", files["tag"])
	}
	return filepath.Join(dir, ".git")
}

// The database holds public files of all releases in order, each content once, and none that is run, hidden or too big.
func TestDatabase(t *testing.T) {
	old := repository(
		t,
		map[string]string{
			"tag": "eccube-2.13.5", "html/js/eccube.js": "one\r\n", "html/css/a.css": "same\n", "html/index.php": "<?php", "html/.htaccess": "x",
			"html/upload/a.png": "x", "html/install/user_data/b.css": "b", "html/big.js": strings.Repeat("x", biggest+1), "data/a.js": "x",
			"data/Smarty/templates/default/site_frame.tpl": `<p class="always"><!--{if $x}--><p class="maybe"><!--{/if}-->`,
		},
		map[string]string{"tag": "eccube-2.13.5-p1", "html/js/eccube.js": "two\n"},
		map[string]string{"tag": "nightly"},
	)
	current := repository(
		t, map[string]string{"tag": "4.0.0", "html/js/eccube.js": "two\n", "package.json": "{}", "html/a b.js": "x"}, map[string]string{"tag": "4.0.0-rc", "src/x": "x"},
	)
	out := filepath.Join(t.TempDir(), "eccube.db")
	if err := run(gitclone.Clones{Dirs: []string{old, current}}, nil, out); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.TrimPrefix(string(text), fmt.Sprintf(header, "2020-02-03"))
	want := `until 2020-02-03
next 1.1.1 1.3.0
next 1.3.4 1.4.5
next 2.0.0-beta 2.0.1
next 2.1.2a 2.3.0
next 2.4.4 2.11.0
next 2.13.5-p2 2.17.0
next 2.17.2-p2 2.25.0
release 2.13.5 2020-02-03
release 2.13.5-p1 2020-02-03
pre 4.0.0-rc 2020-02-03
release 4.0.0 2020-02-03
file html/css/a.css
 a6328afc76e9::0967115f2813 2.13.5..2.13.5-p1
file html/install/user_data/b.css
 3e23e8160039 2.13.5..2.13.5-p1
file html/js/eccube.js
 5259d46a4964:2c8b08da5ce6:7692c3ad3540 2.13.5
 27dd8ed44a83::3fc4ccfe7458 2.13.5-p1..4.0.0
file html/user_data/b.css
 3e23e8160039 2.13.5..2.13.5-p1
file package.json
 44136fa355b3 4.0.0-rc..4.0.0
page frame
`
	if diff := cmp.Diff(want, got[:min(len(want), len(got))]); diff != "" {
		t.Errorf("(-want +got):\n%s\n%s", diff, got)
	}
	frame, _, _ := strings.Cut(got[len(want):], "page home")
	if fields := strings.Fields(frame); len(fields) != 5 || fields[0] != "2.13.5..2.13.5-p1" || fields[1] != "=" || fields[3] != "?" {
		t.Errorf("marks of the frame: %q", frame)
	}
	first := string(text)
	if err := run(gitclone.Clones{Dirs: []string{old, current}}, nil, out); err != nil {
		t.Fatal(err)
	}
	if again, err := os.ReadFile(out); err != nil || string(again) != first {
		t.Errorf("the same tags give other bytes (%v)", err)
	}
}
