package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http/httptest"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"sotomi/checks/filehash"
	"sotomi/checks/internal/gitclone"
	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

// scenario is what happened to a shop.
type scenario struct {
	name        string
	folder      string  // where the shop is, with a slash at the end
	packageRoot bool    // the whole package is the document root in every line
	homeOnly    bool    // only the first page is there
	ownTheme    bool    // pages show none of the product's own marks beyond addresses
	crlf        bool    // text was converted on upload
	delivery    string  // what the server does to scripts and style sheets: "minify", "mark", "comment", "rename", "hash"
	missing     float64 // share of the static files that are gone
	edited      float64 // share of the scripts and style sheets that were changed
	skimmer     bool    // somebody added a line to one core script that the first page loads
	told        float64 // promised share of those shops whose changed core script is told
	truth       float64 // promised share of the shops whose release is in the answer
	exact       float64 // promised share of the shops whose answer is exact
}

// beside is the promised share of shops whose changed core script is told: all but those of releases beside a number that the
// data skip, for the script may be that of the release which has the number.
const beside = 0.9

func scenarios() []scenario {
	return []scenario{
		{name: "as released", folder: "/", truth: 1, exact: 0.97},
		{name: "subfolder", folder: "/shop/", truth: 1, exact: 0.97},
		{name: "package is the root", folder: "/", packageRoot: true, truth: 1, exact: 0.97},
		{name: "line ends CRLF", folder: "/", crlf: true, truth: 1},
		{name: "CRLF and a theme of its own", folder: "/", crlf: true, ownTheme: true, truth: 1},
		{name: "minified", folder: "/", delivery: "minify", truth: 1, exact: 0.9},
		{name: "byte order mark added", folder: "/", delivery: "mark", truth: 1, exact: 0.9},
		{name: "comment added", folder: "/", delivery: "comment", truth: 1, exact: 0.9},
		{name: "variables renamed", folder: "/", delivery: "rename", truth: 0.98},
		{name: "names with a hash", folder: "/", delivery: "hash", truth: 1},
		{name: "first page only", folder: "/", homeOnly: true, truth: 1},
		{name: "30% lost, 20% edited", folder: "/", missing: 0.3, edited: 0.2, truth: 0.99},
		{name: "30% lost, 20% edited (2)", folder: "/", missing: 0.3, edited: 0.2, truth: 0.99},
		{name: "30% lost, 20% edited (3)", folder: "/", missing: 0.3, edited: 0.2, truth: 0.99},
		{name: "half lost, half edited", folder: "/shop/", missing: 0.5, edited: 0.5, truth: 0.95},
		{name: "skimmer", folder: "/", skimmer: true, told: beside, truth: 1},
		{name: "skimmer, line ends CRLF", folder: "/", skimmer: true, crlf: true, told: beside, truth: 1},
		{name: "skimmer, minified", folder: "/", skimmer: true, delivery: "minify", told: beside, truth: 1},
		{name: "skimmer, byte order mark", folder: "/", skimmer: true, delivery: "mark", told: beside, truth: 1},
		{name: "skimmer, comment added", folder: "/", skimmer: true, delivery: "comment", told: beside, truth: 1},
		{name: "skimmer, variables renamed", folder: "/", skimmer: true, delivery: "rename", truth: 0.98},
		{name: "skimmer, 10% edited", folder: "/", skimmer: true, edited: 0.1, told: 0.85, truth: 0.99},
	}
}

type bench struct {
	options   options
	clones    []*clone
	releases  []*release
	client    *web.Client
	signature *signature.Signature
	check     scanner.Check
	core      []*regexp.Regexp // names of core scripts
}

func newBench(o options) (*bench, error) {
	b := &bench{options: o}
	set, err := signature.Load(signature.Sources{Embedded: signatures.FS})
	if err != nil {
		return nil, err
	}
	for _, s := range set.Signatures {
		if s.ID == "eccube-version" {
			b.signature = s
		}
	}
	if b.check, err = filehash.New(b.signature); err != nil {
		return nil, err
	}
	var with map[string]any
	if err := b.signature.With.Decode(&with); err != nil {
		return nil, err
	}
	for _, pattern := range with["core"].([]any) { //nolint:forcetypeassert // the check has read it
		b.core = append(b.core, regexp.MustCompile(pattern.(string)))
	}
	if b.client, err = web.NewClient(web.Options{Rate: -1}); err != nil {
		return nil, err
	}
	for i, majors := range []string{"12", "34"} {
		if err := b.open(o.dirs[i], majors); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// open adds the stable releases of a clone, as the database lists them.
func (b *bench) open(dir, majors string) error {
	c, err := openClone(gitclone.Clones{Dirs: b.options.dirs}, dir)
	if err != nil {
		return err
	}
	b.clones = append(b.clones, c)
	tags, err := c.tags()
	if err != nil {
		return err
	}
	text, err := b.signature.ReadFile("eccube.db")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text)) {
		rest, ok := strings.CutPrefix(line, "release ")
		name, _, _ := strings.Cut(rest, " ")
		if !ok || !strings.Contains(majors, name[:1]) {
			continue
		}
		r := &release{name: name, clone: c}
		for _, tag := range []string{name, "eccube-" + name, "eccube-" + name + "-rel"} {
			if tags[tag] {
				r.tag = tag
			}
		}
		if r.files, err = c.treeOf(r); err != nil {
			return err
		}
		b.releases = append(b.releases, r)
	}
	return nil
}

func (b *bench) close() {
	for _, c := range b.clones {
		c.close()
	}
	b.client.Close()
}

