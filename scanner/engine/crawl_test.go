package engine

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// site serves pages of links by path; "robots.txt" and others as given.
func linked(t *testing.T, pages map[string]string) (*site, func() map[string]int) {
	t.Helper()
	s, counts := counting(t, func(w http.ResponseWriter, r *http.Request) {
		body, ok := pages[r.URL.RequestURI()]
		switch {
		case !ok:
			http.NotFound(w, r)
		case strings.HasPrefix(body, "->"):
			w.Header().Set("Location", strings.TrimPrefix(body, "->"))
			w.WriteHeader(http.StatusFound)
		case strings.HasSuffix(r.URL.Path, ".txt"):
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprint(w, body)
		default:
			w.Header().Set("Content-Type", "text/html")
			for link := range strings.FieldsSeq(body) {
				fmt.Fprintf(w, "<a href=%q>x</a>", link)
			}
		}
	})
	return newSite(newClient(t), target.Target{URL: mustURL(t, s.URL+"/")}, siteSettings{crawlPages: crawlPages}), counts
}

func paths(pages []*web.Page) []string {
	list := []string{}
	for _, p := range pages {
		list = append(list, p.Exchange.URL.RequestURI())
	}
	return list
}

func TestCrawl(t *testing.T) {
	cases := map[string]struct {
		pages map[string]string
		want  []string
	}{
		"breadth_first":       {map[string]string{"/": "/a /b", "/a": "/c", "/b": "/d", "/c": "", "/d": ""}, []string{"/", "/a", "/b", "/c", "/d"}},
		"circles":             {map[string]string{"/": "/a / #top", "/a": "/ /a"}, []string{"/", "/a"}},
		"other_hosts":         {map[string]string{"/": "http://other.test/x //other.test/y mailto:a@b /a", "/a": ""}, []string{"/", "/a"}},
		"other_ports":         {map[string]string{"/": "http://127.0.0.1:1/x /a", "/a": ""}, []string{"/", "/a"}},
		"robots":              {map[string]string{"/": "/a /private/b", "/a": "", "/private/b": "", "/robots.txt": "User-agent: *\nDisallow: /private/"}, []string{"/", "/a"}},
		"robots_for_us":       {map[string]string{"/": "/a /b", "/a": "", "/b": "", "/robots.txt": "User-agent: sotomi\nDisallow: /b\n\nUser-agent: *\nDisallow: /"}, []string{"/", "/a"}},
		"actions":             {map[string]string{"/": "/logout /user/delete/3 /x?action=remove /cart/add /a?mode=%64elete /dropdown /退会", "/dropdown": "", "/logout": "", "/user/delete/3": ""}, []string{"/", "/dropdown"}},
		"files":               {map[string]string{"/": "/a.pdf /b.JPG /c.html", "/c.html": "", "/a.pdf": ""}, []string{"/", "/c.html"}},
		"redirects":           {map[string]string{"/": "/old", "/old": "->/new", "/new": ""}, []string{"/", "/new"}},
		"redirect_from_home":  {map[string]string{"/": "->/home", "/home": "/a", "/a": ""}, []string{"/home", "/a"}},
		"order_of_parameters": {map[string]string{"/": "/x?a=1&b=2 /x?b=2&a=1&utm_source=z", "/x?a=1&b=2": ""}, []string{"/", "/x?a=1&b=2"}},
		"endless_calendar": {
			map[string]string{"/": "/cal/1 /cal/2 /cal/3 /cal/4 /cal/5 /cal/6", "/cal/1": "", "/cal/2": "", "/cal/3": "", "/cal/4": "", "/cal/5": ""},
			[]string{"/", "/cal/1", "/cal/2", "/cal/3", "/cal/4"},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			site, _ := linked(t, c.pages)
			got, err := probeOf(site, "x").Crawl(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, paths(got)); diff != "" {
				t.Errorf("pages (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCrawlStopsAtTheLimitAndReadsOnce(t *testing.T) {
	pages := map[string]string{"/": ""}
	for i := range 60 {
		name := "/p" + strings.Repeat("x", i)
		pages["/"] += name + " "
		pages[name] = ""
	}
	site, counts := linked(t, pages)
	for range 2 {
		got, err := probeOf(site, "x").Crawl(t.Context())
		if err != nil || len(got) != 30 {
			t.Fatalf("%d pages, %v", len(got), err)
		}
	}
	for path, n := range counts() {
		if n != 1 {
			t.Errorf("%s was asked for %d times", path, n)
		}
	}
}

func TestCrawlThatIsCanceledCanBeDoneAgain(t *testing.T) {
	site, _ := linked(t, map[string]string{"/": "/a", "/a": ""})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := probeOf(site, "x").Crawl(ctx); web.KindOf(err) != web.KindCanceled {
		t.Fatalf("error = %v", err)
	}
	got, err := probeOf(site, "x").Crawl(t.Context())
	if diff := cmp.Diff([]string{"/", "/a"}, paths(got)); diff != "" || err != nil {
		t.Errorf("error %v, pages (-want +got):\n%s", err, diff)
	}
}

func TestControlRequest(t *testing.T) {
	target := target.Target{URL: mustURL(t, "http://h.test/")}
	a, b := cannotExist(target, "/a/", ".php"), cannotExist(target, "/a/", ".txt")
	if a == b || !strings.HasSuffix(a, ".php") {
		t.Fatalf("names %q and %q", a, b)
	}
	cases := map[string]struct{ path, raw, want string }{
		"file":            {"/a/index.php?x=1", "", "/a/" + a + "?x=1"},
		"same_folder":     {"/a/other.php", "", "/a/" + a},
		"other_ext":       {"/a/b.txt", "", "/a/" + b},
		"folder":          {"/admin/", "", "/" + cannotExist(target, "/", "/") + "/"},
		"folder_deep":     {"/a/b/", "", "/a/" + cannotExist(target, "/a/", "/") + "/"},
		"root":            {"/", "", "/" + cannotExist(target, "/", "")},
		"root_query":      {"/?x=1", "", "/" + cannotExist(target, "/", "") + "?x=1"},
		"dot_file":        {"/.git/config", "", "/.git/" + cannotExist(target, "/.git/", "")},
		"dot_file_itself": {"/.env", "", "/" + cannotExist(target, "/", ".env")},
		"raw":             {"/x", "/a/../b.txt?q", "/a/../" + cannotExist(target, "/a/../", ".txt") + "?q"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			u, err := url.Parse("http://h.test" + c.path)
			if err != nil {
				t.Fatal(err)
			}
			r := controlRequest(target, &web.Request{Method: "GET", URL: u, Target: c.raw})
			got := r.URL.RequestURI()
			if c.raw != "" {
				got = r.Target
			}
			if got != c.want {
				t.Errorf("control of %q %q asks for %q, want %q", c.path, c.raw, got, c.want)
			}
		})
	}
}

func TestControlIsLearnedOnce(t *testing.T) {
	site, counts := linked(t, map[string]string{})
	for _, id := range []string{"a", "b"} {
		p := probeOf(site, id)
		for _, path := range []string{"/x/one.php", "/x/two.php"} {
			ex, err := p.Control(t.Context(), &web.Request{Method: "GET", URL: p.Target.URL.JoinPath(path)})
			if err != nil || ex.Status != 404 {
				t.Fatalf("control: %v, %v", ex, err)
			}
		}
	}
	if n := len(counts()); n != 1 {
		t.Errorf("%d different requests, want 1: %v", n, counts())
	}
}
