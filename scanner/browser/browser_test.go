package browser_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner/browser"
)

// shared is the browser of most tests: to start one takes a second.
var shared struct {
	sync.Mutex
	*browser.Browser
}

func TestMain(m *testing.M) {
	m.Run()
	if shared.Browser != nil {
		shared.Close()
	}
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

// open is a browser of the test's own.
func open(t *testing.T, o browser.Options) *browser.Browser {
	t.Helper()
	o.Path = chromium(t)
	b, err := browser.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// look shows a page in the shared browser.
func look(t *testing.T, address string, visit browser.Visit) *browser.Look {
	t.Helper()
	return lookBy(t, openShared(t), browser.Page{URL: parse(t, address), Visit: visit})
}

// openShared is the shared browser.
func openShared(t *testing.T) *browser.Browser {
	t.Helper()
	path := chromium(t)
	shared.Lock()
	defer shared.Unlock()
	if shared.Browser == nil {
		b, err := browser.Open(context.WithoutCancel(t.Context()), browser.Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		shared.Browser = b
	}
	return shared.Browser
}

func lookBy(t *testing.T, b *browser.Browser, p browser.Page) *browser.Look {
	t.Helper()
	l, err := b.Look(t.Context(), p)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func parse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// site is a server that knows what it was asked.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	asked []*http.Request
}

// serve serves texts by path: those that end in .js are scripts, others HTML. HOST in them is the host and port of the site,
// OTHER the same server by another name.
func serve(t *testing.T, pages map[string]string) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewServer(s.handler(pages))
	t.Cleanup(s.Close)
	return s
}

func (s *site) handler(pages map[string]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r)
		s.mu.Unlock()
		text, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		for head, rest, more := strings.Cut(text, "\n"); more && strings.HasPrefix(head, "@"); head, rest, more = strings.Cut(text, "\n") {
			name, value, _ := strings.Cut(head[1:], ": ")
			w.Header().Add(name, value)
			text = rest
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if strings.HasSuffix(r.URL.Path, ".js") {
			w.Header().Set("Content-Type", "text/javascript")
		}
		if to := w.Header().Get("Location"); to != "" {
			w.WriteHeader(http.StatusFound)
		}
		_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
		fmt.Fprint(w, strings.NewReplacer("HOST", s.Listener.Addr().String(), "OTHER", "localhost:"+port).Replace(text))
	})
}

// requests are what the site was asked, as "METHOD path", but for its icon.
func (s *site) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, r := range s.asked {
		if r.URL.Path != "/favicon.ico" {
			list = append(list, r.Method+" "+r.URL.Path)
		}
	}
	slices.Sort(list)
	return list
}

// of is what there is of a request to an address.
func request(l *browser.Look, address string) browser.Request {
	for _, r := range l.Requests {
		if r.URL == address {
			return r
		}
	}
	return browser.Request{}
}

