package filehash

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"sotomi/checks/internal/releases"
	"sotomi/scanner/signature"
	"sotomi/signatures"
)

// The product of these tests is EC-CUBE in small: real names of releases and files, in EC-CUBE's order, with generated
// contents. It is looked for with the real signature, whose patterns are so under test too.

// releaseNames are in the order of the database; "pre " stands before alphas, betas and release candidates.
var releaseNames = strings.Split(strings.TrimSpace(`
2.4.4
pre 2.11.0-beta
2.11.0
2.11.5
2.12.3
2.12.3en
2.12.3en-p1
2.12.6
2.13.5
2.13.5-p1
2.25.0
pre 3.0.0-alpha
3.0.0
3.0.18
pre 3.n-alpha6
pre 4.0-beta
4.0.0
4.0.6
4.0.6-p1
4.0.6-p2
4.1.0
pre 4.2.0-rc
4.2.0
4.2.1
pre 4.3.0-beta
4.3.0`), "\n")

func position(release string) int {
	i := slices.IndexFunc(releaseNames, func(s string) bool { return strings.TrimPrefix(s, "pre ") == release })
	if i < 0 {
		panic("no release " + release)
	}
	return i
}

// packageFiles are the files of the package, with the releases in which their contents change: the first that has the
// file, those with a new content, and after a minus the first that has it no more.
//
// So 2.12.3 and the English build differ in site.js only, 4.0.6-p1 and -p2 in package.json only, 4.2.0 and 4.2.1 in no
// file, and 4.3.0-beta and 4.3.0 in nothing at all; front.bundle.js tells 4.1 and later from 4.0 by being there.
var packageFiles = map[string]string{
	"html/js/css.js":              "2.4.4 2.11.0 -2.13.5",
	"html/js/navi.js":             "2.4.4 2.12.3 -2.13.5",
	"html/js/win_op.js":           "2.4.4 2.11.5 -2.13.5",
	"html/js/site.js":             "2.4.4 2.12.3en 2.12.6 -2.13.5",
	"html/js/eccube.js":           "2.11.0 2.12.3 2.13.5 2.13.5-p1 2.25.0 -3.0.0-alpha",
	"html/js/jquery-1.4.2.min.js": "2.11.0 2.12.6 -3.0.0-alpha",

	"html/user_data/packages/default/css/common.css":      "2.4.4 2.11.0-beta 2.12.6 2.13.5 -3.0.0-alpha",
	"html/user_data/packages/default/css/main.css":        "2.4.4 2.12.3en-p1 2.25.0 -3.0.0-alpha",
	"html/user_data/packages/default/img/common/logo.gif": "2.4.4 2.11.0 2.13.5 -3.0.0-alpha",
	"html/install/css/install.css":                        "2.4.4 2.11.5 2.12.3 -3.0.0-alpha",

	"html/template/default/css/style.css":       "3.0.0-alpha 3.0.0 3.0.18 -4.0-beta",
	"html/template/default/js/function.js":      "3.0.0-alpha 3.0.18 3.n-alpha6 -4.0-beta",
	"html/template/default/js/eccube.js":        "3.0.0-alpha 3.0.0 -4.0-beta",
	"html/template/default/img/common/logo.png": "3.0.0-alpha 3.0.18 -4.0-beta",

	"html/template/default/assets/js/eccube.js":            "4.0-beta 4.0.6 4.1.0 4.2.0-rc",
	"html/template/default/assets/js/function.js":          "4.0-beta 4.0.0 4.0.6-p1 4.2.0",
	"html/template/default/assets/css/style.css":           "4.0-beta 4.0.6 4.2.0 4.3.0-beta",
	"html/template/default/assets/css/shop.css":            "4.0-beta 4.1.0",
	"html/template/default/assets/img/top/mv.png":          "4.0-beta 4.1.0 4.3.0-beta",
	"html/template/default/assets/js/vendor/jquery.min.js": "4.0-beta 4.1.0",
	"html/template/admin/assets/js/function.js":            "3.0.0-alpha 3.0.18 4.0-beta 4.0.6-p1 4.3.0-beta",
	"html/template/admin/assets/css/app.css":               "4.0-beta 4.3.0-beta",
	"html/template/install/assets/js/install.js":           "3.0.0-alpha 4.0-beta 4.2.0",
	"html/bundle/front.bundle.js":                          "4.1.0 4.2.0 4.3.0-beta",
	"html/bundle/admin.bundle.js":                          "4.1.0",
	"html/bundle/install.bundle.js":                        "4.1.0 4.3.0-beta",
	"package.json":                                         "4.0-beta 4.0.6-p2 4.1.0 4.2.0",
}

