package signature_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/signature"
	"sotomi/signatures"
)

const head = "id: a\ninfo:\n  name: A\n  severity: low\n"

func TestParse_names_every_mistake_of_our_own_files(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"unknown_keys_on_all_levels": {
			head + "safty: passive\nhttp:\n  - path: ['{{BaseURL}}/']\n    mathcers: []\n    matchers:\n      - type: word\n        word: [x]\n",
			"a.yaml:5: unknown key \"safty\"; did you mean \"safety\"?\n" +
				"a.yaml:8: unknown key \"mathcers\"; did you mean \"matchers\"?\n" +
				"a.yaml:11: unknown key \"word\"; did you mean \"words\"?",
		},
		"unknown_key_inside_a_case": {
			head + "check: x\ntests:\n  - name: n\n    serve:\n      /: {stauts: 200}\n    want: []\n",
			`a.yaml:9: unknown key "stauts"; did you mean "status"?`,
		},
		"text_for_a_number": {
			head + "http:\n  - path: [x]\n    matchers:\n      - type: status\n        status: [many]\n",
			`a.yaml:9: "many" is text, expected a number`,
		},
		"value_for_a_list":     {head + "check: x\nports: 80\n", `a.yaml:6: "80" is a number, expected a list`},
		"severity":             {"id: a\ninfo: {name: A, severity: grave}\ncheck: x\n", `a.yaml:2: info.severity "grave": there are critical, high, medium, low, info, unknown`},
		"safety":               {head + "check: x\nsafety: harmless\n", `a.yaml:6: safety "harmless": there are passive, active, intrusive`},
		"neither_http_nor_go":  {head, "a.yaml:1: exactly one of http: and check: is needed"},
		"matcher_condition":    {head + "http:\n  - path: [x]\n    matchers:\n      - {type: status, status: [200], condition: xor}\n", `a.yaml:8: condition "xor": there are and, or`},
		"matcher_of_nothing":   {head + "http:\n  - path: [x]\n    matchers:\n      - type: word\n        regex: [a]\n", "a.yaml:8: a matcher of type word has nothing to look for\na.yaml:8: a matcher of type word does not use regex"},
		"matcher_type":         {head + "http:\n  - path: [x]\n    matchers:\n      - type: words\n", `a.yaml:8: matcher type "words": there are status, size, word, regex, binary, dsl, xpath, favicon; did you mean "word"?`},
		"not_yaml":             {"id: a\n\tinfo: x\n", "a.yaml:2: found a tab character that violates indentation"},
		"no_mapping":           {"- a\n- b\n", "a.yaml:1: this is not a signature"},
		"id":                   {"id: ../a\ninfo: {name: A, severity: low}\ncheck: x\n", `a.yaml:1: id "../a" must be letters and digits joined by dashes`},
		"key_given_twice":      {head + "check: x\ncheck: y\n", "a.yaml:6: mapping key \"check\" already defined at line 5"},
		"variables_as_a_list":  {head + "check: x\nvariables: [a]\n", "a.yaml:6: variables must be names with values"},
		"payload_of_no_list":   {head + "http:\n  - path: [x]\n    payloads:\n      x: {list: foldrs}\n", "a.yaml:8: a payload is a list of values, the name of a file, or {list: NAME, values: [FURTHER]} with one of the lists folders, application-folders, site-names, site-copies"},
		"port_out_of_range":    {head + "check: x\nports: [0]\n", "a.yaml:6: port 0 is not between 1 and 65535"},
		"severity_of_variants": {head + "check: x\nvariants:\n  v: {severity: bad}\n", `a.yaml:7: variant "v": severity "bad": there are critical, high, medium, low, info, unknown`},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s, err := signature.Parse("a.yaml", []byte(test.text), true)
			if err == nil {
				t.Fatalf("Parse took it: %+v", s)
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A list of payloads that stands elsewhere in the file, by its anchor, is in the order of that place.
func TestParse_payloads_by_alias(t *testing.T) {
	s, err := signature.Parse("a.yaml", []byte(head+"http:\n  - path: [x]\n    payloads: &p {b: [1], a: [2]}\n    matchers: &m [{type: status, status: [200]}]\n  - path: [y]\n    payloads: *p\n    matchers: *m\n"), true)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.HTTP[1].PayloadNames; !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("payloads %q, want b and a", got)
	}
}

func TestParse_is_lenient_with_public_templates(t *testing.T) {
	s, err := signature.Parse("p.yaml", []byte(`id: public
info:
  name: P
  author: a, b
  severity: HIGH
  reference:
    - https://example.com/
  unknown-key: 1
variables:
  z: 1
  a: "{{z}}"
http:
  - method: GET
    path: "{{BaseURL}}/x"
    headers:
      X-Number: 1
      X-Bool: true
    payloads:
      second: [1, two]
      first: |
        one
        two
      third: words.txt
    matchers:
      - type: status
        status: 200
      - type: word
        words: [12, true]
`), false)
	if err != nil {
		t.Fatal(err)
	}
	if s.Strict || s.Safety != signature.SafetyActive || s.Info.Severity != signature.SeverityHigh || len(s.Unsupported) != 0 {
		t.Errorf("strict %v, safety %s, severity %s, unsupported %q", s.Strict, s.Safety, s.Info.Severity, s.Unsupported)
	}
	h := s.HTTP[0]
	got := map[string]any{
		"author": s.Info.Author, "variables": s.Variables, "path": h.Path, "headers": h.Headers, "order": h.PayloadNames, "payloads": h.Payloads,
		"status": h.Matchers[0].Status, "words": h.Matchers[1].Words, "lines": []int{h.Line, h.Matchers[0].Line, h.Matchers[1].Line},
	}
	want := map[string]any{
		"author": signature.StringList{"a", "b"}, "variables": signature.Variables{{"z", "1"}, {"a", "{{z}}"}},
		"path": []string{"{{BaseURL}}/x"}, "headers": map[string]string{"X-Number": "1", "X-Bool": "true"},
		"order":    []string{"second", "first", "third"},
		"payloads": map[string]signature.Payload{"second": {Values: []string{"1", "two"}}, "first": {Values: []string{"one", "two", ""}}, "third": {File: "words.txt"}},
		"status":   []int{200}, "words": []string{"12", "true"}, "lines": []int{13, 25, 27},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParse_names_what_sotomi_lacks(t *testing.T) {
	tests := map[string]struct {
		text   string
		want   []string
		safety signature.Safety
	}{
		"older_spelling":      {"requests:\n  - path: [x]\n    MATCH\n", nil, signature.SafetyActive},
		"post":                {"http:\n  - method: post\n    path: [x]\n    MATCH\n", nil, signature.SafetyIntrusive},
		"raw_post":            {"http:\n  - raw:\n      - |\n        @timeout: 5s\n        POST / HTTP/1.1\n    MATCH\n", nil, signature.SafetyIntrusive},
		"put":                 {"http:\n  - method: PUT\n    path: [x]\n", []string{"writes: PUT"}, signature.SafetyIntrusive},
		"raw_delete":          {"http:\n  - raw:\n      - |\n        DELETE / HTTP/1.1\n", []string{"writes: DELETE"}, signature.SafetyIntrusive},
		"digest":              {"http:\n  - path: [x]\n    digest-username: u\n", []string{"digest authentication"}, signature.SafetyActive},
		"race_and_pipeline":   {"http:\n  - path: [x]\n    race: true\n    pipeline: true\n", []string{"pipelining", "race conditions"}, signature.SafetyActive},
		"unsafe":              {"http:\n  - raw: ['GET / HTTP/1.1']\n    unsafe: true\n", []string{"unsafe raw requests"}, signature.SafetyActive},
		"dns":                 {"dns:\n  - name: x\n", []string{"protocol dns"}, signature.SafetyPassive},
		"code":                {"code:\n  - engine: [sh]\n", []string{"protocol code"}, signature.SafetyPassive},
		"javascript_and_http": {"javascript:\n  - code: x\nhttp:\n  - path: [x]\n", []string{"protocol javascript"}, signature.SafetyActive},
		"workflow":            {"workflows:\n  - template: x\n", []string{"protocol workflows"}, signature.SafetyPassive},
		"interactsh":          {"http:\n  - path: ['{{BaseURL}}/?u={{interactsh-url}}']\n", []string{"out-of-band callbacks (interactsh)"}, signature.SafetyActive},
		"fuzzing":             {"http:\n  - path: [x]\n    fuzzing:\n      - part: query\n", []string{"fuzzing"}, signature.SafetyActive},
		"extraction_to_file":  {"http:\n  - path: [x]\n    extractors:\n      - type: regex\n        regex: [a]\n        to: out.txt\n", []string{"extraction to files"}, signature.SafetyActive},
		"newer_key":           {"http:\n  - path: [x]\n    some-new-key: 1\n", []string{`line 5: unknown key "some-new-key"`}, signature.SafetyActive},
		"nothing":             {"some: thing\n", []string{"no http block"}, signature.SafetyPassive},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := strings.ReplaceAll(test.text, "MATCH", "matchers: [{type: status, status: [200]}]")
			s, err := signature.Parse("p.yaml", []byte("id: p\ninfo: {name: P, severity: info}\n"+text), false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, texts(s.Unsupported)); diff != "" {
				t.Errorf("unsupported (-want +got):\n%s", diff)
			}
			if s.Safety != test.safety {
				t.Errorf("safety %s, want %s", s.Safety, test.safety)
			}
		})
	}
}

func TestLoad_a_user_folder(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "b/two.yaml", "id: two\ninfo: {name: T, severity: info}\nhttp:\n  - path: ['{{BaseURL}}/']\n    matchers: [{type: status, status: [200]}]\n")
	write(t, dir, "one.yml", "id: one\ninfo: {name: O, severity: info}\nhttp:\n  - path: ['{{BaseURL}}/']\n    matchers: [{type: status, status: [200]}]\n")
	write(t, dir, "profile.yaml", "severity: [low]\n")
	write(t, dir, ".git/config.yaml", "id: hidden\n")
	write(t, dir, "notes.txt", "not yaml: [")
	set, err := signature.Load(signature.Sources{Folders: []string{dir}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"one", "two"}, ids(set.Signatures)); diff != "" {
		t.Errorf("ids (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{filepath.Join(dir, "profile.yaml")}, set.Skipped); diff != "" {
		t.Errorf("skipped (-want +got):\n%s", diff)
	}
}

func TestLoad_shows_the_mistakes_of_all_files_at_once(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "a.yaml", "id: a\ninfo: {name: A, severity: low}\nchek: x\nneeds: [y]\n")
	write(t, dir, "b.yaml", "id: [\nsafety: passive\n")
	write(t, dir, "c.yaml", "id: c\ninfo: {severity: low}\nsafety: passive\nhttp:\n  - path: [x]\n")
	_, err := signature.Load(signature.Sources{Folders: []string{dir}})
	if err == nil {
		t.Fatal("no error")
	}
	got := strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
	want := "a.yaml:3: unknown key \"chek\"; did you mean \"check\"?\n" +
		"b.yaml:2: did not find expected ',' or ']'\n" +
		"c.yaml:2: info.name is missing"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestLoad_hash_is_of_the_contents(t *testing.T) {
	load := func(text string) string {
		set, err := signature.Load(signature.Sources{Embedded: fstest.MapFS{"x/a.yaml": {Data: []byte(text)}}})
		if err != nil {
			t.Fatal(err)
		}
		return set.Hash
	}
	text := head + "check: x\ntests:\n  - name: n\n    want: []\n"
	if a, b := load(text), load(text); a != b || len(a) != 12 {
		t.Errorf("hashes %q and %q of the same file", a, b)
	}
	if load(text) == load(text+"# more\n") {
		t.Error("the hash does not change with the contents")
	}
}

func TestLoad_embedded(t *testing.T) {
	set, err := signature.Load(signature.Sources{Embedded: signatures.FS})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range set.Signatures {
		for _, mistake := range signature.Lint(s) {
			t.Error(mistake)
		}
	}
}

func TestParams_are_decoded_strictly(t *testing.T) {
	type nested struct {
		Name string `yaml:"name"`
		Size int    `yaml:"size"`
	}
	type parameters struct {
		Database string   `yaml:"database"`
		Limit    int      `yaml:"limit"`
		Files    []nested `yaml:"files"`
	}
	s, err := signature.Parse("a.yaml", []byte(head+"check: x\nwith:\n  database: d.json\n  limit: 3\n  files:\n    - {name: a, size: 1}\n"), true)
	if err != nil {
		t.Fatal(err)
	}
	var got parameters
	if err := s.With.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(parameters{"d.json", 3, []nested{{"a", 1}}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	s, err = signature.Parse("a.yaml", []byte(head+"check: x\nwith:\n  databse: d.json\n  limit: many\n  files:\n    - nmae: a\n"), true)
	if err != nil {
		t.Fatal(err)
	}
	want := "a.yaml:7: unknown key \"databse\"; did you mean \"database\"?\n" +
		"a.yaml:8: \"many\" is text, expected a number\n" +
		"a.yaml:10: unknown key \"nmae\"; did you mean \"name\"?"
	if err := s.With.Decode(&got); err == nil || err.Error() != want {
		t.Errorf("error:\n%v\nwant:\n%s", err, want)
	}
	if err := s.With.Mistake("limit %d is too small", 0); err.Error() != "a.yaml:7: with: limit 0 is too small" {
		t.Errorf("error %v", err)
	}
}

func TestReadFile_stays_inside_its_folders(t *testing.T) {
	top := t.TempDir()
	write(t, top, "secret.txt", "s\n")
	write(t, top, "set/http/t.yaml", "id: t\ninfo: {name: T, severity: info}\nhttp:\n  - path: ['{{BaseURL}}/']\n    matchers: [{type: status, status: [200]}]\n")
	write(t, top, "set/http/beside.txt", "beside\n")
	write(t, top, "set/lists/above.txt", "one\r\n\ntwo\n")
	write(t, top, "root/helpers/far.txt", "far\n")
	for _, link := range []string{"set/http/link.txt", "root/link.txt"} {
		if err := os.Symlink(filepath.Join(top, "secret.txt"), filepath.Join(top, link)); err != nil {
			t.Skip(err)
		}
	}
	set, err := signature.Load(signature.Sources{Folders: []string{filepath.Join(top, "set")}, TemplateRoots: []string{filepath.Join(top, "root")}})
	if err != nil {
		t.Fatal(err)
	}
	s := set.Signatures[0]
	for name, want := range map[string][]string{"beside.txt": {"beside"}, "lists/above.txt": {"one", "two"}, "helpers/far.txt": {"far"}, "./beside.txt": {"beside"}} {
		got, err := s.Lines(signature.Payload{File: name})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("Lines(%q): error %v (-want +got):\n%s", name, err, diff)
		}
	}
	for _, name := range []string{"../../secret.txt", filepath.Join(top, "secret.txt"), "link.txt", "../http/../../secret.txt", "lists", "missing.txt", ""} {
		if text, err := s.ReadFile(name); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("ReadFile(%q) = %q, %v", name, text, err)
		}
	}
}

func TestSelect(t *testing.T) {
	files := fstest.MapFS{
		"x/git-exposed.yaml": {Data: []byte("id: git-exposed\ninfo: {name: G, severity: high, tags: 'vcs,files'}\ncheck: x\n")},
		"x/phpinfo.yaml":     {Data: []byte("id: phpinfo\ninfo: {name: P, severity: low, tags: php}\ncheck: x\nsafety: active\n")},
		"x/writer.yaml":      {Data: []byte("id: writer\ninfo: {name: W, severity: low, tags: php}\ncheck: x\nsafety: intrusive\n")},
	}
	set, err := signature.Load(signature.Sources{Embedded: files})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		filter signature.Filter
		want   []string
	}{
		"all_but_intrusive": {signature.Filter{}, []string{"git-exposed", "phpinfo"}},
		"intrusive_too":     {signature.Filter{Safety: signature.SafetyIntrusive}, []string{"git-exposed", "phpinfo", "writer"}},
		"passive_only":      {signature.Filter{Safety: signature.SafetyPassive}, []string{"git-exposed"}},
		"by_tag":            {signature.Filter{Only: []string{"VCS"}}, []string{"git-exposed"}},
		"by_severity":       {signature.Filter{Only: []string{"low"}}, []string{"phpinfo"}},
		"by_id":             {signature.Filter{Only: []string{"phpinfo", "git-exposed"}}, []string{"git-exposed", "phpinfo"}},
		"without":           {signature.Filter{Exclude: []string{"php"}}, []string{"git-exposed"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := set.Select(test.filter)
			if diff := cmp.Diff(test.want, ids(got)); diff != "" || err != nil {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
		})
	}
	if _, err := set.Select(signature.Filter{Only: []string{"git-exposd"}}); err == nil || !strings.HasSuffix(err.Error(), `did you mean "git-exposed"?`) {
		t.Errorf("error %v", err)
	}
}

// FuzzParse holds that no file makes the reader crash, and that a file that is read once is read the same twice.
func FuzzParse(f *testing.F) {
	f.Add(head+"check: x\n", true)
	f.Add("id: p\ninfo: {name: P}\nhttp:\n  - path: '{{BaseURL}}'\n    matchers: {type: word}\n", false)
	f.Add("a: &a [*a]\nid: x\ninfo: *a\n", false)
	f.Add("id: x\ninfo: {name: y}\nhttp:\n  - <<: {path: [x]}\nvariables: {a: [1]}\n", true)
	f.Add("shared: [&a {x: \"${y}\"}]\neach: [{<<: *a, id: x, y: 1}]\nsignature: {id: \"${id}\", info: {name: \"${x}\", severity: low}, check: x}\n", true)
	f.Add("each: [&a {}, {<<, *a}]\nsignature: {}\n", true)
	f.Add("variables: &a {<<, {}}\nid: x\ninfo: {name: y}\nhttp: [{path: [x]}]\n", false)
	f.Fuzz(func(t *testing.T, text string, own bool) {
		first, err := signature.Parse("f.yaml", []byte(text), own)
		second, again := signature.Parse("f.yaml", []byte(text), own)
		if (err == nil) != (again == nil) || (first == nil) != (second == nil) {
			t.Fatalf("first %v, %v; second %v, %v", first, err, second, again)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "f.yaml:") {
			t.Errorf("error without a place: %v", err)
		}
	})
}

func ids(list []*signature.Signature) []string {
	var names []string
	for _, s := range list {
		names = append(names, s.ID)
	}
	return names
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	name = filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
