package filehash

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"sotomi/checks/internal/releases"
	"sotomi/scanner"
	"sotomi/scanner/web"
)

// site answers with fixed pages; anything else is missing.
func site(pages map[string]string) *shop {
	s := &shop{otherwise: http.NotFound, pages: pages}
	return s
}

// Sites of other kinds are left alone: no finding, and at most two requests beyond the first page.
func TestSitesThatAreNotTheProduct(t *testing.T) {
	words := `<a href="/mypage/login">Log in</a><body id="page_cart">` // two patterns that other shops share
	for name, s := range map[string]*shop{
		"plain":          site(map[string]string{"/": `<html><a href="/about">About</a></html>`}),
		"one_word":       site(map[string]string{"/": `<html><body id="page_cart"></html>`}),
		"two_words":      site(map[string]string{"/": "<html>" + words + "</html>"}),
		"two_words_page": {otherwise: softNotFound, pages: map[string]string{"/": "<html>" + words + "</html>"}},
		"shared_library": {otherwise: http.NotFound, pages: map[string]string{"/": `<html><script src="/html/js/jquery-1.4.2.min.js"></script>` + words + `</html>`}, files: map[string]string{
			"/html/js/jquery-1.4.2.min.js": contentOf("html/js/jquery-1.4.2.min.js", "2.11.0"), "/js/jquery-1.4.2.min.js": contentOf("html/js/jquery-1.4.2.min.js", "2.11.0"),
		}},
		"same_name_other_file": {otherwise: http.NotFound, pages: map[string]string{"/": `<html><script src="/js/site.js"></script><script src="/js/css.js"></script></html>`}, files: map[string]string{
			"/js/site.js": "our own", "/js/css.js": "our own",
		}},
		"no_page":    {otherwise: http.NotFound, files: map[string]string{"/": `{"mypage/login": "page_cart"}`}},
		"no_answer":  {otherwise: answering(http.StatusForbidden)},
		"dead_links": site(map[string]string{"/": `<html><a href="http://other.example/shop/">Shop</a><a href="/store.html">Store</a></html>`}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := look(t, s, "/")
			if len(l.findings) != 0 || l.outcome.Status != scanner.StatusClean || l.outcome.Reason.String() != "no sign of EC-CUBE" {
				t.Errorf("%d findings, %s (%s)", len(l.findings), l.outcome.Status, l.outcome.Reason)
			}
			if len(s.asked) > 3 {
				t.Errorf("asked for %v", s.asked)
			}
		})
	}
}

// Files that other products have too are no sign, however many of them a page names: nothing is asked for.
func TestLibrariesAreNoSign(t *testing.T) {
	s := site(map[string]string{"/": `<html><script src="/html/template/default/assets/js/vendor/jquery.min.js"></script><script src="/html/js/jquery-1.4.2.min.js"></script></html>`})
	if l := look(t, s, "/"); len(l.findings) > 0 || len(s.asked) != 1 {
		t.Errorf("%d findings after %v", len(l.findings), s.asked)
	}
}

// A site that is only likely is the product as soon as a file fits that no other product has.
func TestLikelySiteWithAFileThatFits(t *testing.T) {
	s := newShop("2.12.6", layout{})
	s.cookie = ""
	s.pages = map[string]string{"/": `<html><a href="/mypage/login">Log in</a><script src="/js/site.js"></script><script src="/js/jquery-1.4.2.min.js"></script></html>`}
	l := look(t, s, "/")
	wantCandidates(t, l, "2.12.6")
	if len(s.asked) < 2 || s.asked[1] != "/js/site.js" {
		t.Errorf("asked first for %v, want the file that the page names and no other product has", s.asked)
	}
	if strings.Contains(notes(l.findings[0].Hit), "markup of") {
		t.Errorf("the page alone does not show the product:\n%s", notes(l.findings[0].Hit))
	}
}

// As long as nothing fits, a likely site is asked for files that its page names, though others would tell more.
func TestLikelySiteIsAskedForWhatItNames(t *testing.T) {
	s := newShop("3.0.18", layout{})
	s.cookie = ""
	s.pages = map[string]string{"/": `<html><img src="/template/default/img/common/logo.png"><a href="/mypage/login">Log in</a></html>`}
	l := look(t, s, "/")
	wantCandidates(t, l, "3.0.18")
	if len(s.asked) < 2 || s.asked[1] != "/template/default/img/common/logo.png" {
		t.Errorf("asked for %v", s.asked)
	}
}

