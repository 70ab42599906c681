package pagechange_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sotomi/checks/pagechange"
	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

func load(t *testing.T, id string) *signature.Signature {
	t.Helper()
	name := "pages/" + id + ".yaml"
	text, err := fs.ReadFile(signatures.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := signature.Parse(name, text, true)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// memory is what checks remember, as a watch keeps it.
type memory map[string]json.RawMessage

func (m memory) Recall(_ context.Context, sig, target string) (map[string]json.RawMessage, error) {
	values := map[string]json.RawMessage{}
	for key, value := range m {
		if name, ok := strings.CutPrefix(key, sig+" "+target+" "); ok {
			values[name] = value
		}
	}
	return values, nil
}

func (m memory) keep(list []scanner.TargetInfo) {
	for _, t := range list {
		for _, r := range t.Memory {
			if r.Value == nil {
				delete(m, r.Signature+" "+t.Target+" "+r.Name)
				continue
			}
			m[r.Signature+" "+t.Target+" "+r.Name] = r.Value
		}
	}
}

// scan runs a signature once on a server.
func scan(t *testing.T, server *httptest.Server, s *signature.Signature, m memory, pages ...string) *scanner.Collector {
	t.Helper()
	return scanWith(t, server, s, m, func(o *engine.Options) { o.Chromium = engine.NoChromium }, pages...)
}

// scanWith is scan with other options.
func scanWith(t *testing.T, server *httptest.Server, s *signature.Signature, m memory, change func(*engine.Options), pages ...string) *scanner.Collector {
	t.Helper()
	client, err := web.NewClient(web.Options{Rate: -1, Retries: -1, Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	targets, err := target.Parse([]string{server.URL}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &scanner.Collector{}
	o := engine.Options{
		Client: client, Signatures: []*signature.Signature{s}, Checks: scanner.Table{"page-change": pagechange.New}, Targets: targets,
		Sinks: []scanner.Sink{c},
	}
	if m != nil {
		o.Memory = m
	}
	for _, path := range pages {
		o.Pages = append(o.Pages, &url.URL{Path: path})
	}
	change(&o)
	if _, err := engine.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if m != nil {
		m.keep(c.Targets)
	}
	return c
}

const body = `<h1>Bowls and cups from Arita</h1><p>Thrown and glazed by hand</p><p>Open from Tuesday to Saturday</p><p>We ship to all of Japan</p><p>Made with rice straw</p>
<p>Cobalt under the glaze</p><a href="/cups">Cups</a> <a href="https://guild.example/">The guild of potters</a> <a href="https://apps.apple.com/x">App</a>`

func page(w io.Writer, title, text string) {
	fmt.Fprintf(w, `<!DOCTYPE html><html><head><title>%s</title></head><body>%s</body></html>`, title, text)
}

func farm(n int, text string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `<a href="http://farm-%d.example/">%s</a> `, i, text)
	}
	return b.String()
}

// rotation counts answers of a page whose advertisements take turns.
var rotation atomic.Int64

type visit struct {
	bot, phone, search bool
	r                  *http.Request
}

// cloaked are pages that tell visitors apart: what they show, and the finding wanted, "" for none.
var cloaked = map[string]struct {
	show    func(w http.ResponseWriter, v visit)
	want    string
	outcome scanner.Status
}{
	"links_for_robots": {func(w http.ResponseWriter, v visit) { page(w, "Shop", body+when(v.bot, farm(30, "site"))) }, "spam search-engine", ""},
	"casino_for_robots": {func(w http.ResponseWriter, v visit) {
		page(w, "Shop"+when(v.bot, " online casino"), body+when(v.bot, "<p>Slot gacor and togel</p>"))
	}, "spam search-engine", ""},
	"hidden_links_for_robots": {func(w http.ResponseWriter, v visit) {
		page(w, "Shop", body+when(v.bot, `<div style="display:none">`+farm(9, "x")+"</div>"))
	}, "spam search-engine", ""},
	"another_page_in_japanese_for_robots": {func(w http.ResponseWriter, v visit) {
		if v.bot {
			page(w, "バッグ 激安 通販 送料無料", "<h1>正規品 バッグ 激安通販</h1><p>人気の財布が最安値</p><p>新品 送料無料 即納</p><p>ランキング1位の商品です</p><p>お問い合わせはこちら</p>")
			return
		}
		page(w, "Shop", body)
	}, "spam search-engine", ""},
	"chinese_gambling_for_robots": {func(w http.ResponseWriter, v visit) {
		if v.bot {
			page(w, "澳门百家乐 博彩", "<h1>六合彩</h1><p>老虎机 棋牌 彩票</p><p>北京赛车开奖</p><p>时时彩计划</p>")
			return
		}
		page(w, "Shop", body)
	}, "spam search-engine", ""},
	"links_for_phones":  {func(w http.ResponseWriter, v visit) { page(w, "Shop", body+when(v.phone, farm(12, "casino"))) }, "spam phone", ""},
	"links_from_search": {func(w http.ResponseWriter, v visit) { page(w, "Shop", body+when(v.search, farm(12, "viagra"))) }, "spam from-search-engine", ""},
	"redirect_from_search": {func(w http.ResponseWriter, v visit) {
		if v.search {
			http.Redirect(w, v.r, "https://pills.example/?k=1", http.StatusFound)
			return
		}
		page(w, "Shop", body)
	}, "sent-away from-search-engine", ""},
	"script_redirect_from_search": {func(w http.ResponseWriter, v visit) {
		page(w, "Shop", body+when(v.search, `<script>location.replace("https://pills.example/")</script>`))
	}, "sent-away from-search-engine", ""},
	"refresh_for_phones": {func(w http.ResponseWriter, v visit) {
		page(w, "Shop", when(v.phone, `<meta http-equiv="refresh" content="0;url=https://lottery.example/">`)+body)
	}, "sent-away phone", ""},
	"redirect_for_robots": {func(w http.ResponseWriter, v visit) {
		if v.bot {
			http.Redirect(w, v.r, "https://replica.example/", http.StatusMovedPermanently)
			return
		}
		page(w, "Shop", body)
	}, "sent-away search-engine", ""},

	"the_same_for_all": {func(w http.ResponseWriter, v visit) { page(w, "Shop", body+farm(30, "casino")) }, "", ""},
	"a_page_for_phones": {func(w http.ResponseWriter, v visit) {
		page(w, "Shop", when(!v.phone, body)+when(v.phone, `<h1>Camellia</h1><p>Pottery in your hand</p><p>Tap to call</p><p>Sale: free shipping</p><a href="https://lin.ee/x">LINE</a><a href="https://widget.example/">w</a>`))
	}, "", ""},
	"an_app_for_phones": {func(w http.ResponseWriter, v visit) {
		if v.phone {
			http.Redirect(w, v.r, "https://itunes.apple.com/app/1", http.StatusFound)
			return
		}
		page(w, "Shop", body)
	}, "", ""},
	"another_host_for_phones_that_the_page_names": {func(w http.ResponseWriter, v visit) {
		if v.phone {
			http.Redirect(w, v.r, "https://mobi.example/", http.StatusFound)
			return
		}
		page(w, "Shop", `<link rel="alternate" media="only screen and (max-width: 640px)" href="https://mobi.example/">`+body)
	}, "", ""},
	"amp_for_phones": {func(w http.ResponseWriter, v visit) {
		if v.phone {
			http.Redirect(w, v.r, "https://shop-example.cdn.ampproject.org/c/shop", http.StatusFound)
			return
		}
		page(w, "Shop", body)
	}, "", ""},
	"a_page_for_phones_below": {func(w http.ResponseWriter, v visit) {
		if v.phone && v.r.URL.Path == "/" {
			http.Redirect(w, v.r, "/sp/", http.StatusFound)
			return
		}
		page(w, "Shop", body)
	}, "", ""},
	"rendered_for_robots": {func(w http.ResponseWriter, v visit) {
		if v.bot {
			page(w, "Shop", body+farm(40, "member of the guild")+`<p>Best price, free shipping, discount</p>`)
			return
		}
		page(w, "Shop", `<div id="root"></div><script src="/app.js"></script><noscript>You need JavaScript</noscript>`)
	}, "", ""},
	"a_consent_wall_for_people": {func(w http.ResponseWriter, v visit) {
		if v.bot {
			page(w, "Shop: cups, bowls, sale", body)
			return
		}
		page(w, "Shop", "<h1>Before you go on</h1><p>We and our partners use cookies</p><p>You can say no</p><p>Read more in our policy</p><p>Choose</p>")
	}, "", ""},
	"another_place_for_people_than_for_robots": {func(w http.ResponseWriter, v visit) {
		if v.bot {
			page(w, "Shop", body)
			return
		}
		page(w, "店", "<h1>有田の器</h1><p>手作りの器です</p><p>火曜から土曜まで</p><p>全国に発送</p><p>送料無料 通販 公式</p>")
	}, "", ""},
	"advertisements_that_rotate": {func(w http.ResponseWriter, v visit) {
		n := rotation.Add(1)
		page(w, "Shop", body+strings.ReplaceAll(farm(9, "partner"), "farm-", fmt.Sprintf("p%d-", n)))
	}, "", ""},
	"links_to_services": {func(w http.ResponseWriter, v visit) {
		page(w, "Shop", body+when(v.phone, `<a href="https://line.me/a">a</a><a href="https://x.com/a">a</a><a href="https://www.facebook.com/a">a</a><a href="https://www.youtube.com/">a</a><a href="https://www.instagram.com/">a</a><a href="https://note.com/">a</a><a href="https://lin.ee/">a</a><a href="https://www.tiktok.com/">a</a><a href="https://www.pinterest.com/">a</a>`))
	}, "", ""},
	"robots_are_refused": {func(w http.ResponseWriter, v visit) {
		if v.bot {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		page(w, "Shop", body)
	}, "", scanner.StatusClean}, // and the reason says what was not seen
	"phones_are_refused": {func(w http.ResponseWriter, v visit) {
		if v.phone {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		page(w, "Shop", body)
	}, "", scanner.StatusBlocked},
	"a_page_that_is_refused": {func(w http.ResponseWriter, v visit) {
		if v.r.URL.Path == "/sp/" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		page(w, "Shop", body+`<a href="/sp/">Special</a>`)
	}, "", scanner.StatusClean}, // the crawl has not read it, so it is none of the pages
	"no_page": {func(w http.ResponseWriter, v visit) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{}`)
	}, "", scanner.StatusNotApplicable},
}

func when(is bool, text string) string {
	if is {
		return text
	}
	return ""
}

// TestCloaked: what only some visitors get is told at the first look.
func TestCloaked(t *testing.T) {
	s := load(t, "page-cloaked")
	for name, c := range cloaked {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html; charset=utf-8")
				if r.URL.Path != "/" && r.URL.Path != "/sp/" {
					http.NotFound(w, r)
					return
				}
				c.show(w, visit{strings.Contains(r.UserAgent(), "Googlebot"), strings.Contains(r.UserAgent(), "iPhone"), strings.Contains(r.Referer(), "google"), r})
			}))
			defer server.Close()
			got := scan(t, server, s, nil)
			var list []string
			for _, f := range got.Findings {
				list = append(list, f.Hit.Variant+" "+f.Hit.Matcher)
				if len(f.Hit.Evidence) != 1 || f.Hit.Values["after"] == nil {
					t.Errorf("finding without evidence: %+v", f.Hit)
				}
			}
			if text := strings.Join(list, ", "); text != c.want {
				t.Errorf("found %q, want %q", text, c.want)
			}
			want := c.outcome
			switch {
			case want == "" && c.want != "":
				want = scanner.StatusFound
			case want == "":
				want = scanner.StatusClean
			}
			o := got.Outcomes[0]
			if o.Status != want {
				t.Errorf("outcome %s (%s), want %s", o.Status, o.Reason, want)
			}
			if unseen := strings.Contains(o.Reason.String(), "was not compared"); unseen != (name == "robots_are_refused") {
				t.Errorf("reason: %s", o.Reason)
			}
		})
	}
}
