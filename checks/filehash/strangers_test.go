package filehash

import (
	"fmt"
	"maps"
	"net/http"
	"path"
	"strings"
	"testing"

	"sotomi/scanner"
)

// What strangers do to their shops and servers leads neither to another release nor to the claim that a script was changed.
func TestShopsOfStrangers(t *testing.T) {
	for name, c := range map[string]struct {
		release string
		change  func(*shop)
		at      string // looked at, "" for the first page
		want    []string
		sure    scanner.Certainty
	}{
		"template_of_their_own":     {"4.2.1", ownTemplate(edited), "", []string{"4.2.1"}, scanner.Confirmed},
		"template_copied":           {"4.2.1", ownTemplate(func(body string) string { return body }), "", []string{"4.2.1"}, scanner.Confirmed},
		"templates_not_there":       {"4.2.1", func(s *shop) { s.each(with("/template/"), lost) }, "", []string{"4.2.1"}, scanner.Confirmed},
		"templates_refused":         {"4.2.1", func(s *shop) { s.refuse(with("/template/"), http.StatusForbidden) }, "", []string{"4.2.1"}, scanner.Confirmed},
		"password_for_admin":        {"4.2.1", func(s *shop) { s.refuse(with("/admin/"), http.StatusUnauthorized) }, "", []string{"4.2.1"}, scanner.Confirmed},
		"nothing_but_admin":         {"4.2.1", onlyAdmin, "/admin/", []string{"4.2.0", "4.2.1"}, scanner.Confirmed},
		"japanese_names":            {"2.13.5", japaneseNames, "", []string{"2.13.5"}, scanner.Confirmed},
		"names_with_v":              {"4.2.1", inPages(`.css"`, `.css?v=1a2b3c4d5e"`, `.js"`, `.js?v=1712345678"`), "", []string{"4.2.1"}, scanner.Confirmed},
		"names_with_a_number":       {"4.2.1", inPages(`.css"`, `.css?v=1.0.3"`, `.js"`, `.js?v=1.0.3"`), "", []string{"4.2.1"}, scanner.Confirmed},
		"names_with_a_date":         {"4.2.1", inPages(`.css"`, `.css?v=2024.10.01"`), "", []string{"4.2.1"}, scanner.Confirmed},
		"scripts_loaded_late":       {"4.2.1", inPages(`<script src=`, `<script type="0a1b-text/javascript" data-src=`), "", []string{"4.2.1"}, scanner.Confirmed},
		"pictures_by_a_cdn":         {"4.2.1", inPages(`src="/html/`, `src="/cdn-cgi/image/width=80/html/`), "", []string{"4.2.1"}, scanner.Confirmed},
		"pictures_moved_to_a_cdn":   {"4.2.0", func(s *shop) { s.move(isPicture, "https://img.example") }, "", []string{"4.2.0"}, scanner.Confirmed},
		"scripts_moved_to_a_cdn":    {"4.0.6", func(s *shop) { s.move(with(".js"), "https://img.example") }, "", []string{"4.0.6", "4.0.6-p1", "4.0.6-p2"}, scanner.Confirmed},
		"scripts_moved_in_the_host": {"4.0.6", func(s *shop) { s.move(with(".js"), "/static") }, "", []string{"4.0.6"}, scanner.Confirmed},
		"all_moved_to_a_cdn":        {"4.2.1", func(s *shop) { s.move(anyFile, "https://img.example") }, "", []string{"4.2.1"}, scanner.Possible},
		"packed_beforehand":         {"4.2.1", func(s *shop) { s.each(isText, func(body string) string { return string(packed(body)) }) }, "", []string{"4.2.1"}, scanner.Confirmed},
		"text_for_anything":         {"2.13.5", func(s *shop) { s.otherwise = always("Not found") }, "", []string{"2.13.5"}, scanner.Confirmed},
		"nothing_for_anything":      {"2.13.5", func(s *shop) { s.otherwise = always("") }, "", []string{"2.13.5"}, scanner.Confirmed},
		"picture_for_anything":      {"2.13.5", func(s *shop) { s.otherwise = always("GIF89a\x01\x00\x01\x00") }, "", []string{"2.13.5"}, scanner.Confirmed},
		"own_text_for_anything": {"2.13.5", func(s *shop) {
			s.otherwise = func(w http.ResponseWriter, r *http.Request) { fmt.Fprintf(w, "no %s here", r.URL.Path) }
		}, "", []string{"2.13.5"}, scanner.Confirmed},
		"one_script_for_all": {"4.2.1", func(s *shop) {
			s.each(with(".js"), func(string) string { return "var challenge = 1; location.reload();" })
		}, "", []string{"4.2.1"}, scanner.Confirmed},
		"page_for_scripts":  {"4.2.1", func(s *shop) { s.instead(with(".js"), softNotFound) }, "", []string{"4.2.1"}, scanner.Confirmed},
		"another_shop":      {"4.2.1", func(s *shop) { s.beside("2.13.5", layout{folder: "/b2b/", nested: true}) }, "", []string{"4.2.1"}, scanner.Confirmed},
		"another_like_it":   {"4.2.1", func(s *shop) { s.beside("4.0.0", layout{folder: "/b2b/"}) }, "", []string{"4.2.1"}, scanner.Confirmed},
		"the_other":         {"4.2.1", func(s *shop) { s.beside("4.1.0", layout{folder: "/b2b/"}) }, "/b2b/", []string{"4.1.0"}, scanner.Confirmed},
		"copy_of_old":       {"4.2.1", func(s *shop) { s.beside("4.0.0", layout{folder: "/old/"}) }, "", []string{"4.2.1"}, scanner.Confirmed},
		"language_first":    {"4.2.1", languageFirst, "", []string{"4.2.1"}, scanner.Confirmed},
		"pages_updated":     {"4.0.6", claims("4.2.1"), "", []string{"4.0.6"}, scanner.Possible},
		"claims_a_patch":    {"4.0.6-p1", claims("4.0.6-p2"), "", []string{"4.0.6-p2"}, scanner.Confirmed},
		"static_files_away": {"4.2.1", func(s *shop) { s.files = nil; s.rewrite(elsewhere) }, "", []string{"4.2.1"}, scanner.Possible},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(c.release, layout{})
			c.change(s)
			at := c.at
			if at == "" {
				at = s.base
			}
			l := look(t, s, at)
			wantCandidates(t, l, c.want...)
			if len(l.findings) != 1 || l.findings[0].Hit.Certainty != c.sure {
				t.Errorf("%d findings, want one, %s; unlisted %v, modified %v", len(l.findings), c.sure, l.value("unlisted"), l.value("modified"))
			}
		})
	}
}

