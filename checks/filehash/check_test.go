package filehash

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"sotomi/scanner"
)

// The path that pages start at has further names for lines of releases, so that signatures for one line ask nothing of
// shops of another.
func TestFurtherNamesOfTheBase(t *testing.T) {
	for release, c := range map[string]struct {
		layout layout
		want   scanner.Values
	}{
		"2.4.4":    {layout{}, scanner.Values{"base2": "/"}},
		"2.25.0":   {layout{folder: "/shop/", nested: true}, scanner.Values{"base2": "/shop/html/", "above2": "/shop/"}},
		"3.0.18":   {layout{}, scanner.Values{"base3": "/"}},
		"4.0.0":    {layout{}, scanner.Values{"base4": "/"}},
		"4.0.6":    {layout{folder: "/a/"}, scanner.Values{"base4": "/a/", "base406": "/a/"}},
		"4.0.6-p1": {layout{}, scanner.Values{"base4": "/"}},
	} {
		s := newShop(release, c.layout)
		l := look(t, s, s.base)
		got := scanner.Values{}
		for name, value := range l.findings[0].Hit.Values {
			if strings.HasPrefix(name, "base") && name != "base" || strings.HasPrefix(name, "above") {
				got[name] = value
			}
		}
		if !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", release, got, c.want)
		}
	}
}

// Values of the product are what other signatures and reports need.
func TestValuesAndEvidence(t *testing.T) {
	s := newShop("4.0.6", layout{})
	l := look(t, s, "/")
	v := l.findings[0].Hit.Values
	if v["product"] != "EC-CUBE" || v["range"] != "4.0.6" || v["confidence"].(float64) < 0.9 || v["confidence"].(float64) > 1 || v["files"].(int) < 2 {
		t.Errorf("values %v", v)
	}
	if facts := v.Facts(); facts["candidates"] != "4.0.6" || facts["base"] != "/" || facts["modified"] != "" {
		t.Errorf("facts %v", facts)
	}
	lines := strings.Split(notes(l.findings[0].Hit), "\n")
	if lines[0] != "cookie and markup of EC-CUBE" {
		t.Errorf("the evidence begins with %q", lines[0])
	}
	want := "html/template/default/assets/js/eccube.js has the content of 4.0.6 – 4.0.6-p2 (SHA-256 " + sum(s.files["/html/template/default/assets/js/eccube.js"]) + "…)"
	if !slices.Contains(lines, want) {
		t.Errorf("no %q in\n%s", want, strings.Join(lines, "\n"))
	}
	for _, e := range l.findings[0].Hit.Evidence {
		if e.Request == "" || e.Response == "" {
			t.Errorf("%q shows no exchange", e.Note)
		}
	}
}

// The evidence shows at most six files and pages, and two pages more.
func TestEvidenceIsShort(t *testing.T) {
	for _, release := range []string{"2.12.3en", "2.12.6", "4.2.0"} {
		s := newShop(release, layout{})
		s.each(func(at string) bool { return strings.Contains(at, "2") }, edited)
		if n := len(look(t, s, "/").findings[0].Hit.Evidence); n > evidenceFiles+evidencePages {
			t.Errorf("%s: %d exchanges", release, n)
		}
	}
}

// Parameters that cannot work are errors when signatures are loaded, not surprises during a scan.
func TestParametersThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ old, to, want string }{
		"unknown_key":      {"folder: html", "folders: html", "folders"},
		"no_product":       {"product: EC-CUBE\n", "\n", "product and database are needed"},
		"no_such_database": {"database: eccube.db", "database: other.db", "other.db"},
		"database_broken":  {"database: eccube.db", "database: shop.yaml", "line 1"},
		"rooted":           {"rooted: 3.0.0-alpha", "rooted: 3.3.3", `rooted: no release "3.3.3"`},
		"bases":            {"last: 2.25.0}", "last: 2.99.0}", `bases: no release "2.99.0"`},
		"pattern":          {"certain:\n    - '<meta [^>]*name=\"eccube-csrf-token\"'", "certain:\n    - '('", "certain: error parsing regexp"},
		"lines":            {"first: 4.0.0}", "first: 4.9.9}", `lines: no release "4.9.9"`},
		"pattern_of_lines": {"lines:\n    - {pattern: '<meta", "lines:\n    - {pattern: '(<meta", "lines: error parsing regexp"},
		"pattern_no_group": {`'^(.*/)mypage/login$'`, `'^.*/mypage/login$'`, "has no group"},
	} {
		_, err := New(loadSignature(t, c.old, c.to))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "shop.yaml") {
			t.Errorf("%s: error %v, want one with %q and the file", name, err, c.want)
		}
	}
}

// A product without a public folder of its own in the package has its files where its pages are.
func TestProductWithoutAPublicFolder(t *testing.T) {
	const text = `
id: board
info: {name: Board, author: sotomi, severity: info, reference: https://board.example/}
safety: passive
check: filehash
with: {product: Board, database: eccube.db, certain: ['<body id="board"'], cookies: [board]}
`
	database := "release 1.0 2020-01-01\nrelease 1.1 2021-01-01\nfile js/board.js\n " + sum("one") + " 1.0\n " + sum("two") + " 1.1\nfile VERSION\n " + sum("1.0") + " 1.0\n " + sum("1.1") + " 1.1\n"
	for name, page := range map[string]string{
		"file_named": `<html><script src="/board/js/board.js"></script><body id="board"></html>`,
		"no_file":    `<html><body id="board"></html>`,
	} {
		s := site(map[string]string{"/board/": page})
		s.files = map[string]string{"/board/js/board.js": "two", "/board/VERSION": "1.1"}
		board := parseSignature(t, text, database)
		l := lookWith(t, board, mustNew(t, board), s, "/board/")
		wantCandidates(t, l, "1.1")
		if l.value("base") != "/board/" || s.sent("VERSION") > 0 {
			t.Errorf("%s: base %v, asked %v", name, l.value("base"), s.asked)
		}
	}
}
