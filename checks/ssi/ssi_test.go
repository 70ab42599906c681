package ssi

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/scanner/web"
)

var ssiNow = time.Date(2026, 11, 22, 23, 30, 0, 0, time.UTC) // day 326

func ssiSaid(status int, body string) *web.Exchange {
	return &web.Exchange{Status: status, Header: http.Header{"Date": {ssiNow.Format(http.TimeFormat)}}, Body: []byte(body)}
}

func TestSSICanary(t *testing.T) {
	p := newProbe(rand.New(rand.NewPCG(1, 2)))
	sent := p.Canary(false)
	if len(sent) != len(p.Directive(form{})) {
		t.Errorf("the canary has %d characters and the directive %d: a field that cuts text would cut only one", len(sent), len(p.Directive(form{})))
	}
	for _, c := range []struct {
		name     string
		ex       *web.Exchange
		baseline int
		quoting  quoting
		want     answer
	}{
		{"verbatim", ssiSaid(200, "<p>"+sent+"</p>"), 200, doubleQuotes, ssiPlain},
		{"in an attribute", ssiSaid(200, `<input value="`+sent+`">`), 200, doubleQuotes, ssiPlain},
		{"on an error page", ssiSaid(404, "no page "+sent), 404, doubleQuotes, ssiPlain},
		{"both quotes escaped", ssiSaid(200, strings.NewReplacer(`"`, `\"`, `'`, `\'`).Replace(sent)), 200, noQuotes, ssiPlain},
		{"encoded", ssiSaid(200, strings.ReplaceAll(sent, "<", "&lt;")), 200, 0, ssiAbsent},
		{"comment stripped", ssiSaid(200, p.T[0]+p.T[4]), 200, 0, ssiAbsent},
		{"cut", ssiSaid(200, sent[:40]), 200, 0, ssiCut},
		{"cut after the comment", ssiSaid(200, strings.TrimSuffix(sent, p.T[4])), 200, 0, ssiCut},
		{"cut early", ssiSaid(200, sent[:20]), 200, 0, ssiAbsent},
		{"not sent back", ssiSaid(200, "hello"), 200, 0, ssiAbsent},
		{"no answer", nil, 200, 0, ssiAbsent},
		{"refused", ssiSaid(403, "denied"), 200, 0, ssiBlocked},
		{"refused like everybody", ssiSaid(403, "denied"), 403, 0, ssiAbsent},
		{"refused, ordinary text unknown", ssiSaid(406, "denied"), 0, 0, ssiAbsent},
	} {
		if q, got := judgeCanary(p, false, c.ex, c.baseline); got != c.want || q != c.quoting {
			t.Errorf("%s: %v quoting %v, want %v quoting %v", c.name, got, q, c.want, c.quoting)
		}
	}
}

func TestSSIProof(t *testing.T) {
	p := newProbe(rand.New(rand.NewPCG(1, 2)))
	frame := func(day, year string) string {
		return p.T[0] + p.T[1] + day + p.T[2] + year + p.T[3] + p.T[4]
	}
	canary := ssiSaid(200, p.Canary(false))
	for _, c := range []struct {
		name string
		ex   *web.Exchange
		want answer
	}{
		{"computed", ssiSaid(200, "<p>"+frame("326", "2026")+"</p>"), ssiEvaluated},
		{"a day on, in another zone", ssiSaid(200, frame("327", "2026")), ssiEvaluated},
		{"second of two", ssiSaid(200, frame("001", "1999")+frame("326", "2026")), ssiEvaluated},
		{"another day", ssiSaid(200, frame("001", "2026")), ssiPlain},
		{"another year", ssiSaid(200, frame("326", "2025")), ssiPlain},
		{"as it was sent", ssiSaid(200, p.Directive(form{})), ssiPlain},
		{"stripped", ssiSaid(200, p.T[0]+p.T[4]), ssiPlain},
		{"the site's own date", ssiSaid(200, "day 326 of 2026"), ssiPlain},
		{"conversions left", ssiSaid(200, frame("%j", "%Y")), ssiPlain},
		{"a filter", ssiSaid(403, "denied"), ssiBlocked},
		{"a filter that hangs up", nil, ssiBlocked},
		{"not available", ssiSaid(503, "busy"), ssiBlocked},
		{"not implemented", ssiSaid(501, "denied"), ssiBlocked},
		{"an error page", ssiSaid(500, "error"), ssiPlain},
	} {
		if got := judgeProof(p, false, c.ex, canary); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
	refusal := ssiSaid(403, "denied "+p.Canary(false))
	if got := judgeProof(p, false, ssiSaid(403, "denied "+p.Directive(form{})), refusal); got != ssiPlain {
		t.Errorf("a page that refuses everybody and sends text back: %v", got)
	}
	undated := ssiSaid(200, frame("001", "2027"))
	undated.Header.Del("Date")
	undated.Started = time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC)
	if got := judgeProof(p, false, undated, canary); got != ssiEvaluated {
		t.Errorf("new year by our own clock: %v", got)
	}
}

