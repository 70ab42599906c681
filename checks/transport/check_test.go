package transport

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/scanner/web"
)

// looked is what a mode of the check makes of a site: its outcome, and the variant of what it found.
func looked(t *testing.T, mode, tls string, site http.HandlerFunc) string {
	t.Helper()
	s, err := signature.Parse("transport.yaml", []byte("id: transport\ninfo: {name: x, author: x, severity: low}\ncheck: transport\nwith: {mode: "+mode+"}\n"), false)
	if err != nil {
		t.Fatal(err)
	}
	r, err := sigtest.Scan(t.Context(), site, &signature.Case{TLS: tls}, sigtest.Options{Checks: scanner.Table{"transport": New}}, s)
	if err != nil {
		t.Fatal(err)
	}
	got := string(r.Outcomes["transport"].Status)
	for _, f := range r.Findings {
		got += " " + f.Hit.Variant
	}
	return got
}

// pages shows one text at / and another at /second.
func pages(first, second string, status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch r.URL.Path {
		case "/":
			fmt.Fprint(w, `<html><title>a</title><a href="/second">b</a>`+first)
		case "/second":
			w.WriteHeader(status)
			fmt.Fprint(w, "<html><title>b</title>"+second)
		default:
			http.NotFound(w, r)
		}
	}
}

// TestNoPages: a target without pages has no log-in; one whose pages could not be read is not clean.
func TestNoPages(t *testing.T) {
	for _, c := range []struct {
		status int
		kind   string
		want   scanner.Status
	}{
		{http.StatusOK, "application/json", scanner.StatusNotApplicable},
		{http.StatusOK, "text/html", scanner.StatusClean},
		{http.StatusNotFound, "text/html", scanner.StatusNotApplicable},
		{http.StatusGone, "text/html", scanner.StatusNotApplicable},
		{http.StatusInternalServerError, "text/html", scanner.StatusFailed},
		{http.StatusBadRequest, "text/html", scanner.StatusFailed},
	} {
		got := looked(t, "login", "", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", c.kind)
			w.WriteHeader(c.status)
			fmt.Fprint(w, `<html>`)
		})
		if got != string(c.want) {
			t.Errorf("%d %s: %s, want %s", c.status, c.kind, got, c.want)
		}
	}
}

// TestPagesOfErrors: what an error page holds is nobody's log-in, and no page that people read.
func TestPagesOfErrors(t *testing.T) {
	const form = `<form action="/in"><input type="password" name="p"></form>`
	for status, want := range map[int]string{http.StatusOK: "found ", http.StatusNotFound: "clean"} {
		if got := looked(t, "login", "", pages("", form, status)); got != want {
			t.Errorf("a page that answers %d: %q, want %q", status, got, want)
		}
	}
	if got := looked(t, "plain", "", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "<html>Not found")
	}); got != "clean" {
		t.Errorf("an error page over plain HTTP: %q", got)
	}
}

// TestLesserKindsHideNothing: a page that is only a little wrong comes after one that is wrong.
func TestLesserKindsHideNothing(t *testing.T) {
	const image, script = `<img src="http://127.0.0.1:9/a.png">`, `<script src="http://127.0.0.1:9/a.js"></script>`
	for _, c := range []struct{ first, second, want string }{
		{image, script, "found "}, {script, image, "found "}, {image, "", "found images"}, {"", image, "found images"}, {"", "", "clean"},
	} {
		if got := looked(t, "mixed", "valid", pages(c.first, c.second, http.StatusOK)); got != c.want {
			t.Errorf("%q, then %q: %q, want %q", c.first, c.second, got, c.want)
		}
	}
	for _, c := range []struct{ first, second, want string }{
		{"sid=5f2d8c1e; HttpOnly", "PHPSESSID=5f2d8c1e", "found "}, {"sid=5f2d8c1e; HttpOnly", "lang=ja", "found same-site"}, {"lang=ja", "sid=5f2d8c1e", "found "},
	} {
		if got := looked(t, "cookies", "", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Set-Cookie", map[string]string{"/": c.first, "/second": c.second}[r.URL.Path])
			pages("", "", http.StatusOK)(w, r)
		}); got != c.want {
			t.Errorf("%q, then %q: %q, want %q", c.first, c.second, got, c.want)
		}
	}
}

// TestWhatCookiesLack: only SameSite is the lesser kind.
func TestWhatCookiesLack(t *testing.T) {
	u := &url.URL{Scheme: "https", Host: "a.test", Path: "/"}
	for cookie, want := range map[string]string{
		"sid=5f2d8c1e; HttpOnly; SameSite=Lax": "", "sid=5f2d8c1e; Secure; SameSite=Lax": "", "sid=5f2d8c1e; Secure; HttpOnly": "same-site",
	} {
		ex := &web.Exchange{Request: &web.Request{URL: u}, URL: u, Header: http.Header{"Set-Cookie": {cookie}}}
		if hit := cookieHit(ex, true); hit == nil || hit.Variant != want {
			t.Errorf("%s: %+v, want the variant %q", cookie, hit, want)
		}
	}
}

// TestHSTSOfAPage: half a year is enough. What a page that fails states counts; what it does not state is not known.
func TestHSTSOfAPage(t *testing.T) {
	for _, c := range []struct {
		status int
		field  string
		want   string
	}{
		{http.StatusOK, "max-age=15552000", "clean"},
		{http.StatusOK, "max-age=15551999", "found short"},
		{http.StatusOK, "", "found "},
		{http.StatusInternalServerError, "max-age=300", "found short"},
		{http.StatusInternalServerError, "", "failed"},
	} {
		if got := looked(t, "hsts", "valid", func(w http.ResponseWriter, _ *http.Request) {
			if c.field != "" {
				w.Header().Set("Strict-Transport-Security", c.field)
			}
			w.WriteHeader(c.status)
		}); got != c.want {
			t.Errorf("%d %q: %q, want %q", c.status, c.field, got, c.want)
		}
	}
}

// TestHandshaker: the modes that look at handshakes only can run where the certificate is not accepted, and no others.
func TestHandshaker(t *testing.T) {
	for _, mode := range []string{"plain", "login", "cookies", "hsts", "mixed", "expiry", "name", "trust", "version"} {
		s, err := signature.Parse("transport.yaml", []byte("id: transport\ninfo: {name: x, author: x, severity: low}\ncheck: transport\nwith: {mode: "+mode+"}\n"), false)
		if err != nil {
			t.Fatal(err)
		}
		made, err := New(s)
		if err != nil {
			t.Fatal(err)
		}
		h, ok := made.(interface{ Handshaker() bool })
		if want := slices.Contains([]string{"expiry", "name", "trust", "version"}, mode); !ok || h.Handshaker() != want {
			t.Errorf("%s: a handshaker %v, want %v", mode, ok && h.Handshaker(), want)
		}
	}
}
