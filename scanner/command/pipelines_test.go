package command

import (
	"encoding/json"
	"errors"
	"go/constant"
	"go/token"
	"go/types"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// action is action.yml.
type action struct {
	Inputs  map[string]struct{ Description, Default string }
	Outputs map[string]struct{ Value string }
	Runs    struct {
		Using string
		Steps []actionStep
	}
}

type actionStep struct {
	ID, Name, If, Shell, Run, Uses string
	Env, With                      map[string]string
}

// readYAML reads a file of the repository.
func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(document(t, file)), into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// actionRun is a run of the action, as GitHub would run it.
type actionRun struct {
	t       *testing.T
	action  action
	folder  string            // the workspace
	inputs  map[string]string // those that are given
	env     []string
	outputs map[string]map[string]string // of steps, by id
	used    map[string]map[string]string // actions of others that would have run, with what they are given
	log     string
	status  int
}

// runAction runs the shell steps of the action with some inputs and notes the others.
func runAction(t *testing.T, inputs map[string]string, env ...string) *actionRun {
	t.Helper()
	r := &actionRun{t: t, folder: t.TempDir(), inputs: inputs, outputs: map[string]map[string]string{}, used: map[string]map[string]string{}}
	r.env = append(os.Environ(), append(env, "RUNNER_TEMP="+t.TempDir())...)
	readYAML(t, "action.yml", &r.action)
	for name := range inputs {
		if _, ok := r.action.Inputs[name]; !ok {
			t.Fatalf("the action has no input %q", name)
		}
	}
	return r
}

func (r *actionRun) run() *actionRun {
	r.t.Helper()
	for _, step := range r.action.Runs.Steps {
		switch {
		case step.If != "" && r.value(step.If) != "true":
		case step.Uses != "":
			with := map[string]string{}
			for name, text := range step.With {
				with[name] = r.filled(text)
			}
			action, _, _ := strings.Cut(step.Uses, "@")
			r.used[action] = with
		default:
			if r.status = r.shell(step); r.status != 0 {
				return r
			}
		}
	}
	return r
}

// shell runs a step as GitHub runs those of bash.
func (r *actionRun) shell(step actionStep) int {
	r.t.Helper()
	if step.Shell != "bash" || strings.Contains(step.Run, "${{") {
		r.t.Fatalf("step %q: an expression within a script could be run by the shell; pass it in a variable", step.Name)
	}
	output, script := filepath.Join(r.t.TempDir(), "output"), filepath.Join(r.t.TempDir(), "script.sh")
	for name, text := range map[string]string{output: "", script: step.Run} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
	c := exec.CommandContext(r.t.Context(), "bash", "--noprofile", "--norc", "-eo", "pipefail", script)
	c.Dir, c.Env = r.folder, append(slices.Clone(r.env), "GITHUB_OUTPUT="+output)
	for name, text := range step.Env {
		c.Env = append(c.Env, name+"="+r.filled(text))
	}
	log, err := c.CombinedOutput()
	r.log += string(log)
	said, err2 := os.ReadFile(output)
	if err2 != nil {
		r.t.Fatal(err2)
	}
	r.outputs[step.ID] = map[string]string{}
	for line := range strings.Lines(string(said)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		r.outputs[step.ID][name] = value
	}
	return exitOf(r.t, err)
}

// exitOf is the exit status of a program that has ended.
func exitOf(t *testing.T, err error) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode()
	case err != nil:
		t.Fatal(err)
	}
	return 0
}

var (
	expressions = regexp.MustCompile(`\$\{\{(.*?)\}\}`)
	contexts    = regexp.MustCompile(`(?:inputs|github|steps)\.[\w.-]+`)
)

// filled is a text with its expressions worked out.
func (r *actionRun) filled(text string) string {
	return expressions.ReplaceAllStringFunc(text, func(one string) string { return r.value(expressions.FindStringSubmatch(one)[1]) })
}

// value works an expression out: names, texts in single quotes, ==, !=, && and || mean what they mean in Go.
func (r *actionRun) value(expression string) string {
	r.t.Helper()
	inGo := contexts.ReplaceAllStringFunc(strings.ReplaceAll(expression, "'", `"`), func(name string) string { return strconv.Quote(r.named(name)) })
	result, err := types.Eval(token.NewFileSet(), nil, token.NoPos, inGo)
	if err != nil || result.Value == nil {
		r.t.Fatalf("%s: %v", expression, err)
	}
	if result.Value.Kind() == constant.String {
		return constant.StringVal(result.Value)
	}
	return result.Value.String()
}

