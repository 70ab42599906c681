package command

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/report"
)

// mendable is a site that changes between a scan and its retest, and counts what it is asked.
type mendable struct {
	mu    sync.Mutex
	now   http.Handler
	asked []string
}

func (m *mendable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	m.asked = append(m.asked, r.URL.RequestURI())
	now := m.now
	m.mu.Unlock()
	now.ServeHTTP(w, r)
}

// become changes the site, and forgets what it was asked.
func (m *mendable) become(h http.Handler) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now, m.asked = h, nil
}

// paths are what the site was asked since it changed.
func (m *mendable) paths() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string{}, m.asked...)
}

var published = map[string]string{"/.git/HEAD": "ref: refs/heads/main\n", "/.git/config": "[core]\n\trepositoryformatversion = 0\n\tbare = false\n"}

// weakShop starts a shop that publishes its .git folder.
func weakShop(t *testing.T) (*mendable, *httptest.Server) {
	t.Helper()
	m := &mendable{now: demoShop(published)}
	s := httptest.NewServer(m)
	t.Cleanup(s.Close)
	return m, s
}

// sotomi runs a command line and gives its exit status and what it says.
func sotomi(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(context.Background(), append([]string{"sotomi"}, args...), strings.NewReader(""), &out, &errs)
	return status, out.String(), errs.String()
}

// scanned scans a site, and gives the file with the result.
func scanned(t *testing.T, only string, args ...string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "scan.jsonl")
	status, _, said := sotomi(t, append([]string{"scan", "--rate", "0", "--only", only, "--fail-on", "info", "-o", "jsonl=" + file}, args...)...)
	if status != scanner.ExitFound {
		t.Fatalf("the scan ended with %d: %s", status, said)
	}
	return file
}

// retested are the results of a retest by signature, from its JSON lines.
func retested(t *testing.T, text string) map[string]scanner.RetestResult {
	t.Helper()
	var scan scanner.Collector
	if err := report.Replay(strings.NewReader(text), &scan); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	results := map[string]scanner.RetestResult{}
	for _, f := range scan.Findings {
		if f.Retest == nil || f.Retest.Reason.IsZero() || f.Retest.Time.IsZero() {
			t.Fatalf("%s has no retest, or one without reason or time: %+v", f.Signature.ID, f.Retest)
		}
		results[f.Signature.ID] = f.Retest.Result
	}
	return results
}

func page(status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	})
}

// onGit is a shop whose .git folder is answered by h.
func onGit(h http.Handler) http.Handler {
	shop := demoShop(nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/.git") {
			h.ServeHTTP(w, r)
			return
		}
		shop.ServeHTTP(w, r)
	})
}

