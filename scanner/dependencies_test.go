package scanner

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestDependenciesAreExplained: docs/dependencies.md names each module that go.mod requires directly, and no other.
func TestDependenciesAreExplained(t *testing.T) {
	names := func(file, expression string) []string {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, m := range regexp.MustCompile(expression).FindAllStringSubmatch(string(text), -1) {
			list = append(list, m[1])
		}
		slices.Sort(list)
		return list
	}
	required := names("../go.mod", `(?m)^(?:require )?\t?([a-z]+\.[^ \t]+) v[^ \n]+$`)
	explained := names("../docs/dependencies.md", "`([a-z]+(?:\\.[a-z]+)+/[^` ]+)`")
	if len(required) < 10 || !slices.Equal(required, explained) {
		t.Errorf("go.mod requires\n%q\ndocs/dependencies.md explains\n%q", required, explained)
	}
}
