package pagechange_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/browser"
	"sotomi/scanner/engine"
	"sotomi/scanner/evidence"
	"sotomi/scanner/web"
)

// chromium is the browser that is installed; without one the test is skipped aloud.
func chromium(t *testing.T) string {
	t.Helper()
	path, err := browser.Find(t.Context(), "")
	switch {
	case testing.Short():
		t.Skip("-short: no picture was taken")
	case err != nil && os.Getenv("SOTOMI_LABS") == "require":
		t.Fatal(err)
	case err != nil:
		t.Skip("no picture was taken: ", err)
	}
	return path
}

// kiln is the site of a potter, whose page somebody may deface. It has a part that another host serves.
type kiln struct {
	*httptest.Server
	defaced atomic.Bool
	other   *httptest.Server
	strayed atomic.Int64 // requests that the other host got
}

func newKiln(t *testing.T) *kiln {
	t.Helper()
	k := &kiln{}
	k.other = httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { k.strayed.Add(1) }))
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path != "/" && r.URL.Path != "/about":
			http.NotFound(w, r)
		case k.defaced.Load() && r.URL.Path == "/":
			fmt.Fprint(w, `<!DOCTYPE html><html><head><title>Hacked by Q</title></head><body style="background:#000;color:#0f0"><h1>Hacked by Q</h1></body></html>`)
		default:
			fmt.Fprintf(w, `<!DOCTYPE html><html><head><title>Arita</title></head><body style="background:#fff">%s<img src="%s/x.png"></body></html>`, body, k.other.URL)
		}
	}))
	t.Cleanup(k.Close)
	t.Cleanup(k.other.Close)
	return k
}

// learned scans until the page is known.
func learned(t *testing.T, k *kiln, m memory, change func(*engine.Options), pages ...string) {
	t.Helper()
	for range 5 {
		if c := scanWith(t, k.Server, load(t, "page-changed"), m, change, pages...); len(c.Findings) > 0 {
			t.Fatalf("%+v", c.Findings)
		}
	}
}

// TestPicturesOfAPage: a page that the user named is shown as it was and as it is while something is wrong with it, and not after.
// Nobody but the site itself is asked for it.
func TestPicturesOfAPage(t *testing.T) {
	s, m, k := load(t, "page-changed"), memory{}, newKiln(t)
	with := func(o *engine.Options) { o.Chromium = chromium(t) }
	scanWith(t, k.Server, s, m, with, "/")
	learned(t, k, m, func(o *engine.Options) { o.Chromium = engine.NoChromium }, "/")
	k.defaced.Store(true)
	first := scanWith(t, k.Server, s, m, with, "/")
	again := scanWith(t, k.Server, s, m, with, "/")
	for i, c := range []*scanner.Collector{first, again} {
		p := picturesOf(c)
		if p == nil || p.Before == nil || p.After == nil || !p.Sound() || !p.Before.Own || bytes.Equal(p.Before.JPEG, p.After.JPEG) {
			t.Fatalf("scan %d: %+v", i, c.Findings)
		}
	}
	if !bytes.Equal(picturesOf(first).Before.JPEG, picturesOf(again).Before.JPEG) {
		t.Error("the picture of a page with something wrong has taken the place of the one before")
	}
	k.defaced.Store(false)
	if c := scanWith(t, k.Server, s, m, with, "/"); picturesOf(c) != nil || len(c.Findings) > 0 {
		t.Errorf("restored: %+v", c.Findings)
	}
	if n := k.strayed.Load(); n > 0 {
		t.Errorf("another host got %d requests", n)
	}
}

// TestNoPictures: there are none of pages that the user did not name, none with anything that is the user's own, and none without a
// browser; and then the finding says why.
func TestNoPictures(t *testing.T) {
	path := chromium(t)
	given, err := web.ReadCredentials(strings.NewReader("Cookie: s=1"), "staff")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		pages  []string
		change func(*engine.Options)
		want   string
	}{
		"crawled": {nil, func(o *engine.Options) { o.Chromium = path }, ""},
		"session": {[]string{"/"}, func(o *engine.Options) {
			o.Chromium, o.Visitors = path, []engine.Visitor{{Name: "staff", Credentials: given}}
		}, "none: what a log-in, a header or a certificate shows cannot be masked"},
		"no_browser": {[]string{"/"}, func(o *engine.Options) { o.Chromium = engine.NoChromium }, "none: no Chromium or Chrome was found"},
	} {
		t.Run(name, func(t *testing.T) {
			m, k := memory{}, newKiln(t)
			learned(t, k, m, c.change, c.pages...)
			k.defaced.Store(true)
			found := scanWith(t, k.Server, load(t, "page-changed"), m, c.change, c.pages...)
			if len(found.Findings) == 0 || picturesOf(found) != nil {
				t.Fatalf("%+v", found.Findings)
			}
			if got, _ := found.Findings[0].Hit.Values["pictures"].(interface{ String() string }); c.want == "" && got != nil || c.want != "" && (got == nil || got.String() != c.want) {
				t.Errorf("%v, want %q", got, c.want)
			}
			for key, value := range m {
				if bytes.Contains(value, []byte(`"picture"`)) {
					t.Errorf("%s has a picture", key)
				}
			}
		})
	}
}

// picturesOf are those of the first finding, nil for none.
func picturesOf(c *scanner.Collector) *evidence.Pictures {
	for _, f := range c.Findings {
		return f.Hit.Pictures
	}
	return nil
}
