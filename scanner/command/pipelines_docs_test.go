package command

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"sotomi/scanner/message"
)

var pipelineDocuments = []string{"docs/pipelines.md", "docs/pipelines.ja.md"}

// gitlabJob is a job of GitLab CI.
type gitlabJob struct {
	Image struct {
		Name       string
		Entrypoint []string
	}
	Script    []string
	Variables map[string]string
	Rules     []struct {
		If        string
		Variables map[string]string
	}
	Artifacts struct {
		When, Access string
		Paths        []string
		Reports      map[string]string
	}
}

// gitlabFile is a configuration of GitLab CI with the one job that we have.
type gitlabFile struct {
	Include   []struct{ Project, File string }
	Variables map[string]string
	Sotomi    gitlabJob
}

// runGitLab runs the script of the job as GitLab does, with variables, and gives its log.
func runGitLab(t *testing.T, folder string, f gitlabFile, variables map[string]string) (log string, status int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "sh", "-ec", strings.Join(f.Sotomi.Script, "\n"))
	c.Dir, c.Env = folder, os.Environ()
	for _, set := range []map[string]string{f.Variables, f.Sotomi.Variables, variables} {
		for name, value := range set {
			c.Env = append(c.Env, name+"="+value)
		}
	}
	text, err := c.CombinedOutput()
	return string(text), exitOf(t, err)
}

// TestGitLabJob holds what the job does: its exit status is that of the scan, and the files that it names are there unless
// the settings are wrong.
func TestGitLabJob(t *testing.T) {
	weak, safe, closed := pipelineSite(t, "weak"), pipelineSite(t, "safe"), "http://127.0.0.1:1"
	var f gitlabFile
	readYAML(t, "docs/gitlab-ci.yml", &f)
	if f.Sotomi.Artifacts.When != "always" || f.Sotomi.Artifacts.Access != "developer" || len(f.Sotomi.Image.Entrypoint) != 1 {
		t.Errorf("%+v", f.Sotomi)
	}
	files := slices.Concat(f.Sotomi.Artifacts.Paths, slices.Collect(maps.Values(f.Sotomi.Artifacts.Reports)))
	for name, c := range map[string]struct {
		variables map[string]string
		status    int
		says      string // in the DAST report; "" for no report
	}{
		"a_finding":      {map[string]string{"SCAN_TARGETS": weak.URL}, 1, `"name":"Git repository published"`},
		"in_japanese":    {map[string]string{"SCAN_TARGETS": weak.URL, "SOTOMI_LANG": "ja"}, 1, `"name":"Gitリポジトリの公開"`},
		"gate":           {map[string]string{"SCAN_TARGETS": weak.URL, "SOTOMI_FAIL_ON": "critical"}, 0, `"status":"success"`},
		"nothing":        {map[string]string{"SCAN_TARGETS": safe.URL + "  " + safe.URL}, 0, `"vulnerabilities":[`},
		"down":           {map[string]string{"SCAN_TARGETS": safe.URL + " " + closed}, 3, `"status":"failure"`},
		"of_the_file":    {map[string]string{}, 1, `"name":"Git repository published"`},
		"a_pattern":      {map[string]string{"SCAN_TARGETS": "*"}, 2, ""},
		"of_the_shell":   {map[string]string{"SCAN_TARGETS": "$(touch${IFS}run)"}, 2, ""},
		"wrong_variable": {map[string]string{"SCAN_TARGETS": weak.URL, "SOTOMI" + "_FAIL_ONN": "high"}, 2, ""},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, defaultConfig), []byte("targets: ["+weak.URL+"]\nonly: [git-exposed]\nrate: 0\nretries: 0\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			log, status := runGitLab(t, folder, f, c.variables)
			if status != c.status {
				t.Errorf("status %d, want %d\n%s", status, c.status, log)
			}
			for _, name := range files {
				text, err := os.ReadFile(filepath.Join(folder, name))
				if (err == nil) != (c.says != "") {
					t.Errorf("%s: %v", name, err)
				}
				if name == f.Sotomi.Artifacts.Reports["dast"] && !strings.Contains(string(text), c.says) {
					t.Errorf("the report lacks %s\n%s", c.says, text)
				}
			}
			if _, err := os.Stat(filepath.Join(folder, "run")); err == nil {
				t.Error("the shell ran an address")
			}
		})
	}
}

