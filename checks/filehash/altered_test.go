package filehash

import (
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"

	"sotomi/scanner"
)

// What owners and servers do to a shop does not lead away from its release. Where the release cannot be told, the answer
// holds it and others, and says so.
func TestReleaseOfAlteredShops(t *testing.T) {
	both := []string{"4.2.0", "4.2.1"} // only the list page tells them apart
	for name, c := range map[string]struct {
		release string
		layout  layout
		change  func(*shop)
		want    []string
	}{
		"own_theme":                   {release: "4.2.1", change: func(s *shop) { s.ownTheme("4.2.1") }, want: both},
		"pages_behind_a_login":        {release: "4.2.1", change: func(s *shop) { s.status["/products/list"] = http.StatusFound }, want: both},
		"pages_refused":               {release: "4.2.1", change: func(s *shop) { s.status["/products/list"] = http.StatusForbidden }, want: both},
		"images_edited":               {release: "4.2.0", change: func(s *shop) { s.each(isPicture, edited) }, want: []string{"4.2.0"}},
		"style_sheets_edited":         {release: "4.2.0", change: func(s *shop) { s.each(with(".css"), edited) }, want: []string{"4.2.0"}},
		"one_folder_lost":             {release: "4.2.0", change: func(s *shop) { s.each(with("/template/admin/"), lost) }, want: []string{"4.2.0"}},
		"bundles_lost":                {release: "4.2.0", change: func(s *shop) { s.each(with("/bundle/"), lost) }, want: []string{"4.2.0"}},
		"scripts_lost":                {release: "2.12.6", change: func(s *shop) { s.each(with(".js"), lost) }, want: []string{"2.12.6"}},
		"old_files_lost_crlf":         {release: "2.12.6", change: func(s *shop) { s.each(with("/js/"), lost); s.each(isText, crlf) }, want: []string{"2.12.6"}},
		"page_for_anything":           {release: "4.0.0", change: func(s *shop) { s.otherwise = softNotFound }, want: []string{"4.0.0"}},
		"page_for_anything_old":       {release: "2.13.5", change: func(s *shop) { s.otherwise = softNotFound }, want: []string{"2.13.5"}},
		"redirect_for_missing_files":  {release: "4.0.0", change: func(s *shop) { s.otherwise = http.RedirectHandler("/", http.StatusFound).ServeHTTP }, want: []string{"4.0.0"}},
		"gone_for_missing_files":      {release: "4.0.0", change: func(s *shop) { s.otherwise = answering(http.StatusGone) }, want: []string{"4.0.0"}},
		"package_beside_is_out":       {release: "4.0.6-p2", layout: layout{packaged: true}, want: []string{"4.0.6-p2"}},
		"package_beside_may_be_older": {release: "4.0.6-p1", layout: layout{packaged: true}, want: alike["4.0.6-p1"]},
		"package_edited":              {release: "4.0.6-p1", layout: layout{packaged: true}, change: func(s *shop) { s.files["/package.json"] += " " }, want: alike["4.0.6-p1"]},
		"beta_and_release_alike":      {release: "4.3.0-beta", want: []string{"4.3.0"}},
		"beta_with_its_own_files":     {release: "4.2.0-rc", want: []string{"4.1.0", "4.2.0-rc"}},
		"claims_its_release":          {release: "4.0.6-p2", change: claims("4.0.6-p2"), want: []string{"4.0.6-p2"}},
		"claims_another_release":      {release: "4.0.0", change: claims("4.3.0"), want: []string{"4.0.0"}},
		"claims_no_known_release":     {release: "4.0.0", change: claims("4.9.9"), want: []string{"4.0.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(c.release, c.layout)
			if c.change != nil {
				c.change(s)
			}
			l := look(t, s, s.base)
			wantCandidates(t, l, c.want...)
			if _, noted := l.value("note").(string); noted != (len(c.want) > 1) {
				t.Errorf("note %q for %d candidates", l.value("note"), len(c.want))
			}
		})
	}
}

// claims makes the pages name a release in the address of a script, as the product's asset helper does.
func claims(release string) func(*shop) {
	return func(s *shop) {
		for at, page := range s.pages {
			s.pages[at] = claimed(page, release)
		}
	}
}

func claimed(page, release string) string {
	return strings.ReplaceAll(page, "eccube.js\"", "eccube.js?v="+release+"\"")
}

// softNotFound answers with a page, and status 200, to anything.
func softNotFound(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write([]byte("\n <!DOCTYPE html><html><body>We could not find that.</body></html>"))
}

