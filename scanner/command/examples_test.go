package command

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// documents are those whose examples are held to.
var documents = []string{"README.md", "docs/README.ja.md", "docs/CONTRIBUTING.md", "docs/install.md", "docs/install.ja.md", "docs/watch.md", "docs/watch.ja.md", "docs/payment.md", "docs/payment.ja.md", "docs/many-machines.md", "docs/many-machines.ja.md"}

// fence is one fenced block of a document.
type fence struct {
	file, language, text string
	line                 int // of its first line in the file
}

func document(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func fences(t *testing.T, file string) []fence {
	t.Helper()
	text := document(t, file)
	var list []fence
	for _, at := range regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$").FindAllStringSubmatchIndex(text, -1) {
		list = append(list, fence{file, text[at[2]:at[3]], text[at[4]:at[5]], 1 + strings.Count(text[:at[4]], "\n")})
	}
	return list
}

// example is one line that a reader may type, and the output that stands below it, if any.
type example struct{ where, line, output string }

// examples are the lines behind a $, and those within a sentence.
func examples(t *testing.T, file string) []example {
	t.Helper()
	var list []example
	for _, f := range fences(t, file) {
		if f.language != "console" {
			continue
		}
		for i, line := range strings.Split(strings.TrimSuffix(f.text, "\n"), "\n") {
			command, ok := strings.CutPrefix(line, "$ ")
			switch {
			case ok:
				list = append(list, example{where: file + ":" + strconv.Itoa(f.line+i), line: command})
			case len(list) > 0:
				list[len(list)-1].output += line + "\n"
			}
		}
	}
	for _, m := range regexp.MustCompile("`((?:sotomi|go run \\.|make|source) [^`]*)`").FindAllStringSubmatch(document(t, file), -1) {
		list = append(list, example{where: file, line: strings.ReplaceAll(m[1], " ID", " git-exposed")})
	}
	return list
}

// helpExamples are those of --help.
func helpExamples(commands []*cli.Command) []example {
	var list []example
	for _, c := range commands {
		_, text, _ := strings.Cut(c.Description, "EXAMPLES\n")
		text, _, _ = strings.Cut(text, "\n\n")
		for line := range strings.Lines(text) {
			list = append(list, example{where: "sotomi " + c.Name + " --help", line: strings.TrimSpace(line)})
		}
	}
	return list
}

// invocations are the programs of a shell line with their arguments.
func invocations(line string) [][]string {
	line, _, _ = strings.Cut(line, "   (") // a remark
	line = regexp.MustCompile(`^source <\((.*)\)$`).ReplaceAllString(line, "$1")
	var list [][]string
	for _, one := range regexp.MustCompile(`\s(?:&&|\|)\s`).Split(line, -1) {
		one, _, _ = strings.Cut(one, " > ")
		list = append(list, strings.Fields(one))
	}
	return list
}

// aScan is a saved one, of the site that examples name.
const aScan = `{"type":"scan","tool":"sotomi"}` + "\n" +
	`{"type":"finding","signature":"git-exposed","severity":"low","certainty":"confirmed","target":"https://shop.example","url":"https://shop.example/.git/HEAD","fingerprint":"v1:0123456789abcdef0123456789abcdef"}` + "\n" + `{"type":"outcome","signature":"git-exposed","target":"https://shop.example","status":"found"}` + "\n" +
	`{"type":"summary","complete":true}` + "\n"

// TestExamplesAreTrue runs every command line of the documents and of --help: all commands, flags and names of signatures
// exist, and what is printed below a command is what it prints. Scans are dry.
func TestExamplesAreTrue(t *testing.T) {
	makefile := document(t, "Makefile")
	all := helpExamples((&environment{}).app().Commands)
	for _, file := range documents {
		all = append(all, examples(t, file)...)
	}
	if len(all) < 40 {
		t.Errorf("only %d examples were found", len(all))
	}
	exampleFolder(t)
	exampleList(t)
	done := map[string]bool{}
	for _, e := range all {
		for _, words := range invocations(e.line) {
			switch {
			case words[0] == "sotomi", words[0] == "./sotomi":
				words = words[1:]
			case slices.Equal(words[:min(3, len(words))], []string{"go", "run", "."}):
				words = words[3:]
			case words[0] == "make" && strings.Contains(makefile, "\n"+words[1]+":\n"), slices.Equal(words, []string{"go", "build", "-o", "sotomi", "."}):
				continue
			default:
				t.Errorf("%s: %q is not a command that this test knows", e.where, words)
				continue
			}
			if slices.Equal(words[:min(2, len(words))], []string{"data", "import"}) {
				continue // needs a signed bundle: checks/internal/databundle has a test that imports one
			}
			if key := strings.Join(words, " "); done[key] && e.output == "" {
				continue
			} else {
				done[key] = true
			}
			if printed := runExample(t, e, words); e.output != "" {
				if line := notPrinted(e.output, printed); line != "" {
					t.Errorf("%s: %s does not print %q there:\n%s", e.where, e.line, line, printed)
				}
			}
		}
	}
}

