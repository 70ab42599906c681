package ssi

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
)

// injected is what ssi-injection makes of a site.
func injected(t *testing.T, site http.Handler) (scanner.Outcome, []scanner.Finding) {
	t.Helper()
	return injectedAt(t, site, "")
}

// injectedAt is the same with the address that the user names on the site.
func injectedAt(t *testing.T, site http.Handler, address string) (scanner.Outcome, []scanner.Finding) {
	t.Helper()
	s, err := signature.Parse("ssi.yaml", []byte("id: ssi-injection\ninfo: {name: x, author: x, severity: high}\ncheck: ssi-injection\n"), false)
	if err != nil {
		t.Fatal(err)
	}
	r, err := sigtest.Scan(t.Context(), site, &signature.Case{Path: address}, sigtest.Options{Checks: scanner.Table{"ssi-injection": NewInjection}, Safety: signature.SafetyActive}, s)
	if err != nil {
		t.Fatal(err)
	}
	return r.Outcomes["ssi-injection"], r.Findings
}

// search is a scripted shop whose search page evaluates what visitors send.
func search(t *testing.T) http.Handler {
	t.Helper()
	h, err := sigtest.Handler(nil, &signature.Case{Server: "ssi-search"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestInjectionIsFound(t *testing.T) {
	outcome, findings := injected(t, search(t))
	if outcome.Status != scanner.StatusFound || len(findings) == 0 {
		t.Fatalf("outcome %s (%s)", outcome.Status, outcome.Reason)
	}
	if e := findings[0].Hit.Evidence; len(e) != 3 {
		t.Errorf("%d parts of evidence, want proof, repetition and control", len(e))
	}
}

// TestInjectionNeedsItsControl: a page that computes the date in ordinary comments too does not evaluate SSI: the proof
// counts only where a comment that is no directive comes back as it was sent.
func TestInjectionNeedsItsControl(t *testing.T) {
	inner := search(t)
	outcome, findings := injected(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "%3C%21--zq+", "%3C%21--%23")
		inner.ServeHTTP(w, r)
	}))
	if outcome.Status != scanner.StatusClean || len(findings) > 0 {
		t.Errorf("outcome %s (%s), %d findings", outcome.Status, outcome.Reason, len(findings))
	}
}

// TestInjectionIsRepeated: a proof that does not come out a second time is none.
func TestInjectionIsRepeated(t *testing.T) {
	inner := search(t)
	var evaluated atomic.Int32
	outcome, findings := injected(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery, "%23config") {
			if evaluated.Add(1)%2 == 0 {
				r.URL.RawQuery = ""
			}
		}
		inner.ServeHTTP(w, r)
	}))
	if outcome.Status != scanner.StatusClean || len(findings) > 0 {
		t.Errorf("outcome %s (%s), %d findings", outcome.Status, outcome.Reason, len(findings))
	}
}

// TestInjectionBehindAFilter: what a filter refuses is not clean, and is named.
func TestInjectionBehindAFilter(t *testing.T) {
	h, err := sigtest.Handler(nil, &signature.Case{Server: "ssi-search-filter"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	outcome, findings := injected(t, h)
	if outcome.Status != scanner.StatusBlocked || len(findings) > 0 || !strings.Contains(outcome.Reason.String(), "/?q=…") {
		t.Errorf("outcome %s (%s), %d findings", outcome.Status, outcome.Reason, len(findings))
	}
}

// TestInjectionWhereAllTextIsRefused: a place that refuses every text, as stores of files do with names that they do not have,
// has no filter and sends nothing back.
func TestInjectionWhereAllTextIsRefused(t *testing.T) {
	outcome, findings := injected(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		switch r.URL.Path {
		case "/":
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, `<html><body><form action="/search"><input name="q"></form></body></html>`)
		default:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`)
		}
	}))
	if outcome.Status != scanner.StatusClean || len(findings) > 0 {
		t.Errorf("outcome %s (%s), %d findings", outcome.Status, outcome.Reason, len(findings))
	}
}

// TestInjectionStaysOnItsSite: forms and links that lead to other hosts, or to other ports of the host, are not asked and
// are no failure.
func TestInjectionStaysOnItsSite(t *testing.T) {
	var asked atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer other.Close()
	for name, page := range map[string]string{
		"form_to_another_host": `<form action="https://www.google.com/search"><input name="q"></form>`,
		"form_to_another_port": `<form action="` + other.URL + `/search"><input name="q"></form>`,
		"link_to_another_port": `<a href="` + other.URL + `/list?page=2">more</a>`,
		"base_elsewhere":       `<base href="https://cdn.example.test/"><form action="search"><input name="q"></form><a href="list?page=2">more</a>`,
		"base_on_another_port": `<base href="` + other.URL + `"><form action="search"><input name="q"></form><a href="list?page=2">more</a>`,
		"other_protocol":       `<form action="mailto:a@b.test"><input name="q"></form><form action="ftp://127.0.0.1/x"><input name="q"></form>`,
	} {
		t.Run(name, func(t *testing.T) {
			asked.Store(0)
			outcome, _ := injected(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/" {
					http.NotFound(w, r)
					return
				}
				w.Header().Set("Content-Type", "text/html")
				fmt.Fprint(w, "<html><head>"+page+"</head></html>")
			}))
			if outcome.Status != scanner.StatusClean {
				t.Errorf("outcome %s (%s)", outcome.Status, outcome.Reason)
			}
			if n := asked.Load(); n > 0 {
				t.Errorf("%d requests reached a port that nobody named", n)
			}
		})
	}
}
