package command

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/types"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/urfave/cli/v2"

	"sotomi/scanner/message"
)

// phrases are the Japanese texts by their English format.
func phrases(t *testing.T) map[string]string {
	t.Helper()
	return readJSON[map[string]string](t, "../message/words/phrases.ja.json")
}

func readJSON[T any](t *testing.T, file string) T {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var value T
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return value
}

// notConstant are the formats that are no constants, and why they need no translation.
var notConstant = map[string]string{
	"scanner/command/help.go: english":                                                       "texts of the command line, held by TestHelpInJapanese",
	"scanner/command/demo.go: report.Ending{…}.Line(e.lang)":                                 "in the language already",
	"scanner/command/gate.go: line":                                                          "in the language already",
	`scanner/command/lint.go: e.words.Count("mistakes", l.mistakes, nil)`:                    "in the language already",
	`scanner/command/signatures.go: e.words.Count("cases-failed", cases, map[string]any{…})`: "in the language already",
	`scanner/signature/decode.go: strings.TrimPrefix(text, "yaml: ")`:                        "what the YAML library says",
	"checks/ssi/injection.go: names[0]":                                                      "an address",
}

// ofTheSystem are the errors of the operating system and of Go's own packages that have a translation: they are not in our
// source.
var ofTheSystem = []error{
	syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ETIMEDOUT, syscall.ENOENT, syscall.EACCES, syscall.EISDIR,
	syscall.ENOTDIR, syscall.ENOSPC, syscall.EPIPE, os.ErrDeadlineExceeded, os.ErrNotExist, context.DeadlineExceeded, context.Canceled, io.ErrUnexpectedEOF,
}

// TestEveryMessageHasJapanese: every format that becomes a message is a constant and has a translation with the same verbs,
// and every translation is used.
func TestEveryMessageHasJapanese(t *testing.T) {
	found, japanese := findFormats(t), phrases(t)
	if len(found.uses) < 200 || len(found.makers) < 8 {
		t.Errorf("only %d formats in %d functions were found", len(found.uses), len(found.makers))
	}
	used := map[string]bool{}
	for _, use := range found.uses {
		format := strings.ReplaceAll(use.format, "%w", "%s") // as message.Errorf has it
		used[format] = true
		if needsTranslation(format) && japanese[format] == "" {
			t.Errorf("%s: no Japanese for %q", use.place, format)
		}
	}
	for open := range found.open {
		if _, listed := notConstant[open]; !listed {
			t.Errorf("%s is a format that is no constant", open)
		}
	}
	for listed := range notConstant {
		if !found.open[listed] {
			t.Errorf("%s is on the list of formats that are no constants, but not in the source", listed)
		}
	}
	for _, err := range ofTheSystem {
		used[err.Error()] = true
		if japanese[err.Error()] == "" {
			t.Errorf("no Japanese for %q", err)
		}
	}
	for text := range textsOfHelp() {
		used[text] = true
	}
	for format, text := range japanese {
		switch kind, _, _ := strings.Cut(format, " "); {
		case kind == "value" || kind == "field" || kind == "word": // see TestEveryValueHasAName
		case !used[format]:
			t.Errorf("nothing says %q any more", format)
		case !cmp.Equal(verbs(format), verbs(text)):
			t.Errorf("%q and %q differ in their verbs: %v, %v", format, text, verbs(format), verbs(text))
		}
	}
}

// TestMistakesAreMessages: what users read of their mistakes can be said in both languages.
func TestMistakesAreMessages(t *testing.T) {
	later := []string{"scanner/command/outputfile.go"} // writes files; its errors are those of the system
	for _, file := range sourceFiles(t) {
		if !slices.Contains([]string{"scanner/command", "scanner/report", "scanner/signature", "scanner/target", "scanner/sigtest"}, file.dir) || slices.Contains(later, file.name) {
			continue
		}
		ast.Inspect(file.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if ok && slices.Contains([]string{"fmt.Errorf", "errors.New"}, types.ExprString(call.Fun)) {
				t.Errorf("%s: %s: use message.Errorf", file.name, types.ExprString(call))
			}
			return true
		})
	}
}

var verb = regexp.MustCompile(`%(?:\[(\d+)\])?[-+# 0]*\d*(?:\.\d+)?([a-zA-Z%])`)