// TestPipelineDocuments: both languages have the same blocks but for remarks, name every input of the action, and the
// settings within them are settings.
func TestPipelineDocuments(t *testing.T) {
	remark := regexp.MustCompile(`(?m) +# .*$`)
	var blocks [2][]string
	for i, file := range pipelineDocuments {
		for _, f := range fences(t, file) {
			blocks[i] = append(blocks[i], f.language+"\n"+remark.ReplaceAllString(f.text, ""))
		}
		var a action
		readYAML(t, "action.yml", &a)
		for name := range a.Inputs {
			if !strings.Contains(document(t, file), "\n| `"+name+"` | ") {
				t.Errorf("%s does not explain the input %s", file, name)
			}
		}
		for name := range a.Outputs {
			if !strings.Contains(document(t, file), "`"+name+"`") {
				t.Errorf("%s does not name the output %s", file, name)
			}
		}
	}
	if !slices.Equal(blocks[0], blocks[1]) || len(blocks[0]) < 10 {
		t.Errorf("the blocks differ:\n%q\n%q", blocks[0], blocks[1])
	}
	blocked := message.In("ja").Say("status-blocked", nil)
	if !strings.Contains(document(t, pipelineDocuments[1]), "「"+blocked+"」") {
		t.Errorf("reports say %q", blocked)
	}
}

// TestPipelineExamples runs the workflow and the GitLab configurations of the document with the addresses of sites on
// loopback in place of theirs.
func TestPipelineExamples(t *testing.T) {
	settings := settingVariables((&environment{}).app())
	workflows, configurations := 0, 0
	for _, f := range fences(t, pipelineDocuments[0]) {
		switch {
		case f.language != "yaml":
		case strings.HasPrefix(f.text, "name:"):
			workflows++
			runWorkflow(t, f.text)
		default:
			configurations++
			var job, included gitlabFile
			if err := yaml.Unmarshal([]byte(f.text), &job); err != nil || len(job.Include) != 1 {
				t.Fatalf("%s:%d: %v", f.file, f.line, err)
			}
			readYAML(t, strings.TrimPrefix(job.Include[0].File, "/"), &included)
			sets := []map[string]string{job.Variables}
			for _, rule := range job.Sotomi.Rules {
				sets = append(sets, rule.Variables)
			}
			for _, set := range sets {
				variables := map[string]string{"SOTOMI_RATE": "0", "SOTOMI_RETRIES": "0", "SCAN_TARGETS": ""}
				for name, value := range set {
					if _, ours := included.Variables[name]; !ours && !slices.Contains(settings, name) {
						t.Errorf("%s:%d: nothing reads %s", f.file, f.line, name)
					}
					variables[name] = value
				}
				variables["SCAN_TARGETS"] = pipelineSite(t, "weak").URL
				if log, status := runGitLab(t, t.TempDir(), included, variables); status != 1 {
					t.Errorf("%s:%d: %v: status %d\n%s", f.file, f.line, set, status, log)
				}
			}
		}
	}
	if workflows != 1 || configurations != 2 {
		t.Errorf("%d workflows, %d configurations", workflows, configurations)
	}
}

// runWorkflow runs the step of a workflow that uses our action.
func runWorkflow(t *testing.T, text string) {
	t.Helper()
	var workflow struct {
		Jobs map[string]struct {
			Permissions map[string]string
			Steps       []actionStep
		}
	}
	if err := yaml.Unmarshal([]byte(text), &workflow); err != nil {
		t.Fatal(err)
	}
	ran := false
	for name, job := range workflow.Jobs {
		if job.Permissions["security-events"] != "write" {
			t.Errorf("job %s may not upload", name)
		}
		for _, step := range job.Steps {
			if !strings.Contains(step.Uses, "/sotomi@") {
				continue
			}
			lab := pipelineSite(t, "weak")
			inputs := maps.Clone(step.With)
			inputs["targets"] = strings.ReplaceAll(inputs["targets"], "https://staging.example", lab.URL)
			inputs["arguments"] += "--rate=0\n"
			inputs["program"] = theProgram(t)
			r := runAction(t, inputs, "STAGING_TOKEN=let-me-in").run()
			if ran = true; r.status != 1 || !lab.got("Authorization: Bearer let-me-in") {
				t.Errorf("status %d, sent %v\n%s", r.status, lab.sent, r.log)
			}
			if text, err := os.ReadFile(filepath.Join(r.folder, "sotomi.sarif")); err != nil || strings.Contains(string(text)+r.log, "let-me-in") {
				t.Errorf("the secret is in the report or in the log: %v\n%s\n%s", err, text, r.log)
			}
		}
	}
	if !ran {
		t.Error("no step uses the action")
	}
}

