package command

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"text/template"
	"time"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

const labsFolder = "../../checks/testdata/labs"

// lab is the file lab.yaml of a folder in checks/testdata/labs: real servers on loopback, and what is true of them. All
// files of the folder are templates, in which {{port "NAME"}} is a free port, {{dir}} the folder that the lab runs in and
// {{module "NAME"}} the path of an Apache, nginx or lighttpd module.
type lab struct {
	Needs []string   `yaml:"needs"` // programs
	Start [][]string `yaml:"start"` // command lines, templates as well
	Sites []labSite  `yaml:"sites"`
}

// labSite is one server of a lab. A safe twin wants nothing.
type labSite struct {
	Name  string                      `yaml:"name"`
	Port  string                      `yaml:"port"` // name of its port
	Path  string                      `yaml:"path"`
	Only  []string                    `yaml:"only"`  // ids or tags of the signatures that are run; all when empty
	Want  map[string][]map[string]any `yaml:"want"`  // values of the findings by signature
	Allow []string                    `yaml:"allow"` // signatures that may find something besides
}

// TestLabs runs the signatures against real servers. A lab whose programs are missing is skipped, unless SOTOMI_LABS is
// "require".
func TestLabs(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join(labsFolder, "*", "lab.yaml"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("no labs in %s: %v", labsFolder, err)
	}
	for _, file := range folders {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) { runLab(t, file) })
	}
}

func runLab(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var l lab
	if err := signature.DecodeFile(file, text, &l); err != nil {
		t.Fatal(err)
	}
	for _, program := range l.Needs {
		if _, err := exec.LookPath(program); err != nil {
			if os.Getenv("SOTOMI_LABS") == "require" {
				t.Fatalf("%s is needed and not installed", program)
			}
			t.Skipf("SKIPPED: %s is not installed", program)
		}
	}
	r := &labRun{t: t, dir: labDir(t), ports: map[string]int{}}
	r.copy(filepath.Dir(file))
	for _, line := range l.Start {
		r.start(line)
	}
	for _, site := range l.Sites {
		t.Run(site.Name, func(t *testing.T) { r.site(t, site) })
	}
}

// labDir is readable by servers that change their user.
func labDir(t *testing.T) string {
	dir, err := os.MkdirTemp("", "sotomi-lab-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

type labRun struct {
	t     *testing.T
	dir   string
	ports map[string]int
	logs  []*bytes.Buffer
}

func (r *labRun) render(name, text string) string {
	t, err := template.New(name).Funcs(template.FuncMap{
		"port": r.port, "dir": func() string { return r.dir }, "module": module, "user": labUser,
	}).Parse(text)
	if err != nil {
		r.t.Fatalf("%s: %v", name, err)
	}
	var b strings.Builder
	if err := t.Execute(&b, nil); err != nil {
		r.t.Fatalf("%s: %v", name, err)
	}
	return b.String()
}

// port is a free one, the same for the same name.
func (r *labRun) port(name string) int {
	if p, ok := r.ports[name]; ok {
		return p
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	defer l.Close()
	r.ports[name] = l.Addr().(*net.TCPAddr).Port
	return r.ports[name]
}

// labUser is whom servers started by root run as.
func labUser() string {
	if os.Getuid() == 0 {
		return "www-data"
	}
	return os.Getenv("USER")
}

// module is the path of a server's module.
func module(name string) (string, error) {
	for _, dir := range []string{"/usr/lib/apache2/modules", "/usr/lib/nginx/modules", "/usr/lib/lighttpd", "/usr/libexec/apache2", "/usr/lib64/httpd/modules"} {
		if p := filepath.Join(dir, name); fileExists(p) {
			return p, nil
		}
	}
	return "", fmt.Errorf("module %s is not installed", name)
}

func fileExists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// copy renders all files of the lab into its folder.
func (r *labRun) copy(from string) {
	err := filepath.WalkDir(from, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(r.dir, strings.ReplaceAll(strings.TrimPrefix(name, from), "dot-", "."))
		if d.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		text, err := os.ReadFile(name)
		if err != nil || d.Name() == "lab.yaml" {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		return os.WriteFile(to, []byte(r.render(name, string(text))), info.Mode().Perm())
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// start runs one server until the test ends.
func (r *labRun) start(line []string) {
	args := make([]string, len(line))
	for i, a := range line {
		args[i] = r.render("start", a)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := exec.CommandContext(ctx, args[0], args[1:]...)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGTERM) }
	c.WaitDelay = 5 * time.Second
	log := &bytes.Buffer{}
	c.Stdout, c.Stderr, c.Dir = log, log, r.dir
	if err := c.Start(); err != nil {
		cancel()
		r.t.Fatalf("%s: %v", args[0], err)
	}
	r.t.Cleanup(func() {
		cancel()
		_ = c.Wait() // it was told to end
		_ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL)
		if r.t.Failed() {
			r.t.Logf("%s said:\n%s", args[0], log.String())
		}
	})
}

// address waits until the site's port answers.
func (r *labRun) address(t *testing.T, site labSite) string {
	t.Helper()
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(r.port(site.Port)))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
		if err == nil {
			_ = c.Close()
			return "http://" + address + site.Path
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("%s does not listen on %s: %v", site.Name, address, err)
		}
	}
}

// site scans one server and holds the findings against what is true of it.
func (r *labRun) site(t *testing.T, site labSite) {
	set := &signature.Set{Signatures: ownSignatures(t)}
	selected, err := set.Select(signature.Filter{Only: site.Only})
	if err != nil {
		t.Fatal(err)
	}
	targets, err := scanner.ParseTargets([]string{r.address(t, site)}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := web.NewClient(web.Options{Rate: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	got := &labSink{}
	if _, err := scanner.Run(t.Context(), scanner.Options{
		Client: client, Signatures: selected, Checks: checks.All, Targets: targets, Sinks: []scanner.Sink{got},
	}); err != nil {
		t.Fatal(err)
	}
	for _, o := range got.outcomes {
		if !o.Status.Complete() && !slices.Contains(site.Allow, o.Signature) {
			t.Errorf("%s: %s (%s)", o.Signature, o.Status, o.Reason)
		}
	}
	for id, wants := range site.Want {
		for i, want := range wants {
			if i >= len(got.findings[id]) {
				t.Errorf("%s: %d findings, want %d", id, len(got.findings[id]), len(wants))
				break
			}
			for name, value := range want {
				if v := got.findings[id][i].Hit.Values[name]; fmt.Sprint(v) != fmt.Sprint(value) {
					t.Errorf("%s: %s = %v, want %v", id, name, v, value)
				}
			}
		}
	}
	for id, findings := range got.findings {
		if _, wanted := site.Want[id]; !wanted && !slices.Contains(site.Allow, id) {
			t.Errorf("%s finds something on %s that is not true: %s %v", id, site.Name, findings[0].Hit.URL, findings[0].Hit.Values)
		}
	}
}

// labSink keeps everything by signature.
type labSink struct {
	findings map[string][]scanner.Finding
	outcomes []scanner.Outcome
}

func (s *labSink) Start(scanner.Start) error       { s.findings = map[string][]scanner.Finding{}; return nil }
func (s *labSink) Progress(scanner.Progress) error { return nil }
func (s *labSink) Close(scanner.Summary) error     { return nil }

func (s *labSink) Finding(f scanner.Finding) error {
	s.findings[f.Signature.ID] = append(s.findings[f.Signature.ID], f)
	return nil
}

func (s *labSink) Outcome(o scanner.Outcome) error {
	s.outcomes = append(s.outcomes, o)
	return nil
}
