package cacheleak

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// account is a person who has a session at the origin.
type account struct{ cookie, name, mail, number, theme string }

var testAccounts = map[string]account{
	"A": {"sa7b1c9d2e4f60718", "Alice Aoki", "alice.aoki@example.test", "4811223344", "dark"},
	"B": {"sb0f9e8d7c6b5a493", "Bob Baba", "bob.baba@example.test", "9077665544", "light"},
}

// personalPage is one address of the origin.
type personalPage struct {
	header  map[string]string
	kind    string        // of pageKinds
	latency time.Duration // until the head is sent
	folder  bool          // everything below it is this page too
}

// personalOrigin is a site with members' pages whose heads can be chosen.
type personalOrigin struct {
	pages map[string]personalPage

	mu      sync.Mutex
	flights map[string]*flight
	stored  map[string][]byte
	last    string
}

type flight struct {
	done chan struct{}
	body []byte
}

func newID() string {
	b := make([]byte, 12)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

func startOrigin(t testing.TB, pages map[string]personalPage) *httptest.Server {
	t.Helper()
	o := &personalOrigin{pages: pages, flights: map[string]*flight{}, stored: map[string][]byte{}}
	s := httptest.NewServer(o)
	t.Cleanup(s.Close)
	return s
}

func (o *personalOrigin) page(path string) (personalPage, bool) {
	if p, ok := o.pages[path]; ok {
		return p, true
	}
	for at, p := range o.pages {
		if p.folder && strings.HasPrefix(path, at) {
			return p, true
		}
	}
	return personalPage{}, false
}

func whoAsks(r *http.Request) (string, account, bool) {
	for who, a := range testAccounts {
		if c, err := r.Cookie("sid"); err == nil && c.Value == a.cookie {
			return who, a, true
		}
		if r.Header.Get("Authorization") == "Bearer "+a.cookie {
			return who, a, true
		}
	}
	return "", account{}, false
}

func (o *personalOrigin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p, ok := o.page(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	who, a, member := whoAsks(r)
	for k, v := range p.header {
		w.Header().Set(k, v)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	switch p.kind {
	case "singleflight":
		o.merged(w, r, p, func() []byte { return accountBody(a, member, true) })
		return
	case "app-cache":
		_, _ = w.Write(o.keep(r.URL.RequestURI(), func() []byte { return accountBody(a, member, true) }))
		return
	case "race":
		o.race(r.Context(), w, p, who)
		return
	}
	wait(r.Context(), p.latency)
	o.answer(w, r, p, a, member)
}

func (o *personalOrigin) answer(w http.ResponseWriter, r *http.Request, p personalPage, a account, member bool) {
	switch p.kind {
	case "account":
		w.Header().Set("X-Request-Id", newID())
		_, _ = w.Write(accountBody(a, member, true))
	case "quiet": // nothing in it changes from one answer to the next
		_, _ = w.Write(accountBody(a, member, false))
	case "names":
		name := "Sign in"
		if member {
			name = a.name
		}
		fmt.Fprintf(w, "<html><body><h1>Shop</h1><p>Hello %s</p></body></html>", name)
	case "login":
		if !member {
			http.Redirect(w, r, "/login", http.StatusFound)
			return
		}
		_, _ = w.Write(accountBody(a, member, true))
	case "validator":
		if r.Header.Get("If-None-Match") == `"shared-1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", `"shared-1"`)
		_, _ = w.Write(accountBody(a, member, true))
	case "session-cookie": // every answer to somebody new starts a session
		if !member {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: newID(), Path: "/", HttpOnly: true})
		}
		_, _ = io.WriteString(w, "<html><body><h1>News</h1><p>The same for all.</p></body></html>")
	case "language-cookie":
		http.SetCookie(w, &http.Cookie{Name: "lang", Value: "ja", Path: "/"})
		_, _ = io.WriteString(w, "body{color:#123456}")
	case "theme":
		theme := "light"
		if member {
			theme = a.theme
		}
		fmt.Fprintf(w, `<html><body class="theme-%s"><h1>Shop</h1><p>%s mode</p><i>%s</i></body></html>`, theme, theme, newID())
	case "time":
		fmt.Fprintf(w, "<html><body><h1>Shop</h1><p>%s</p></body></html>", time.Now().UTC().Format(time.RFC3339Nano))
	case "noise":
		var b strings.Builder
		for range 40 {
			b.WriteString("<p>" + newID() + "</p>")
		}
		_, _ = io.WriteString(w, "<html><body>"+b.String()+"</body></html>")
	default: // public
		_, _ = io.WriteString(w, "<html><body><h1>Shop</h1><p>Open from 10 to 19, call 0312345678</p></body></html>")
	}
}

// accountBody is a member's page, or what a guest sees in its place.
func accountBody(a account, member, changing bool) []byte {
	token := ""
	if changing {
		token = `<input type="hidden" name="csrf" value="` + newID() + `">`
	}
	if !member {
		return []byte("<html><body><h1>My page</h1><p>Please sign in</p><form>" + token + "</form></body></html>")
	}
	return fmt.Appendf(nil, "<html><body><h1>My page</h1><p>Hello %s</p><p>%s</p><p>Customer %s</p><form>%s</form></body></html>", a.name, a.mail, a.number, token)
}

// merged gives all who ask for one address at once the first one's answer.
func (o *personalOrigin) merged(w http.ResponseWriter, r *http.Request, p personalPage, body func() []byte) {
	key := r.URL.RequestURI()
	o.mu.Lock()
	f, running := o.flights[key]
	if !running {
		f = &flight{done: make(chan struct{})}
		o.flights[key] = f
	}
	o.mu.Unlock()
	if !running {
		wait(r.Context(), p.latency)
		f.body = body()
		o.mu.Lock()
		delete(o.flights, key)
		o.mu.Unlock()
		close(f.done)
	}
	<-f.done
	_, _ = w.Write(f.body)
}

// keep gives everybody what the first got.
func (o *personalOrigin) keep(key string, body func() []byte) []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, ok := o.stored[key]; !ok {
		o.stored[key] = body()
	}
	return o.stored[key]
}

// race writes who asks into a place that all requests share, works for a while, and reads it back.
func (o *personalOrigin) race(ctx context.Context, w http.ResponseWriter, p personalPage, who string) {
	o.mu.Lock()
	o.last = who
	o.mu.Unlock()
	wait(ctx, p.latency)
	o.mu.Lock()
	who = o.last
	o.mu.Unlock()
	a, member := testAccounts[who]
	w.Header().Set("Content-Type", "text/csv")
	if !member {
		http.Error(w, "sign in", http.StatusUnauthorized)
		return
	}
	fmt.Fprintf(w, "name,mail,number\n%s,%s,%s\n", a.name, a.mail, a.number)
}

// wait is the origin's work.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