func answering(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// A release that the database lacks is given as claimed; one that it has is not, for files tell that better.
func TestClaimedRelease(t *testing.T) {
	for claim, want := range map[string]any{"4.9.9": "4.9.9", "4.0.6": nil} {
		s := newShop("4.0.6", layout{})
		claims(claim)(s)
		if got := look(t, s, "/").value("claimed"); got != want {
			t.Errorf("%s: claimed %v, want %v", claim, got, want)
		}
	}
}

// What a server refuses, breaks or cuts off says nothing: it is neither a missing file nor an edited one. With nothing but
// pages to go by, the release is possible only.
func TestAnswersThatSayNothing(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"forbidden":   answering(http.StatusForbidden),
		"server_down": answering(http.StatusInternalServerError),
		"cut_off": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(strings.Repeat("x", 4<<20)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop("4.2.1", layout{})
			for at := range s.files {
				s.handle[at] = answer
			}
			l := look(t, s, "/")
			wantCandidates(t, l, "4.2.1")
			if h := l.findings[0].Hit; h.Certainty != scanner.Possible || h.Values["files"] != 0 || len(l.findings) != 1 {
				t.Errorf("%s with %v files, %d findings", h.Certainty, h.Values["files"], len(l.findings))
			}
			for at := range s.files {
				if n := s.sent(at); n > 1 {
					t.Errorf("%s was asked for %d times", at, n)
				}
			}
		})
	}
}

// Where the first page is all that can be had, it tells the line by its theme.
func TestFirstPageAlone(t *testing.T) {
	s := newShop("4.2.1", layout{})
	s.files, s.pages = nil, map[string]string{"/": s.pages["/"]}
	l := look(t, s, "/")
	if !slices.Contains(l.candidates(), "4.2.1") || slices.Contains(l.candidates(), "4.1.0") || slices.Contains(l.candidates(), "3.0.18") {
		t.Errorf("candidates %v", l.candidates())
	}
	if !strings.Contains(notes(l.findings[0].Hit), `page "home" shows 18 marks of the theme that comes with EC-CUBE`) {
		t.Errorf("evidence:\n%s", notes(l.findings[0].Hit))
	}
}

// A product page has a number: it is asked for only where the site links to one. Other pages have addresses of their own.
func TestPagesThatAreAskedFor(t *testing.T) {
	for name, c := range map[string]struct {
		link string
		want int
	}{
		"linked":               {`<a href="/products/detail/31">`, 1},
		"folder_only":          {`<a href="/products/detail/">`, 0},
		"something_done_to_it": {`<a href="/products/detail/31/delete">`, 0},
		"elsewhere":            {`<a href="http://other.example/products/detail/31">`, 0},
	} {
		s := newShop("4.2.1", layout{})
		s.files = nil
		s.pages["/products/detail/31"] = s.pages["/products/detail/1"]
		s.pages["/products/detail/31/delete"] = "<html></html>"
		s.pages["/"] = strings.Replace(s.pages["/"], `<a href="/products/detail/1">`, c.link, 1)
		s.pages["/products/list"] = strings.Replace(s.pages["/products/list"], `<a href="/products/detail/1">`, "", 1)
		s.pages["/mypage/login"] = strings.Replace(s.pages["/mypage/login"], `<a href="/products/detail/1">`, "", 1)
		look(t, s, "/")
		if got := s.sent("/products/detail/"); got != c.want {
			t.Errorf("%s: %d product pages were asked for, want %d", name, got, c.want)
		}
		if s.sent("/products/list") != 1 {
			t.Errorf("%s: the list was asked for %d times", name, s.sent("/products/list"))
		}
	}
}

// Half an update is told: the release that most files have, and those files that are of another.
func TestMixedReleases(t *testing.T) {
	s := newShop("4.2.1", layout{folder: "/shop/"})
	old := packageOf("4.0.6")
	for _, name := range []string{"html/template/default/assets/js/eccube.js", "html/template/default/assets/css/shop.css"} {
		s.files[s.at(name)] = old[name]
	}
	l := look(t, s, s.base)
	wantCandidates(t, l, "4.2.1")
	h := l.variant("mixed")
	if h == nil {
		t.Fatalf("no finding of mixed releases in %d", len(l.findings))
	}
	files, from := h.Values["files"].([]string), h.Values["from"].([]string)
	at := slices.Index(files, "template/default/assets/js/eccube.js")
	if len(files) != len(from) || at < 0 || from[at] != "4.0.6 – 4.0.6-p2" || h.Values["range"] != "4.2.1" {
		t.Errorf("values %v", h.Values)
	}
	if h.Certainty != scanner.Confirmed || h.URL != "/shop/" {
		t.Errorf("%s at %s", h.Certainty, h.URL)
	}
	if !strings.Contains(notes(*h), "html/template/default/assets/js/eccube.js is as in 4.0.6 – 4.0.6-p2, while the rest is as in 4.2.1") {
		t.Errorf("evidence:\n%s", notes(*h))
	}
}

