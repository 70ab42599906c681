package command

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/signature"
	"sotomi/signatures"
)

// rangesChecks judge releases by data alone: their cases have no server whose answer could be made up.
var rangesChecks = []string{releaseRange, productWeaknesses}

// TestSources holds the cases of every embedded signature to be drawn from life: each that finds something names in a
// comment "# from:" the product that was started, or the source that was read, and each signature has a near miss.
func TestSources(t *testing.T) {
	for _, s := range ownSignatures(t) {
		if slices.Contains(rangesChecks, s.Check) {
			continue
		}
		t.Run(s.ID, func(t *testing.T) {
			text, err := fs.ReadFile(signatures.FS, s.File)
			if err != nil {
				t.Fatal(err)
			}
			sources := sourcesOf(ownPart(string(text), s.ID))
			if len(sources) != len(s.Tests) {
				t.Fatalf("%s: %d cases found by their text, %d by their meaning", s.File, len(sources), len(s.Tests))
			}
			for i, c := range s.Tests {
				if len(c.Want) > 0 && sources[i] == "" {
					t.Errorf("%s: case %q finds something and does not say where its answer is from; "+
						"record one from the product, or read its source, and name it in a comment: # from: PRODUCT VERSION, started here", s.File, c.Name)
				}
			}
			if !slices.ContainsFunc(s.Tests, func(c signature.Case) bool { return len(c.Want) == 0 }) {
				t.Errorf("%s: no case that comes close and finds nothing", s.File)
			}
		})
	}
}

var (
	caseBegins = regexp.MustCompile(`^  - name: `)
	fromRemark = regexp.MustCompile(`(?:^|\s)# from: (\S.*)$`)
)

// ownPart is the part of a file that is about one signature, as a file of its own has it: the whole, or its row of a list.
func ownPart(file, id string) string {
	_, row, listed := strings.Cut(file, "\n  - id: "+id+"\n")
	if !listed {
		return file
	}
	row, _, _ = strings.Cut(row, "\n  - id: ")
	return strings.ReplaceAll("\n"+row, "\n    ", "\n")
}

// sourcesOf are the sources that the cases of a file name, in their order; "" for a case that names none. A remark belongs
// to the case that it is in, or right above.
func sourcesOf(file string) []string {
	_, cases, _ := strings.Cut(file, "\ntests:\n")
	var sources []string
	var above string
	for line := range strings.Lines(cases) {
		line = strings.TrimRight(line, "\r\n")
		var source string
		if m := fromRemark.FindStringSubmatch(line); m != nil {
			source = m[1]
		}
		switch {
		case caseBegins.MatchString(line):
			if source == "" {
				source = above
			}
			sources, above = append(sources, source), ""
		case source != "" && strings.HasPrefix(line, "  #"):
			above = source
		case source != "" && len(sources) > 0:
			sources[len(sources)-1] = source
		}
	}
	return sources
}

// TestSourcesOfText holds to which case a remark belongs.
func TestSourcesOfText(t *testing.T) {
	file := `id: x
http:
  - name: not a case # from: nowhere
tests:
  # from: git 2.39, started here
  - name: above
    want: [{}]
  - name: none
    serve: {/: {body: "x"}}
    want: [{}]
  - name: on the line # from: zip 3.0, started here
    want: [{}]
  - name: within
    serve:
      # from: nginx/nginx src/core/nginx.h at release-1.26.2
      /: {body: "x"}
    want: [{}]
  - name: empty # from:
  # a remark about the next one
  - name: remark without a source
    serve: {/: {body: "x#from: y"}}
`
	want := []string{"git 2.39, started here", "", "zip 3.0, started here", "nginx/nginx src/core/nginx.h at release-1.26.2", "", ""}
	if diff := cmp.Diff(want, sourcesOf(file)); diff != "" {
		t.Errorf("sources (-want +got):\n%s", diff)
	}
}