// except is h for all addresses but one.
func except(path string, one, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == path {
			one.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

const (
	nginxRefusal   = "<html>\r\n<head><title>403 Forbidden</title></head>\r\n<body>\r\n<center><h1>403 Forbidden</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
	apacheRefusal  = "<!DOCTYPE HTML PUBLIC \"-//IETF//DTD HTML 2.0//EN\">\n<html><head>\n<title>403 Forbidden</title>\n</head><body>\n<h1>Forbidden</h1>\n<p>You don't have permission to access this resource.</p>\n<hr>\n<address>Apache/2.4.57 (Debian) Server at 127.0.0.1 Port 80</address>\n</body></html>\n"
	filtersRefusal = "<html><head><title>Access Denied</title></head><body><h1>Access Denied</h1>Your request was blocked by our security policy. Incident ID: 1234567890</body></html>"
	challengePage  = `<html><head><title>Just a moment...</title></head><body><script src="/cdn-cgi/challenge-platform/h/b/orchestrate/chl_page/v1"></script></body></html>`
	loginPage      = `<html><body><form method="post" action="/login"><input name="user"><input name="password" type="password"></form></body></html>`
	maintenance    = "<html><body><h1>Sorry</h1>The site is currently under maintenance.</body></html>"
)

// What becomes of a finding is told by what the site itself says of its address: it is fixed when the site says so, and
// whatever stands before the site proves nothing.
func TestRetestOfAFinding(t *testing.T) {
	away := http.RedirectHandler("https://sso.example/login", http.StatusFound)
	for name, c := range map[string]struct {
		now    http.Handler
		want   scanner.RetestResult
		status int
	}{
		"still_there":             {demoShop(published), scanner.RetestRemaining, 1},
		"half_mended":             {demoShop(map[string]string{"/.git/config": published["/.git/config"]}), scanner.RetestRemaining, 1},
		"removed":                 {demoShop(nil), scanner.RetestFixed, 0},
		"nginx_denies":            {onGit(page(403, nginxRefusal)), scanner.RetestFixed, 0},
		"apache_denies":           {onGit(page(403, apacheRefusal)), scanner.RetestFixed, 0},
		"asks_for_a_password":     {onGit(page(401, "Unauthorized")), scanner.RetestFixed, 0},
		"sends_home":              {onGit(http.RedirectHandler("/", http.StatusFound)), scanner.RetestFixed, 0},
		"filter_on_the_address":   {onGit(page(403, filtersRefusal)), scanner.RetestUnconfirmed, 3},
		"filter_on_everything":    {page(403, filtersRefusal), scanner.RetestUnconfirmed, 3},
		"filter_with_406":         {onGit(page(406, "Not Acceptable")), scanner.RetestUnconfirmed, 3},
		"filter_with_200":         {onGit(page(200, filtersRefusal)), scanner.RetestUnconfirmed, 3},
		"denied_everywhere":       {page(403, nginxRefusal), scanner.RetestUnconfirmed, 3},
		"password_everywhere":     {page(401, "Unauthorized"), scanner.RetestUnconfirmed, 3},
		"challenge":               {page(200, challengePage), scanner.RetestUnconfirmed, 3},
		"challenge_on_the_url":    {onGit(page(403, challengePage)), scanner.RetestUnconfirmed, 3},
		"503_storm":               {page(503, "busy"), scanner.RetestUnconfirmed, 3},
		"503_on_the_address":      {onGit(page(503, "busy")), scanner.RetestUnconfirmed, 3},
		"500_on_the_address":      {onGit(page(500, "oops")), scanner.RetestUnconfirmed, 3},
		"429_on_the_address":      {onGit(page(429, "slow down")), scanner.RetestUnconfirmed, 3},
		"sso_on_everything":       {away, scanner.RetestUnconfirmed, 3},
		"sso_on_the_address":      {onGit(away), scanner.RetestUnconfirmed, 3},
		"own_login_on_everything": {except("/login", page(200, loginPage), http.RedirectHandler("/login", http.StatusFound)), scanner.RetestUnconfirmed, 3},
		"sends_elsewhere":         {onGit(http.RedirectHandler("/campaign", http.StatusFound)), scanner.RetestUnconfirmed, 3},
		"maintenance":             {page(200, maintenance), scanner.RetestUnconfirmed, 3},
		"maintenance_on_the_url":  {onGit(page(200, maintenance)), scanner.RetestUnconfirmed, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site, server := weakShop(t)
			file := scanned(t, "git-exposed", server.URL)
			site.become(c.now)
			status, out, said := sotomi(t, "retest", "--rate", "0", "--retries", "0", file, "-o", "jsonl")
			if got := retested(t, out)["git-exposed"]; got != c.want || status != c.status {
				t.Errorf("%s with status %d, want %s with %d\n%s%s", got, status, c.want, c.status, said, out)
			}
			if strings.Contains(out, `"status":"fixed"`) != (c.want == scanner.RetestFixed) {
				t.Errorf("what is fixed counts no more, and nothing else:\n%s", out)
			}
		})
	}
}

// A host that nobody answers for is gone only when its name is: a closed port proves nothing, nor does a resolver that knows
// nothing at all.
func TestRetestOfATargetThatIsGone(t *testing.T) {
	names := newNames(t)
	for name, c := range map[string]struct {
		known []string // domains
		want  scanner.RetestResult
		word  string
	}{
		"name_is_gone":    {[]string{"test."}, scanner.RetestTargetGone, "対象消失"},
		"resolver_broken": {nil, scanner.RetestUnconfirmed, "確認不能"},
	} {
		t.Run(name, func(t *testing.T) {
			_, server := weakShop(t)
			_, port, err := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			names.say("127.0.0.1", c.known...)
			file := scanned(t, "git-exposed", "http://shop.test:"+port)
			names.say("", c.known...)
			_, out, _ := sotomi(t, "retest", "--rate", "0", "--retries", "0", file, "-o", "jsonl")
			if got := retested(t, out)["git-exposed"]; got != c.want {
				t.Errorf("%s, want %s\n%s", got, c.want, out)
			}
			_, out, _ = sotomi(t, "retest", "--rate", "0", "--retries", "0", file, "--lang", "ja")
			if !strings.Contains(out, c.word+" (1)") {
				t.Errorf("no %s in\n%s", c.word, out)
			}
		})
	}
	_, server := weakShop(t)
	file := scanned(t, "git-exposed", server.URL)
	server.Close()
	if _, out, _ := sotomi(t, "retest", "--rate", "0", "--retries", "0", file, "-o", "jsonl"); retested(t, out)["git-exposed"] != scanner.RetestUnconfirmed {
		t.Errorf("a closed port: %s", out)
	}
}

// A retest sends what is behind each finding and nothing else: for what one request shows, three at most, and the site's own
// page once.
func TestRetestSendsLittle(t *testing.T) {
	for name, c := range map[string]struct {
		files, now map[string]string
		want       []string // each of them
	}{
		"removed":     {published, nil, []string{"/", "/.git/HEAD"}},
		"still_there": {published, published, []string{"/", "/.git/HEAD"}},
		"in_a_folder": {
			map[string]string{"/": `<a href="/shop/list">list</a>`, "/shop/list": "<p>list</p>", "/shop/.git/HEAD": published["/.git/HEAD"]},
			map[string]string{"/": `<a href="/shop/list">list</a>`, "/shop/list": "<p>list</p>"},
			[]string{"/", "/shop/.git/HEAD"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			site, server := weakShop(t)
			site.become(folderShop(c.files))
			file := scanned(t, "git-exposed,directory-listing", server.URL)
			site.become(folderShop(c.now))
			if _, out, said := sotomi(t, "retest", "--rate", "0", file, "-o", "jsonl"); len(retested(t, out)) != 1 {
				t.Fatalf("%s%s", said, out)
			}
			asked := site.paths()
			if len(asked) > 4 {
				t.Errorf("asked for %q, which is more than three and its own page", asked)
			}
			for _, path := range c.want {
				if strings.Count(strings.Join(asked, "\n")+"\n", path+"\n") != 1 && path != "/" {
					t.Errorf("asked for %q, want %q once", asked, path)
				}
			}
		})
	}
}

// folderShop is a shop with its own pages.
func folderShop(files map[string]string) http.Handler {
	shop := demoShop(files)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if body, ok := files[r.URL.Path]; ok && strings.HasPrefix(body, "<") {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, body)
			return
		}
		shop.ServeHTTP(w, r)
	})
}