// themeParts are the parts of the theme's templates, by the name of a page and their own, with the releases in which they
// change. The list page tells 4.2.0 and 4.2.1 apart.
var themeParts = map[string]string{
	"frame/header2": "2.4.4 2.11.0 2.13.5 -3.0.0-alpha",
	"frame/header3": "3.0.0-alpha -4.0-beta",
	"frame/header4": "4.0-beta 4.1.0",
	"home/top2":     "2.4.4 2.12.3 -3.0.0-alpha",
	"home/top3":     "3.0.0-alpha 3.0.18 -4.0-beta",
	"home/top4":     "4.0-beta 4.2.0",
	"list/list2":    "2.4.4 2.12.6 -3.0.0-alpha",
	"list/list3":    "3.0.0-alpha -4.0-beta",
	"list/list4":    "4.0-beta 4.0.6 4.2.1",
	"detail/item2":  "2.4.4 2.11.5 -3.0.0-alpha",
	"detail/item3":  "3.0.0-alpha -4.0-beta",
	"detail/item4":  "4.0-beta 4.0.0 4.3.0-beta",
	"login/login2":  "2.4.4 -3.0.0-alpha",
	"login/login4":  "4.0-beta 4.1.0",
}

// pageAddresses are as in the database: that of 2.x, then that of later releases.
var pageAddresses = map[string][]string{
	"frame":  nil,
	"home":   {""},
	"list":   {"products/list.php", "products/list"},
	"detail": {"products/detail.php?product_id=1", "products/detail/1"},
	"login":  {"mypage/login.php", "mypage/login"},
}

// edition is the release in which something last changed up to r, "" when r does not have it.
func edition(changes string, r int) string {
	last := ""
	for change := range strings.FieldsSeq(changes) {
		name, gone := strings.CutPrefix(change, "-")
		switch {
		case position(name) > r:
		case gone:
			last = ""
		default:
			last = name
		}
	}
	return last
}

// contentOf is a file of the package as an edition has it: text in many lines, which for win_op.js begin like a page, or
// an image.
func contentOf(name, edition string) string {
	text := strings.Repeat(fmt.Sprintf("/* %s */\nvar shop = \"%s of %s\";\n", name, name, edition), 3)
	switch path.Ext(name) {
	case ".png", ".gif":
		return "\x89PNG\r\n\x1a\n" + text
	}
	if path.Base(name) == "win_op.js" {
		return "<!--\n" + text
	}
	return text
}

// packageOf is all files of a release with their contents.
func packageOf(release string) map[string]string {
	files := map[string]string{}
	for name, changes := range packageFiles {
		if e := edition(changes, position(release)); e != "" {
			files[name] = contentOf(name, e)
		}
	}
	return files
}

// templateOf is the template of one page of a release. Three lines of each part are shown on condition.
func templateOf(page, release string) string {
	var text strings.Builder
	for _, part := range slices.Sorted(maps.Keys(themeParts)) {
		e := edition(themeParts[part], position(release))
		if path.Dir(part) != page || e == "" {
			continue
		}
		line := func(i int) {
			fmt.Fprintf(&text, "<p class=\"%s-%s-%d\">\n%s of %s, line %d\n</p>\n", path.Base(part), e, i, part, e, i)
		}
		for i := range 6 {
			line(i)
		}
		text.WriteString("{% if shop %}\n")
		for i := range 3 {
			line(10 + i)
		}
		text.WriteString("{% endif %}\n")
	}
	return text.String()
}

