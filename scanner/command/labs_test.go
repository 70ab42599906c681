//go:build unix

package command

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

const labsFolder = "../../checks/testdata/labs"

// lab is the file lab.yaml of a folder in checks/testdata/labs: real servers on loopback, and what is true of them. All
// files of the folder are templates, in which {{port "NAME"}} is a free port, {{dir}} the folder that the lab runs in,
// {{labs}} that of all labs, {{module "NAME"}} the path of an Apache, nginx or lighttpd module, {{java N}} the home of a
// Java of version N or the next after it, {{server "NAME"}} what fetch.sh has put aside, and {{certificate}} a file
// with a key and a certificate. Wanted values are templates as well; in those {{wordpress}} is the release of Debian's WordPress.
type lab struct {
	Needs   []string   `yaml:"needs"`   // programs
	Files   []string   `yaml:"files"`   // of packages
	Servers []string   `yaml:"servers"` // of fetch.sh
	Java    int        `yaml:"java"`    // oldest version that will do; 0 is none
	Start   [][]string `yaml:"start"`   // command lines, templates as well
	Ready   []labStep  `yaml:"ready"`   // in order, before any site is scanned
	Sites   []labSite  `yaml:"sites"`
}

// labStep is a request to a server of the lab, or a command, repeated until it is answered as it should be.
type labStep struct {
	Run   []string `yaml:"run"`   // a command, instead of a request; it ends with status 0
	Input string   `yaml:"input"` // of the command

	Port   string `yaml:"port"`
	Method string `yaml:"method"` // GET when empty
	Path   string `yaml:"path"`
	Body   string `yaml:"body"`
	File   string `yaml:"file"`   // instead of body, in the folder of all labs
	Status int    `yaml:"status"` // 200 when 0
	Says   string `yaml:"says"`   // a part of the answer's body
	TLS    bool   `yaml:"tls"`
}

// labSite is one server of a lab. A safe twin wants nothing.
type labSite struct {
	Name  string                      `yaml:"name"`
	Port  string                      `yaml:"port"` // name of its port
	Path  string                      `yaml:"path"`
	Only  []string                    `yaml:"only"`  // ids or tags of the signatures that are run; all when empty
	Want  map[string][]map[string]any `yaml:"want"`  // values of the findings by signature
	Allow []string                    `yaml:"allow"` // signatures that may find something besides

	TCP      bool `yaml:"tcp"`      // the port alone is the target, not a site
	Insecure bool `yaml:"insecure"` // certificates are not verified
	Blocked  bool `yaml:"blocked"`  // everything asks for a log-in
}

// TestLabs runs the signatures against real servers. A lab whose programs are missing is skipped, unless SOTOMI_LABS is
// "require".
func TestLabs(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: labs take minutes")
	}
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
	if missing := l.missing(); missing != "" {
		if os.Getenv("SOTOMI_LABS") == "require" {
			t.Fatalf("%s is needed and not here", missing)
		}
		t.Skipf("SKIPPED: %s is not here", missing)
	}
	r := &labRun{t: t, dir: labDir(t), ports: map[string]int{}}
	r.copy(filepath.Dir(file))
	for _, line := range l.Start {
		r.start(line)
	}
	for _, step := range l.Ready {
		r.step(step)
	}
	paces, runs, err := sigtest.LabPaces("no_limit")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paces {
		t.Run(p.Name, func(t *testing.T) {
			for run := range max(runs, 1) {
				for _, site := range l.Sites {
					t.Run(fmt.Sprintf("%s/%d", site.Name, run+1), func(t *testing.T) {
						if runs > 0 {
							t.Parallel()
						}
						r.site(t, site, p)
					})
				}
			}
		})
	}
}

// site scans one server and holds the findings against what is true of it.
func (r *labRun) site(t *testing.T, site labSite, p sigtest.Pace) {
	set := &signature.Set{Signatures: ownSignatures(t)}
	selected, err := set.Select(signature.Filter{Only: site.Only})
	if err != nil {
		t.Fatal(err)
	}
	scheme := "http://"
	if site.TCP {
		scheme = "tcp://"
	}
	targets, err := target.Parse([]string{scheme + before(t, p, r.address(t, site)) + site.Path}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := web.NewClient(web.Options{Rate: p.Rate, Insecure: site.Insecure})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	got := &labSink{}
	if _, err := engine.Run(t.Context(), engine.Options{
		Client: client, Signatures: selected, Checks: checks.All, Targets: targets, Sinks: []scanner.Sink{got},
	}); err != nil {
		t.Fatal(err)
	}
	for _, o := range got.outcomes {
		switch {
		case slices.Contains(site.Allow, o.Signature):
		case site.Blocked != (o.Status == scanner.StatusBlocked):
			t.Errorf("%s: %s (%s), want blocked: %t", o.Signature, o.Status, o.Reason, site.Blocked)
		case !o.Status.Complete() && !site.Blocked:
			t.Errorf("%s: %s (%s)", o.Signature, o.Status, o.Reason)
		}
	}
	t.Logf("%s: %s", site.Name, got.told())
	for id, wants := range site.Want {
		if n := len(got.findings[id]); n != len(wants) {
			t.Errorf("%s: %d findings, want %d", id, n, len(wants))
			continue
		}
		for i, want := range wants {
			f := got.findings[id][i]
			for name, value := range want {
				v := f.Hit.Values[name]
				if name == "severity" {
					v = f.Severity
				}
				value = r.render(name, fmt.Sprint(value))
				if fmt.Sprint(v) != value {
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
	scanner.Discard
	findings map[string][]scanner.Finding
	outcomes []scanner.Outcome
	requests int64
}

// told is what a scan came to, in a line.
func (s *labSink) told() string {
	var b strings.Builder
	for _, id := range slices.Sorted(maps.Keys(s.findings)) {
		for _, f := range s.findings[id] {
			fmt.Fprintf(&b, "%s %s %s; ", id, f.Severity, f.Hit.Certainty)
		}
	}
	if b.Len() == 0 {
		b.WriteString("no finding; ")
	}
	fmt.Fprintf(&b, "%d requests", s.requests)
	return b.String()
}

func (s *labSink) Start(scanner.Start) error { s.findings = map[string][]scanner.Finding{}; return nil }

func (s *labSink) Close(sum scanner.Summary) error {
	s.requests = int64(sum.Requests)
	return nil
}

func (s *labSink) Finding(f scanner.Finding) error {
	s.findings[f.Signature.ID] = append(s.findings[f.Signature.ID], f)
	return nil
}

func (s *labSink) Outcome(o scanner.Outcome) error {
	s.outcomes = append(s.outcomes, o)
	return nil
}
