package scanner

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "sotomi"

// floors are the packages of this module that each may import; a check's own entry covers every package of one check.
// Packages on one floor do not know each other. The lower table, only, holds what a single package may import.
//
//	floor 5   main.go, scanner/command
//	floor 4   checks (the table)              scanner/sigtest   scanner/watch
//	floor 3   checks/NAME (one check each)    scanner/engine    scanner/report    scanner/triage    scanner/history    scanner/notify
//	floor 2   scanner (the contract)          checks/template/match
//	floor 1   scanner/evidence   scanner/payment
//	floor 0   scanner/target   scanner/browser   scanner/cluster   scanner/web   scanner/signature   signatures   scanner/message (anyone may import it)
var floors = map[string][]string{
	"signatures":               {},
	"scanner/message":          {},
	"scanner/signature":        {},
	"scanner/web":              {},
	"scanner/target":           {},
	"scanner/browser":          {},
	"scanner/cluster":          {},
	"scanner/cluster/natstest": {}, // for tests
	"scanner/evidence":         {"scanner/web"},
	"scanner/payment":          {"scanner/browser", "scanner/evidence", "scanner/signature", "scanner/web"},
	"scanner":                  {"scanner/browser", "scanner/evidence", "scanner/payment", "scanner/target", "scanner/signature", "scanner/web"},
	"checks/template/match":    {"scanner/web", "scanner/signature", "checks/internal/endoflife"},
	"scanner/engine":           {"scanner", "scanner/browser", "scanner/evidence", "scanner/target", "scanner/signature", "scanner/web"},
	"scanner/report":           {"scanner", "scanner/browser", "scanner/evidence", "scanner/payment", "scanner/target", "scanner/signature"},
	"scanner/triage":           {"scanner", "scanner/target", "scanner/signature"},
	"scanner/history":          {},
	"scanner/notify":           {},
	"scanner/watch":            {"scanner", "scanner/history", "scanner/report", "scanner/signature", "scanner/triage"},
	"scanner/sigtest":          {"scanner", "scanner/engine", "scanner/payment", "scanner/target", "scanner/signature", "scanner/web"},
	"scanner/command": {
		"signatures", "scanner/signature", "scanner/web", "scanner/target", "scanner/evidence", "scanner", "scanner/engine", "checks",
		"checks/template/match", "scanner/report", "scanner/sigtest", "scanner/triage",
		"scanner/history", "scanner/notify", "scanner/watch", "scanner/payment", "scanner/cluster",
	},
	"": {"scanner/command"},

	"checks/template":      append(ofChecks(), "checks/template/match"),
	"checks/cacheleak":     ofChecks(),
	"checks/elasticsearch": append(ofChecks(), "checks/internal/datanames"),
	"checks/filehash":      append(ofChecks(), "checks/internal/releases"),
	"checks/pagechange":    ofChecks(),
	"checks/paymentpage":   append(ofChecks(), "scanner/browser", "scanner/payment"),
	"checks/port":          ofChecks(),
	"checks/scriptlibrary": append(ofChecks(), "checks/internal/datafile"),
	"checks/ssi":           ofChecks(),
	"checks/store":         append(ofChecks(), "checks/internal/datanames", "checks/internal/endoflife"),
	"checks/transport":     ofChecks(),
	"checks/product":       append(ofChecks(), "checks/internal/endoflife", "checks/internal/releases", "checks/internal/staticfiles", "checks/internal/weaknesses"),
	"checks/wordpress":     append(ofChecks(), "checks/internal/releases", "checks/internal/staticfiles", "checks/internal/weaknesses"),
	"checks": {
		"scanner", "checks/template", "checks/cacheleak", "checks/elasticsearch", "checks/filehash", "checks/pagechange", "checks/paymentpage", "checks/port",
		"checks/scriptlibrary", "checks/ssi", "checks/store", "checks/transport", "checks/wordpress", "checks/product", "checks/internal/endoflife",
		"checks/internal/datafile", "checks/internal/releases", "checks/internal/weaknesses",
	},
	"checks/internal/releases":    {"scanner/web"},
	"checks/internal/mutants":     {},
	"checks/internal/gitclone":    {},
	"checks/internal/eccubegit":   {},
	"checks/internal/eccubedb":    {"checks/internal/eccubegit", "checks/internal/gitclone", "checks/internal/releases"},
	"checks/internal/librarydb":   {"checks/internal/gitclone"},
	"checks/internal/productdb":   {"checks/internal/staticdb", "checks/internal/weaknesses"},
	"checks/internal/staticdb":    {"checks/internal/gitclone", "checks/internal/releases"},
	"checks/internal/staticfiles": {"scanner", "scanner/evidence", "scanner/web", "checks/internal/releases"},
	"checks/internal/weaknesses":  {"scanner"},
	"checks/internal/wordpressdb": {"checks/internal/gitclone", "checks/internal/staticdb"},
	"checks/internal/datafile":    {"scanner"},
	"checks/internal/datanames":   {},
	"checks/internal/databundle":  {"checks", "checks/internal/datafile", "signatures"},
	"checks/internal/endoflife":   {"checks/internal/datafile"},
	"checks/internal/endoflifedb": {"checks/internal/endoflife", "checks/internal/gitclone"},
	"checks/internal/eccubebench": { // a measuring tool: it serves shops and scans them
		"scanner", "scanner/engine", "scanner/target", "scanner/signature", "scanner/web", "scanner/sigtest", "checks/filehash", "checks/internal/eccubegit",
		"checks/internal/gitclone", "signatures",
	},
}

// ofChecks are the packages that a check may import; no check imports another.
func ofChecks() []string {
	return []string{"scanner", "scanner/evidence", "scanner/target", "scanner/signature", "scanner/web"}
}

