package product

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"testing/fstest"

	"sotomi/checks/internal/releases"
	"sotomi/checks/internal/staticfiles"
	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/signatures"
)

// ownDatabase is the database of an embedded signature's product.
func ownDatabase(t *testing.T, name string) *releases.Database {
	t.Helper()
	file, err := signatures.FS.Open("products/" + name + ".db")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	db, err := releases.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// The files of a release, asked for in the order of the check, leave it among the candidates, and few beside it.
func TestFilesOfARelease(t *testing.T) {
	for name, c := range map[string]struct {
		every int     // every how many releases one is tried; a short run tries a quarter of them
		mean  float64 // most candidates on average
	}{"basercms": {11, 8}, "concrete-cms": {7, 4}, "drupal": {23, 6}, "zen-cart": {3, 4}} {
		if testing.Short() {
			c.every *= 4
		}
		db := ownDatabase(t, name)
		told, exact, together := 0, 0, 0
		for at := 0; at < len(db.Releases); at += c.every {
			posterior := releases.NewPosterior(db)
			var missing []int
			for range staticfiles.Asked {
				file := staticfiles.Next(db, posterior, missing)
				if file < 0 {
					break
				}
				posterior.Skip(file)
				if !db.Files[file].Has.Has(at) {
					missing = append(missing, file)
				}
				for _, v := range db.Files[file].Variants {
					if v.Releases.Has(at) {
						posterior.Observe(releases.Answer{File: file, Forms: releases.Forms{Bytes: v.Bytes, Text: v.Text, Code: v.Code}})
					}
				}
			}
			if len(posterior.Answers()) == 0 {
				continue // before the layout that the files are of
			}
			names := db.Names(posterior.Verdict().Candidates)
			if !slices.Contains(names, db.Releases[at].Name) {
				t.Errorf("%s %s: told as %v", name, db.Releases[at].Name, names)
			}
			told++
			together += len(names)
			if len(names) == 1 {
				exact++
			}
		}
		t.Logf("%s: %d releases tried, %d told, %d of them exactly; %.1f candidates on average", name, (len(db.Releases)+c.every-1)/c.every, told, exact, float64(together)/float64(max(told, 1)))
		if told == 0 || float64(together)/float64(told) > c.mean {
			t.Errorf("%s: %d candidates of %d releases", name, together, told)
		}
	}
}

const small = "# source: https://a.example/\n# date: 2026-01-01\nrelease 0.9.0 2019-01-01\nrelease 0.9.1 2019-02-01\nrelease 1.0.0 2020-01-01\nrelease 1.0.1 2020-02-01\nrelease 1.1.0 2020-03-01\nfile a.js\n %s 0.9.0..0.9.1\n %s 1.0.0\n %s 1.0.1..1.1.0\nfile b.js\n %s 0.9.0..0.9.1\n %s 1.0.0..1.0.1\n %s 1.1.0\nfile c.js\n %s 0.9.0\n %s 0.9.1\n %s 1.0.0\n %s 1.0.1\n %s 1.1.0\n"

// smallSite scans a site with the contents of three files, and gives what is found and how the release check ended.
func smallSite(t *testing.T, a, b, c string) *sigtest.Result {
	t.Helper()
	digest := func(text string) string { return releases.Digest([]byte(text)) }
	database := fmt.Sprintf(small, digest("a zero"), digest("a one"), digest("a two"), digest("b zero"), digest("b one"), digest("b two"), digest("c zero"), digest("c nine"), digest("c one"), digest("c two"), digest("c three"))
	const head = "info: {name: A, author: a, severity: info, reference: https://a.example/}\nsafety: active\n"
	set, err := signature.Load(signature.Sources{Embedded: fstest.MapFS{
		"shop/shop.yaml": {Data: []byte("id: shop-release\n" + head + "needs: [shop]\ngives: shop-release\ncheck: product-release\nwith: {product: Shop, fact: shop, database: a.db}\n")},
		"shop/weak.yaml": {Data: []byte("id: shop-weaknesses\n" + head + "needs: [shop-release]\ncheck: product-weaknesses\nwith: {product: Shop, fact: shop-release, name: shop, weaknesses: w.txt, database: a.db}\nvariants: {high: {severity: high, name: B}}\n")},
		"shop/a.db":      {Data: []byte(database)},
		"shop/w.txt":     {Data: []byte("# source: https://a.example/\n# date: 2026-01-01\nproduct shop\n CVE-1! 7.5 a 1.0.0..<1.0.1\n")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := sigtest.Scan(t.Context(), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := map[string]string{"/": "<html><body>x</body></html>", "/a.js": a, "/b.js": b, "/c.js": c}[r.URL.Path]
		if text == "" {
			http.NotFound(w, r)
			return
		}
		if text[0] == '<' {
			w.Header().Set("Content-Type", "text/html")
		}
		fmt.Fprint(w, text)
	}), &signature.Case{Facts: map[string]map[string]string{"shop": {}}}, sigtest.Options{
		Checks: scanner.Table{"product-release": NewRelease, "product-weaknesses": NewWeaknesses},
	}, set.Signatures...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// What the files of a site come to, and what is published against it. A site whose files no release has may run one that
// came later, so nothing is called clean; nor is a release that a later one of its line followed.
func TestReleaseAndWeaknesses(t *testing.T) {
	for name, c := range map[string]struct {
		a, b, c    string
		candidates string
		release    scanner.Status
		weaknesses scanner.Status
	}{
		"weak":                         {"a one", "b one", "c one", "1.0.0", scanner.StatusFound, scanner.StatusFound},
		"mended, newest of its line":   {"a two", "b one", "c two", "1.0.1", scanner.StatusFound, scanner.StatusClean},
		"behind, nothing published":    {"a zero", "b zero", "c zero", "0.9.0", scanner.StatusFound, scanner.StatusFailed},
		"newest":                       {"a two", "b two", "c three", "1.1.0", scanner.StatusFound, scanner.StatusClean},
		"two of them":                  {"a two", "", "", "1.0.1, 1.1.0", scanner.StatusFound, scanner.StatusClean},
		"a file that no release has":   {"a two", "b two", "c four", "1.1.0", scanner.StatusFound, scanner.StatusFailed},
		"an old one with a file of it": {"a one", "b three", "c one", "1.0.0", scanner.StatusFound, scanner.StatusFound},
		"pages in place of files":      {"<html>a</html>", "<html>b</html>", "<html>c</html>", "", scanner.StatusFailed, scanner.StatusFailed},
		"no files":                     {"", "", "", "", scanner.StatusFailed, scanner.StatusFailed},
		"no file of a release":         {"a three", "b three", "c four", "", scanner.StatusFailed, scanner.StatusFailed},
	} {
		r := smallSite(t, c.a, c.b, c.c)
		if o := r.Outcomes["shop-release"]; o.Status != c.release {
			t.Errorf("%s: release %s (%s), want %s", name, o.Status, o.Reason, c.release)
		}
		if o := r.Outcomes["shop-weaknesses"]; o.Status != c.weaknesses {
			t.Errorf("%s: weaknesses %s (%s), want %s", name, o.Status, o.Reason, c.weaknesses)
		}
		got := ""
		for _, f := range r.Findings {
			if f.Signature.ID == "shop-release" {
				got = f.Hit.Values.Facts()["candidates"]
			}
			if f.Hit.Certainty != scanner.Possible {
				t.Errorf("%s: %s is %s", name, f.Signature.ID, f.Hit.Certainty)
			}
		}
		if got != c.candidates {
			t.Errorf("%s: %q, want %q", name, got, c.candidates)
		}
	}
}