// A library with the content that a release has does not make a site the product.
func TestFitting(t *testing.T) {
	c := mustNew(t, loadSignature(t)).(*check)
	g := &gatherer{check: c, seen: &seen{posterior: releases.NewPosterior(c.db)}}
	for _, step := range []struct {
		file, content string
		want          int
	}{
		{"html/js/jquery-1.4.2.min.js", contentOf("html/js/jquery-1.4.2.min.js", "2.11.0"), 0},
		{"html/js/site.js", "our own", 0},
		{"html/js/navi.js", contentOf("html/js/navi.js", "2.4.4"), 1},
	} {
		file, _ := c.db.Find(step.file)
		g.seen.posterior.Observe(releases.Answer{File: file, Forms: releases.FormsOf(step.file, []byte(step.content))})
		if got := g.fitting(); got != step.want {
			t.Errorf("after %s: %d files fit, want %d", step.file, got, step.want)
		}
	}
}

// Each sign of the product's own makes it certain: then it is reported even when no file can be had.
func TestSignsThatAreCertain(t *testing.T) {
	for name, c := range map[string]struct {
		page, cookie, note string
	}{
		"markup":            {`<meta name="eccube-csrf-token" content="x">`, "", "markup of EC-CUBE"},
		"markup_and_cookie": {`<meta name="eccube-csrf-token" content="x">`, "eccube", "cookie and markup of EC-CUBE"},
		"cookie_and_word":   {`<body id="page_cart">`, "eccube", "cookie and markup of EC-CUBE"},
		"cookie_and_file":   {`<link rel="stylesheet" href="/template/default/css/x.css">`, "eccube", "cookie and markup of EC-CUBE"},
		"four_files_and_links": {`<script src="/template/default/js/function.js"></script><script src="/template/default/js/eccube.js"></script>
<link rel="stylesheet" href="/template/default/css/style.css"><img src="/template/default/img/common/logo.png"><a href="/products/list">`, "", "markup of EC-CUBE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := site(map[string]string{"/": "<html>" + c.page + "</html>"})
			s.cookie = c.cookie
			l := look(t, s, "/")
			if len(l.findings) != 1 || notes(l.findings[0].Hit) != c.note || l.findings[0].Hit.Certainty != scanner.Possible {
				t.Fatalf("%+v (%s)", l.findings, l.outcome.Reason)
			}
		})
	}
	for name, page := range map[string]string{
		"cookie_alone":         "<p>Hello</p>",
		"four_files_no_links":  strings.Repeat(`<p>Hello</p>`, 2) + `<script src="/js/css.js"></script><script src="/js/navi.js"></script><script src="/js/win_op.js"></script><script src="/js/site.js"></script>`,
		"three_files_and_link": `<script src="/js/css.js"></script><script src="/js/navi.js"></script><script src="/js/win_op.js"></script><a href="/products/list">`,
	} {
		s := site(map[string]string{"/": "<html>" + page + "</html>"})
		if name == "cookie_alone" {
			s.cookie = "eccube"
		}
		if l := look(t, s, "/"); len(l.findings) > 0 {
			t.Errorf("%s: found by %s", name, notes(l.findings[0].Hit))
		}
	}
}

// A first page that is no shop leads to one: by a redirect on its host, or by the likeliest of its links.
func TestShopBehindTheFirstPage(t *testing.T) {
	for name, c := range map[string]struct {
		home func(w http.ResponseWriter, r *http.Request)
		want bool
	}{
		"redirect":           {http.RedirectHandler("/ec/", http.StatusFound).ServeHTTP, true},
		"two_redirects":      {hops("/a", "/b", "/ec/"), true},
		"four_redirects":     {hops("/a", "/b", "/c", "/d", "/ec/"), false},
		"redirect_to_itself": {http.RedirectHandler("/", http.StatusFound).ServeHTTP, false},
		"redirect_elsewhere": {http.RedirectHandler("http://shop.example/ec/", http.StatusFound).ServeHTTP, false},
		"redirect_to_https": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://"+r.Host+"/ec/", http.StatusFound)
		}, false},
		"link":                 {inBody(`<a href="/news/">News</a><a href="/ec/">Shop</a>`), true},
		"link_to_a_product":    {inBody(`<a href="/old/">Old</a><a href="/ec/products/list">Products</a>`), true},
		"link_on_another_host": {inBody(`<a href="http://shop.example/ec/">Shop</a>`), false},
		"link_by_https": {func(w http.ResponseWriter, r *http.Request) {
			inBody(`<a href="https://`+r.Host+`/ec/">Shop</a>`)(w, r)
		}, false},
		"no_link": {inBody(`<a href="/news/">News</a>`), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop("4.2.1", layout{folder: "/ec/"})
			s.handle["/"] = c.home
			for _, at := range []string{"/a", "/b", "/c", "/d"} {
				s.handle[at] = c.home
			}
			l := look(t, s, "/")
			if !c.want {
				if len(l.findings) > 0 || l.outcome.Status != scanner.StatusClean {
					t.Fatalf("%d findings, %s", len(l.findings), l.outcome.Status)
				}
				return
			}
			if l.value("base") != "/ec/" {
				t.Errorf("base %v (%s)", l.value("base"), l.outcome.Reason)
			}
			wantCandidates(t, l, "4.2.1")
		})
	}
}