// only are the packages that one floor alone may import, outside of tests.
var only = map[string][]string{
	"gopkg.in/yaml.v3": {"scanner/signature", "scanner/target", "checks/internal/endoflifedb"},

	"github.com/projectdiscovery/retryablehttp-go": {"scanner/web"},
	"golang.org/x/time/rate":                       {"scanner/web"},
	"net/http/cookiejar":                           {"scanner/web"},
	"golang.org/x/net/html/charset":                {"scanner/web"},
	"golang.org/x/text/encoding":                   {"scanner/web", "checks/internal/eccubebench", "checks/internal/eccubedb"},
	"github.com/andybalholm/brotli":                {"scanner/web"},

	"github.com/projectdiscovery/govaluate": {"checks/template/match"},
	"github.com/itchyny/gojq":               {"checks/template/match"},
	"github.com/antchfx":                    {"checks/template/match"},
	"github.com/hashicorp/go-version":       {"checks/template/match", "checks/elasticsearch"},

	"github.com/owenrumney/go-sarif":      {"scanner/report"},
	"github.com/jstemmer/go-junit-report": {"scanner/report"},
	"github.com/tdewolff/parse":           {"scanner/payment"},
	"github.com/aymanbagabas/go-udiff":    {"scanner/payment"},
	"github.com/xuri/excelize":            {"scanner/report"},
	"github.com/chromedp":                 {"scanner/browser"},
	"github.com/CycloneDX":                {"scanner/report"},
	"html/template":                       {"scanner/report"},

	"modernc.org/sqlite":                 {"scanner/history"},
	"github.com/gofrs/flock":             {"scanner/history"},
	"github.com/nicholas-fedor/shoutrrr": {"scanner/notify"},
	"github.com/robfig/cron":             {"scanner/watch"},

	"github.com/nats-io": {"scanner/cluster", "scanner/cluster/natstest"},

	"net/http/httptest": {"scanner/sigtest", "checks/internal/eccubebench"},

	"github.com/nicksnyder/go-i18n": {"scanner/message"},

	"github.com/urfave/cli":          {"scanner/command"},
	"github.com/schollz/progressbar": {"scanner/command"},
}

// imported is one import of one file.
type imported struct {
	dir, file, path string
	test            bool
}

func imports(t *testing.T, root string) []imported {
	t.Helper()
	var list []imported
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || name != "." && strings.HasPrefix(d.Name(), ".")):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		dir := strings.TrimPrefix(path.Dir(name), ".")
		list = append(list, imported{dir: dir, file: name}) // a file that imports nothing has a floor too
		for _, i := range f.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			list = append(list, imported{dir, name, p, strings.HasSuffix(name, "_test.go")})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// wrong says what an import breaks, "" if nothing.
func wrong(i imported) string {
	may, ok := floors[i.dir]
	if !ok {
		return "the package has no floor: give it one in the table, and in the architecture"
	}
	if i.test {
		return "" // a test may stand on any floor: what it tests runs on real parts
	}
	own, ok := strings.CutPrefix(i.path, module+"/")
	if ok && own != "scanner/message" && !slices.Contains(may, own) {
		return "may not import " + i.path
	}
	for library, owners := range only {
		if (i.path == library || strings.HasPrefix(i.path, library+"/")) && !slices.Contains(owners, i.dir) {
			return "may not import " + i.path + ": only " + strings.Join(owners, ", ") + " may"
		}
	}
	return ""
}

func TestFloors(t *testing.T) {
	list := imports(t, "..")
	if len(list) < 50 {
		t.Fatalf("only %d imports found: is this the repository?", len(list))
	}
	seen := map[string]bool{}
	for _, i := range list {
		if _, known := floors[i.dir]; !known && seen[i.dir] {
			continue // said once
		}
		seen[i.dir] = true
		if w := wrong(i); w != "" {
			t.Errorf("%s: %s", i.file, w)
		}
	}
	for dir := range floors {
		if !seen[dir] {
			t.Errorf("the table names %q, which is no package", dir)
		}
	}
}

func TestFloorsAreHeld(t *testing.T) {
	cases := map[string]struct {
		i     imported
		wrong bool
	}{
		"down":              {imported{"scanner", "a.go", "sotomi/scanner/web", false}, false},
		"up":                {imported{"scanner/web", "a.go", "sotomi/scanner", false}, true},
		"sideways":          {imported{"scanner/report", "a.go", "sotomi/checks", false}, true},
		"two_floors_down":   {imported{"", "main.go", "sotomi/scanner/web", false}, true},
		"no_floor":          {imported{"scanner/other", "a.go", "fmt", false}, true},
		"no_floor_no_deps":  {imported{"other", "a.go", "", false}, true},
		"library":           {imported{"scanner/web", "a.go", "github.com/projectdiscovery/retryablehttp-go", false}, false},
		"a_check_another":   {imported{"checks/ssi", "a.go", "sotomi/checks/transport", false}, true},
		"library_elsewhere": {imported{"checks", "a.go", "github.com/projectdiscovery/retryablehttp-go", false}, true},
		"library_below":     {imported{"scanner", "a.go", "github.com/urfave/cli/v2", false}, true},
		"library_alike":     {imported{"scanner", "a.go", "net/http/httptestx", false}, false},
		"test":              {imported{"scanner", "a_test.go", "net/http/httptest", true}, false},
		"data_of_a_check":   {imported{"checks/filehash", "a.go", "sotomi/checks/internal/releases", false}, false},
		"data_of_another":   {imported{"checks/ssi", "a.go", "sotomi/checks/internal/releases", false}, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := wrong(c.i); (got != "") != c.wrong {
				t.Errorf("wrong(%+v) = %q", c.i, got)
			}
		})
	}
}