// sameInBoth are parts of formats that read the same in both languages: verbs, flags, headers.
var sameInBoth = regexp.MustCompile(verb.String() + `|--[a-z-]+|^(?:Cache-Control: %s|Expires: %s|Set-Cookie|@tls-sni|fuzzing)$`)

// needsTranslation reports whether a format holds more than verbs, names and marks.
func needsTranslation(format string) bool {
	return strings.ContainsFunc(sameInBoth.ReplaceAllString(format, ""), unicode.IsLetter)
}

// verbs are the verbs of a format by the number of the argument that they take.
func verbs(format string) map[int]string {
	list, next := map[int]string{}, 1
	for _, m := range verb.FindAllStringSubmatch(format, -1) {
		if m[2] == "%" {
			continue
		}
		if m[1] != "" {
			next = int(m[1][0] - '0')
		}
		list[next] = m[2]
		next++
	}
	return list
}

func TestVerbs(t *testing.T) {
	for format, want := range map[string]map[int]string{
		"":                            {},
		"100 %% of %s":                {1: "s"},
		"%[2]s, then %[1]d":           {2: "s", 1: "d"},
		"%s has %q at line %d (%.1f)": {1: "s", 2: "q", 3: "d", 4: "f"},
		"%[3]s 付属テーマの特徴が%[2]d個、%[1]q": {1: "q", 2: "d", 3: "s"},
	} {
		if d := cmp.Diff(want, verbs(format)); d != "" {
			t.Errorf("verbs(%q) (-want +got):\n%s", format, d)
		}
	}
}

// textsOfHelp are the texts of --help.
func textsOfHelp() map[string]bool {
	said := map[string]bool{}
	h := &help{to: io.Discard, width: helpWidth, say: func(m message.Message) string {
		said[m.Format] = true
		return m.String()
	}}
	app := (&environment{}).app()
	h.program(app)
	var walk func(name string, commands []*cli.Command)
	walk = func(name string, commands []*cli.Command) {
		for _, c := range commands {
			h.command(name+" "+c.Name, c)
			walk(name+" "+c.Name, c.Subcommands)
		}
	}
	walk("sotomi", app.Commands)
	return said
}

// notSaid are texts of --help that read the same in every language.
var notSaid = regexp.MustCompile(`^(TARGET\.\.\.|SCAN\.jsonl\|LIST\.xlsx|SCAN\.jsonl(?:\.\.\.)?|ID|OLD\.jsonl NEW\.jsonl|\x60text\|jsonl\x60|ID\.\.\.|\[ID\.\.\.\]|bash\|zsh\|fish|https?://\S+)$`)

// TestHelpInJapanese: every text of every --help has a translation.
func TestHelpInJapanese(t *testing.T) {
	japanese, texts := phrases(t), textsOfHelp()
	if len(texts) < 60 {
		t.Errorf("only %d texts were found", len(texts))
	}
	for _, text := range slices.Sorted(maps.Keys(texts)) {
		if needsTranslation(text) && !notSaid.MatchString(text) && japanese[text] == "" {
			t.Errorf("no Japanese for %q", text)
		}
	}
}

// TestEveryWordIsThere: what reports and commands say by its id is in the files of words, and nothing else is.
func TestEveryWordIsThere(t *testing.T) {
	said, families := map[string]bool{}, []string{}
	for _, file := range sourceFiles(t) {
		ast.Inspect(file.ast, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) == 0 {
				return true
			}
			method, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || method.Sel.Name != "Say" && method.Sel.Name != "Count" {
				return true
			}
			id := call.Args[0]
			family, ok := id.(*ast.BinaryExpr)
			if ok {
				id = family.X
			}
			switch text, constant := (&formats{}).constant(file, id); {
			case constant && ok:
				families = append(families, text)
			case constant && (method.Sel.Name == "Say" || len(call.Args) == 3): // strings.Count takes two
				said[text] = true
			}
			return true
		})
	}
	if len(said) < 30 || len(families) < 3 {
		t.Errorf("only %d ids and %d families were found", len(said), len(families))
	}
	there := readJSON[map[string]any](t, "../message/words/en.json")
	for id := range said {
		if there[id] == nil {
			t.Errorf("there is no text for %q", id)
		}
	}
	for id := range there {
		if !said[id] && !slices.ContainsFunc(families, func(family string) bool { return strings.HasPrefix(id, family) }) {
			t.Errorf("nothing says %q", id)
		}
	}
}
