package filehash

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// layout is where a shop has its package. The zero value is the usual one of each line: 2.x and 3.x with their public
// folder as the document root, 4.x with the package there and its public folder in html/.
type layout struct {
	folder   string // of the shop, with a slash at both ends; "" is "/"
	nested   bool   // the public folder is html/ in every line
	packaged bool   // files beside the public folder are given out too
}

// shop serves one release. Cases change its maps before it is scanned.
type shop struct {
	base, public, root string
	files              map[string]string           // bodies by address
	pages              map[string]string           // HTML by address
	status             map[string]int              // of addresses that are refused or moved
	handle             map[string]http.HandlerFunc // of addresses that are special
	cookie             string                      // the cookie that pages set
	otherwise          http.HandlerFunc            // answers all other addresses

	mu    sync.Mutex
	asked []string // addresses in order
}

func newShop(release string, l layout) *shop {
	s := &shop{files: map[string]string{}, pages: map[string]string{}, status: map[string]int{}, handle: map[string]http.HandlerFunc{}, otherwise: http.NotFound}
	s.root = l.folder
	if s.root == "" {
		s.root = "/"
	}
	s.base, s.public = s.root, s.root
	if l.nested || release[0] == '4' {
		s.public += "html/"
	}
	if release[0] == '2' {
		s.base = s.public
	}
	s.cookie = map[byte]string{'2': "ECSESSID", '3': "eccube", '4': "eccube"}[release[0]]
	for name, body := range packageOf(release) {
		at, public := strings.CutPrefix(name, "html/")
		switch {
		case strings.Contains(name, "/install/"): // deleted after the installation
		case public:
			s.files[s.public+at] = body
		case l.packaged:
			s.files[s.root+name] = body
		}
	}
	for page, addresses := range pageAddresses {
		if len(addresses) > 0 {
			at := addresses[0]
			if release[0] != '2' {
				at = addresses[len(addresses)-1]
			}
			at, _, _ = strings.Cut(at, "?")
			s.pages[s.base+at] = s.page(page, release)
		}
	}
	return s
}

// head is what pages of the three lines have in their head and frame: what the signature recognises, links, and files.
var head = map[byte]string{
	'2': `<html><head><link rel="stylesheet" href="{public}user_data/packages/default/css/common.css"><script src="{public}js/site.js"></script>
<script src="{public}js/jquery-1.4.2.min.js"></script></head>
<body><a href="{base}products/list.php?category_id=1">All</a><a href="{base}products/detail.php?product_id=1">One</a><img src="{public}user_data/packages/default/img/common/logo.gif">`,
	'3': `<html><head><link rel="stylesheet" href="{public}template/default/css/style.css"></head>
<body id="page_homepage"><a href="{base}products/list">All</a><a href="{base}products/detail/1">One</a><a href="{base}mypage/login">Log in</a>`,
	'4': `<html><head><meta name="eccube-csrf-token" content="x"><link rel="stylesheet" href="{public}template/default/assets/css/style.css"></head>
<body id="page_homepage"><a href="{base}products/list">All</a><a href="{base}products/detail/1">One</a><script src="{public}template/default/assets/js/eccube.js"></script>`,
}

// page is a page of the product's own theme: the frame and the page's own template, rendered.
func (s *shop) page(name, release string) string {
	text := strings.NewReplacer("{public}", s.public, "{base}", s.base).Replace(head[release[0]]) + templateOf("frame", release) + templateOf(name, release)
	return strings.NewReplacer("{% if shop %}", "", "{% endif %}", "").Replace(text) + "</body></html>"
}

// ownTheme replaces the product's theme by one that shows none of its marks.
func (s *shop) ownTheme(release string) {
	for at := range s.pages {
		s.pages[at] = strings.NewReplacer("{public}", s.public, "{base}", s.base).Replace(head[release[0]]) + "<p>Our own theme</p></body></html>"
	}
}

// at is the address of a file of the package.
func (s *shop) at(name string) string {
	if rest, ok := strings.CutPrefix(name, "html/"); ok {
		return s.public + rest
	}
	return s.root + name
}