// TestNothingChanges: whatever a page does, the site is asked nothing but to show things, and the page goes on as if it had
// been sent.
func TestNothingChanges(t *testing.T) {
	const sends = `["POST", "PUT", "DELETE", "PATCH"].forEach(m => fetch("/NAME-" + m, {method: m, body: "x"}).catch(() => 0));`
	s := serve(t, map[string]string{
		"/": `<script>` + strings.ReplaceAll(sends, "NAME", "fetch") + `
			navigator.sendBeacon("/beacon", "x");
			const x = new XMLHttpRequest(); x.open("POST", "/xhr"); x.onload = () => document.title = "status " + x.status; x.send("x");
			fetch("http://OTHER/other", {method: "POST", headers: {"X-Own": "1", "Content-Type": "application/json"}, body: "{}"}).then(r => document.body.append(r.status));
			new WebSocket("ws://HOST/socket"); new WebSocket("ws://OTHER/socket");
			window.open("/window"); window.open("/window2", "named");
			new Worker("/worker.js"); new SharedWorker("/shared.js"); navigator.serviceWorker.register("/service.js");
			addEventListener("load", () => { document.forms[0].requestSubmit(); document.forms[1].submit(); });
			alert("a"); confirm("b"); prompt("c");
			Notification.requestPermission(); navigator.geolocation.getCurrentPosition(() => 0);
			</script><form method=get action=/getform><input name=b value=1><button></button></form>
			<form method=post target=inner action=/form2></form><iframe name=inner></iframe>
			<iframe src="http://OTHER/frame"></iframe>`,
		"/frame":      `<script>` + strings.ReplaceAll(sends, "NAME", "frame") + `navigator.sendBeacon("/framebeacon", "x")</script>`,
		"/worker.js":  strings.ReplaceAll(sends, "NAME", "worker"),
		"/shared.js":  strings.ReplaceAll(sends, "NAME", "shared"),
		"/service.js": strings.ReplaceAll(sends, "NAME", "service"),
	})
	l := look(t, s.URL, browser.VisitFirst)
	inWords(t, l)
	for _, r := range s.requests() {
		if !slices.Contains([]string{"GET /", "GET /frame", "GET /worker.js", "GET /shared.js", "GET /service.js"}, r) {
			t.Errorf("the site was asked %s", r)
		}
	}
	for path, kind := range map[string]string{
		"/fetch-POST": "fetch", "/fetch-PUT": "fetch", "/fetch-DELETE": "fetch", "/fetch-PATCH": "fetch", "/beacon": "beacon", "/xhr": "fetch", "/getform?b=1": "document", "/form2": "document", "/window": "document", "/window2": "document",
		"/worker-POST": "fetch", "/shared-PUT": "fetch", "/service-DELETE": "fetch",
	} {
		r := request(l, s.URL+path)
		if r.Held == "" || r.Kind != kind || r.Status != 0 {
			t.Errorf("%s: %+v, want one of kind %s that is held back", path, r, kind)
		}
	}
	other := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	for _, address := range []string{other + "/frame-POST", other + "/framebeacon", other + "/other", "ws" + strings.TrimPrefix(s.URL, "http") + "/socket", "ws" + strings.TrimPrefix(other, "http") + "/socket"} {
		if r := request(l, address); r.Held == "" {
			t.Errorf("%s: %+v, want one that is held back", address, r)
		}
	}
	if l.Final != s.URL+"/" {
		t.Errorf("the page is at %s", l.Final)
	}
}

// TestOnlyThePage: all that goes through the browser's way to the network is what the page asks for.
func TestOnlyThePage(t *testing.T) {
	var mu sync.Mutex
	var dialled, before []string
	s := serve(t, map[string]string{
		"/":     `<link rel=dns-prefetch href=//prefetched.example><link rel=preconnect href=//preconnected.example><a href="http://linked.example/">x</a><script src=/a.js></script>`,
		"/a.js": `1`,
	})
	b := open(t, browser.Options{
		Dial: func(ctx context.Context, address string, _ bool) (net.Conn, error) {
			mu.Lock()
			defer mu.Unlock()
			dialled = append(dialled, address)
			return new(net.Dialer).DialContext(ctx, "tcp", address)
		},
		Before: func(_ context.Context, method string, u *url.URL) (func(int), error) {
			mu.Lock()
			defer mu.Unlock()
			before = append(before, method+" "+u.Path)
			return func(int) {}, nil
		},
	})
	for range 2 {
		l := lookBy(t, b, browser.Page{URL: parse(t, s.URL), Visit: browser.VisitFirst})
		for _, r := range l.Requests {
			if r.Held == "" && r.Status == 0 {
				t.Errorf("%+v has no answer", r)
			}
		}
	}
	b.Close()
	mu.Lock()
	defer mu.Unlock()
	for _, address := range dialled {
		if address != s.Listener.Addr().String() {
			t.Errorf("the browser connected to %s", address)
		}
	}
	before = slices.DeleteFunc(before, func(r string) bool { return r == "GET /favicon.ico" })
	if asked := s.requests(); !slices.Equal(slices.Sorted(slices.Values(before)), asked) || len(asked) != 4 {
		t.Errorf("let through: %q; asked: %q", before, asked)
	}
}

