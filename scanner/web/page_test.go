package web

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func repeated(n int, f func(i int) string) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.WriteString(f(i))
	}
	return b.String()[:n]
}

// hostilePages are pages of the size that a client keeps at most, each dear in its own way.
func hostilePages() map[string]string {
	noise := make([]byte, defaultBody)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same noise each time
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	same := func(text string) string { return repeated(defaultBody, func(int) string { return text }) }
	counted := func(format string) string {
		return repeated(defaultBody, func(i int) string { return fmt.Sprintf(format, i, i) })
	}
	return map[string]string{
		"same_links":          same("<a href=/xxx>"),
		"links":               counted("<a href=/%d_%d>"),
		"images":              counted("<img src=%d_%d>"),
		"tables":              same("<table><tr><td>"),
		"attributes":          "<a " + same("a=b ") + ">",
		"distinct_attributes": "<a " + counted("a%d=%d ") + ">",
		"small_elements":      same("<b>"),
		"formatting":          same("<a><b><i><p>x"),
		"depth":               same("<div>"),
		"pre":                 same("<pre>"),
		"text":                counted("<i>%d %d"),
		"comments":            counted("<!--%d %d-->"),
		"metas":               counted("<meta name=%d content=%d>"),
		"forms":               counted("<form action=%d><input name=%d></form>"),
		"fields":              "<form>" + counted("<input name=%d value=%d>"),
		"options":             "<form><select name=x>" + counted("<option value=%d>%d"),
		"open_tag":            "<a href=\"" + same("x"),
		"open_comment":        "<!--" + same("-"),
		"open_script":         "<script>" + same("<!--<script>"),
		"entities":            same("&amp;&#x41;"),
		"noise":               string(noise),
		"noise_and_links":     string(noise[:defaultBody/2]) + same("<a href=/x>"),
		"nul":                 same("\x00"),
	}
}

// Reading a page allocates at most 32 times the largest size of one, and little of it is kept.
func TestPagesCostLittleMemory(t *testing.T) {
	u := parse(t, "http://shop.example/")
	for name, body := range hostilePages() {
		kinds := []string{"text/html"}
		if strings.HasPrefix(name, "noise") {
			kinds = append(kinds, "text/html; charset=shift_jis", "text/html; charset=iso-8859-1")
		}
		for _, kind := range kinds {
			ex := &Exchange{URL: u, Body: []byte(body), Header: http.Header{"Content-Type": {kind}}}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			p, err := ParsePage(ex)
			runtime.ReadMemStats(&after)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if cost := after.TotalAlloc - before.TotalAlloc; cost > 32<<20 {
				t.Errorf("%s, %s: %d MB were allocated", name, kind, cost>>20)
			}
			p.Exchange = nil
			runtime.GC()
			runtime.ReadMemStats(&after)
			if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > 4<<20 {
				t.Errorf("%s, %s: %d MB are kept", name, kind, kept>>20)
			}
			runtime.KeepAlive(p)
		}
	}
}

// What is beyond the bounds is left out, and said to be.
func TestPagesAreCut(t *testing.T) {
	cut := []string{"links", "images", "comments", "metas", "forms", "fields", "distinct_attributes", "text", "formatting"}
	for name, body := range hostilePages() {
		p := page(t, body)
		if want := strings.Contains(" "+strings.Join(cut, " ")+" ", " "+name+" "); p.Cut != want {
			t.Errorf("%s: cut %v, want %v", name, p.Cut, want)
		}
		fields := 0
		for _, f := range p.Forms {
			fields += len(f.Fields)
		}
		if len(p.Links) > maxAddresses || len(p.Assets) > maxAddresses || len(p.Forms) > maxForms || fields > maxFields ||
			len(p.Meta) > maxMeta || len(p.Comments) > maxComments || len(p.Visible) > maxVisible {
			t.Errorf("%s: more is kept than the bounds allow", name)
		}
	}
	if p := page(t, hostilePages()["same_links"]); len(p.Links) != 1 {
		t.Errorf("%d links, want one", len(p.Links))
	}
	if p := page(t, strings.Repeat("<div>", 2000)+`<a href="/deep">x</a>`); len(p.Links) != 1 || len(p.Visible) != 1 {
		t.Errorf("a page of deep elements: %+v", p)
	}
}