// each changes the content of every file for which pick is true; an empty one is deleted.
func (s *shop) each(pick func(at string) bool, change func(body string) string) {
	for at, body := range s.files {
		if pick(at) {
			if s.files[at] = change(body); s.files[at] == "" {
				delete(s.files, at)
			}
		}
	}
}

func anyFile(string) bool       { return true }
func isText(at string) bool     { return !isPicture(at) }
func isPicture(at string) bool  { return slices.Contains([]string{".png", ".gif"}, path.Ext(at)) }
func lost(string) string        { return "" }
func edited(body string) string { return body + "var ours = 1;\n" }
func crlf(body string) string   { return strings.ReplaceAll(body, "\n", "\r\n") }
func with(part string) func(string) bool {
	return func(at string) bool { return strings.Contains(at, part) }
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.URL.Path)
	s.mu.Unlock()
	at := r.URL.Path
	if h, ok := s.handle[at]; ok {
		h(w, r)
		return
	}
	if status, ok := s.status[at]; ok {
		w.Header().Set("Location", s.base+"elsewhere")
		w.WriteHeader(status)
		return
	}
	if page, ok := s.pages[at]; ok {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if s.cookie != "" {
			w.Header().Set("Set-Cookie", s.cookie+"=1; path=/")
		}
		fmt.Fprint(w, page)
		return
	}
	if body, ok := s.files[at]; ok {
		w.Header().Set("Content-Type", "application/octet-stream")
		fmt.Fprint(w, body)
		return
	}
	s.otherwise(w, r)
}

// sent is how often an address that holds part was asked for.
func (s *shop) sent(part string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, at := range s.asked {
		if strings.Contains(at, part) {
			n++
		}
	}
	return n
}

// looked is what a scan of one site came to.
type looked struct {
	findings []scanner.Finding
	outcome  scanner.Outcome
}

var shared struct {
	sync.Once
	signature *signature.Signature
	check     scanner.Check
}

// look scans a site at a path with the signature of the product. All cases share one check, which holds no state of a site.
func look(t *testing.T, h http.Handler, path string) looked {
	t.Helper()
	shared.Do(func() {
		shared.signature = loadSignature(t)
		shared.check = mustNew(t, shared.signature)
	})
	return lookWith(t, shared.signature, shared.check, h, path)
}

func mustNew(t *testing.T, s *signature.Signature) scanner.Check {
	t.Helper()
	c, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func lookWith(t *testing.T, s *signature.Signature, c scanner.Check, h http.Handler, path string) looked {
	t.Helper()
	client, err := web.NewClient(web.Options{Rate: -1, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	u, err := url.Parse(server.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	findings, outcome := engine.RunCheck(t.Context(), client, target.Target{URL: u}, s, c, signature.SafetyPassive)
	for i := range findings {
		findings[i].Hit.URL = strings.TrimPrefix(findings[i].Hit.URL, server.URL)
	}
	return looked{findings, outcome}
}

// value is a value of the finding of the product.
func (l looked) value(name string) any {
	if len(l.findings) == 0 {
		return nil
	}
	return l.findings[0].Hit.Values[name]
}

func (l looked) candidates() []string {
	list, _ := l.value("candidates").([]string)
	return list
}

// variant is the finding of a variant, nil when there is none.
func (l looked) variant(name string) *scanner.Hit {
	for i := range l.findings {
		if l.findings[i].Hit.Variant == name {
			return &l.findings[i].Hit
		}
	}
	return nil
}

// notes are the notes of a hit's evidence in English.
func notes(h scanner.Hit) string {
	var list []string
	for _, e := range h.Evidence {
		list = append(list, e.Note.String())
	}
	return strings.Join(list, "\n")
}

func wantCandidates(t *testing.T, l looked, want ...string) {
	t.Helper()
	if got := l.candidates(); !slices.Equal(got, want) {
		t.Errorf("candidates %v, want %v (%s: %s)", got, want, l.outcome.Status, l.outcome.Reason)
	}
}