func runExample(t *testing.T, e example, words []string) string {
	t.Helper()
	args := append([]string{"sotomi"}, words...)
	if (words[0] == "scan" || words[0] == "retest") && !slices.Contains(words, "--help") {
		args = append(args, "--dry-run")
	}
	if words[0] == "work" && !slices.Contains(words, "--help") {
		line := coordinate(t, "--workers-only", "--only", "git-exposed", "-o", "jsonl="+filepath.Join(t.TempDir(), "shared.jsonl"), "127.0.0.1:1").line
		if err := os.WriteFile("line.txt", []byte(line), 0o600); err != nil {
			t.Fatal(err)
		}
		for i, word := range args {
			args[i] = strings.Replace(word, "LINE", line, 1)
		}
	}
	if words[0] == "watch" {
		args = append(args, "--notify-test") // which scans nothing
	}
	stdin, err := os.Open("scan.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	var out, said bytes.Buffer
	if status := run(t.Context(), args, stdin, &out, &said); status != scanner.ExitClean {
		t.Errorf("%s: %s: exit status %d\n%s", e.where, e.line, status, said.String())
	} else if out.Len() == 0 && !silent.MatchString(strings.Join(words, " ")) {
		t.Errorf("%s: %s prints nothing", e.where, e.line)
	}
	return out.String()
}

// silent are command lines that print nothing on standard output.
var silent = regexp.MustCompile(`^watch|^work (?:[^-]|--creds)| (?:text|html)=|^history prune`)

var numbers = regexp.MustCompile(`\d+(?:\.\d+)*`)

// notPrinted is the first line of a document that the program did not print, in this order and but for numbers, which
// differ from run to run. A document may leave lines out, with "..." in their place.
func notPrinted(documented, printed string) string {
	lines := strings.Split(numbers.ReplaceAllString(printed, "N"), "\n")
	for line := range strings.Lines(documented) {
		line = strings.TrimRight(line, "\n")
		if text := strings.TrimSpace(line); text == "" || text == "..." || text == "…" {
			continue
		}
		i := slices.Index(lines, numbers.ReplaceAllString(line, "N"))
		if i < 0 {
			return line
		}
		lines = lines[i+1:]
	}
	return ""
}

func TestNotPrinted(t *testing.T) {
	const printed = "http://127.0.0.1:4711  2 findings\n\n  HIGH      Git\n    more\n3 findings: 1 HIGH\n"
	for documented, want := range map[string]string{
		"http://127.0.0.1:80  1 findings\n\n  HIGH      Git\n...\n6 findings: 2 HIGH\n": "",
		"  HIGH      Git\nhttp://127.0.0.1:80  1 findings\n":                            "http://127.0.0.1:80  1 findings",
		"  HIGH      Gitt\n": "  HIGH      Gitt",
	} {
		if got := notPrinted(documented, printed); got != want {
			t.Errorf("notPrinted(%q) = %q, want %q", documented, got, want)
		}
	}
}

// exampleFolder moves into a folder with the files that the examples name.
func exampleFolder(t *testing.T) {
	t.Helper()
	files := map[string]string{
		"targets.txt": "https://shop.example\n", "a.txt": "Cookie: sid=a\n", "b.txt": "Cookie: sid=b\n",
		"coordinator.creds": "not read\n", "worker.creds": "not read\n",
		"scan.jsonl": aScan, "monday.jsonl": aScan, "tuesday.jsonl": aScan, "old.jsonl": aScan,
		"baseline.json": `{"type":"sotomi-baseline","version":1,"findings":[],"signatures":[]}`,
		"nuclei-templates/http/exposures/x.yaml": "id: x\ninfo: {name: x, author: x, severity: info}\n" +
			"http:\n  - path: ['{{BaseURL}}/x']\n    matchers: [{type: word, words: [unlikely words]}]\n",
	}
	for _, f := range fences(t, "README.md") {
		id, _, _ := strings.Cut(strings.TrimPrefix(f.text, "id: "), "\n")
		if f.language == "yaml" && strings.HasPrefix(f.text, "id: ") {
			files["my-templates/"+id+".yaml"] = f.text
		}
	}
	files["my-signatures/backup-folder.yaml"] = strings.TrimSpace(scriptFile(t, "signatures.txtar", "mine/backup-folder.yaml")) + "\n"
	files["sotomi.yaml"] = "notify: [{webhook: '" + newMailbox(t).url + "'}]\n"
	t.Chdir(t.TempDir())
	exampleHistory(t)
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// exampleList is the list that examples name.
func exampleList(t *testing.T) {
	t.Helper()
	var out, said bytes.Buffer
	if status := run(t.Context(), []string{"sotomi", "convert", "scan.jsonl", "-o", "xlsx=list.xlsx"}, nil, &out, &said); status != scanner.ExitClean {
		t.Fatal(said.String())
	}
}

// scriptFile is a file that a script carries.
func scriptFile(t *testing.T, script, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata/script", script))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "-- "+name+" --\n")
	if !ok {
		t.Fatalf("%s has no %s", script, name)
	}
	rest, _, _ = strings.Cut(rest, "\n-- ")
	return rest
}

// TestSettingsOfDocuments: a sotomi.yaml in a document is one, and so is a list of targets.
func TestSettingsOfDocuments(t *testing.T) {
	var settings []fence
	for _, file := range documents {
		for _, f := range fences(t, file) {
			if f.language == "yaml" && !strings.HasPrefix(f.text, "id: ") && !strings.HasPrefix(f.text, "ignore:") {
				settings = append(settings, f)
			}
		}
	}
	if len(settings) == 0 {
		t.Error("there is none")
	}
	t.Chdir(t.TempDir())
	t.Setenv("STAGING_TOKEN", "x-0123")
	t.Setenv("PREVIEW_KEY", "y-0123")
	t.Setenv("HOOK_TOKEN", "z-0123")
	t.Setenv("MAIL_PASSWORD", "p-0123")
	for _, f := range settings {
		text := f.text
		if strings.HasPrefix(text, "- target:") {
			if err := os.WriteFile("targets.yaml", []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			text = "targets: ['@targets.yaml']\nper: owner\noutput: ['text={owner}.txt']\n"
		}
		if err := os.WriteFile(defaultConfig, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, said bytes.Buffer
		if status := run(t.Context(), []string{"sotomi", "scan", "--dry-run"}, nil, &out, &said); status != scanner.ExitClean {
			t.Errorf("%s:%d: exit status %d\n%s", f.file, f.line, status, said.String())
		}
	}
}

// TestWordsOfDocuments: the words that the documents explain are those that reports say.
func TestWordsOfDocuments(t *testing.T) {
	for file, lang := range map[string]string{"README.md": "en", "docs/README.ja.md": "ja"} {
		words := message.In(lang)
		for _, id := range []string{"certainty-confirmed", "certainty-possible", "status-clean", "status-not-applicable", "status-failed"} {
			if word := words.Say(id, nil); !strings.Contains(document(t, file), "\n| "+word+" | ") {
				t.Errorf("%s does not explain %q", file, word)
			}
		}
		for _, level := range []signature.Safety{signature.SafetyPassive, signature.SafetyActive, signature.SafetyIntrusive} {
			if !strings.Contains(document(t, file), "`"+string(level)+"`") && !strings.Contains(document(t, file), "--safety "+string(level)) {
				t.Errorf("%s does not explain the level %s", file, level)
			}
		}
	}
}

// TestFlagsOfDocuments: what a document calls a flag or a variable is one, and the exit statuses are those of --help.
func TestFlagsOfDocuments(t *testing.T) {
	known := map[string]bool{"--help": true, "--version": true, checks.DataVariable: true}
	for _, c := range (&environment{}).app().Commands {
		for _, flags := range append([][]cli.Flag{c.Flags}, flagsOf(c.Subcommands)...) {
			for _, f := range flags {
				known["--"+f.Names()[0]] = true
				for _, variable := range f.(cli.DocGenerationFlag).GetEnvVars() {
					known[variable] = true
				}
			}
		}
	}
	_, help, _ := strings.Cut(scanHelp, "EXIT STATUS\n")
	statuses := regexp.MustCompile(`(?m)^   (\d+) `).FindAllStringSubmatch(help, -1)
	for _, file := range slices.Concat([]string{"README.md", "docs/README.ja.md"}, pipelineDocuments) {
		text := document(t, file)
		for _, name := range regexp.MustCompile(`--[a-z][a-z-]+|\bSOTOMI_[A-Z_]+`).FindAllString(text, -1) {
			if !known[name] {
				t.Errorf("%s: there is no %s", file, name)
			}
		}
		if slices.Contains(pipelineDocuments, file) {
			continue
		}
		rows := regexp.MustCompile(`(?m)^\| (\d+) \|`).FindAllStringSubmatch(text, -1)
		if len(rows) != len(statuses) {
			t.Fatalf("%s: %d exit statuses, --help has %d", file, len(rows), len(statuses))
		}
		for i := range rows {
			if rows[i][1] != statuses[i][1] {
				t.Errorf("%s: exit status %s, --help has %s", file, rows[i][1], statuses[i][1])
			}
		}
	}
}

func flagsOf(commands []*cli.Command) [][]cli.Flag {
	var all [][]cli.Flag
	for _, c := range commands {
		all = append(all, c.Flags)
	}
	return all
}
