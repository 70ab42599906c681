package browser_test

import (
	"bytes"
	"cmp"
	"context"
	"image/jpeg"
	"net/url"
	"strings"
	"testing"
	"time"

	"sotomi/scanner/browser"
)

// TestPictures: a picture is a JPEG of what a visitor sees first, and never large: of a page of noise it is one of fewer points.
func TestPictures(t *testing.T) {
	s := serve(t, map[string]string{
		"/calm": `<!doctype html><body style="margin:0"><div style="background:#f00;height:2000px"></div><div style="background:#00f;height:2000px"></div>`,
		"/noise": `<!doctype html><body style="margin:0"><canvas id=c width=1280 height=900></canvas><script>
			const c = document.getElementById("c").getContext("2d"), d = c.createImageData(1280, 900); let n = 1;
			for (let i = 0; i < d.data.length; i++) { n ^= n << 13; n ^= n >>> 17; n ^= n << 5; d.data[i] = i % 4 == 3 ? 255 : n & 255; }
			c.putImageData(d, 0, 0);</script>`,
		"/loads": `<!doctype html><p>Loads for ever</p><script>setInterval(() => fetch("/more?" + Math.random()), 100)</script>`,
	})
	for path, wide := range map[string]bool{"/calm": true, "/noise": false, "/loads": true} {
		t.Run(strings.Trim(path, "/"), func(t *testing.T) {
			l := lookBy(t, openShared(t), browser.Page{URL: parse(t, s.URL+path), Visit: browser.VisitFirst, Picture: true})
			picture, err := jpeg.Decode(bytes.NewReader(l.Screenshot))
			if err != nil {
				t.Fatalf("the picture: %v, unseen %q", err, l.Unseen)
			}
			size := picture.Bounds().Size()
			t.Logf("%d bytes, %v", len(l.Screenshot), size)
			if len(l.Screenshot) > browser.MaxPicture || (size.X == 960) != wide {
				t.Errorf("%d bytes, %v", len(l.Screenshot), size)
			}
			if r, _, b, _ := picture.At(2, 2).RGBA(); path == "/calm" && (r < 0xf000 || b > 0x0fff) {
				t.Errorf("the top of the page is not what is shown: %v", picture.At(2, 2))
			}
		})
	}
}

// TestPictureThatNeverLoads: a page whose parts never come has a picture within the time of a look.
func TestPictureThatNeverLoads(t *testing.T) {
	s := serve(t, map[string]string{"/": `<!doctype html><h1>Hello</h1><img src="/hangs">`})
	b := open(t, browser.Options{Time: 7 * time.Second, Before: func(ctx context.Context, _ string, u *url.URL) (func(int), error) {
		if u.Path == "/hangs" {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return func(int) {}, nil
	}})
	l := lookBy(t, b, browser.Page{URL: parse(t, s.URL+"/"), Visit: browser.VisitFirst, Picture: true})
	if len(l.Screenshot) == 0 {
		t.Errorf("no picture; unseen %q", l.Unseen)
	}
}

// TestOnlySome: a page may ask for nothing but what is allowed, also by way of a redirect.
func TestOnlySome(t *testing.T) {
	pages := map[string]string{"/": `<!doctype html><script src=/own.js></script><script src="http://OTHER/other.js"></script><img src=/moved>`, "/own.js": "", "/other.js": ""}
	s := serve(t, pages)
	s.mu.Lock()
	pages["/moved"] = "@Location: " + strings.Replace(s.URL, "127.0.0.1", "localhost", 1) + "/picture\n"
	s.mu.Unlock()
	only := func(u *url.URL) bool { return u.Hostname() == "127.0.0.1" }
	l := lookBy(t, openShared(t), browser.Page{URL: parse(t, s.URL+"/"), Visit: browser.VisitFirst, Picture: true, Only: only})
	held := map[string]string{}
	for _, r := range l.Requests {
		u := parse(t, r.URL)
		held[u.Hostname()+u.Path] = cmp.Or(r.Held, held[u.Hostname()+u.Path]) // the target of a redirect may be listed twice
	}
	const why = "It leads to a host that is not asked."
	if held["127.0.0.1/own.js"] != "" || held["localhost/other.js"] != why || held["localhost/picture"] != why {
		t.Errorf("%v", held)
	}
	for _, r := range s.asked {
		if !strings.HasPrefix(r.Host, "127.0.0.1") {
			t.Errorf("%s was asked for %s", r.Host, r.URL)
		}
	}
}