// hops redirects from each address to the next.
func hops(to ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		next := to[0]
		for i, at := range to[:len(to)-1] {
			if r.URL.Path == at {
				next = to[i+1]
			}
		}
		http.Redirect(w, r, next, http.StatusFound)
	}
}

func inBody(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, "<html><body>%s</body></html>", body)
	}
}

// A shop whose address does not answer was not looked at: that is not the same as no shop.
func TestShopThatDoesNotAnswer(t *testing.T) {
	for name, home := range map[string]http.HandlerFunc{"link": inBody(`<a href="/ec/">Shop</a>`), "redirect": http.RedirectHandler("/ec/", http.StatusFound).ServeHTTP} {
		s := site(nil)
		s.handle = map[string]http.HandlerFunc{"/": home, "/ec/": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }}
		if l := look(t, s, "/"); l.outcome.Status == scanner.StatusClean {
			t.Errorf("%s: outcome %s (%s)", name, l.outcome.Status, l.outcome.Reason)
		}
	}
}

// Links are followed to pages that only have a number, never to what may do something: other pages have fixed addresses.
func TestLinksThatAreNotFollowed(t *testing.T) {
	s := newShop("4.2.1", layout{})
	for at, page := range s.pages {
		s.pages[at] = strings.Replace(page, "<body", `<body><a href="/products/list/empty">x</a><a href="/mypage/login?mode=delete">y</a><b`, 1)
	}
	s.files = nil
	look(t, s, "/")
	if s.sent("/products/list/empty") > 0 || s.sent("/products/list") != 1 {
		t.Errorf("asked for %v", s.asked)
	}
}

