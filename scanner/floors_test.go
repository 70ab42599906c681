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

// floors is the table of the package comment of doc.go as the owner drew it: which packages of ours each may import.
// Those on the same floor do not know each other. checks/internal/... are tools of floor 4, and what checks and its
// tools share.
var floors = map[string][]string{
	"signatures":        {},
	"scanner/signature": {},
	"scanner/web":       {},
	"scanner/match":     {"scanner/web", "scanner/signature"},
	"scanner":           {"scanner/signature", "scanner/web"},
	"checks":            {"scanner", "scanner/match", "scanner/web", "scanner/signature"},
	"scanner/report":    {"scanner", "scanner/signature"},
	"scanner/sigtest":   {"scanner", "scanner/signature", "scanner/web"},
	"scanner/command": {
		"signatures", "scanner/signature", "scanner/web", "scanner/match", "scanner", "checks", "scanner/report", "scanner/sigtest",
	},
	"": {"scanner/command"},
}

// only are the packages that one floor alone may import, outside of tests.
var only = map[string][]string{
	"gopkg.in/yaml.v3": {"scanner/signature"},

	"github.com/projectdiscovery/retryablehttp-go": {"scanner/web"},
	"golang.org/x/time/rate":                       {"scanner/web"},
	"net/http/cookiejar":                           {"scanner/web"},
	"golang.org/x/net/html/charset":                {"scanner/web"},
	"golang.org/x/text/encoding":                   {"scanner/web"},
	"github.com/PuerkitoBio/goquery":               {"scanner/web"},
	"github.com/andybalholm/brotli":                {"scanner/web"},

	"github.com/projectdiscovery/govaluate": {"scanner/match"},
	"github.com/itchyny/gojq":               {"scanner/match"},
	"github.com/antchfx":                    {"scanner/match"},
	"github.com/hashicorp/go-version":       {"scanner/match"},

	"github.com/owenrumney/go-sarif":      {"scanner/report"},
	"github.com/jstemmer/go-junit-report": {"scanner/report"},
	"github.com/xuri/excelize":            {"scanner/report"},
	"html/template":                       {"scanner/report"},

	"net/http/httptest": {"scanner/sigtest"},

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
	if strings.HasPrefix(i.dir, "checks/internal/") {
		return ""
	}
	may, ok := floors[i.dir]
	if !ok {
		return "the package has no floor: give it one in the table, and in the architecture"
	}
	if i.test {
		return "" // a test may stand on any floor: what it tests runs on real parts
	}
	own, ok := strings.CutPrefix(i.path, module+"/")
	if ok && !slices.Contains(may, own) && !strings.HasPrefix(own, i.dir+"/internal/") {
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
	for _, i := range list {
		if w := wrong(i); w != "" {
			t.Errorf("%s: %s", i.file, w)
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
		"library_elsewhere": {imported{"checks", "a.go", "github.com/projectdiscovery/retryablehttp-go", false}, true},
		"library_below":     {imported{"scanner", "a.go", "github.com/urfave/cli/v2", false}, true},
		"library_alike":     {imported{"scanner", "a.go", "net/http/httptestx", false}, false},
		"test":              {imported{"scanner", "a_test.go", "net/http/httptest", true}, false},
		"own_internal":      {imported{"checks", "a.go", "sotomi/checks/internal/db", false}, false},
		"others_internal":   {imported{"scanner/report", "a.go", "sotomi/checks/internal/db", false}, true},
		"tool":              {imported{"checks/internal/db", "main.go", "sotomi/checks", false}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if got := wrong(c.i); (got != "") != c.wrong {
				t.Errorf("wrong(%+v) = %q", c.i, got)
			}
		})
	}
}
