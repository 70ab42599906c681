package filehash

import (
	"net/http"
	"testing"

	"sotomi/scanner"
)

// wordPress is the head of a site that a shop was moved to.
const wordPress = `<html><head><meta content="WordPress 6.8.3" name="generator"><script src="/wp-includes/js/a.js"></script></head><body>`

// Files outlive a shop: a site that keeps some of them, or links to what was there, is not one. Only what the product itself
// puts into a page makes it one.
func TestLeftoversAreNoShop(t *testing.T) {
	const (
		logo2  = "html/user_data/packages/default/img/common/logo.gif"
		style2 = "html/user_data/packages/default/css/common.css"
		style4 = "html/template/default/assets/css/style.css"
		admin  = "html/template/admin/assets/js/function.js"
	)
	for name, c := range map[string]struct {
		page    string
		release string
		keeps   []string // files of the release that the site still gives out, "" for all
	}{
		"logo_on_wordpress":           {wordPress + `<img src="/user_data/packages/default/img/common/logo.gif">`, "2.12.6", []string{logo2}},
		"logo_another_size":           {wordPress + `<img src="/user_data/packages/default/img/common/logo.gif">`, "2.12.6", nil},
		"logo_and_old_links":          {wordPress + `<img src="/user_data/packages/default/img/common/logo.gif"><a href="/products/list.php?category_id=3">Bags</a><a href="/products/detail.php?product_id=4">One</a>`, "2.12.6", []string{logo2}},
		"whole_folder_on_wordpress":   {wordPress + `<img src="/user_data/packages/default/img/common/logo.gif"><link rel="stylesheet" href="/user_data/packages/default/css/common.css"><a href="/mypage/login">Log in</a>`, "2.12.6", []string{""}},
		"header_copied_to_wordpress":  {wordPress + `<link rel="stylesheet" href="/html/template/default/assets/css/style.css"><div class="ec-headerRole"><a href="/products/list">Bags</a></div>`, "4.2.1", []string{""}},
		"logo_on_a_handmade_page":     {`<html><body><h1>Tea</h1><img src="/user_data/packages/default/img/common/logo.gif">`, "2.12.6", []string{logo2}},
		"style_sheet_of_line_2":       {`<html><head><link rel="stylesheet" href="/user_data/packages/default/css/common.css"></head><body><a href="/cart">Cart</a>`, "2.12.6", []string{style2}},
		"style_sheet_of_line_4":       {`<html><head><link rel="stylesheet" href="/html/template/default/assets/css/style.css"></head><body><a href="/cart">Cart</a>`, "4.2.1", []string{style4}},
		"style_sheet_with_its_number": {`<html><head><link rel="stylesheet" href="/html/template/default/assets/css/style.css?v=4.2.1"></head><body><a href="/collections/all">All</a>`, "4.2.1", []string{style4}},
		"style_sheet_and_one_link":    {`<html><head><link rel="stylesheet" href="/html/template/default/assets/css/style.css"></head><body><a href="/products/list">All</a>`, "4.2.1", []string{style4}},
		"admin_script":                {`<html><head><script src="/html/template/admin/assets/js/function.js"></script></head>`, "4.2.1", []string{admin}},
		"whole_folder_unnamed":        {`<html><body><h1>Tea</h1></body>`, "4.2.1", []string{""}},
		"mentions_in_text":            {`<html><body><p>We moved from EC-CUBE, see <a href="https://www.ec-cube.net/">EC-CUBE</a>. <img src="/user_data/packages/default/img/common/logo.gif"></p>`, "2.12.6", []string{logo2}},
		"markup_in_a_comment":         {`<html><head><!-- <meta name="eccube-csrf-token" content="x"> --></head>`, "4.2.1", []string{""}},
		"markup_in_code":              {`<html><textarea><meta name="eccube-csrf-token" content="x"><div class="ec-layoutRole"></textarea><script>var s = '<meta name="eccube-csrf-token"><div class="ec-layoutRole">'</script>`, "4.2.1", nil},
		"calls_in_text":               {`<html><body><pre>eccube.openWindow('x'); class="main_column"</pre>`, "2.13.5", []string{""}},
		"paths_in_robots":             {`<html><body><a href="/about">About</a></body>`, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := site(map[string]string{"/": c.page + "</body></html>"})
			s.files = map[string]string{}
			if c.release != "" {
				kept := newShop(c.release, layout{})
				for _, name := range c.keeps {
					if name == "" {
						s.files = kept.files
						break
					}
					s.files[kept.at(name)] = kept.files[kept.at(name)]
				}
			}
			s.files["/robots.txt"] = "User-agent: *\nDisallow: /user_data/packages/\nDisallow: /products/list.php\nDisallow: /html/template/\n"
			l := look(t, s, "/")
			if len(l.findings) != 0 || l.outcome.Status != scanner.StatusClean {
				t.Errorf("%d findings, %s (%s): %v", len(l.findings), l.outcome.Status, l.outcome.Reason, l.candidates())
			}
		})
	}
}

// A shop beside another product's page is a shop: what the product puts into the page counts, whatever else is on it.
func TestShopsWithOtherProductsOnThePage(t *testing.T) {
	for _, release := range []string{"2.12.6", "3.0.18", "4.2.1"} {
		s := newShop(release, layout{})
		s.pages["/"] = s.pages["/"] + `<img src="/blog/wp-content/uploads/a.jpg"><script src="https://cdn.shopify.com/s/buy.js"></script>`
		wantCandidates(t, look(t, s, "/"), release)
	}
}

// Where no file can be had, missing ones say nothing: only what the page itself says counts.
func TestFilesOutOfReach(t *testing.T) {
	page := func(release string, edit func(string) string) *shop {
		s := newShop(release, layout{})
		s.ownTheme(release)
		s.files = nil
		for at, p := range s.pages {
			s.pages[at] = edit(p)
		}
		return s
	}
	for name, c := range map[string]struct {
		site  *shop
		basis string
		line  string
		want  string // a candidate
	}{
		"claims_its_release":    {page("4.2.1", func(p string) string { return claimed(p, "4.2.1") }), "page", "4", "4.2.1"},
		"claims_and_other_host": {page("4.2.1", func(p string) string { return elsewhere(claimed(p, "4.2.1")) }), "page", "4", "4.2.1"},
		"line_only":             {page("4.2.1", elsewhere), "line", "4", "4.2.1"},
		"line_2_only":           {page("2.12.6", elsewhere), "line", "2", "2.12.6"},
		"own_theme_line_3":      {page("3.0.18", elsewhere), "line", "3", "3.0.18"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := look(t, c.site, "/")
			found := false
			for _, candidate := range l.candidates() {
				if candidate[:1] != c.line {
					t.Errorf("candidates %v, want those of line %s", l.candidates(), c.line)
					break
				}
				found = found || candidate == c.want
			}
			if !found || l.value("basis") != c.basis || l.findings[0].Hit.Certainty != scanner.Possible {
				t.Errorf("%v by %v, %s (%s)", l.candidates(), l.value("basis"), l.outcome.Status, l.outcome.Reason)
			}
		})
	}
	s := newShop("4.2.1", layout{})
	s.pages = map[string]string{"/": s.pages["/"]}
	s.status["/html/template/default/assets/css/style.css"] = http.StatusForbidden
	if l := look(t, s, "/"); l.value("basis") != "files" {
		t.Errorf("with files the release rests on %v", l.value("basis"))
	}
	s = newShop("4.2.1", layout{})
	s.files = nil
	if l := look(t, s, "/"); l.value("basis") != "page" {
		t.Errorf("with the product's own theme the release rests on %v", l.value("basis"))
	}
}
