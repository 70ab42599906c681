package cacheleak

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"
)

// edge is a shared cache with rules that real ones have, in front of a site.
type edge struct {
	site  http.Handler
	key   func(*http.Request) string // "" passes the request on
	store func(*http.Request, *httptest.ResponseRecorder) bool
	from  int        // requests of one key from which it stores; 0 is the first
	nodes int        // it has, taking turns; 0 is one
	draws *rand.Rand // nodes are drawn instead; nil when they take turns
	blunt bool       // cookies do not reach the site
	says  bool       // X-Cache tells hit and miss

	mu     sync.Mutex
	turn   int
	asked  map[string]int
	stored map[string]*httptest.ResponseRecorder
}

func (e *edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	key := e.key(r)
	e.mu.Lock()
	if e.stored == nil {
		e.stored, e.asked = map[string]*httptest.ResponseRecorder{}, map[string]int{}
	}
	if key != "" && e.nodes > 1 {
		node := e.turn % e.nodes
		if e.draws != nil {
			node = e.draws.IntN(e.nodes)
		}
		key = fmt.Sprint(node, key)
		e.turn++
	}
	answer, hit := e.stored[key]
	e.mu.Unlock()
	if !hit {
		if e.blunt {
			r.Header.Del("Cookie")
		}
		answer = httptest.NewRecorder()
		e.site.ServeHTTP(answer, r)
		e.mu.Lock()
		if e.asked[key]++; key != "" && e.asked[key] >= e.from && (e.store == nil || e.store(r, answer)) {
			e.stored[key] = answer
		}
		e.mu.Unlock()
	}
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	if e.says && key != "" {
		w.Header().Set("X-Cache", map[bool]string{true: "Hit from edge", false: "Miss from edge"}[hit])
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

func fullAddress(r *http.Request) string { return r.URL.RequestURI() }
func pathOnly(r *http.Request) string    { return r.URL.Path }

// spelling keeps the spellings of a path apart and ignores the query.
func spelling(r *http.Request) string { return r.URL.EscapedPath() }

// withoutQuery keeps queries away from the store, as page caches of shops and blogs do.
func withoutQuery(r *http.Request) string {
	if r.URL.RawQuery != "" {
		return ""
	}
	return r.URL.EscapedPath()
}

func stored200(_ *http.Request, a *httptest.ResponseRecorder) bool { return a.Code == http.StatusOK }

func storedPublic(_ *http.Request, a *httptest.ResponseRecorder) bool {
	return strings.Contains(a.Header().Get("Cache-Control"), "public")
}

// shop is a site with addresses of all kinds. late is what each answer takes.
func shop(late time.Duration, pages map[string]func(w http.ResponseWriter, a account, member bool)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wait(r.Context(), late)
		_, a, member := whoAsks(r)
		page, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		page(w, a, member)
	})
}

type pageFunc = func(w http.ResponseWriter, a account, member bool)

// saying is a page of a member's with a Cache-Control.
func saying(cacheControl string, changing bool) pageFunc {
	return func(w http.ResponseWriter, a account, member bool) {
		if cacheControl != "" {
			w.Header().Set("Cache-Control", cacheControl)
		}
		_, _ = w.Write(accountBody(a, member, changing))
	}
}

// renewing adds a new session cookie for members to what is the same for all.
func renewing(kind, cacheControl, body string) pageFunc {
	return func(w http.ResponseWriter, a account, member bool) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Cache-Control", cacheControl)
		if member {
			w.Header().Add("Set-Cookie", "session="+a.cookie+"."+newID()+"; Path=/; HttpOnly")
		}
		_, _ = io.WriteString(w, body)
	}
}

// printing is a page with one line for members, format with name, mail and number.
func printing(format, guests string) pageFunc {
	return func(w http.ResponseWriter, a account, member bool) {
		w.Header().Set("Cache-Control", "max-age=60")
		line := guests
		if member {
			line = fmt.Sprintf(format, a.name, a.mail, a.number)
		}
		fmt.Fprintf(w, "<html><body><h1>Shop</h1>%s</body></html>", line)
	}
}

const anyone = "<html><body><h1>Shop</h1><p>Open from 10 to 19</p></body></html>"

// fragment is a private page that names an address which a cache stores.
func fragment(names, address string) func(time.Duration) http.Handler {
	return func(late time.Duration) http.Handler {
		return &edge{key: fullAddress, store: storedPublic, site: shop(late, map[string]pageFunc{
			"/account": func(w http.ResponseWriter, a account, member bool) {
				saying("private, no-store", true)(w, a, member)
				_, _ = io.WriteString(w, names)
			},
			"/js/app.js": func(w http.ResponseWriter, _ account, _ bool) {
				w.Header().Set("Content-Type", "text/javascript")
				_, _ = io.WriteString(w, `export const load = () => fetch("/api/me");`)
			},
			address: saying("public, max-age=60", true),
		})}
	}
}

func storedLine(members, guests string) func(time.Duration) http.Handler {
	return func(late time.Duration) http.Handler {
		return &edge{key: fullAddress, site: shop(late, map[string]pageFunc{"/top": printing(members, guests)})}
	}
}

func guestSession(w http.ResponseWriter, _ account, member bool) {
	if !member {
		w.Header().Add("Set-Cookie", "sid="+newID()+"; Path=/; HttpOnly")
	}
	_, _ = io.WriteString(w, anyone)
}

