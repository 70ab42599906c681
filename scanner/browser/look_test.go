package browser_test

import (
	"bytes"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"image/jpeg"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/browser"
)

func sha384(text string) string {
	sum := sha512.Sum384([]byte(text))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// script is the first script for which a condition holds.
func script(l *browser.Look, is func(browser.Script) bool) browser.Script {
	if i := slices.IndexFunc(l.Scripts, is); i >= 0 {
		return l.Scripts[i]
	}
	return browser.Script{}
}

func byURL(address string) func(browser.Script) bool {
	return func(s browser.Script) bool { return s.URL == address }
}

// bySource is by the beginning of the source.
func bySource(text string) func(browser.Script) bool {
	return func(s browser.Script) bool { return strings.HasPrefix(string(s.Source), text) }
}

// TestScripts: every script that ran is there, with the way by which it came, and the digest that integrity has.
func TestScripts(t *testing.T) {
	const (
		first  = "var made = document.createElement('script'); made.src = '/second.js'; document.head.append(made); //\xe3\x81\x82"
		second = "eval('var evaluated = 1'); var text = document.createElement('script'); text.text = 'var inserted = 1'; document.head.append(text); import('/module.js')"
		// from: a shop's script in Shift_JIS, whose bytes are not those of its text
		japanese = "var name = '\x83J\x81[\x83h';"
	)
	s := serve(t, map[string]string{
		"/": `<!doctype html><meta charset=utf-8><script src="/first.js" integrity="sha384-` + sha384(first) + `" nonce=n></script><script src=/japanese.js charset=shift_jis></script>
			<script nonce=x>var inline = 1</script><script type=module>import "/module.js"; var inlineModule = 1</script><body onload="var handler = 1">
			<script src=/missing.js></script><script type=text/plain src=/never.js></script><iframe srcdoc="<script>var inFrame = 1</script>"></iframe>
			<iframe src="http://OTHER/frame"></iframe><script>//# sourceURL=http://HOST/first.js
			var pretends = 1</script><script>var w = new Worker(URL.createObjectURL(new Blob(["var blob = 1"])))</script>`,
		"/first.js": first, "/second.js": second, "/module.js": "var inModule = 1", "/japanese.js": japanese,
		"/frame": `<script src=/framed.js></script>`, "/framed.js": "var framed = 1",
	})
	l := look(t, s.URL+"/", browser.VisitFirst)
	home, other := s.URL+"/", strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	for _, c := range []struct {
		name string
		is   func(browser.Script) bool
		want browser.Script
	}{
		{"file", byURL(s.URL + "/first.js"), browser.Script{URL: s.URL + "/first.js", Kind: "file", Initiators: []string{home}, SHA384: sha384(first), Size: len(first), Integrity: "sha384-" + sha384(first), Nonce: true}},
		{"brought_by_a_file", byURL(s.URL + "/second.js"), browser.Script{URL: s.URL + "/second.js", Kind: "file", Initiators: []string{s.URL + "/first.js", home}, SHA384: sha384(second), Size: len(second)}},
		{"shift_jis", byURL(s.URL + "/japanese.js"), browser.Script{URL: s.URL + "/japanese.js", Kind: "file", Initiators: []string{home}, SHA384: sha384(japanese), Size: len(japanese)}},
		{"module", byURL(s.URL + "/module.js"), browser.Script{URL: s.URL + "/module.js", Kind: "module", SHA384: sha384("var inModule = 1"), Size: 16}},
		{"inline", bySource("var inline ="), browser.Script{Kind: "inline", Initiators: []string{home}, SHA384: sha384("var inline = 1"), Size: 14, Nonce: true}},
		{"inline_module", bySource(`import "/module.js"; var inlineModule`), browser.Script{Kind: "module", Initiators: []string{home}, SHA384: sha384(`import "/module.js"; var inlineModule = 1`), Size: 41}},
		{"handler", bySource("var handler"), browser.Script{Kind: "inline", Initiators: []string{home}}},
		{"evaluated", bySource("var evaluated = 1"), browser.Script{Kind: "eval", Initiators: []string{s.URL + "/second.js", s.URL + "/first.js", home}, SHA384: sha384("var evaluated = 1"), Size: 17}},
		{"inserted", bySource("var inserted = 1"), browser.Script{Kind: "eval", Initiators: []string{s.URL + "/second.js", s.URL + "/first.js", home}, SHA384: sha384("var inserted = 1"), Size: 16}},
		{"in_a_frame", bySource("var inFrame"), browser.Script{Kind: "inline", Frame: "about:srcdoc", SHA384: sha384("var inFrame = 1"), Size: 15}},
		{"in_a_frame_of_another_origin", byURL(other + "/framed.js"), browser.Script{URL: other + "/framed.js", Kind: "file", Frame: other + "/frame", SHA384: sha384("var framed = 1"), Size: 14}},
		{"under_a_false_name", bySource("//# sourceURL"), browser.Script{Kind: "inline", Initiators: []string{home}}},
		{"worker", bySource("var blob"), browser.Script{Kind: "worker", SHA384: sha384("var blob = 1"), Size: 12}},
		{"missing", byURL(s.URL + "/missing.js"), browser.Script{URL: s.URL + "/missing.js", Kind: "file"}},
	} {
		got := script(l, c.is)
		if len(c.want.SHA384) == 0 {
			got.SHA384, got.Size = "", 0
		}
		if c.want.Initiators == nil {
			got.Initiators = nil
		}
		got.Source = nil
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	for _, s := range l.Scripts {
		if strings.HasSuffix(s.URL, "/never.js") || strings.Contains(string(s.Source), "getBoundingClientRect") {
			t.Errorf("%+v is no script of the page", s)
		}
	}
	if _, err := jpeg.Decode(bytes.NewReader(l.Screenshot)); err != nil {
		t.Errorf("the picture: %v", err)
	}
}

// TestForms: fields are found wherever they are, and what they are for is told by their names.
func TestForms(t *testing.T) {
	s := serve(t, map[string]string{
		"/": `<!doctype html><form action=/pay method=post><input name=cc autocomplete=cc-number><label>有効期限<input name=limit></label><input name=code placeholder="セキュリティコード">
			<input name=mail type=email><input name=q><input type=password name=pw><input type=hidden name=card_token><input name=method value=clobber><input name=action></form>
			<form action="https://evil.example/collect" style="display:none"><input id=cardNumber></form>
			<div id=open></div><div id=closed></div><input name=expiry_month><script>
			document.getElementById("open").attachShadow({mode: "open"}).innerHTML = "<form action=/open><input name=cvv></form>";
			document.getElementById("closed").attachShadow({mode: "closed"}).innerHTML = "<form action=/closed><input name=cardno></form>";
			Document.prototype.querySelectorAll = () => []; Element.prototype.getAttribute = () => "lie";
			</script><iframe src="http://OTHER/frame" sandbox="allow-scripts allow-same-origin" style="opacity:0"></iframe><iframe src=/inner></iframe>`,
		"/frame": `<form action=/framed><input name=security_code></form>`,
		"/inner": `<input name=csc><iframe src=/innermost></iframe>`, "/innermost": `<input name=card-number>`,
	})
	l := look(t, s.URL+"/", browser.VisitFirst)
	other := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	type row struct {
		Action, Frame, Fields string
		Hidden                bool
	}
	var got []row
	for _, f := range l.Forms {
		r := row{Action: f.Action, Frame: f.Frame, Hidden: f.Hidden}
		for _, x := range f.Fields {
			r.Fields += " " + x.Name + x.ID + ":" + x.Holds
		}
		got = append(got, r)
	}
	want := []row{
		{Action: s.URL + "/pay", Fields: " cc:card limit:card code:card mail: q: pw:password card_token: method: action:"},
		{Action: "https://evil.example/collect", Fields: " cardNumber:card", Hidden: true},
		{Fields: " expiry_month:card"},
		{Action: s.URL + "/open", Fields: " cvv:card"},
		{Action: s.URL + "/closed", Fields: " cardno:card"},
		{Frame: s.URL + "/inner", Fields: " csc:card"},
		{Frame: s.URL + "/innermost", Fields: " card-number:card"},
		{Action: other + "/framed", Frame: other + "/frame", Fields: " security_code:card"},
	}
	less := func(a, b row) int { return strings.Compare(a.Frame+a.Action+a.Fields, b.Frame+b.Action+b.Fields) }
	slices.SortFunc(got, less)
	slices.SortFunc(want, less)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("forms (-want +got):\n%s", diff)
	}
	frames := []browser.Frame{{URL: s.URL + "/inner"}, {URL: s.URL + "/innermost", Parent: s.URL + "/inner"}, {URL: other + "/frame", Sandbox: "allow-scripts allow-same-origin", Hidden: true}}
	slices.SortFunc(l.Frames, func(a, b browser.Frame) int { return strings.Compare(a.URL, b.URL) })
	if diff := cmp.Diff(frames, l.Frames); diff != "" {
		t.Errorf("frames (-want +got):\n%s", diff)
	}
	if l.Forms[0].Method != "POST" {
		t.Errorf("the method is %q", l.Forms[0].Method)
	}
}

// TestListeners: whoever is told what is typed into fields for card data and passwords is found, with the script of which it is.
func TestListeners(t *testing.T) {
	s := serve(t, map[string]string{
		"/": `<!doctype html><form id=f><input id=card autocomplete=cc-number onpaste="1"><input id=other></form><script src=/skimmer.js></script><script>
			f.addEventListener("submit", () => 1); other.addEventListener("input", () => 2)</script>`,
		"/skimmer.js": `card.addEventListener("keyup", () => 1); document.addEventListener("change", () => 1, true); window.addEventListener("input", () => 1); document.addEventListener("scroll", () => 1);
			card.oninput = function () {}`,
	})
	l := look(t, s.URL+"/", browser.VisitFirst)
	var got []string
	for _, x := range l.Listeners {
		who := x.Script
		if who == "" {
			who = string(script(l, func(s browser.Script) bool { return s.SHA384 == x.SHA384 }).Kind)
		}
		got = append(got, x.Field.ID+" "+x.On+" "+x.Event+" "+strings.TrimPrefix(who, s.URL))
	}
	slices.Sort(got)
	want := []string{"card document change /skimmer.js", "card field input /skimmer.js", "card field keyup /skimmer.js", "card field paste inline", "card form submit inline", "card window input /skimmer.js"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("listeners (-want +got):\n%s", diff)
	}
}

// TestPolicy: what the policy of the page says of each script is told.
func TestPolicy(t *testing.T) {
	s := serve(t, map[string]string{
		"/": "@Content-Security-Policy: script-src 'nonce-abc' 'strict-dynamic'\n@Set-Cookie: sid=secret; HttpOnly\n@X-Own: a\n@X-Own: b\n" +
			`<script nonce=abc src=/good.js></script><script src=/bad.js></script><script>var noNonce = 1</script>`,
		"/good.js": "1", "/bad.js": "2",
		"/report": "@Content-Security-Policy-Report-Only: script-src 'self'; report-uri /report-to\n" + `<script src="http://OTHER/far.js"></script><script src=/near.js></script>`,
		"/far.js": "3", "/near.js": "4",
		"/none": `<script src=/near.js></script>`,
		"/meta": `<meta http-equiv=Content-Security-Policy content="script-src 'self'"><script src=/near.js></script>`,
	})
	l := look(t, s.URL+"/", browser.VisitFirst)
	verdict := func(l *browser.Look, path string) string {
		return script(l, func(s browser.Script) bool { return strings.HasSuffix(s.URL, path) }).CSP
	}
	blockedInline := script(l, func(s browser.Script) bool { return s.Kind == "inline" && s.CSP == "blocked" })
	if good, bad := verdict(l, "/good.js"), verdict(l, "/bad.js"); good != "allowed" || bad != "blocked" || blockedInline.Kind == "" {
		t.Errorf("good %q, bad %q, inline %+v", good, bad, l.Scripts)
	}
	if got := l.Header.Values("X-Own"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("X-Own is %q", got)
	}
	if got := l.Header.Get("Set-Cookie"); got != "sid=...; HttpOnly" {
		t.Errorf("Set-Cookie is %q", got)
	}
	if diff := cmp.Diff([]browser.StorageKey{{Origin: "127.0.0.1", Area: "cookie", Key: "sid"}}, l.Storage); diff != "" {
		t.Errorf("storage (-want +got):\n%s", diff)
	}
	l = look(t, s.URL+"/report", browser.VisitFirst)
	if far, near := verdict(l, "/far.js"), verdict(l, "/near.js"); far != "reported" || near != "allowed" {
		t.Errorf("far %q, near %q", far, near)
	}
	if r := request(l, s.URL+"/report-to"); r.Held == "" {
		t.Errorf("the report was sent: %+v", l.Requests)
	}
	if got := verdict(look(t, s.URL+"/none", browser.VisitFirst), "/near.js"); got != "" {
		t.Errorf("without a policy: %q", got)
	}
	if got := verdict(look(t, s.URL+"/meta", browser.VisitFirst), "/near.js"); got != "allowed" {
		t.Errorf("with a policy in the page: %q", got)
	}
}

// TestVisits: each visit is what its name says.
func TestVisits(t *testing.T) {
	s := serve(t, map[string]string{"/": `<meta name=viewport content="width=device-width"><script>
		localStorage.visits = (+localStorage.visits || 0) + 1;
		document.cookie = "seen=1; max-age=1000";
		new Image().src = "/saw?visits=" + localStorage.visits + "&width=" + innerWidth + "&touch=" + navigator.maxTouchPoints + "&from=" + document.referrer + "&cookie=" + document.cookie + "&driver=" + navigator.webdriver
		</script>`})
	seen := func(visit browser.Visit) map[string]string {
		l := look(t, s.URL+"/", visit)
		s.mu.Lock()
		defer s.mu.Unlock()
		saw := map[string]string{}
		for _, r := range s.asked {
			if r.URL.Path == "/" {
				saw["sent"] = r.Header.Get("Cookie")
				saw["agent"] = r.UserAgent()
				saw["referer"] = r.Referer()
			}
			for k, v := range r.URL.Query() {
				saw[k] = v[0]
			}
		}
		if l.Visit != visit || saw["driver"] != "false" || strings.Contains(saw["agent"], "Headless") {
			t.Errorf("%s: %q, %v", visit, l.Visit, saw)
		}
		return saw
	}
	for range 2 {
		if saw := seen(browser.VisitFirst); saw["visits"] != "1" || saw["sent"] != "" || saw["from"] != "" || strings.Contains(saw["agent"], "Mobile") {
			t.Errorf("the first visit: %v", saw)
		}
	}
	for _, n := range []string{"2", "3"} {
		if saw := seen(browser.VisitLater); saw["visits"] != n || saw["sent"] != "seen=1" {
			t.Errorf("the later visit: %v", saw)
		}
	}
	if saw := seen(browser.VisitSearch); saw["visits"] != "1" || saw["sent"] != "" || saw["referer"] != "https://www.google.com/" || saw["from"] != "https://www.google.com/" {
		t.Errorf("the visit from a search engine: %v", saw)
	}
	if saw := seen(browser.VisitPhone); saw["visits"] != "1" || !strings.Contains(saw["agent"], "Mobile") || saw["width"] != "390" || saw["touch"] == "0" {
		t.Errorf("the visit with a phone: %v", saw)
	}
	if saw := seen(browser.VisitLater); saw["visits"] != "4" {
		t.Errorf("the later visit, after visits by others: %v", saw)
	}
}

// TestSecureSite: a site with TLS and HTTP/2 is shown where its certificate is not verified, and else is an error; its sockets
// are not opened either.
func TestSecureSite(t *testing.T) {
	sockets := 0
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" || r.Method != http.MethodGet {
			sockets++
		}
		_, _ = w.Write([]byte(`<script>new WebSocket("wss://" + location.host + "/socket"); fetch("/post", {method: "POST"}); navigator.sendBeacon("/beacon"); document.title = "x"</script>`))
	}))
	s.EnableHTTP2, s.Config.ErrorLog = true, log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	b := open(t, browser.Options{Insecure: true})
	l := lookBy(t, b, browser.Page{URL: parse(t, s.URL), Visit: browser.VisitFirst})
	if l.Status != 200 || len(l.Scripts) != 1 || sockets != 0 {
		t.Errorf("status %d, %d scripts, %d sockets", l.Status, len(l.Scripts), sockets)
	}
	if r := request(l, strings.Replace(s.URL, "https", "wss", 1)+"/socket"); r.Held == "" {
		t.Errorf("requests: %+v", l.Requests)
	}
	var page *browser.PageError
	if _, err := openShared(t).Look(t.Context(), browser.Page{URL: parse(t, s.URL), Visit: browser.VisitFirst}); !errors.As(err, &page) || !strings.Contains(page.Reason, "ERR_CERT_AUTHORITY_INVALID") {
		t.Errorf("with verification: %v", err)
	}
}