// A core script with a content that no release has is a finding, as long as enough of the rest is as released. Other files
// are the owner's to change.
func TestModifiedCoreScript(t *testing.T) {
	const core = "html/template/default/assets/js/eccube.js"
	for name, c := range map[string]struct {
		change func(*shop)
		want   bool
	}{
		"core_script": {func(s *shop) { s.files[s.at(core)] += skimmer }, true},
		"style_sheet": {func(s *shop) { s.each(with(".css"), edited) }, false},
		"line_ends":   {func(s *shop) { s.each(isText, crlf) }, false},
		"all_edited":  {func(s *shop) { s.each(anyFile, edited) }, false},
		"one_script_fits": {func(s *shop) {
			s.each(func(at string) bool {
				return at != s.at(core) && !strings.Contains(at, "/admin/assets") && !strings.HasSuffix(at, ".css") && !isPicture(at)
			}, lost)
			s.files[s.at(core)] += "x"
		}, false},
		"all_scripts":      {func(s *shop) { s.each(with(".js"), edited) }, false},
		"comment_added":    {func(s *shop) { s.each(with(".js"), commented) }, false},
		"byte_order_mark":  {func(s *shop) { s.each(isText, func(body string) string { return "\ufeff" + body }) }, false},
		"minified":         {func(s *shop) { s.each(isText, minified) }, false},
		"one_reformatted":  {func(s *shop) { s.files[s.at(core)] = crlf(commented(s.files[s.at(core)])) }, false},
		"core_in_minified": {func(s *shop) { s.files[s.at(core)] += skimmer; s.each(isText, minified) }, true},
		"core_in_crlf":     {func(s *shop) { s.files[s.at(core)] += skimmer; s.each(isText, crlf) }, true},
		"core_with_mark": {func(s *shop) {
			s.files[s.at(core)] += skimmer
			s.each(isText, func(body string) string { return "\ufeff" + body })
		}, true},
		"core_with_comment": {func(s *shop) { s.files[s.at(core)] += "x"; s.each(with(".js"), commented) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop("4.2.1", layout{})
			c.change(s)
			l := look(t, s, "/")
			wantCandidates(t, l, "4.2.1")
			h := l.variant("modified")
			if (h != nil) != c.want {
				t.Fatalf("modified: %v", h)
			}
			list, _ := l.value("modified").([]string)
			if (len(list) > 0) != c.want {
				t.Errorf("value modified %v", list)
			}
			if strings.Contains(notes(l.findings[0].Hit), "content of  (") {
				t.Errorf("a file that no release has is shown as evidence:\n%s", notes(l.findings[0].Hit))
			}
			if h == nil {
				if edited := name == "all_scripts" || name == "one_script_fits"; edited && l.value("scripts") == nil {
					t.Errorf("nothing says that scripts were not compared: %v", l.findings[0].Hit.Values)
				}
				return
			}
			if h.URL != "/html/template/default/assets/js/eccube.js" || h.Values["file"] != "template/default/assets/js/eccube.js" || h.Values["range"] != "4.2.1" || h.Certainty != l.findings[0].Hit.Certainty {
				t.Errorf("%s %v %s", h.URL, h.Values, h.Certainty)
			}
			if want := "this one has " + sum(s.files[s.at(core)]) + ", which no release has"; !strings.Contains(notes(*h), want) {
				t.Errorf("evidence %q, want %q", notes(*h), want)
			}
		})
	}
}

// A changed core script of a shop whose owner changed style sheets too is told, as possible: it may be of a release that is not
// known. With so much changed that this is likely, it is named among the files that do not fit.
func TestModifiedCoreScriptBesideStyleSheets(t *testing.T) {
	for _, c := range []struct {
		release, core string
		sheets        int
		want          scanner.Certainty // "" for no finding
	}{
		{"4.1.0", "html/template/default/assets/js/eccube.js", 0, scanner.Confirmed},
		{"4.1.0", "html/template/default/assets/js/eccube.js", 3, scanner.Possible},
		{"4.2.1", "html/template/default/assets/js/eccube.js", 0, scanner.Confirmed},
		{"4.2.1", "html/template/default/assets/js/eccube.js", 3, scanner.Possible},
		{"4.0.0", "html/template/default/assets/js/eccube.js", 0, ""}, // 4.0.1 to 4.0.5 are not in the data
	} {
		s := newShop(c.release, layout{})
		s.files[s.at(c.core)] += skimmer
		for _, at := range slices.Sorted(maps.Keys(s.files)) {
			if strings.HasSuffix(at, ".css") && c.sheets > 0 {
				c.sheets--
				s.files[at] += "a{}"
			}
		}
		l := look(t, s, "/")
		var got scanner.Certainty
		if h := l.variant("modified"); h != nil {
			got = h.Certainty
		}
		if got != c.want {
			t.Errorf("%s: the changed script is told as %q, want %q", c.release, got, c.want)
		}
		if files, _ := l.value("unlisted-files").([]string); got == "" && !slices.Contains(files, strings.TrimPrefix(c.core, "html/")) {
			t.Errorf("%s: it is not among %v", c.release, files)
		}
	}
}

