package signature_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/signature"
)

const listHead = `shared:
  - &old {severity: low, words: "Update to ${fix}."}
`

const listBody = `signature:
  id: ${id}
  info:
    name: "Shop: ${what}"
    severity: ${severity}
    remediation: ${words}
    reference: ${references}
    classification: {cve-id: "${cve}"}
    tags: [shop, "${tag}", "cve-${cve}"]
  check: x
  with: {spans: "${spans}"}
  tests: ${tests}
`

const listRows = `each:
  - id: a
    <<: *old
    what: First
    fix: 2.1
    references: [https://a.test/]
    spans: [{from: 1.0}]
    tests: [{name: n, want: []}]
  - {id: b, severity: high, what: Second, words: Move., cve: CVE-1, tag: t, references: x, spans: [], tests: []}
`

func loadList(text string) (*signature.Set, error) {
	return signature.Load(signature.Sources{Embedded: fstest.MapFS{"x/list.yaml": {Data: []byte(text)}}})
}

// Every row of a list is a signature as if it had a file of its own. What names a value that the row lacks is left out.
func TestList_has_a_signature_for_each_row(t *testing.T) {
	set, err := loadList(listHead + listBody + listRows)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"a", "b"}, ids(set.Signatures)); diff != "" {
		t.Fatalf("ids (-want +got):\n%s", diff)
	}
	a, b := set.Signatures[0], set.Signatures[1]
	for _, c := range []struct{ what, got, want any }{
		{"name", a.Info.Name, "Shop: First"},
		{"words of the anchor, with the row's value in them", a.Info.Remediation, "Update to 2.1."},
		{"severity of the anchor", a.Info.Severity, signature.SeverityLow},
		{"severity", b.Info.Severity, signature.SeverityHigh},
		{"tags without the row's own", []string(a.Info.Tags), []string{"shop"}},
		{"tags", []string(b.Info.Tags), []string{"shop", "t", "cve-CVE-1"}},
		{"cve-id that the row lacks", len(a.Info.Classification.CVEID), 0},
		{"cve-id", []string(b.Info.Classification.CVEID), []string{"CVE-1"}},
		{"tests", len(a.Tests), 1},
		{"strict", a.Strict && a.Own, true},
		{"file", a.File, "x/list.yaml"},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.what, diff)
		}
	}
	var with struct {
		Spans []struct {
			From string `yaml:"from"`
		} `yaml:"spans"`
	}
	if err := a.With.Decode(&with); err != nil || len(with.Spans) != 1 || with.Spans[0].From != "1.0" {
		t.Errorf("with: %+v, %v", with, err)
	}
}

// A mistake has the place where it was made: in the row, or in what all share, and then once.
func TestList_mistakes_have_their_place(t *testing.T) {
	for name, c := range map[string]struct{ old, text, want string }{
		"key_of_the_list":     {"each:\n", "eech: []\neach:\n", "x/list.yaml:15: unknown key \"eech\"; did you mean \"each\"?"},
		"key_of_all":          {"  check: x", "  chek: x", "x/list.yaml:12: unknown key \"chek\"; did you mean \"check\"?"},
		"severity_of_a_row":   {"severity: high", "severity: grave", "x/list.yaml:23: info.severity \"grave\": there are critical, high, medium, low, info, unknown"},
		"value_no_row_has":    {"${what}", "${wat}", "x/list.yaml:6: no row has the value \"wat\"\nx/list.yaml:18: signature: does not name the value \"what\"\nx/list.yaml:23: signature: does not name the value \"what\""},
		"value_nobody_names":  {"fix: 2.1", "fix: 2.1\n    fixed: 2.1", "x/list.yaml:20: signature: does not name the value \"fixed\""},
		"text_around_a_list":  {"\"Shop: ${what}\"", "\"Shop: ${what} ${references}\"", "x/list.yaml:20: a text names this value, expected text"},
		"value_within_values": {"fix: 2.1", "fix: \"${what}\"", "x/list.yaml:19: a value that another one names cannot name \"what\""},
		"no_id":               {"{id: b, ", "{", "x/list.yaml:23: id \"\" must be letters and digits joined by dashes"},
		"the_same_id":         {"{id: b, ", "{id: a, ", "x/list.yaml:23: x/list.yaml also has the id \"a\""},
		"alias_in_a_row":      {"what: First", "what: &w First\n    tag: [*w]", "x/list.yaml:19: a list takes anchors only over rows: <<: *NAME"},
		"no_rows":             {listRows, "each: []\n", "x/list.yaml:4: each: has no rows"},
		"rows_of_text":        {listRows, "each: [a]\n", "x/list.yaml:15: \"a\" is text, expected a mapping"},
		"no_body":             {listBody, "signature: a\n", "x/list.yaml:3: signature: is no mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loadList(strings.Replace(listHead+listBody+listRows, c.old, c.text, 1))
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A user's list with mistakes is one that never runs, as a signature is.
func TestList_of_a_user(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "list.yaml", listHead+listBody+listRows)
	write(t, dir, "other.yaml", "each: [1, 2]\n")
	set, err := signature.Load(signature.Sources{Folders: []string{dir}})
	if err != nil || len(set.Signatures) != 2 || len(set.Skipped) != 1 {
		t.Fatalf("%v, %+v", err, set)
	}
	write(t, dir, "list.yaml", listHead+strings.Replace(listBody, "check", "chek", 1)+listRows)
	set, err = signature.Load(signature.Sources{Folders: []string{dir}, SkipBroken: true})
	if err != nil || len(set.Signatures) != 1 || set.Signatures[0].Broken == nil || set.Signatures[0].ID != "list" {
		t.Errorf("%v, %+v", err, set)
	}
}

// Keys that are no text are a mistake wherever they stand, not the end of the program.
func TestKeysThatAreNoText(t *testing.T) {
	for name, text := range map[string]string{
		"list":      "0: [&a {}]\neach: [{<<, *a}]\nsignature:\n",
		"signature": "id: x\ninfo: {name: X, severity: low}\nvariables: {<<: {b: 1}, [a]: 1}\nhttp: [{path: ['{{BaseURL}}']}]\n",
	} {
		_, err := signature.Parse("f.yaml", []byte(text), true)
		if err == nil || !strings.Contains(err.Error(), "a key must be text") {
			t.Errorf("%s: %v", name, err)
		}
	}
	var to struct{ A map[string]string }
	if err := signature.DecodeFile("sotomi.yaml", []byte("a: {<<: {b: c}, {d: e}: f}\n"), &to); err == nil || !strings.Contains(err.Error(), "sotomi.yaml:1: a key must be text") {
		t.Errorf("%v", err)
	}
}