// TestHostilePages: each ends within its time, and leaves no process and no folder behind.
func TestHostilePages(t *testing.T) {
	pages := map[string]string{
		"/loop":     `<p>before</p><script>window.a = 1</script><script>for (;;) {}</script>`,
		"/later":    `<script>setTimeout(() => { for (;;) {} }, 100)</script>`,
		"/requests": `<script>for (let i = 0; i < 10000; i++) new Image().src = "/image" + i</script>`,
		"/alerts":   `<script>for (;;) alert(1)</script>`,
		"/dom":      `<script>for (let i = 0; i < 1e6; i++) document.documentElement.append(document.createElement("input"))</script>`,
		"/memory":   `<script>const a = []; for (;;) a.push(new Array(1e6).fill({}))</script>`,
		"/debugger": `<script>setInterval(() => { debugger }, 1); debugger</script>`,
		"/windows":  `<script>for (let i = 0; i < 1000; i++) window.open("/w" + i)</script>`,
		"/away":     `<script>location = "/away?" + Math.random()</script>`,
		"/refresh":  `<meta http-equiv=refresh content="0">`,
		"/push":     `<script>for (let i = 0; i < 1e5; i++) history.pushState(0, "", "/push" + i)</script>`,
		"/eval":     `<script>for (let i = 0; i < 1e5; i++) eval("var x" + i + "=" + i)</script>`,
		"/workers":  `<script>for (let i = 0; i < 500; i++) new Worker(URL.createObjectURL(new Blob(["for(;;){}"])))</script>`,
		"/leave":    `<script>onbeforeunload = e => { e.preventDefault(); return "stay" }; onpagehide = () => { for (;;) {} }</script>`,
		"/redirect": "@Location: /redirect\n",
	}
	s := serve(t, pages)
	const within = 7 * time.Second
	b := open(t, browser.Options{Time: within})
	for _, path := range slices.Sorted(maps.Keys(pages)) {
		begun := time.Now()
		l, err := b.Look(t.Context(), browser.Page{URL: parse(t, s.URL+path), Visit: browser.VisitFirst})
		took := time.Since(begun)
		var page *browser.PageError
		late := errors.As(err, &page) && page.Late // on a busy machine
		if (err != nil) != (path == "/redirect") && !late {
			t.Errorf("%s: %v", path, err)
		}
		if err == nil {
			t.Logf("%s: %s, %d scripts, %d requests, %.300q", path, took.Round(time.Millisecond), len(l.Scripts), len(l.Requests), l.Unseen)
			if len(l.Scripts) == 0 && path != "/refresh" || len(l.Requests) > 1000 || len(l.Scripts) > 1000 {
				t.Errorf("%s: %d scripts, %d requests", path, len(l.Scripts), len(l.Requests))
			}
		}
		if l != nil {
			inWords(t, l)
		}
		if took > within+8*time.Second { // the machine may be busy
			t.Errorf("%s took %s", path, took)
		}
		if b.Ended() != nil {
			t.Fatalf("%s: the browser ended: %v", path, b.Ended())
		}
	}
	profile := b.Profile()
	b.Close()
	nothingLeft(t, profile)
}

// TestCancel: a look ends at once when nobody waits for it any more, and so does the browser, whatever the page does.
func TestCancel(t *testing.T) {
	asked := make(chan struct{}, 10) // more than it is asked
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			fmt.Fprint(w, `<script>fetch("/there").then(() => { for (;;) {} })</script>`)
			return
		}
		asked <- struct{}{}
	}))
	t.Cleanup(s.Close)
	b := open(t, browser.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	var ended time.Time
	var group errgroup.Group
	group.Go(func() error {
		<-asked
		ended = time.Now()
		cancel()
		return nil
	})
	_, err := b.Look(ctx, browser.Page{URL: parse(t, s.URL), Visit: browser.VisitFirst})
	_ = group.Wait()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the look: %v", err)
	}
	profile := b.Profile()
	b.Close()
	if took := time.Since(ended); took > 5*time.Second { // 2 s, but the machine may be busy
		t.Errorf("it took %s", took)
	}
	nothingLeft(t, profile)
}

// inWords holds that what is told of a page has a translation.
func inWords(t *testing.T, l *browser.Look) {
	t.Helper()
	for _, text := range l.Unseen {
		if m := browser.InWords(text); m.Format == "%s" || m.String() != text {
			t.Errorf("%q is %+v in words", text, m)
		}
	}
	for _, r := range l.Requests {
		if m := browser.InWords(r.Held); r.Held != "" && m.Format != r.Held {
			t.Errorf("%q is %+v in words", r.Held, m)
		}
	}
}

// nothingLeft holds that no process has a folder in its command line, and that it is gone.
func nothingLeft(t *testing.T, profile string) {
	t.Helper()
	if _, err := os.Stat(profile); !os.IsNotExist(err) {
		t.Errorf("%s is left: %v", profile, err)
	}
	for until := time.Now().Add(2 * time.Second); ; {
		var left []string
		folders, _ := os.ReadDir("/proc") // there is none elsewhere
		for _, f := range folders {
			if line, err := os.ReadFile("/proc/" + f.Name() + "/cmdline"); err == nil && strings.Contains(string(line), profile) {
				left = append(left, f.Name()+": "+strings.ReplaceAll(string(line), "\x00", " "))
			}
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("left: %q", left)
		}
	}
}
