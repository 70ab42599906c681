package sigtest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"
)

// Members are scripted sites whose visitors must be kept apart, by the name that cases give as server. Two have accounts
// there: they send "Cookie: member=alice" and "Cookie: member=bob".
func Members() map[string]http.Handler {
	return map[string]http.Handler{
		"members-stored":    &sharedCache{site: members("public, max-age=60")},
		"members-merged":    &sharedCache{site: members("no-cache"), merge: true},
		"members-expired":   members("no-cache"),
		"members-private":   members("private, no-store"),
		"members-one-copy":  &sharedCache{site: members("max-age=60"), pathOnly: true},
		"members-board":     &board{},
		"members-renewed":   &sharedCache{site: http.HandlerFunc(renewed)},
		"guests-stored":     &sharedCache{site: http.HandlerFunc(guests)},
		"guests-own-cookie": http.HandlerFunc(guests),
		"guests-of-a-time":  &guestsOfATime{},
	}
}

func unique() string {
	b := make([]byte, 12)
	_, _ = rand.Read(b) // crypto/rand never fails
	return hex.EncodeToString(b)
}

// members shows /account to whom it belongs.
func members(cacheControl string) http.Handler {
	people := map[string]string{"alice": "Alice Aoki, alice@example.test, 4811223344", "bob": "Bob Baba, bob@example.test, 9077665544"}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/account" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", cacheControl)
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("X-Request-Id", unique())
		text := "Please sign in"
		if c, err := r.Cookie("member"); err == nil && people[c.Value] != "" {
			text = people[c.Value]
		}
		fmt.Fprintf(w, "<html><body><h1>Account</h1><p>%s</p></body></html>", text)
	})
}

// guests starts a session for everybody who has none.
func guests(w http.ResponseWriter, r *http.Request) {
	if _, err := r.Cookie("sessionid"); err != nil {
		http.SetCookie(w, &http.Cookie{Name: "sessionid", Value: unique(), Path: "/", HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, "<html><body><h1>News</h1></body></html>")
}

// board shows members the one who was there before them.
type board struct {
	mu   sync.Mutex
	last string
}

func (b *board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	me, number := "a guest", "none"
	if c, err := r.Cookie("member"); err == nil {
		me, number = c.Value+"@example.test", map[string]string{"alice": "4811223344", "bob": "9077665544"}[c.Value]
	}
	b.mu.Lock()
	last := b.last
	b.last = me
	b.mu.Unlock()
	w.Header().Set("Cache-Control", "private, no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, "<html><body><h1>Account</h1><p>You are %s, number %s</p><p>Last seen: %s</p></body></html>", me, number, last)
}

// renewed is a page that is the same for all, with a picture whose answer renews the session of members.
func renewed(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if r.URL.Path != "/static/icon.svg" {
		_, _ = io.WriteString(w, `<html><body><h1>News</h1><img src="/static/icon.svg"></body></html>`)
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=43200")
	w.Header().Set("Content-Type", "image/svg+xml")
	if c, err := r.Cookie("member"); err == nil {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: c.Value + "." + unique(), Path: "/", HttpOnly: true})
	}
	_, _ = io.WriteString(w, "<svg></svg>")
}

// guestsOfATime gives guests who come one after another the same token, three at a time, as sites do whose tokens are made
// of the time and nothing else.
type guestsOfATime struct{ asked atomic.Int64 }

func (g *guestsOfATime) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	const atATime, spread = 3, 2654435761987
	moment := 1 + (g.asked.Add(1)-1)/atATime
	http.SetCookie(w, &http.Cookie{Name: "guest_token", Value: fmt.Sprintf("eyJhbGciOiJIUzI1NiJ9.%x", moment*spread), Path: "/", HttpOnly: true})
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, "<html><body><h1>News</h1></body></html>")
}

// sharedCache is a cache with the address as its key: one that keeps answers, or one that gives an answer to all who
// asked while it was being made.
type sharedCache struct {
	site     http.Handler
	merge    bool
	pathOnly bool // the query is no part of the key, and cookies do not reach the site

	mu      sync.Mutex
	answers map[string]*made
}

// made is an answer, or one that is being made.
type made struct {
	done     chan struct{}
	recorder *httptest.ResponseRecorder
}

func (c *sharedCache) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := r.URL.RequestURI()
	if c.pathOnly {
		key = r.URL.Path
		r = r.Clone(r.Context())
		r.Header.Del("Cookie")
	}
	c.mu.Lock()
	if c.answers == nil {
		c.answers = map[string]*made{}
	}
	m, there := c.answers[key]
	if !there {
		m = &made{done: make(chan struct{}), recorder: httptest.NewRecorder()}
		c.answers[key] = m
	}
	c.mu.Unlock()
	if !there {
		c.site.ServeHTTP(m.recorder, r)
		if c.merge {
			c.forget(r, key)
		}
		close(m.done)
	}
	select {
	case <-m.done:
	case <-r.Context().Done():
		return
	}
	for name, values := range m.recorder.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(m.recorder.Code)
	_, _ = w.Write(m.recorder.Body.Bytes()) // the scanner may stop reading
}

// forget lets others ask for as long as a slow page takes, and drops the answer then.
func (c *sharedCache) forget(r *http.Request, key string) {
	const work = 20 * time.Millisecond
	timer := time.NewTimer(work)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.answers, key)
}