// The first page is the home page if it is where the shop's links begin, or if no link says where that is.
func TestFirstPageThatIsHome(t *testing.T) {
	for name, c := range map[string]struct {
		page, base, at string
		want           bool
	}{
		"where_links_begin": {"home", "/shop/", "/shop/", true},
		"another_page":      {"home", "/shop/", "/shop/products/list", false},
		"above":             {"home", "/shop/", "/", false},
		"no_links":          {"home", "", "/shop/", true},
		"page_of_the_theme": {"list", "/shop/", "/shop/", false},
	} {
		g := &gatherer{found: recognised{base: c.base}}
		if got := g.isHome(&releases.Page{Name: c.page}, &web.Exchange{URL: &url.URL{Path: c.at}}); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
	s := newShop("4.2.1", layout{})
	if l := look(t, s, "/mypage/login"); l.value("base") != "/" {
		t.Errorf("from the login page: base %v", l.value("base"))
	}
}

// Pages start where the links of the site say: not always beside or above the public folder.
func TestPagesBehindAFrontController(t *testing.T) {
	s := newShop("4.2.1", layout{})
	for at, page := range s.pages {
		page = strings.NewReplacer(`"/products/`, `"/index.php/products/`).Replace(page)
		if delete(s.pages, at); at == "/" {
			s.pages[at] = page
		} else {
			s.pages["/index.php"+at] = page
		}
	}
	l := look(t, s, "/")
	wantCandidates(t, l, "4.2.1")
	if l.value("base") != "/index.php/" {
		t.Errorf("base %v", l.value("base"))
	}
}

// Static files on a host of their own are looked for on the shop's host, at the same path; links to other hosts say nothing
// about where pages start.
func TestFilesOnAnotherHost(t *testing.T) {
	s := newShop("4.2.1", layout{})
	for at, page := range s.pages {
		s.pages[at] = strings.NewReplacer(`src="/html/`, `src="https://cdn.example/html/`, `href="/html/`, `href="https://cdn.example/html/`,
			`href="/products/list"`, `href="https://other.example/mall/products/list"></a><a href="https://other.example/mall/products/detail/1"`).Replace(page)
	}
	l := look(t, s, "/")
	wantCandidates(t, l, "4.2.1")
	if l.value("base") != "/" || s.sent("/html/template/default/assets/") == 0 {
		t.Errorf("base %v, asked %v", l.value("base"), s.asked)
	}
}

// elsewhere is a page with its static files on another host.
func elsewhere(page string) string {
	for _, folder := range []string{"html", "template", "js", "user_data"} {
		page = strings.NewReplacer(`src="/`+folder, `src="https://cdn.example/`+folder, `href="/`+folder, `href="https://cdn.example/`+folder).Replace(page)
	}
	return page
}

// A page that names no file leaves open where the public folder is: the next place is tried after four files that are not in
// the first.
func TestPublicFolderThatThePageDoesNotName(t *testing.T) {
	for _, release := range []string{"3.0.18", "2.12.6", "4.2.1"} {
		s := newShop(release, layout{folder: "/s/"})
		bare := `<html><body id="page_homepage"><a href="/s/products/list">All</a><a href="/s/mypage/login">Log in</a></body></html>`
		s.pages["/s/"] = bare
		l := look(t, s, "/s/")
		wantCandidates(t, l, release)
		if release[0] == '3' {
			first := 0
			for _, at := range s.asked {
				if strings.HasPrefix(at, "/s/html/") {
					first++
				}
			}
			if first > 4 {
				t.Errorf("%d files were looked for in /s/html/, where nothing is", first)
			}
		}
	}
}

// Requests without an answer: three in a row end the check, as many with answers between them do not.
func TestRequestsWithoutAnAnswer(t *testing.T) {
	abort := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	s := newShop("4.0.6", layout{})
	var mu sync.Mutex
	order := map[string]int{} // of files, by address
	turn := func(at string) int {
		mu.Lock()
		defer mu.Unlock()
		if _, again := order[at]; !again {
			order[at] = len(order)
		}
		return order[at]
	}
	for at, body := range s.files {
		s.handle[at] = func(w http.ResponseWriter, _ *http.Request) {
			if turn(at)%3 < errorsMax-1 {
				abort(w, nil)
			}
			fmt.Fprint(w, body)
		}
	}
	l := look(t, s, "/")
	if len(l.findings) == 0 || l.value("files") == 0 || turn("") < 5 {
		t.Errorf("with two of three requests without an answer: %d findings, %s (%s)", len(l.findings), l.outcome.Status, l.outcome.Reason)
	}
	s = newShop("4.0.6", layout{})
	for at := range s.files {
		s.handle[at] = abort
	}
	l = look(t, s, "/")
	files := map[string]bool{} // net/http itself may send a request once more
	s.mu.Lock()
	for _, at := range s.asked {
		files[at] = strings.HasPrefix(at, "/html/")
	}
	s.mu.Unlock()
	maps.DeleteFunc(files, func(_ string, file bool) bool { return !file })
	if len(l.findings) > 0 || l.outcome.Status == scanner.StatusClean || len(files) != errorsMax {
		t.Errorf("without answers: %d findings, %s after %d files", len(l.findings), l.outcome.Status, len(files))
	}
}

// The signature's limit holds for files and pages that tell releases apart.
func TestRequestLimit(t *testing.T) {
	s := newShop("2.12.3", layout{})
	limited := loadSignature(t, "product: EC-CUBE\n", "product: EC-CUBE\n  requests: 1\n")
	lookWith(t, limited, mustNew(t, limited), s, "/")
	if n := len(s.asked); n > 2+2*coreFiles+openFiles {
		t.Errorf("%d requests: %v", n, s.asked)
	}
}

// TestLinkToAShopIsHarmless: a link that leads to a shop and fills its cart, or does anything else, is not followed.
func TestLinkToAShopIsHarmless(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	look(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.RequestURI())
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<html><a href="/shop/?add-to-cart=12">a</a><a href="/shop/?action=delete">b</a><a href="/store/?page=2">c</a>`)
	}), "")
	mu.Lock()
	defer mu.Unlock()
	if slices.ContainsFunc(asked, func(a string) bool { return strings.HasPrefix(a, "/shop/?") }) || !slices.Contains(asked, "/store/?page=2") {
		t.Errorf("the site was asked %q", asked)
	}
}