// TestPrivateAddresses: a page of the Internet leads the browser to no private address.
func TestPrivateAddresses(t *testing.T) {
	inner := serve(t, map[string]string{"/": "secret"})
	s := serve(t, map[string]string{"/": `<img src="` + inner.URL + `/"><img src="http://router.example/"><img src="http://shop.example:25/">`})
	refused := errors.New("refused")
	var dialled []string
	b := open(t, browser.Options{Dial: func(ctx context.Context, address string, public bool) (net.Conn, error) {
		dialled = append(dialled, address)
		if address != "shop.example:80" {
			if !public {
				t.Errorf("%s may be private", address)
			}
			return nil, refused
		}
		c, err := new(net.Dialer).DialContext(ctx, "tcp", s.Listener.Addr().String())
		return publicConn{c}, err
	}})
	l := lookBy(t, b, browser.Page{URL: parse(t, "http://shop.example/"), Visit: browser.VisitFirst})
	if r := request(l, "http://shop.example:25/"); r.Held == "" {
		t.Errorf("the port of another protocol: %+v", r)
	}
	if len(inner.requests()) != 0 || l.Status != 200 {
		t.Errorf("the private site was asked %q", inner.requests())
	}
	b.Close()
	slices.Sort(dialled)
	want := []string{inner.Listener.Addr().String(), "router.example:80", "shop.example:80"}
	if got := slices.Compact(dialled); !slices.Equal(got, want) {
		t.Errorf("dialled %q, want %q", got, want)
	}
	if _, err := openShared(t).Look(t.Context(), browser.Page{URL: parse(t, "http://127.0.0.1:1/"), Visit: browser.VisitFirst}); err == nil {
		t.Error("a port that is closed shows a page")
	}
}