// named is what a name stands for.
func (r *actionRun) named(name string) string {
	r.t.Helper()
	parts := strings.Split(name, ".")
	switch {
	case parts[0] == "inputs" && len(parts) == 2:
		input, ok := r.action.Inputs[parts[1]]
		if !ok {
			r.t.Fatalf("there is no %s", name)
		}
		if given, ok := r.inputs[parts[1]]; ok {
			return given
		}
		return input.Default
	case name == "github.action_path":
		folder, err := filepath.Abs("../..")
		if err != nil {
			r.t.Fatal(err)
		}
		return folder
	case parts[0] == "steps" && len(parts) == 4 && parts[2] == "outputs":
		return r.outputs[parts[1]][parts[3]] // "" for a step that did not run
	}
	r.t.Fatalf("this test does not know %s", name)
	return ""
}

// output is what the action gives to the workflow.
func (r *actionRun) output(name string) string { return r.filled(r.action.Outputs[name].Value) }

// theProgram is the path of sotomi: the test itself.
func theProgram(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("sotomi")
	if err != nil {
		t.Fatal(err)
	}
	return path
}

const quick = "--only=git-exposed\n--retries=0\n--rate=0\n"

// TestAction holds what the action does: its exit status is that of the scan, the report is there unless the settings are
// wrong, only a report of everything is uploaded, and what it is given is never run.
func TestAction(t *testing.T) {
	weak, safe, closed := pipelineSite(t, "weak"), pipelineSite(t, "safe"), "http://127.0.0.1:1"
	const yes, no = true, false
	for name, c := range map[string]struct {
		inputs  map[string]string
		status  int
		results int // in the report; -1 for none
		upload  bool
		says    string
	}{
		"a_finding":           {map[string]string{"targets": weak.URL}, 1, 1, yes, "exit 1: "},
		"nothing":             {map[string]string{"targets": safe.URL + "\n"}, 0, 0, yes, "exit 0: "},
		"gate_is_higher":      {map[string]string{"targets": weak.URL, "arguments": quick + "--fail-on=critical"}, 0, 1, yes, "exit 0: "},
		"two_sites":           {map[string]string{"targets": "\n" + safe.URL + "\n\n" + weak.URL + "\n"}, 1, 1, yes, "exit 1: "},
		"one_is_down":         {map[string]string{"targets": weak.URL + "\n" + closed}, 1, 1, no, "::warning title=sotomi::Something could not be checked"},
		"all_are_down":        {map[string]string{"targets": closed}, 3, 0, no, "exit 3: "},
		"forgiven":            {map[string]string{"targets": safe.URL + "\n" + closed, "arguments": quick + "--on-incomplete=warn"}, 0, 0, no, "::warning "},
		"uploaded_all_same":   {map[string]string{"targets": closed, "upload": "always"}, 3, 0, yes, "exit 3: "},
		"never_uploaded":      {map[string]string{"targets": weak.URL, "upload": "never"}, 1, 1, no, "exit 1: "},
		"mistake":             {map[string]string{"targets": weak.URL, "arguments": "--fail-onn=high", "upload": "always"}, 2, -1, no, "fail-onn"},
		"no_target":           {map[string]string{}, 2, -1, no, "target"},
		"target_like_a_flag":  {map[string]string{"targets": "--help"}, 2, -1, no, "not a target"},
		"target_of_the_shell": {map[string]string{"targets": "$(touch run) `touch run`; touch run"}, 2, -1, no, "targets stand apart"},
		"flag_of_the_shell":   {map[string]string{"targets": weak.URL, "arguments": "$(touch run)\n; touch run\n* "}, 2, -1, no, "targets stand apart"},
		"values_with_spaces":  {map[string]string{"targets": weak.URL, "arguments": quick + "--header=X-Key: a  b 'c' \"d\""}, 1, 1, yes, "exit 1: "},
		"in_the_log":          {map[string]string{"targets": weak.URL, "log": "true"}, 1, 1, yes, "Git repository published"},
	} {
		t.Run(name, func(t *testing.T) {
			inputs := map[string]string{"program": theProgram(t), "arguments": quick}
			maps.Copy(inputs, c.inputs)
			r := runAction(t, inputs)
			if err := os.WriteFile(filepath.Join(r.folder, "sotomi.sarif"), []byte(`"executionSuccessful":true`), 0o600); err != nil {
				t.Fatal(err) // of an earlier step
			}
			r.run()
			if r.status != c.status || !strings.Contains(r.log, c.says) {
				t.Errorf("status %d, want %d and %q\n%s", r.status, c.status, c.says, r.log)
			}
			if logged := strings.Contains(r.log, "Git repository published"); logged != (inputs["log"] == "true") {
				t.Errorf("findings in the log: %v\n%s", logged, r.log)
			}
			if got := r.output("status"); got != "" && got != constant.MakeInt64(int64(c.status)).String() {
				t.Errorf("output status %q", got)
			}
			if got := sarifResults(t, r.folder, r.output("sarif")); got != c.results {
				t.Errorf("%d results in the report, want %d", got, c.results)
			}
			upload, uploaded := r.used["github/codeql-action/upload-sarif"]
			if uploaded != c.upload || uploaded && (upload["sarif_file"] != "sotomi.sarif" || upload["category"] != "sotomi") {
				t.Errorf("uploaded: %v, %v", uploaded, upload)
			}
			if _, err := os.Stat(filepath.Join(r.folder, "run")); err == nil {
				t.Error("the shell ran an input")
			}
		})
	}
	if !weak.got("X-Key: a  b 'c' \"d\"") {
		t.Error("the header was not sent as it was given")
	}
}

