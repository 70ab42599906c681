package scriptlibrary

import (
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"
)

func libraries(t *testing.T) []*library {
	t.Helper()
	list, err := known()
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// The test cases of the data's makers: each address names one library, in that version.
func TestAddressesOfTheDatasOwnCases(t *testing.T) {
	text, err := os.ReadFile("testdata/testcases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]map[string]struct {
		Versions, Subversions, AdditionalVersions []string
		ContentOnly                               bool
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	list, n := libraries(t), 0
	for name, addresses := range cases {
		for template, c := range addresses {
			if c.ContentOnly {
				continue
			}
			subversions := c.Subversions
			if len(subversions) == 0 {
				subversions = []string{""}
			}
			for _, version := range append(c.Versions, c.AdditionalVersions...) {
				for _, sub := range subversions {
					n++
					address := strings.NewReplacer("§§version§§", version, "§§subversion§§", sub).Replace(template)
					u, err := url.Parse(address)
					if err != nil {
						t.Fatal(err)
					}
					got := inAddress(list, u, false)
					if len(got) != 1 || got[0].library.Name != name || !strings.HasPrefix(got[0].version, version) {
						t.Errorf("%s names %s, want %s %s", address, describe(got), name, version)
					}
				}
			}
		}
	}
	if n < 387 {
		t.Errorf("only %d addresses", n)
	}
	t.Logf("%d addresses", n)
}

func describe(list []told) string {
	var names []string
	for _, t := range list {
		names = append(names, t.library.Name+" "+t.version)
	}
	return "[" + strings.Join(names, ", ") + "]"
}
