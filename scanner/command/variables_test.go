package command

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestOurVariablesAreAllowed: every variable that our code, tests and tools know is a setting or is on the list.
func TestOurVariablesAreAllowed(t *testing.T) {
	found := 0
	err := filepath.WalkDir("../..", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && (d.Name() == ".git" || d.Name() == "script") { // the scripts have misspelt ones
				return fs.SkipDir
			}
			return err
		}
		if base := filepath.Base(name); base == "variables_test.go" || base == "terminal_test.go" { // so have these
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, variable := range regexp.MustCompile(`SOTOMI_[A-Z_]+`).FindAllString(string(text), -1) {
			found++
			t.Setenv(variable, "1")
		}
		return nil
	})
	if err != nil || found < 10 {
		t.Fatalf("%d variables, %v", found, err)
	}
	if err := variableMistakes((&environment{}).app(), nil, false); err != nil {
		t.Error(err)
	}
}

func TestVariableMistakes(t *testing.T) {
	t.Setenv("SOTOMI_LABS", "require")
	t.Setenv("SOTOMI_DB_SERVICE_PORT_HTTP", "80")
	t.Setenv("SOTOMI_FAILON", "x")
	t.Setenv("SOTOMI_CONCURENCY", "x")
	t.Setenv("SOTOMI_SHOP_TOKEN", "x")
	app := (&environment{}).app()
	near := "there is no variable SOTOMI_CONCURENCY; did you mean \"SOTOMI_CONCURRENCY\"?\nthere is no variable SOTOMI_FAILON; did you mean \"SOTOMI_FAIL_ON\"?"
	far := near + "\nthere is no variable SOTOMI_SHOP_TOKEN; sotomi scan --help has the names of settings"
	for _, c := range []struct {
		used map[string]bool
		near bool
		want string
	}{{nil, true, near}, {nil, false, far}, {map[string]bool{"SOTOMI_SHOP_TOKEN": true}, false, near}} {
		if err := variableMistakes(app, c.used, c.near); err == nil || err.Error() != c.want {
			t.Errorf("used %v, near %v: %v, want %s", c.used, c.near, err, c.want)
		}
	}
}