// guestToken gives all guests of one period the same token.
func guestToken(period time.Duration) func(time.Duration) http.Handler {
	return func(late time.Duration) http.Handler {
		return shop(late, map[string]pageFunc{"/": func(w http.ResponseWriter, _ account, member bool) {
			if !member {
				w.Header().Add("Set-Cookie", fmt.Sprintf("guest_token=eyJhbGciOiJIUzI1NiJ9.%x; Path=/; HttpOnly", time.Now().Truncate(period).UnixNano()*2654435761))
			}
			_, _ = io.WriteString(w, anyone)
		}, "/about": func(w http.ResponseWriter, _ account, _ bool) {
			w.Header().Add("Set-Cookie", fmt.Sprintf("guest_token=eyJhbGciOiJIUzI1NiJ9.%x; Path=/; HttpOnly", time.Now().Truncate(period).UnixNano()*2654435761))
			_, _ = io.WriteString(w, anyone)
		}})
	}
}

// countedToken gives guests who come one after another the same token, as clocks do, n at a time.
func countedToken(n int64) func(time.Duration) http.Handler {
	return func(late time.Duration) http.Handler {
		var asked atomic.Int64
		return shop(late, map[string]pageFunc{"/": func(w http.ResponseWriter, _ account, member bool) {
			w.Header().Add("Set-Cookie", fmt.Sprintf("guest_token=eyJhbGciOiJIUzI1NiJ9.%x; Path=/; HttpOnly", ((asked.Add(1)-1)/n+1)*2654435761987))
			_, _ = io.WriteString(w, anyone)
		}})
	}
}

// drawnToken gives whoever asks next the token of the one before, by chance, as clocks do.
func drawnToken(seed uint64, chance float64) http.Handler {
	var mu sync.Mutex
	draws, token := rand.New(rand.NewPCG(seed, 2)), ""
	return shop(5*time.Millisecond, map[string]pageFunc{"/": func(w http.ResponseWriter, _ account, _ bool) {
		mu.Lock()
		if token == "" || draws.Float64() >= chance {
			token = newID()
		}
		w.Header().Add("Set-Cookie", "guest_token="+token+"; Path=/; HttpOnly")
		mu.Unlock()
		_, _ = io.WriteString(w, anyone)
	}})
}

// merging gives all who ask for one address at once one answer, and stores none.
type merging struct {
	site    http.Handler
	flights singleflight.Group
}

func (m *merging) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, _, _ := m.flights.Do(r.URL.RequestURI(), func() (any, error) {
		a := httptest.NewRecorder()
		m.site.ServeHTTP(a, r)
		return a, nil
	})
	a := answer.(*httptest.ResponseRecorder)
	for name, values := range a.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(a.Code)
	_, _ = w.Write(a.Body.Bytes())
}

// sharedVariable keeps who asks in one place for all requests.
type sharedVariable struct {
	late time.Duration
	mu   sync.Mutex
	a    account
	in   bool
}

func (s *sharedVariable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/account" {
		http.NotFound(w, r)
		return
	}
	_, a, member := whoAsks(r)
	s.mu.Lock()
	s.a, s.in = a, member
	s.mu.Unlock()
	wait(r.Context(), s.late)
	s.mu.Lock()
	a, member = s.a, s.in
	s.mu.Unlock()
	w.Header().Set("Cache-Control", "private, no-store")
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write(accountBody(a, member, true))
}

// board is a page that shows everybody the last visitor other than themselves.
type board struct {
	late   time.Duration
	guests bool // guests are visitors too

	mu   sync.Mutex
	last []string // name and mail, newest last
}

func (b *board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/account" {
		http.NotFound(w, r)
		return
	}
	wait(r.Context(), b.late)
	_, a, member := whoAsks(r)
	me := a.name + " " + a.mail
	if !member {
		me = "guest"
	}
	b.mu.Lock()
	other := "nobody"
	for _, l := range b.last {
		if l != me {
			other = l
		}
	}
	if member || b.guests {
		b.last = append(b.last, me)
	}
	b.mu.Unlock()
	w.Header().Set("Cache-Control", "private, no-store")
	w.Header().Set("Content-Type", "text/html")
	fmt.Fprintf(w, "<html><body><p>%s</p><p>%s</p><p>just here: %s</p></body></html>", me, a.number, other)
}

// mixedPage greets whoever asks and shows the number of whoever asked for the address first.
type mixedPage struct {
	late    time.Duration
	done    bool // only that of an answer that was done before
	numbers sync.Map
}

func (m *mixedPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	address := r.URL.RequestURI()
	before, known := m.numbers.Load(address)
	wait(r.Context(), m.late)
	_, a, member := whoAsks(r)
	w.Header().Set("Cache-Control", "private, no-store")
	w.Header().Set("Content-Type", "text/html")
	if !member || r.URL.Path != "/account" {
		_, _ = io.WriteString(w, anyone)
		return
	}
	number, _ := m.numbers.LoadOrStore(address, a.number)
	if m.done {
		number = a.number
		if known {
			number = before
		}
	}
	fmt.Fprintf(w, "<html><body><p>%s</p><p>%s</p></body></html>", a.name, number)
}