// sarifResults is how many results a report has, -1 when there is none.
func sarifResults(t *testing.T, folder, name string) int {
	t.Helper()
	if name == "" {
		return -1
	}
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	var f struct{ Runs []struct{ Results []any } }
	if err := json.Unmarshal(text, &f); err != nil || len(f.Runs) != 1 {
		t.Fatalf("%v\n%s", err, text)
	}
	return len(f.Runs[0].Results)
}

// TestActionBuilds: without a program the action builds it from its own source.
func TestActionBuilds(t *testing.T) {
	if testing.Short() {
		t.Skip("the action builds the whole program: not with -short")
	}
	r := runAction(t, map[string]string{"targets": pipelineSite(t, "weak").URL, "arguments": quick}).run()
	if r.status != 1 || r.output("complete") != "true" || r.used["actions/setup-go"]["go-version-file"] == "" {
		t.Errorf("status %d, %v\n%s", r.status, r.used, r.log)
	}
	if with := r.used["actions/setup-go"]; with["cache"] != "false" {
		t.Errorf("setup-go keeps a cache: %v", with)
	}
	if _, err := os.Stat(r.used["actions/setup-go"]["go-version-file"]); err != nil {
		t.Error(err)
	}
}

// TestProgramsAreBuiltAlike: the image and the action build as releases do; the image that is made by default has no shell
// and a user without rights, and the other one differs in the shell alone.
func TestProgramsAreBuiltAlike(t *testing.T) {
	flags := regexp.MustCompile(`(?m)^BUILD := (.*)$`).FindStringSubmatch(document(t, "Makefile"))
	image := document(t, "Dockerfile")
	for name, text := range map[string]string{"Dockerfile": image, "action.yml": document(t, "action.yml")} {
		if !strings.Contains(text, "CGO_ENABLED=0") || !strings.Contains(text, "go build "+flags[1]) {
			t.Errorf("%s does not build with %s", name, flags[1])
		}
	}
	stages := strings.Split(image, "\nFROM ")
	if last := stages[len(stages)-1]; !strings.HasPrefix(last, "scratch\n") {
		t.Errorf("the last of %d stages is %s", len(stages), last)
	}
	for _, stage := range stages[len(stages)-2:] {
		for _, line := range []string{"\nUSER 65532:65532\n", "\nCOPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/\n", "\nCOPY --from=build /sotomi "} {
			if !strings.Contains(stage, line) {
				t.Errorf("a stage lacks %q:\n%s", line, stage)
			}
		}
	}
	if shell := stages[len(stages)-2]; !strings.Contains(shell, " AS shell\n") || strings.Contains(shell, "ENTRYPOINT") {
		t.Errorf("not the image with a shell:\n%s", shell)
	}
}