// TestSSIShortProof: the date must stand between the tokens of this very probe.
func TestSSIShortProof(t *testing.T) {
	p := newProbe(rand.New(rand.NewPCG(1, 2)))
	const date = "Sunday, 22-Nov-2026 23:30:00 GMT"
	for text, want := range map[string]answer{
		p.T[0] + date + p.T[4]:                               ssiEvaluated,
		p.T[0] + "Sunday, 01-Nov-2026 23:30:00 GMT" + p.T[4]: ssiPlain,
		"Now: " + date + p.T[4]:                              ssiPlain,
		p.T[0] + date:                                        ssiPlain,
		p.Directive(form{short: true}):                       ssiPlain,
	} {
		if got := judgeProof(p, true, ssiSaid(200, text), ssiSaid(200, p.Canary(true))); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

// TestSSIWritesAndRunsNothing: only directives that set a date format and print the date are ever sent.
func TestSSIWritesAndRunsNothing(t *testing.T) {
	p := newProbe(rand.New(rand.NewPCG(1, 2)))
	for _, q := range []quoting{doubleQuotes, singleQuotes, noQuotes} {
		names := regexp.MustCompile(`#(\w+)`).FindAllStringSubmatch(p.Directive(form{quoting: q}), -1)
		if len(names) != 2 || names[0][1] != "config" || names[1][1] != "echo" {
			t.Errorf("directives %v", names)
		}
		if strings.Contains(p.Control(form{quoting: q}), "#") || strings.Contains(p.Canary(false), "#") {
			t.Error("a control is a directive")
		}
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 3 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil || strings.HasSuffix(file, "_test.go") {
			continue
		}
		if m := regexp.MustCompile(`<!--#|#exec|#printenv|#include|MethodPost`).Find(text); m != nil {
			t.Errorf("%s names %s", file, m)
		}
	}
}

func TestInjectionPoints(t *testing.T) {
	pages := []*web.Page{
		page(t, "http://site.test/", `<a href="/list?cat=1&page=2">a</a><a href="/list?cat=2&page=3">b</a>
			<a href="/cart/add?id=1">c</a><a href="/logout?x=1">d</a><a href="http://other.test/?q=1">e</a><a href="/a?csrf_token=1&x=2">f</a>
			<form action="/search"><input name="q"><input type="submit" name="go" value="1"><input type="hidden" name="lang" value="ja"></form>
			<form action="/inquiry" method="post"><input name="text"></form>
			<form action="/report"><input name="csrf_token" type="hidden" value="1"><input name="text"></form>
			<form action="/enter"><input name="who"><input name="secret" type="password"></form>
			<form action="/newsletter/unsubscribe"><input name="mail"></form>`),
	}
	base := pages[0].Exchange.URL
	var got []string
	for _, p := range injectionPoints(base, pages, "zzzzzz") {
		r := p.Request("TEXT")
		if r.Method != "" && r.Method != http.MethodGet || r.Body != nil {
			t.Errorf("%s: %s", p.Where, r.Method)
		}
		got = append(got, fmt.Sprintf("%s | %d %s %v", p.Where, p.Baseline, r.URL, r.Header))
	}
	want := []string{
		"/?*=… | 200 http://site.test/?zzzzzz=TEXT map[]",
		"/… | 404 http://site.test/TEXT map[]",
		"User-Agent: … | 200 http://site.test/?zzzzzz=TEXT map[User-Agent:[TEXT]]",
		"Referer: … | 200 http://site.test/?zzzzzz=TEXT map[Referer:[TEXT]]",
		"X-Forwarded-For: … | 200 http://site.test/?zzzzzz=TEXT map[X-Forwarded-For:[TEXT]]",
		"/search?q=… | 200 http://site.test/search?go=1&lang=ja&q=TEXT map[]",
		"/search?lang=… | 200 http://site.test/search?go=1&lang=TEXT&q= map[]",
		"/enter?who=… | 200 http://site.test/enter?secret=&who=TEXT map[]",
		"/list?cat=… | 200 http://site.test/list?cat=TEXT&page=2 map[]",
		"/list?page=… | 200 http://site.test/list?cat=1&page=TEXT map[]",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestPointsOfATarget: the query that the user named is probed first, then what every site has, then what its pages name.
func TestPointsOfATarget(t *testing.T) {
	home := page(t, "http://site.test/shop/list.cgi?view=full&page=2", `<a href="/shop/other?x=1">x</a>`)
	home.Exchange.Header.Add("Set-Cookie", "nick=guest; Path=/")
	home.Exchange.Header.Add("Set-Cookie", "PHPSESSID=5f2d8c1e; Path=/")
	home.Exchange.Header.Add("Set-Cookie", "old=x; Max-Age=0")
	base, err := url.Parse("http://site.test/shop/list.cgi?view=full&page=2")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range injectionPoints(base, []*web.Page{home, page(t, "http://site.test/app/a/index.html", "")}, "zzzzzz") {
		got = append(got, p.Where)
	}
	want := []string{
		"/shop/list.cgi?page=…", "/shop/list.cgi?view=…", "/shop/list.cgi?*=…", "/shop/list.cgi/…", "User-Agent: …", "Referer: …", "X-Forwarded-For: …",
		"/shop/…", "/app/a/…", "Cookie nick=…", "/shop/other?x=…",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestQuotingLeft: which quotes an application lets through, by what it makes of both.
func TestQuotingLeft(t *testing.T) {
	for back, want := range map[string]quoting{
		`"'`: doubleQuotes, `"&#039;`: doubleQuotes, `"`: doubleQuotes, `"\'`: doubleQuotes,
		`&quot;'`: singleQuotes, `'`: singleQuotes, `\"'`: singleQuotes, `""'`: singleQuotes,
		`\"\'`: noQuotes, `&quot;&#039;`: noQuotes, ``: noQuotes, `""''`: noQuotes,
	} {
		if got := quotingLeft(back); got != want {
			t.Errorf("quotingLeft(%s) = %v, want %v", back, got, want)
		}
	}
}

// TestSSIAsksWithinItsLimits: a page with a hundred parameters that sends everything back.
func TestSSIAsksWithinItsLimits(t *testing.T) {
	var list strings.Builder
	for i := range 100 {
		fmt.Fprintf(&list, `<a href="/p%d?q=1">x</a>`, i)
	}
	asked := &sigtest.Recorder{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		text, _ := url.QueryUnescape(r.URL.RawQuery)
		fmt.Fprint(w, "<html><body>"+text+list.String()+"</body></html>")
	})}
	s, err := signature.Parse("ssi.yaml", []byte("id: ssi-injection\ninfo: {name: x, author: x, severity: high}\ncheck: ssi-injection\n"), false)
	if err != nil {
		t.Fatal(err)
	}
	r, err := sigtest.Scan(t.Context(), asked, nil, sigtest.Options{Checks: scanner.Table{"ssi-injection": NewInjection}, Safety: signature.SafetyActive}, s)
	if err != nil {
		t.Fatal(err)
	}
	probes := 0
	for _, line := range asked.Requests() {
		if strings.Contains(line, "%3C%21--") || strings.Contains(line, "<!--") {
			probes++
		}
		if !strings.HasPrefix(line, "GET ") {
			t.Errorf("%s", line)
		}
	}
	if probes > maxPoints*5 || probes < maxPoints {
		t.Errorf("%d probes of %d places", probes, maxPoints)
	}
	if len(r.Findings) > 0 {
		t.Errorf("text sent back is not evaluated: %v", r.Findings[0].Hit.Values)
	}
}

// TestRawDirectives: comments in the source count; quoted, escaped and spaced ones do not.
func TestRawDirectives(t *testing.T) {
	for text, want := range map[string]string{
		`<!--#include virtual="/menu.html" -->`:                      "1 /menu.html",
		`<!--#include file="../inc/head.inc" -->`:                    "1 /inc/head.inc",
		`<!--#echo var="DATE_LOCAL" -->`:                             "1 ",
		`<!--#include virtual="$page" -->`:                           "1 ",
		`<p>&lt;!--#include virtual="/menu.html" --&gt;</p>`:         "0 ",
		`<code><!-- #include virtual="/menu.html" --></code>`:        "0 ",
		`<script>var s = '<!--#include virtual="/a" -->'</script>`:   "0 ",
		`<textarea><!--#include virtual="/a" --></textarea>`:         "0 ",
		`<!--[if IE]><p>#include</p><![endif]-->`:                    "0 ",
		`<!-- to switch it on write #include virtual="/a" here -->`:  "0 ",
		`<!--#region menu -->`:                                       "0 ",
		`<!--#include virtual="http://other.test/a.html" -->`:        "1 /a.html",
		`<!--#set var="a" value="b" --><!--#include file="x.txt"-->`: "2 /docs/x.txt",
	} {
		raw, targets := directives(page(t, "http://site.test/docs/index.html", "<html><body>"+text+"</body></html>"))
		if got := fmt.Sprintf("%d %s", len(raw), strings.Join(texts(targets), " ")); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

// page is a parsed answer.
func page(t *testing.T, address, body string) *web.Page {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	p, err := web.ParsePage(&web.Exchange{
		Request: &web.Request{URL: u}, URL: u, Status: 200, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: []byte(body),
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