// recipes are the commands of the document by the words that they alone have: the site that they are for, the exit status of
// each line, a file that is there afterwards, and a header that the site got.
var recipes = []struct {
	has, site string
	statuses  []int
	file, got string
}{
	{"-o junit=sotomi.xml", "weak", []int{1}, "sotomi.xml", ""},
	{"--resolve shop.example", "weak", []int{1}, "", "Host: shop.example"},
	{"${STAGING_LOGIN}", "basic", []int{1}, "", "Authorization: Basic let-me-in"},
	{"${STAGING_COOKIE}", "sso", []int{1}, "", "Cookie: session=let-me-in"},
	{"--session alice", "member", []int{0}, "", "Cookie: sid=b"},
	{"baseline create", "weak", []int{0, 0, 0}, "baseline.json", ""},
	{"sotomi suppress", "weak", []int{0}, ".sotomi-ignore.yaml", ""},
	{"--max-time 5m", "weak", []int{1}, "", ""},
	{"sotomi diff", "weak", []int{1, 1}, "report.html", ""},
}

// TestRecipes runs the commands of the document as a shell does, against sites on loopback.
func TestRecipes(t *testing.T) {
	ran := map[string]bool{}
	for _, f := range fences(t, pipelineDocuments[0]) {
		if f.language != "sh" {
			continue
		}
		for _, r := range recipes {
			if !strings.Contains(f.text, r.has) {
				continue
			}
			ran[r.has] = true
			t.Run(strings.Join(strings.Fields(r.has), "_"), func(t *testing.T) {
				t.Parallel()
				lab, folder := pipelineSite(t, r.site), recipeFolder(t)
				text := strings.NewReplacer("https://staging.example", lab.URL, "https://shop.example", "http://shop.example", "shop.example:443:192.0.2.7", "shop.example:80:"+lab.Address).Replace(f.text)
				for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
					log, status := runLine(t, folder, line)
					if i >= len(r.statuses) || status != r.statuses[i] {
						t.Errorf("%s: status %d, want %v\n%s", line, status, r.statuses, log)
					}
					if strings.Contains(log, "let-me-in") {
						t.Errorf("%s: the secret is shown\n%s", line, log)
					}
				}
				if _, err := os.Stat(filepath.Join(folder, r.file)); err != nil {
					t.Error(err)
				}
				if r.got != "" && !lab.got(r.got) {
					t.Errorf("the site never got %q: %v", r.got, lab.sent)
				}
			})
		}
	}
	for _, r := range recipes {
		if !ran[r.has] {
			t.Errorf("the document has no %q", r.has)
		}
	}
}

func recipeFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{"alice.txt": "Cookie: sid=a\n", "bob.txt": "Cookie: sid=b\n", "lastnight.jsonl": aScan} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func runLine(t *testing.T, folder, line string) (log string, status int) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "sh", "-c", line)
	c.Dir = folder
	c.Env = append(os.Environ(), "SOTOMI_RATE=0", "SOTOMI_RETRIES=0", "STAGING_LOGIN=Basic let-me-in", "STAGING_COOKIE=session=let-me-in")
	text, err := c.CombinedOutput()
	return string(text), exitOf(t, err)
}

// TestSitesThatAskToLogIn: without what lets it in, a scan of such a site is no success.
func TestSitesThatAskToLogIn(t *testing.T) {
	for _, kind := range []string{"basic", "sso"} {
		log, status := runLine(t, t.TempDir(), "sotomi scan --only git-exposed -o jsonl=s.jsonl "+pipelineSite(t, kind).URL)
		if status != 3 {
			t.Errorf("%s: status %d\n%s", kind, status, log)
		}
	}
	if _, status := runLine(t, t.TempDir(), "sotomi scan --header 'Authorization: ${NOT_SET_ANYWHERE}' "+pipelineSite(t, "basic").URL); status != 2 {
		t.Errorf("a variable that is not set: status %d", status)
	}
}
