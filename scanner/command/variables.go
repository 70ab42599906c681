package command

import (
	"errors"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"sotomi/checks"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// otherVariables are patterns of variables that begin like ours and are no settings.
var otherVariables = []string{
	"SOTOMI_LABS", "SOTOMI_LABS_RUNS", "SOTOMI_LAB_SERVERS", "SOTOMI_NEWER_CACHES", "SOTOMI_OUTCOMES", "SOTOMI_KILLS", "SOTOMI_CLUSTER_PART", "SOTOMI_BENCH_*", // of our own tests
	checks.DataVariable,                                           // where imported data are
	"SOTOMI_VERSION", "SOTOMI_IMAGE", "SOTOMI_BIN", "SOTOMI_HOME", // what pipelines that fetch the program like to call things
	"SOTOMI_PORT", "SOTOMI_PORT_*", "SOTOMI_SERVICE_*", "SOTOMI_*_PORT", "SOTOMI_*_PORT_*", "SOTOMI_*_SERVICE_*", // Kubernetes, beside a service sotomi or sotomi-x
}

// variableMistakes are the variables that begin like settings but are none: a misspelt one must not be a setting that is
// silently not there. Those in used are named by a setting. With onlyNear, just those
// that look like a setting count.
func variableMistakes(app *cli.App, used map[string]bool, onlyNear bool) error {
	settings := settingVariables(app)
	var mistakes []error
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "SOTOMI_") || used[name] || slices.Contains(settings, name) || slices.ContainsFunc(otherVariables, func(pattern string) bool {
			match, err := path.Match(pattern, name)
			return match && err == nil
		}) {
			continue
		}
		hint := signature.DidYouMean(name, settings)
		switch {
		case !hint.IsZero():
			mistakes = append(mistakes, message.Errorf("there is no variable %s%s", name, hint))
		case !onlyNear:
			mistakes = append(mistakes, message.Errorf("there is no variable %s; sotomi scan --help has the names of settings", name))
		}
	}
	slices.SortFunc(mistakes, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(mistakes...)
}

// dropEmptyVariables makes a variable that is empty one that is not set: pipelines set those that they have no value for.
func dropEmptyVariables() {
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "SOTOMI_") && value == "" {
			_ = os.Unsetenv(name) // the library says what it makes of the empty one
		}
	}
}

// settingVariables are the variables of all flags.
func settingVariables(app *cli.App) []string {
	var all []string
	var walk func([]*cli.Command)
	walk = func(commands []*cli.Command) {
		for _, c := range commands {
			for _, f := range c.Flags {
				if f, ok := f.(cli.DocGenerationFlag); ok {
					all = append(all, f.GetEnvVars()...)
				}
			}
			walk(c.Subcommands)
		}
	}
	walk(app.Commands)
	return all
}
