package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/browser"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/web"
)

// looked is what a check is told of the page of a site.
func looked(t *testing.T, o Options, address string, look func(context.Context, *scanner.Probe) error) scanner.Outcome {
	t.Helper()
	sink := &scanner.Collector{}
	o.Targets, o.Signatures, o.Sinks = mustTargets(t, address), sigsOf("a"), []scanner.Sink{sink}
	o.Checks = tableOf(map[string]scanner.Check{"a": checkFunc(func(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) { return nil, look(ctx, p) })})
	if _, err := Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	return sink.Outcomes[0]
}

// chromium is the browser that is installed; without one the test is skipped aloud.
func chromium(t *testing.T) string {
	t.Helper()
	path, err := browser.Find(t.Context(), "")
	switch {
	case testing.Short():
		t.Skip("-short: no browser has looked at a page")
	case err != nil && os.Getenv("SOTOMI_LABS") == "require":
		t.Fatal(err)
	case err != nil:
		t.Skip("no browser has looked at a page: ", err)
	}
	return path
}

// TestLook: a check sees the page in a browser, whose requests count and keep to the rate, with what the user gave; a page that
// does not open is told as a request would tell it. Nothing of the browser is left after the scan.
func TestLook(t *testing.T) {
	path := chromium(t)
	var mu sync.Mutex
	given := map[string]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		given[r.URL.Path] = r.Header.Get("X-Given")
		mu.Unlock()
		if r.URL.Path == "/" {
			fmt.Fprint(w, `<!doctype html><link rel=icon href="data:,"><script src=/a.js></script>`)
		}
	}))
	t.Cleanup(s.Close)
	var logged []string
	client, err := web.NewClient(web.Options{Rate: 5, Header: http.Header{"X-Given": {"1"}}, Log: func(tr web.Traffic) {
		mu.Lock()
		defer mu.Unlock()
		if tr.By == "a" {
			logged = append(logged, tr.URL)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	var scripts []browser.Script
	var closed error
	end := looked(t, Options{Client: client, Chromium: path}, s.URL, func(ctx context.Context, p *scanner.Probe) error {
		l, err := p.Look(ctx, p.Target.URL, browser.VisitFirst)
		if err != nil {
			return err
		}
		scripts = l.Scripts
		_, closed = p.Look(ctx, mustURL(t, "http://127.0.0.1:1/"), browser.VisitFirst)
		return nil
	})
	if end.Status != scanner.StatusClean || len(scripts) != 1 || end.Requests != 3 || len(logged) != 2 || client.Requests() != 3 { // one for the page of the site, before the check
		t.Errorf("%+v, %d scripts, logged %q, %d requests in all", end, len(scripts), logged, client.Requests())
	}
	if given["/"] != "1" || given["/a.js"] != "1" {
		t.Errorf("what the user gave: %v", given)
	}
	if closed == nil {
		t.Error("a port where nobody listens shows a page")
	}
}

// TestPicture: the picture of a page is made of what the site itself serves, and its requests count; there is none of what the user's
// header shows, none of a page that is not there, and no more than a scan may take.
func TestPicture(t *testing.T) {
	path := chromium(t)
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("another host was asked") }))
	t.Cleanup(other.Close)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, `<!doctype html><link rel=icon href="data:,"><img src="/own.png"><img src="%s/x.png">`, other.URL)
	}))
	t.Cleanup(s.Close)
	given, err := web.NewClient(web.Options{Rate: -1, Header: http.Header{"X-Given": {"1"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(given.Close)
	for name, c := range map[string]struct {
		client   *web.Client
		page     string
		requests int // with the one for the page of the site, before the check
		none     error
	}{
		"there":  {newClient(t), "/", 3, nil},
		"given":  {given, "/", 1, errGiven},
		"absent": {newClient(t), "/absent", 2, errNoAccess},
	} {
		t.Run(name, func(t *testing.T) {
			var picture *evidence.Picture
			var none error
			end := looked(t, Options{Client: c.client, Chromium: path}, s.URL, func(ctx context.Context, p *scanner.Probe) error {
				u := *p.Target.URL
				u.Path = c.page
				picture, none = p.Picture(ctx, &u)
				return nil
			})
			if !errors.Is(none, c.none) || (picture != nil) != (c.none == nil) || picture != nil && !picture.Own {
				t.Errorf("%v, want %v", none, c.none)
			}
			if end.Status != scanner.StatusClean || c.client.Requests() < int64(c.requests) || c.none == nil && end.Requests != c.requests-1 {
				t.Errorf("%+v, %d requests in all", end, c.client.Requests())
			}
		})
	}
	if err := (&browsing{taken: maxPictures}).mayTake(); !errors.Is(err, errMany) {
		t.Errorf("one more than %d: %v", maxPictures, err)
	}
}

// TestNoBrowser: a check is told that there is no browser, or that the one that was named does not run.
func TestNoBrowser(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	t.Setenv("PATH", t.TempDir())
	for named, none := range map[string]bool{"": true, "/no/such": false} {
		var failed error
		looked(t, Options{Client: newClient(t), Chromium: named}, s.URL, func(ctx context.Context, p *scanner.Probe) error {
			_, failed = p.Look(ctx, p.Target.URL, browser.VisitFirst)
			return nil
		})
		if failed == nil || errors.Is(failed, browser.ErrNone) != none {
			t.Errorf("%q: %v", named, failed)
		}
	}
}

// TestLookErrors: what a browser says of a page that did not open is told in the words of requests.
func TestLookErrors(t *testing.T) {
	u := mustURL(t, "https://shop.example/")
	refused := &web.Error{Kind: web.KindScope, Err: message.Errorf("refused")}
	for want, err := range map[web.Kind]error{
		web.KindTLS: &browser.PageError{Reason: "net::ERR_CERT_DATE_INVALID"}, web.KindClosed: &browser.PageError{Reason: "net::ERR_EMPTY_RESPONSE"},
		web.KindTimeout: &browser.PageError{Late: true}, web.KindProtocol: &browser.PageError{Reason: "net::ERR_INVALID_RESPONSE"}, web.KindScope: refused, "": errors.New("lost"),
	} {
		if got := web.KindOf(lookError(t.Context(), u, err)); got != want {
			t.Errorf("%v is %q, want %q", err, got, want)
		}
	}
}
