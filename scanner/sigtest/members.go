package sigtest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
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
		"guests-stored":     &sharedCache{site: http.HandlerFunc(guests)},
		"guests-own-cookie": http.HandlerFunc(guests),
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

// sharedCache is a cache with the address as its key: one that keeps answers, or one that gives an answer to all who
// asked while it was being made.
type sharedCache struct {
	site  http.Handler
	merge bool

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