// skimmer sends what visitors type to somebody else.
const skimmer = "new Image().src='//evil.example/'"

// commented is what a server leaves that adds a line to what it gives out.
func commented(body string) string { return "/* served by cdn */\n" + body + "<!-- cached -->\n" }

// minified is a script or style sheet without comments and line ends.
func minified(body string) string {
	var kept []string
	for line := range strings.Lines(body) {
		if line = strings.TrimSpace(line); !strings.HasPrefix(line, "/*") {
			kept = append(kept, strings.ReplaceAll(line, " = ", "="))
		}
	}
	return strings.Join(kept, "")
}

// Core scripts that the page loads are compared with the release even when the release is known without them.
func TestCoreScriptsAreAlwaysCompared(t *testing.T) {
	for _, release := range releaseNames {
		if release[0] != '4' || strings.HasPrefix(release, "pre ") || release == "4.0.0" { // 4.0.1 to 4.0.5 are not in the data
			continue
		}
		s := newShop(release, layout{})
		s.files[s.at("html/template/default/assets/js/eccube.js")] += "x"
		if l := look(t, s, "/"); l.variant("modified") == nil {
			t.Errorf("%s: the edited core script was not found among %d findings (%s)", release, len(l.findings), l.outcome.Status)
		}
	}
}

// Where the release rests on a file that is missing, files that are in every release tell how much the site lost: one that
// has all of them misses the file because of its release, one that lost several may have lost that one too.
func TestMissingFilesAgainstLostOnes(t *testing.T) {
	// These would tell 4.0.6-p1 and 4.1.0 apart without a missing file.
	refused := []string{"assets/js/eccube.js", "assets/css/shop.css", "assets/img/top/mv.png", "vendor/jquery.min.js"}
	for name, c := range map[string]struct {
		release string
		lost    []string
		want    []string
	}{
		"nothing_lost": {"4.0.6-p1", nil, []string{"4.0.6-p1", "4.0.6-p2"}},
		"much_lost":    {"4.1.0", []string{"/bundle/", "/admin/", "default/assets/js/function.js"}, []string{"4.0.6", "4.0.6-p1", "4.0.6-p2", "4.1.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newShop(c.release, layout{})
			s.ownTheme(c.release)
			for at := range s.files {
				if slices.ContainsFunc(refused, func(part string) bool { return strings.HasSuffix(at, part) }) {
					s.status[at] = http.StatusForbidden
				}
			}
			for _, part := range c.lost {
				s.each(with(part), lost)
			}
			wantCandidates(t, look(t, s, "/"), c.want...)
			if c.lost == nil && s.sent("admin/assets/css/app.css") != 1 {
				t.Errorf("a file that is the same in 4.0 and 4.1 was not looked for: %v", s.asked)
			}
		})
	}
}

// A server that puts a hash into the names of files keeps the page working with those names. They lead to the same files; that
// the plain names are missing says nothing.
func TestNamesWithAHash(t *testing.T) {
	forms := map[string]func(dir, base, ext string) string{
		"dash":      func(dir, base, ext string) string { return dir + base + "-0a1b2c3d4e5f" + ext },
		"dot":       func(dir, base, ext string) string { return dir + base + ".0a1b2c3d" + ext },
		"pagespeed": func(dir, base, ext string) string { return dir + "A." + base + ext + ".pagespeed.cf.Ab3_-x9Zk0" + ext },
	}
	for form, rename := range forms {
		for release, want := range map[string][]string{"2.12.6": {"2.12.6"}, "3.0.18": {"3.0.18"}, "4.0.0": {"4.0.0"}, "4.1.0": {"4.1.0"}} {
			t.Run(form+"/"+release, func(t *testing.T) {
				t.Parallel()
				s := newShop(release, layout{})
				for at, body := range maps.Clone(s.files) { // the clone: a range over s.files would meet new names too
					ext := path.Ext(at)
					dir, base := path.Split(strings.TrimSuffix(at, ext))
					to := rename(dir, base, ext)
					delete(s.files, at)
					s.files[to] = body
					for page, text := range s.pages {
						s.pages[page] = strings.ReplaceAll(text, `"`+at+`"`, `"`+to+`"`)
					}
				}
				l := look(t, s, "/")
				wantCandidates(t, l, want...)
				if l.value("basis") != "files" || len(l.findings) != 1 {
					t.Errorf("by %v, %d findings", l.value("basis"), len(l.findings))
				}
			})
		}
	}
}