func page(t *testing.T, body string) *Page {
	t.Helper()
	p, err := ParsePage(&Exchange{URL: parse(t, "http://shop.example/index.html"), Body: []byte(body), Header: http.Header{"Content-Type": {"text/html"}}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func texts(list []*url.URL) string {
	var all []string
	for _, u := range list {
		all = append(all, u.String())
	}
	return strings.Join(all, " ")
}

func TestPageAddresses(t *testing.T) {
	const at = "http://shop.example/"
	for body, want := range map[string][3]string{ // links, scripts, assets
		`<a href=a><AREA HREF=b><iframe src=c></iframe><frame src=d>`:                             {at + "a " + at + "b " + at + "c " + at + "d", "", ""},
		`<link rel=Canonical href=a><link rel=alternate href=b><link rel=next href=c>`:            {at + "a " + at + "b " + at + "c", "", ""},
		`<link rel="alternate stylesheet" href=a><link rel="shortcut icon" href=b>`:               {"", "", at + "a " + at + "b"},
		`<link rel=dns-prefetch href=a><a name=b><a><script></script><img>`:                       {"", "", ""},
		`<img src=a><video src=b><source src=c></video><object data=d></object><embed src=e>`:     {"", "", at + "a " + at + "b " + at + "c " + at + "d " + at + "e"},
		`<script src=a></script><script>"<a href=b>"</script><!-- <a href=c> -->`:                 {"", at + "a", ""},
		`<a href=" a "><a href="a#x"><a href="//user:pw@cdn.example">`:                            {at + "a http://cdn.example/", "", ""},
		`<a href=x><base href="/dir/"><base href="/other/"><img src=y>`:                           {at + "dir/x", "", at + "dir/y"},
		`<base href="%zz"><a href=x>`:                                                             {at + "x", "", ""},
		`<a href=one href=two><a href="a&amp;b"><a href="http://[">`:                              {at + "one " + at + "a&b", "", ""},
		`<textarea><a href=a></textarea><title><a href=b></title><noscript><a href=c></noscript>`: {"", "", ""},
	} {
		p := page(t, body)
		if diff := cmp.Diff(want, [3]string{texts(p.Links), texts(p.Scripts), texts(p.Assets)}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

// TestPageParts: what a page loads is told apart by how it stands there, whatever its address looks like.
func TestPageParts(t *testing.T) {
	const at = "http://shop.example/"
	for body, want := range map[string][4]string{ // scripts, styles, frames, media
		`<script async SRC=a?ver=1></script><SCRIPT type=module src='b'></SCRIPT>`:                                              {at + "a?ver=1 " + at + "b", "", "", ""},
		`<!--[if lt IE 9]><script src=a></script><![endif]--><!--[if !IE]><!--><script src=b></script><!--<![endif]-->`:         {at + "b", "", "", ""},
		"<script src='/js/\n  a.js'></script>":                                                                                  {at + "js/%20%20a.js", "", "", ""},
		`<link rel=stylesheet href=a><link rel="alternate stylesheet" href=b><link rel=icon href=c>`:                            {"", at + "a " + at + "b", "", ""},
		`<iframe src=a></iframe><frame src=b><object data=c></object><embed src=d>`:                                             {"", "", at + "a " + at + "b " + at + "c " + at + "d", ""},
		`<img src=a><video src=b><source src=c><track src=d></video><audio src=e></audio><input type=IMAGE src=f><input src=g>`: {"", "", "", at + "a " + at + "b " + at + "c " + at + "d " + at + "e " + at + "f"},
	} {
		p := page(t, body)
		if diff := cmp.Diff(want, [4]string{texts(p.Scripts), texts(p.Styles), texts(p.Frames), texts(p.Media)}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
	p := page(t, `<meta content="WordPress 6.4.2" name=Generator><!-- <meta name=generator content=no> --><META NAME=' generator ' CONTENT=' Zen Cart&reg; '>
		<meta name=generator><meta http-equiv=Content-Security-Policy content="upgrade-insecure-requests"><meta name=content-security-policy content=no>`)
	if diff := cmp.Diff([]string{"WordPress 6.4.2", "Zen Cart®"}, p.Generators); diff != "" {
		t.Errorf("generators (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"upgrade-insecure-requests"}, p.Policies); diff != "" {
		t.Errorf("policies (-want +got):\n%s", diff)
	}
}

func TestPageForms(t *testing.T) {
	action := parse(t, "http://shop.example/index.html")
	for body, want := range map[string][]Form{
		`<form><input name=a><input><input name=b type=Password value=x></form><input name=c>`:  {{"GET", action, []Field{{"a", "text", ""}, {"b", "password", "x"}}}},
		`<form method=post><form method=get><input name=a></form><input name=b>`:                {{"POST", action, []Field{{"a", "text", ""}}}},
		`<table><form><tr><td><button name=a value=1>x</table>`:                                 {{"GET", action, []Field{{"a", "submit", "1"}}}},
		`<form><select name=a><option value=1><option value=2></select><option value=3></form>`: {{"GET", action, []Field{{"a", "select", "1"}}}},
		`<form><select name=a><option value=1><option value=2 selected><option value=3></form>`: {{"GET", action, []Field{{"a", "select", "2"}}}},
		`<form><textarea name=a><input name=b></textarea></form>`:                               {{"GET", action, []Field{{"a", "textarea", ""}}}},
		`<form action="//[">`: {{"GET", nil, nil}},
	} {
		if diff := cmp.Diff(want, page(t, body).Forms); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}
}

func TestPageTexts(t *testing.T) {
	for body, want := range map[string]string{
		"a<b>c</b>d":                         "a|c|d",
		"<title>t</title>a<title>u</title>b": "a|b",
		"<pre>x<pre>y</pre>z</pre>a":         "a",
		"</pre>a<code>x</code>b":             "a|b",
		"<style>x</style><script>y</script><noscript>z</noscript><template>v</template>a": "a",
		" &lt;a&gt; <p> ": "<a>",
	} {
		if got := strings.Join(page(t, body).Visible, "|"); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
	p := page(t, `<title> one </title><svg><title>two</title></svg><meta name=A content=1><meta property=a content=2><meta http-equiv=B name=c content=3><meta name=d><!--x--><!y>`)
	if diff := cmp.Diff(map[string]string{"a": "1", "c": "3"}, p.Meta); diff != "" || p.Title != "one" || strings.Join(p.Comments, "|") != "x|y" || p.Cut {
		t.Errorf("title %q, comments %q, cut %v, meta %s", p.Title, p.Comments, p.Cut, diff)
	}
	if p := page(t, "<title>never ends "); p.Title != "never ends" {
		t.Errorf("title %q", p.Title)
	}
}

// TestPageWithin: where a run of text stands, end tags left out as many pages do.
func TestPageWithin(t *testing.T) {
	for body, want := range map[string]string{
		"a<dl><dt>b<dd>c<dt>d</dl>e":                                                " dt dd dt ",
		"<table><tr><td>a<td>b<tr><th>c</table>d":                                   "td td th ",
		"<table><tr><td>a</td></tr></table>b<blockquote><p>c</p></blockquote>d":     "td  blockquote ",
		"<table><tr><td><blockquote>a</blockquote>b</table><q>c</q><samp>d</samp>e": "blockquote td q samp ",
		"</td>a": "",
	} {
		p := page(t, body)
		if got := strings.Join(p.Within, " "); got != want || len(p.Within) != len(p.Visible) {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestParsePage(t *testing.T) {
	body := `<html><head><title> Shop </title><base href="/shop/"><meta name="generator" content="X 1">
<link rel="stylesheet" href="a.css"><script src="//cdn.example/j.js"></script></head>
<body><!--#include virtual="/x" --><a href="list.php?id=1#top">a</a><a href="list.php?id=1">b</a><a href="javascript:x()">c</a>
<form action="find"><input name="q"><input type="submit" name="go" value="Go"><textarea name="t">no</textarea></form>
<form method="post"></form><pre>hidden</pre><p>shown</p><a href="mailto:a@b">m</a></body></html>`
	u := parse(t, "http://shop.example/index.html")
	p, err := ParsePage(&Exchange{URL: u, Body: []byte(body), Header: http.Header{"Content-Type": {"text/html"}}})
	if err != nil {
		t.Fatal(err)
	}
	if p.Title != "Shop" || p.Meta["generator"] != "X 1" || len(p.Comments) != 1 {
		t.Errorf("page = %+v", p)
	}
	var links []string
	for _, l := range p.Links {
		links = append(links, l.String())
	}
	if diff := cmp.Diff([]string{"http://shop.example/shop/list.php?id=1"}, links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	if len(p.Scripts) != 1 || p.Scripts[0].Host != "cdn.example" || len(p.Assets) != 1 {
		t.Errorf("scripts %v, assets %v", p.Scripts, p.Assets)
	}
	want := []Field{{"q", "text", ""}, {"go", "submit", "Go"}, {"t", "textarea", ""}}
	if diff := cmp.Diff(want, p.Forms[0].Fields); diff != "" || p.Forms[0].Method != "GET" || p.Forms[0].Action.Path != "/shop/find" || p.Forms[1].Method != "POST" {
		t.Errorf("forms = %+v\n%s", p.Forms, diff)
	}
	if diff := cmp.Diff([]string{"a", "b", "c", "shown", "m"}, p.Visible); diff != "" {
		t.Errorf("visible (-want +got):\n%s", diff)
	}
	if _, err := ParsePage(&Exchange{URL: u, Body: []byte("{}"), Header: http.Header{"Content-Type": {"application/json"}}}); !errors.Is(err, ErrNotHTML) {
		t.Errorf("json: %v", err)
	}
}