// publicConn is a connection as to an address of the Internet.
type publicConn struct{ net.Conn }

func (publicConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80} }

// TestCredentials: what the user gave goes to the origin of the page, and nowhere else.
func TestCredentials(t *testing.T) {
	s := serve(t, map[string]string{"/": `<img src=/own><img src="http://OTHER/other">`})
	l := lookBy(t, openShared(t), browser.Page{
		URL: parse(t, s.URL), Visit: browser.VisitSearch, Header: http.Header{"Authorization": {"Basic x"}}, Cookies: []*http.Cookie{{Name: "sid", Value: "1"}},
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.asked {
		own := strings.HasPrefix(r.Host, "127.0.0.1")
		if (r.Header.Get("Authorization") == "Basic x") != own || (r.Header.Get("Cookie") == "sid=1") != own {
			t.Errorf("%s%s: %q, %q", r.Host, r.URL.Path, r.Header.Get("Authorization"), r.Header.Get("Cookie"))
		}
	}
	if l.Status != 200 || len(s.asked) < 3 {
		t.Errorf("status %d, %d requests", l.Status, len(s.asked))
	}
}

// TestSocketsOverHTTP2: nor over a connection that is there already (RFC 8441). Go's server takes such sockets only when it is
// told to as it starts.
func TestSocketsOverHTTP2(t *testing.T) {
	const setting = "http2xconnect=1"
	if os.Getenv("GODEBUG") == setting {
		t.Skip("this is the test itself")
	}
	chromium(t)
	again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSecureSite$", "-test.v") //nolint:gosec // itself
	again.Env = append(os.Environ(), "GODEBUG="+setting)
	if out, err := again.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestSecureSite") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestStoredScripts: a script that the visitor has in store, or that a service worker brings, is the same script on each visit.
func TestStoredScripts(t *testing.T) {
	const japanese = "var name = '\x83J\x81[\x83h';" // Shift_JIS
	s := serve(t, map[string]string{
		"/":     `<script src=/script.js charset=shift_jis></script><script>navigator.serviceWorker.register("/service.js")</script>`,
		"/near": `<script src=/script.js charset=shift_jis></script>`, "/script.js": "@Cache-Control: max-age=1000\n" + japanese,
		"/service.js": `addEventListener("activate", e => e.waitUntil(clients.claim())); addEventListener("fetch", e => e.respondWith(fetch(e.request)))`,
	})
	want := browser.Script{URL: s.URL + "/script.js", Kind: "file", Initiators: []string{s.URL + "/near"}, SHA384: sha384(japanese), Size: len(japanese)}
	for _, visit := range []struct {
		path string
		as   browser.Visit
	}{{"/near", browser.VisitFirst}, {"/near", browser.VisitLater}, {"/", browser.VisitLater}, {"/", browser.VisitLater}} {
		l := look(t, s.URL+visit.path, visit.as)
		got := script(l, byURL(want.URL))
		got.Source, want.Initiators[0] = nil, s.URL+visit.path
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", visit.path, visit.as, diff)
		}
	}
}