func (b *bench) has(name string) bool {
	return slices.ContainsFunc(b.releases, func(r *release) bool { return r.name == name })
}

// classify finds which releases give out the very same bytes in static files and pages.
func (b *bench) classify(s scenario) error {
	s.folder, s.packageRoot = "/", false
	for _, r := range b.releases {
		h, err := newShop(r, s)
		if err != nil {
			return err
		}
		sum := sha256.New()
		for _, name := range slices.Sorted(maps.Keys(r.files)) {
			at, user := strings.CutPrefix(name, "html/install/user_data/")
			if user && path.Ext(at) != ".php" && path.Ext(at) != ".tpl" {
				fmt.Fprintf(sum, "user_data %s %s\n", at, r.files[name])
			}
			if !h.hidden(name) && !slices.Contains(huge, name) {
				fmt.Fprintf(sum, "%s %s\n", name, r.files[name])
			}
		}
		for _, at := range slices.Sorted(maps.Keys(h.pages)) {
			fmt.Fprintf(sum, "%s %s\n", at, strings.Join(strings.Fields(h.pages[at]), " "))
		}
		r.class = fmt.Sprintf("%x", sum.Sum(nil))
	}
	return nil
}

// huge are public files that a polite scanner does not ask for: a table of all postal codes.
var huge = []string{"html/admin/basis/KEN_ALL.CSV"}

func (b *bench) classes() map[string][]string {
	classes := map[string][]string{}
	for _, r := range b.releases {
		classes[r.class] = append(classes[r.class], r.name)
	}
	return classes
}

// result is how a scenario went.
type result struct {
	shops, truth, exact, candidates, requests, most int
	accused                                         int // shops with a core script called modified
	skimmed, told                                   int // shops with a changed core script, and those of them where it is told
	problems                                        []string
}

func (r result) line(s scenario) string {
	n := float64(max(1, r.shops))
	told := ""
	if s.skimmer {
		told = fmt.Sprintf("  %4d/%d told", r.told, r.skimmed)
	}
	return fmt.Sprintf("%-28s %4d/%-4d %4d/%-4d %11.2f %15.1f %15d %9d", s.name, r.truth, r.shops, r.exact, r.shops, float64(r.candidates)/n, float64(r.requests)/n, r.most, r.accused) + told
}

func (r result) good(s scenario) bool {
	return (s.edited > 0 || r.accused == 0) && float64(r.told) >= s.told*float64(r.skimmed) && float64(r.truth) >= s.truth*float64(r.shops) && float64(r.exact) >= s.exact*float64(r.shops)
}

// scenario scans a shop of every release.
func (b *bench) scenario(ctx context.Context, s scenario) (result, error) {
	var out result
	if err := b.classify(s); err != nil {
		return out, err
	}
	classes := b.classes()
	for _, r := range b.releases {
		if b.has(b.options.only) && b.options.only != r.name {
			continue
		}
		candidates, modified, requests, err := b.look(ctx, r, s)
		if err != nil {
			return out, err
		}
		out.shops++
		out.requests += requests
		out.most = max(out.most, requests)
		out.candidates += len(candidates)
		wrong := slices.DeleteFunc(slices.Clone(modified), func(name string) bool { return "html/"+name == r.skimmed })
		if len(wrong) > 0 {
			out.accused++
		}
		if s.skimmer && r.skimmed != "" {
			out.skimmed++
			if len(wrong) < len(modified) {
				out.told++
			} else {
				out.problems = append(out.problems, fmt.Sprintf("%s: %s is not told, %d requests, %v", r.name, r.skimmed, requests, candidates))
			}
		}
		if len(wrong) > 0 && s.edited == 0 {
			out.problems = append(out.problems, fmt.Sprintf("%s: called modified: %v", r.name, modified))
		}
		in := slices.Contains(candidates, r.name)
		exact := slices.Equal(candidates, classes[r.class])
		if in {
			out.truth++
		}
		if exact {
			out.exact++
		}
		if b.options.verbose || !in || s.exact > 0 && !exact {
			out.problems = append(out.problems, fmt.Sprintf("%s: %d requests: %v, best possible %v", r.name, requests, candidates, classes[r.class]))
		}
	}
	return out, nil
}

// look serves a release and scans it. It returns the candidates, the core scripts called modified and the number of requests.
func (b *bench) look(ctx context.Context, r *release, s scenario) (candidates, modified []string, requests int, err error) {
	h, err := newShop(r, s)
	if err != nil {
		return nil, nil, 0, err
	}
	h.verbose = b.options.verbose
	r.skimmed = ""
	if s.skimmer {
		r.skimmed = h.coreScript(b.core)
	}
	server := httptest.NewServer(h)
	defer server.Close()
	u, err := url.Parse(server.URL + h.base)
	if err != nil {
		return nil, nil, 0, err
	}
	findings, outcome := engine.RunCheck(ctx, b.client, target.Target{URL: u}, b.signature, b.check, signature.SafetyPassive)
	for _, line := range h.log {
		fmt.Println("       ", line)
	}
	if len(findings) == 0 {
		return nil, nil, int(h.requests.Load()), nil
	}
	candidates, ok := findings[0].Hit.Values["candidates"].([]string)
	if !ok {
		return nil, nil, 0, fmt.Errorf("%s: no candidates in %v (%s)", r.name, findings[0].Hit.Values, outcome.Reason)
	}
	modified, _ = findings[0].Hit.Values["modified"].([]string)
	return candidates, modified, int(h.requests.Load()), nil
}
