//go:build unix

package command

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/signature"
	"sotomi/signatures"
)

const exposedPage = "../../docs/stores-and-consoles.md"

var updateExposed = flag.Bool("update-exposed", false, "write docs/stores-and-consoles.md anew")

// exposed is a product that should not face the net, and what its remedy has to name.
type exposed struct {
	name  string
	ids   []string // its signatures; the first says what to do about it
	bind  string   // by which it listens on the same machine or an inner address only; empty where why says that there is nothing to set
	login string   // by which it asks for a log-in; the same
	why   string
}

// servedBySite is why an application of a web server has no address of its own to set.
const servedBySite = "part of a site, at the address of its web server"

// exposedProducts are those that TestExposedProducts holds to their remedies, in the order of the page.
var exposedProducts = slices.Concat(exposedStores, exposedConsoles, exposedParts)

// TestExposedProducts holds the remedies of stores and consoles to name the product's own settings, in both languages, and the
// page to say what stands in the signatures.
func TestExposedProducts(t *testing.T) {
	own := map[string]*signature.Signature{}
	for _, s := range ownSignatures(t) {
		own[s.ID] = s
	}
	for _, p := range exposedProducts {
		for _, id := range p.ids {
			if own[id] == nil {
				t.Errorf("%s: no signature %s", p.name, id)
			}
		}
		s := own[p.ids[0]]
		if s == nil {
			continue
		}
		if (p.bind == "" || p.login == "") == (p.why == "") {
			t.Errorf("%s: a reason belongs to a product that lacks a setting, and to no other: %q", p.name, p.why)
		}
		for _, setting := range []string{p.bind, p.login} {
			for language, remedy := range map[string]string{"English": s.Info.Remediation, "Japanese": s.Info.JA.Remediation} {
				if !strings.Contains(remedy, setting) {
					t.Errorf("%s: the remedy in %s does not name %q:\n%s", s.ID, language, setting, remedy)
				}
			}
		}
	}
	page := exposedTable(t, own)
	if *updateExposed {
		if err := os.WriteFile(exposedPage, []byte(page), 0o644); err != nil { //nolint:gosec // a page of the repository
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(exposedPage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(text), page); diff != "" {
		t.Errorf("%s is not that of the signatures; run the test with -update-exposed (-want +got):\n%s", exposedPage, diff)
	}
}

// TestExposedProductsAreWhole has every signature of a store or console named on the page. Gateways and file transfer are made to
// face the net.
func TestExposedProductsAreWhole(t *testing.T) {
	named := map[string]bool{}
	for _, p := range exposedProducts {
		for _, id := range p.ids {
			named[id] = true
		}
	}
	for _, s := range ownSignatures(t) {
		folder := filepath.Dir(s.File)
		if slices.Contains([]string{"admin", "stores"}, folder) && !named[s.ID] && !slices.Contains(s.Info.Tags, "kev") {
			t.Errorf("%s stands on no row of %s", s.ID, exposedPage)
		}
	}
}

// exposedTable is the page.
func exposedTable(t *testing.T, own map[string]*signature.Signature) string {
	t.Helper()
	labs := labsBySignature(t)
	var b strings.Builder
	b.WriteString(exposedBegin)
	for _, part := range []struct {
		title    string
		products []exposed
	}{{"Data stores, remote desktops and files", exposedStores}, {"Consoles and services over HTTP", exposedConsoles}, {"Parts of a site", exposedParts}} {
		fmt.Fprintf(&b, "\n## %s\n\n| product | signatures | the case is from | real server | listens inside only by | asks for a log-in by |\n|---|---|---|---|---|---|\n", part.title)
		for _, p := range part.products {
			var found []string
			for _, id := range p.ids {
				found = append(found, labs[id]...)
			}
			slices.Sort(found)
			real := strings.Join(slices.Compact(found), ", ")
			if real == "" {
				real = "-"
			}
			bind, login := code(p.bind), code(p.login)
			if p.bind == "" {
				bind = p.why
			}
			if p.login == "" {
				login = p.why
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", p.name, code(strings.Join(p.ids, "`, `")), firstSource(t, own[p.ids[0]]), real, bind, login)
		}
	}
	b.WriteString(wholeSiteBegin)
	for _, console := range wholeSite {
		below := code(console.below)
		if console.below == "" {
			below = "not: " + console.why
		}
		fmt.Fprintf(&b, "| %s | %s |\n", code(console.id), below)
	}
	return b.String()
}

// code is a setting as a page shows it.
func code(s string) string { return "`" + strings.ReplaceAll(s, "|", `\|`) + "`" }

// firstSource is where the first case of a signature that finds something is from.
func firstSource(t *testing.T, s *signature.Signature) string {
	t.Helper()
	if s == nil {
		return "-"
	}
	text, err := fs.ReadFile(signatures.FS, s.File)
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sourcesOf(ownPart(string(text), s.ID)) {
		if source != "" {
			return strings.ReplaceAll(strings.ReplaceAll(source, "|", `\|`), "_", `\_`)
		}
	}
	return "-"
}

var storeLab = regexp.MustCompile(`(?m)^func (TestReal\w+)\(`)

// labsBySignature are the real servers that each signature is run against: labs in which it finds something, and tests of stores.
func labsBySignature(t *testing.T) map[string][]string {
	t.Helper()
	labs := map[string][]string{}
	files, err := filepath.Glob(filepath.Join(labsFolder, "*", "lab.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no labs in %s: %v", labsFolder, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var l lab
		if err := signature.DecodeFile(file, text, &l); err != nil {
			t.Fatal(err)
		}
		for _, site := range l.Sites {
			for id := range site.Want {
				labs[id] = append(labs[id], filepath.Base(filepath.Dir(file)))
			}
		}
	}
	there := map[string]bool{}
	files, err = filepath.Glob("../../checks/store/labs_*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range storeLab.FindAllStringSubmatch(string(text), -1) {
			there[m[1]] = true
		}
	}
	for id, test := range storeTests {
		if !there[test] {
			t.Errorf("%s: no %s in checks/store", id, test)
		}
		labs[id] = append(labs[id], test)
	}
	return labs
}