// databaseText is the database of the product, written as checks/internal/eccubedb writes that of EC-CUBE.
var databaseText = sync.OnceValue(func() string {
	b := strings.Builder{}
	b.WriteString("next 2.13.5-p1 2.25.0\n")
	for _, name := range releaseNames {
		word, plain := "release", name
		if rest, pre := strings.CutPrefix(name, "pre "); pre {
			word, plain = "pre", rest
		}
		fmt.Fprintf(&b, "%s %s 2020-01-01\n", word, plain)
	}
	for _, name := range slices.Sorted(maps.Keys(packageFiles)) {
		fmt.Fprintf(&b, "file %s\n", name)
		has := map[string][]string{}
		for r, release := range releaseNames {
			if e := edition(packageFiles[name], r); e != "" {
				has[e] = append(has[e], strings.TrimPrefix(release, "pre "))
			}
		}
		for _, e := range slices.SortedFunc(maps.Keys(has), func(a, b string) int { return position(a) - position(b) }) {
			body := contentOf(name, e)
			fmt.Fprintf(&b, " %s:%s:%s %s\n", sum(body), sum(strings.ReplaceAll(body, "\r\n", "\n")), releases.FormsOf(name, []byte(body)).Code, strings.Join(has[e], " "))
		}
	}
	for _, page := range []string{"frame", "home", "list", "detail", "login"} {
		fmt.Fprintln(&b, strings.Join(append([]string{"page", page}, pageAddresses[page]...), " "))
		always, maybe := map[string][]string{}, map[string][]string{}
		for _, release := range releaseNames {
			release = strings.TrimPrefix(release, "pre ")
			sure, unsure := releases.TemplateMarks(templateOf(page, release))
			for mark := range sure {
				always[mark] = append(always[mark], release)
			}
			for mark := range unsure {
				maybe[mark] = append(maybe[mark], release)
			}
		}
		writeGroups(&b, always, maybe)
	}
	return b.String()
})

func writeGroups(b *strings.Builder, always, maybe map[string][]string) {
	type group struct{ always, maybe []string }
	groups := map[string]*group{}
	of := func(list []string) *group {
		key := strings.Join(list, " ")
		if groups[key] == nil {
			groups[key] = &group{}
		}
		return groups[key]
	}
	for _, mark := range slices.Sorted(maps.Keys(always)) {
		g := of(always[mark])
		g.always = append(g.always, mark)
	}
	for _, mark := range slices.Sorted(maps.Keys(maybe)) {
		g := of(maybe[mark])
		g.maybe = append(g.maybe, mark)
	}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		fmt.Fprintf(b, " %s = %s ? %s\n", key, strings.Join(groups[key].always, " "), strings.Join(groups[key].maybe, " "))
	}
}

// sum is the form of contents in the database, computed here by itself.
func sum(body string) string {
	all := sha256.Sum256([]byte(body))
	return fmt.Sprintf("%x", all[:6])
}

// loadSignature is the real signature with the product's database in place of EC-CUBE's. Each pair of edits is replaced
// in its text.
func loadSignature(t *testing.T, edits ...string) *signature.Signature {
	t.Helper()
	return parseSignature(t, strings.NewReplacer(edits...).Replace(signatureText(t)), databaseText())
}

func signatureText(t *testing.T) string {
	t.Helper()
	text, err := signatures.FS.ReadFile("eccube/eccube-version.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func parseSignature(t *testing.T, text, database string) *signature.Signature {
	t.Helper()
	set, err := signature.Load(signature.Sources{Embedded: fstest.MapFS{
		"shop/shop.yaml": {Data: []byte(text)}, "shop/eccube.db": {Data: []byte(database)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return set.Signatures[0]
}