// Where a site has moved, its findings are looked for there; and that it moves is what mends some.
func TestRetestOfASiteThatMoved(t *testing.T) {
	site, plain := weakShop(t)
	secure := httptest.NewTLSServer(demoShop(nil))
	defer secure.Close()
	file := scanned(t, "git-exposed,plain-http", plain.URL)
	for name, c := range map[string]struct {
		there http.Handler
		want  map[string]scanner.RetestResult
	}{
		"mended":     {demoShop(nil), map[string]scanner.RetestResult{"git-exposed": "fixed", "plain-http": "fixed"}},
		"only_moved": {demoShop(published), map[string]scanner.RetestResult{"git-exposed": "remaining", "plain-http": "fixed"}},
	} {
		secure.Config.Handler = c.there
		site.become(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, secure.URL+r.URL.RequestURI(), http.StatusMovedPermanently)
		}))
		_, out, said := sotomi(t, "retest", "--rate", "0", "--insecure", file, "-o", "jsonl")
		for id, want := range c.want {
			if got := retested(t, out)[id]; got != want {
				t.Errorf("%s: %s: %s, want %s\n%s%s", name, id, got, want, said, out)
			}
		}
	}
}

// A saved retest is a scan like any other, which every report can be made of.
func TestRetestIsReplayed(t *testing.T) {
	site, server := weakShop(t)
	file := scanned(t, "git-exposed", server.URL)
	site.become(demoShop(nil))
	saved := filepath.Join(t.TempDir(), "retest.jsonl")
	if status, _, said := sotomi(t, "retest", "--rate", "0", file, "-o", "jsonl="+saved); status != 0 {
		t.Fatal(said)
	}
	text, err := os.ReadFile(saved)
	if err != nil {
		t.Fatal(err)
	}
	var last struct {
		Type     string
		Complete bool
		Requests int
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil || last.Type != "summary" || !last.Complete || last.Requests == 0 {
		t.Errorf("the last line is %s (%v)", lines[len(lines)-1], err)
	}
	for format, want := range map[string]string{"markdown": "解消", "csv": "解消(", "html": "解消("} {
		if _, out, said := sotomi(t, "convert", saved, "--lang", "ja", "-o", format); !strings.Contains(out, want) {
			t.Errorf("%s does not say %q\n%s%s", format, want, said, out)
		}
	}
}