// rewrite changes every page.
func (s *shop) rewrite(change func(page string) string) {
	for at, page := range s.pages {
		s.pages[at] = change(page)
	}
}

func inPages(pairs ...string) func(*shop) {
	return func(s *shop) { s.rewrite(strings.NewReplacer(pairs...).Replace) }
}

// refuse answers with a status in place of files.
func (s *shop) refuse(pick func(at string) bool, status int) {
	s.instead(pick, answering(status))
}

func (s *shop) instead(pick func(at string) bool, answer http.HandlerFunc) {
	for at := range s.files {
		if pick(at) {
			s.handle[at] = answer
		}
	}
}

// move redirects from files to the same path behind a prefix, where they are if that is in the shop's own host.
func (s *shop) move(pick func(at string) bool, to string) {
	for at, body := range maps.Clone(s.files) {
		if pick(at) {
			s.handle[at] = http.RedirectHandler(to+at, http.StatusMovedPermanently).ServeHTTP
			s.files[to+at] = body
		}
	}
}

// beside adds another shop to the host, to which the first page leads and of which it shows more files than of its own.
func (s *shop) beside(release string, l layout) {
	other := newShop(release, l)
	maps.Copy(s.files, other.files)
	maps.Copy(s.pages, other.pages)
	links := fmt.Sprintf(`<a href="%sproducts/list">Other</a>`, other.base)
	for at := range other.files {
		if ext := path.Ext(at); ext == ".css" || ext == ".png" || ext == ".gif" {
			links += fmt.Sprintf(`<link rel="preload" href="%s">`, at)
		}
	}
	s.pages[s.base] = strings.Replace(s.pages[s.base], "</body>", links+"</body>", 1)
}

// ownTemplate is a template of the shop's own in place of the default one, made by changing its files.
func ownTemplate(change func(body string) string) func(*shop) {
	return func(s *shop) {
		for at, body := range maps.Clone(s.files) {
			if to := strings.Replace(at, "/template/default/", "/template/spring/", 1); to != at {
				delete(s.files, at)
				s.files[to] = change(body)
			}
		}
		inPages("/template/default/", "/template/spring/")(s)
	}
}

// onlyAdmin leaves the login page of the administration: the shop itself is refused.
// from: EC-CUBE/ec-cube 4.2.3 src/Eccube/Resource/template/admin/login_frame.twig
func onlyAdmin(s *shop) {
	s.pages = map[string]string{"/admin/login": `<html><head><link rel="stylesheet" href="/html/template/admin/assets/css/app.css"><script src="/html/bundle/admin.bundle.js"></script></head>
<body id="login-page" class="bg-light"><script src="/html/template/admin/assets/js/function.js"></script></body></html>`}
	s.handle["/admin/"] = http.RedirectHandler("/admin/login", http.StatusFound).ServeHTTP
	s.status["/"] = http.StatusForbidden
}

func japaneseNames(s *shop) {
	s.rewrite(func(page string) string {
		return page + `<img src="/upload/save_image/商品 画像.jpg"><img src="/upload/save_image/%8F%A4%95i.jpg"><a href="/user_data/会社概要.php">About</a>`
	})
}

func languageFirst(s *shop) {
	s.pages["/ja/"] = s.pages["/"]
	delete(s.pages, "/")
	s.handle["/"] = http.RedirectHandler("/ja/", http.StatusFound).ServeHTTP
}

func always(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte(text))
	}
}
