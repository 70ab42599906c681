package template

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/web"
)

func TestFoldersOf(t *testing.T) {
	for name, c := range map[string]struct {
		target, page     string
		all, application []string
	}{
		"nothing_known": {"http://shop.example/", "", []string{"/"}, []string{"/"}},
		"links_scripts_and_pictures": {
			"http://shop.example/", `<a href="/blog/post.html">x</a><script src="js/a.js"></script><img src="/wp-content/themes/our/img/a.png">`,
			[]string{"/", "/blog/", "/js/", "/wp-content/", "/wp-content/themes/our/img/"},
			[]string{"/", "/blog/", "/wp-content/", "/wp-content/themes/our/"},
		},
		"a_document_is_no_page":    {"http://shop.example/", `<a href="/files/a.pdf">x</a>`, []string{"/", "/files/"}, []string{"/", "/files/"}},
		"an_address_and_its_first": {"http://shop.example/", `<a href="/api/v1/items?x=1">x</a>`, []string{"/", "/api/", "/api/v1/"}, []string{"/", "/api/", "/api/v1/"}},
		"other_hosts":              {"http://shop.example/", `<a href="http://cdn.example/x/">x</a>`, []string{"/"}, []string{"/"}},
		"what_must_not_be_asked":   {"http://shop.example/", `<a href="/logout/">x</a><a href="/cart/delete/3/">x</a>`, []string{"/"}, []string{"/"}},
		"placeholders_of_a_page":   {"http://shop.example/", `<a href="/{{randstr}}/x">x</a>`, []string{"/", "/%7B%7Brandstr%7D%7D/"}, []string{"/", "/%7B%7Brandstr%7D%7D/"}},
		"of_a_folder":              {"http://shop.example/shop", `<a href="/">x</a>`, []string{"/shop/", "/"}, []string{"/shop/", "/"}},
		"of_a_page":                {"http://shop.example/a/about.html", ``, []string{"/a/"}, []string{"/a/"}},
		"pages_and_pictures_share_the_room": {
			"http://shop.example/", `<a href="/a/"></a><a href="/b/"></a><a href="/c/"></a><a href="/d/"></a><a href="/e/"></a><a href="/f/"></a><a href="/g/"></a><a href="/h/"></a>` +
				`<img src="/1/x.png"><img src="/2/x.png"><img src="/3/x.png"><img src="/4/x.png"><img src="/5/x.png">`,
			[]string{"/", "/a/", "/1/", "/b/", "/2/", "/c/", "/3/", "/d/"},
			[]string{"/", "/a/", "/1/", "/b/", "/2/"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse(c.target)
			if err != nil {
				t.Fatal(err)
			}
			var pages []*web.Page
			if c.page != "" {
				page, err := web.ParsePage(&web.Exchange{URL: u, Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte(c.page)})
				if err != nil {
					t.Fatal(err)
				}
				pages = append(pages, page)
			}
			got := foldersOf(u, pages)
			if diff := cmp.Diff(c.all, got.all); diff != "" {
				t.Errorf("all (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.application, got.applications); diff != "" {
				t.Errorf("applications (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSiteNames(t *testing.T) {
	for host, c := range map[string]struct{ names, copies []string }{
		"www.kissa-mikan.example": {
			[]string{"www.kissa-mikan.example", "kissa-mikan.example", "kissa-mikan"},
			[]string{"kissa-mikan_backup", "kissa-mikan-backup", "kissa-mikan2026", "kissa-mikan-2026", "kissa-mikan2025", "kissa-mikan-2025"},
		},
		"Shop.Kissa.co.jp.": {
			[]string{"shop.kissa.co.jp", "kissa.co.jp", "kissa", "shop"},
			[]string{"kissa_backup", "kissa-backup", "kissa2026", "kissa-2026", "kissa2025", "kissa-2025"},
		},
		"intra":     {[]string{"intra"}, []string{"intra_backup", "intra-backup", "intra2026", "intra-2026", "intra2025", "intra-2025"}},
		"192.0.2.7": {[]string{"192.0.2.7"}, nil},
		"::1":       {nil, nil},
	} {
		if diff := cmp.Diff(c.names, siteNames(host)); diff != "" {
			t.Errorf("names of %s (-want +got):\n%s", host, diff)
		}
		if diff := cmp.Diff(c.copies, siteCopies(host, 2026)); diff != "" {
			t.Errorf("copies of %s (-want +got):\n%s", host, diff)
		}
	}
}
