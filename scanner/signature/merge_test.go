package signature_test

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/signature"
)

// Nothing embedded is lost to a file of the user's that happens to have its id.
func TestLoad_runs_both_when_a_user_file_has_the_id_of_an_embedded_one(t *testing.T) {
	const embedded = "id: a\ninfo: {name: A, severity: low, ja: {name: ア}}\nsafety: active\ncheck: x\ngives: fact\n"
	const mine = "id: a\ninfo: {name: Mine, author: me, severity: info}\nhttp:\n  - path: ['{{BaseURL}}/']\n    matchers: [{type: status, status: [200]}]\n"
	dir := t.TempDir()
	load := func(mine string) *signature.Set {
		write(t, dir, "a.yaml", mine)
		set, err := signature.Load(signature.Sources{Embedded: fstest.MapFS{"x/a.yaml": {Data: []byte(embedded)}}, Folders: []string{dir}})
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	set := load(mine)
	if diff := cmp.Diff([]string{"a", "a-2"}, ids(set.Signatures)); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	renamed := []signature.Renamed{{ID: "a", As: "a-2", File: filepath.Join(dir, "a.yaml"), Embedded: "x/a.yaml"}}
	if diff := cmp.Diff(renamed, set.Renamed); diff != "" {
		t.Errorf("renamed (-want +got):\n%s", diff)
	}
	selected, err := set.Select(signature.Filter{Only: []string{"a"}})
	if diff := cmp.Diff([]string{"a", "a-2"}, ids(selected)); diff != "" || err != nil {
		t.Errorf("selected by the id: %v (-want +got):\n%s", err, diff)
	}
	if set = load(embedded); len(set.Signatures) != 1 || len(set.Renamed) != 0 || len(set.Skipped) != 1 {
		t.Errorf("the same file: %+v", set)
	}
}

func TestLoad_refuses_an_id_that_two_of_our_own_files_carry(t *testing.T) {
	embedded := fstest.MapFS{"x/a.yaml": {Data: []byte(head + "check: x\n")}, "y/a.yaml": {Data: []byte(head + "check: x\n")}}
	_, err := signature.Load(signature.Sources{Embedded: embedded})
	if err == nil || err.Error() != `y/a.yaml:1: x/a.yaml also has the id "a"` {
		t.Errorf("error %v", err)
	}
}

// A file of the user's with mistakes stops the scan, unless such files are to be skipped: then it is named and never run, and
// the others of its folder are.
func TestLoad_a_broken_file_among_public_templates(t *testing.T) {
	const fine = "info: {name: A, severity: info}\nhttp:\n  - path: ['{{BaseURL}}/']\n    matchers: [{type: status, status: [200]}]\n"
	dir := t.TempDir()
	write(t, dir, "a.yaml", "id: a\n"+fine)
	write(t, dir, "a2.yaml", "id: a\n# another\n"+fine)
	write(t, dir, "b.yaml", "id: a\n\tinfo: {name: B}\n")
	write(t, dir, "c.yaml", "id: c\nhttp:\n  - path: [x]\n")
	write(t, dir, "own.yaml", "id: mine\nsafety: passive\n\tinfo: {name: B}\n")
	write(t, dir, "values.yaml", "image: {{ .Values.image }}\n  - x: [\n")
	plain := func(text string) string { return strings.ReplaceAll(text, dir+string(filepath.Separator), "") }
	_, err := signature.Load(signature.Sources{Folders: []string{dir}})
	if err == nil {
		t.Fatal("no error")
	}
	mistakes := map[string]string{
		"a-broken":        `a2.yaml:1: a.yaml also has the id "a"`,
		"a-broken-broken": "b.yaml:2: found a tab character that violates indentation",
		"c":               "c.yaml:1: info.name is missing",
		"mine":            "own.yaml:2: found a tab character that violates indentation",
	}
	for _, mistake := range mistakes {
		if !strings.Contains(plain(err.Error()), mistake) {
			t.Errorf("%q is not in:\n%s", mistake, plain(err.Error()))
		}
	}

	set, err := signature.Load(signature.Sources{Folders: []string{dir}, SkipBroken: true})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, s := range set.Signatures {
		if s.Broken == nil {
			continue
		}
		got[s.ID] = plain(s.Broken.Error())
		if want := []string{"skipped, as it has mistakes: " + got[s.ID]}; !cmp.Equal(texts(s.Unsupported), want) && plain(texts(s.Unsupported)[0]) != want[0] {
			t.Errorf("%s: unsupported %q", s.ID, s.Unsupported)
		}
	}
	if diff := cmp.Diff(mistakes, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(set.Signatures) != len(mistakes)+1 {
		t.Errorf("%d signatures", len(set.Signatures))
	}
	if diff := cmp.Diff([]string{filepath.Join(dir, "values.yaml")}, set.Skipped); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
}
