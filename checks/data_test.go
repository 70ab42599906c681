package checks

import (
	"testing"

	"sotomi/checks/internal/endoflife"
	"sotomi/checks/scriptlibrary"
	"sotomi/scanner"
	"sotomi/signatures"
)

// A file that does not say where it is from, and of when, would be left out silently, and one that nothing checks could not be
// imported.
func TestData(t *testing.T) {
	all := DataTexts(signatures.FS)
	beside := []string{
		"eccube/eccube.db", "wordpress/wordpress.db", "wordpress/weaknesses.txt", "products/weaknesses.txt",
		"products/basercms.db", "products/concrete-cms.db", "products/drupal.db", "products/zen-cart.db",
	}
	for _, name := range beside {
		if all[name] == "" {
			t.Errorf("%s does not say its source and date", name)
		}
	}
	if want := len(beside) + len(endoflife.Sources()) + len(scriptlibrary.Sources()); len(all) != want {
		t.Errorf("%d files say their source and date, want %d", len(all), want)
	}
	for name, text := range all {
		if scanner.ReadData(name, text) == nil {
			t.Errorf("%s does not say its sources and dates", name)
		}
		if err := checkData(name, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := checkData(name, "broken"); err == nil {
			t.Errorf("%s: a broken file is none of the checks' concern", name)
		}
	}
}

// What is known to be exploited is a source of its own: it ages faster than what it is a mark on.
func TestDataOfExploited(t *testing.T) {
	list, err := Data(signatures.FS)
	if err != nil {
		t.Fatal(err)
	}
	sources := map[string]int{}
	for _, d := range list {
		sources[d.Name]++
	}
	for _, name := range []string{"libraries.txt", "wordpress/weaknesses.txt"} {
		if sources[name] != 2 {
			t.Errorf("%s has %d sources, want its own and that of what is exploited", name, sources[name])
		}
	}
}
