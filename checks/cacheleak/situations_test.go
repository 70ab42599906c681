package cacheleak

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// edge is a shared cache with rules that real ones have, in front of a site.
type edge struct {
	site  http.Handler
	key   func(*http.Request) string // "" passes the request on
	store func(*http.Request, *httptest.ResponseRecorder) bool
	from  int  // requests of one key from which it stores; 0 is the first
	nodes int  // it has, taking turns; 0 is one
	blunt bool // cookies do not reach the site
	says  bool // X-Cache tells hit and miss

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
		key = fmt.Sprint(e.turn%e.nodes, key)
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

// situation is a site as it is met, and what the check must say.
type situation struct {
	name      string
	site      func(late time.Duration) http.Handler
	page      string // "" for none
	signature string // "" is cache-leak
	sessions  map[string]string
	safety    signature.Safety
	via       string         // of the one finding; "" for none
	status    scanner.Status // "" is found or clean
	reason    string         // part of it
}

func oneSession() map[string]string { return map[string]string{"A": cookieSessions()["A"]} }

var situations = []situation{
	{name: "members_cookies_on_a_prerendered_page", sessions: cookieSessions(), via: "set-cookie", site: func(late time.Duration) http.Handler {
		page := renewing("text/html", "s-maxage=31536000", anyone)
		return &edge{key: fullAddress, says: true, store: stored200, site: shop(late, map[string]pageFunc{"/": func(w http.ResponseWriter, a account, member bool) {
			w.Header().Set("X-Nextjs-Cache", "HIT")
			page(w, a, member)
		}})}
	}},
	{name: "members_cookies_on_a_picture", sessions: cookieSessions(), via: "set-cookie", site: func(late time.Duration) http.Handler {
		return &edge{key: fullAddress, store: storedPublic, site: shop(late, map[string]pageFunc{
			"/": func(w http.ResponseWriter, a account, member bool) {
				saying("private, no-store", true)(w, a, member)
				_, _ = io.WriteString(w, `<img src="/static/language.svg">`)
			},
			"/static/language.svg": renewing("image/svg+xml", "public, max-age=43200", "<svg></svg>"),
		})}
	}},
	{name: "members_cookies_on_a_script_of_a_named_page", page: "/account", sessions: cookieSessions(), via: "set-cookie", site: func(late time.Duration) http.Handler {
		return &edge{key: fullAddress, store: storedPublic, site: shop(late, map[string]pageFunc{
			"/account": func(w http.ResponseWriter, a account, member bool) {
				saying("private, no-store", true)(w, a, member)
				_, _ = io.WriteString(w, `<script src="/js/app.js"></script><script src="/js/more.js"></script>`)
			},
			"/js/app.js":  func(w http.ResponseWriter, _ account, _ bool) { _, _ = io.WriteString(w, "1") },
			"/js/more.js": renewing("text/javascript", "public, max-age=60", "2"),
		})}
	}},
	{name: "members_cookies_nowhere_stored", sessions: cookieSessions(), page: "/account", site: func(late time.Duration) http.Handler {
		return shop(late, map[string]pageFunc{
			"/account": func(w http.ResponseWriter, a account, member bool) {
				saying("private, no-store", true)(w, a, member)
				_, _ = io.WriteString(w, `<img src="/static/language.svg">`)
			},
			"/static/language.svg": renewing("image/svg+xml", "private", "<svg></svg>"),
		})
	}},
	{name: "one_copy_for_all_without_a_header", page: "/account", sessions: cookieSessions(), status: scanner.StatusFailed, reason: "neither", site: func(late time.Duration) http.Handler {
		return &edge{key: pathOnly, blunt: true, site: shop(late, map[string]pageFunc{"/account": saying("", true)})}
	}},
	{name: "one_copy_of_a_start_page_without_a_header", page: "/", sessions: cookieSessions(), status: scanner.StatusFailed, reason: "neither", site: func(late time.Duration) http.Handler {
		return &edge{key: pathOnly, blunt: true, site: shop(late, map[string]pageFunc{"/": printing("<p>%s 様 %s %s</p>", "<p>ログイン</p>")})}
	}},
	{name: "one_copy_with_a_form_token", page: "/", sessions: cookieSessions(), status: scanner.StatusFailed, reason: "neither", site: func(late time.Duration) http.Handler {
		return &edge{key: pathOnly, blunt: true, site: shop(late, map[string]pageFunc{"/": func(w http.ResponseWriter, a account, member bool) {
			fmt.Fprintf(w, `<html><body><h1>Shop</h1><input type="hidden" name="token" value="%s"></body></html>`, newID())
		}})}
	}},
	{name: "one_copy_in_storable_mode", page: "/account", signature: "cache-personal-storable", sessions: cookieSessions(), status: scanner.StatusFailed, reason: "neither", site: func(late time.Duration) http.Handler {
		return &edge{key: pathOnly, blunt: true, site: shop(late, map[string]pageFunc{"/account": saying("max-age=60", true)})}
	}},
	{name: "a_public_page", page: "/about", sessions: cookieSessions(), reason: "/about", site: func(late time.Duration) http.Handler {
		return shop(late, map[string]pageFunc{"/about": func(w http.ResponseWriter, _ account, _ bool) { _, _ = io.WriteString(w, anyone) }})
	}},
	{name: "one_visitors_marks_only", page: "/about", sessions: cookieSessions(), status: scanner.StatusFailed, reason: "B", site: func(late time.Duration) http.Handler {
		return shop(late, map[string]pageFunc{"/about": func(w http.ResponseWriter, a account, member bool) {
			w.Header().Set("Cache-Control", "private")
			if member && a.number == testAccounts["A"].number {
				_, _ = w.Write(accountBody(a, member, true))
				return
			}
			_, _ = io.WriteString(w, anyone)
		}})
	}},
	{name: "own_address_stored_and_not_allowed_to_try", page: "/", sessions: cookieSessions(), status: scanner.StatusFailed, reason: "own address", site: func(late time.Duration) http.Handler {
		return &edge{key: withoutQuery, site: shop(late, map[string]pageFunc{"/": saying("", true)})}
	}},
	{name: "own_address_stored_and_allowed_to_try", page: "/", safety: signature.SafetyIntrusive, sessions: cookieSessions(), via: "bare", site: func(late time.Duration) http.Handler {
		return &edge{key: withoutQuery, site: shop(late, map[string]pageFunc{"/": saying("", true)})}
	}},
	{name: "own_address_stored_silently_and_nothing_to_tell_by", page: "/", sessions: cookieSessions(), status: scanner.StatusFailed, reason: "own address", site: func(late time.Duration) http.Handler {
		return &edge{key: withoutQuery, site: shop(late, map[string]pageFunc{"/": saying("", false)})}
	}},
	{name: "own_address_spelt_anew", page: "/account", sessions: cookieSessions(), via: "bare", site: func(late time.Duration) http.Handler {
		return &edge{key: withoutQuery, site: shop(late, map[string]pageFunc{"/account": saying("", true)})}
	}},
	{name: "own_address_of_a_private_page", page: "/", sessions: cookieSessions(), reason: "own address", site: func(late time.Duration) http.Handler {
		return shop(late, map[string]pageFunc{"/": saying("private, no-store", true)})
	}},
	{name: "deception_below_a_folder_that_the_page_names", page: "/account", sessions: cookieSessions(), via: "deception", site: func(late time.Duration) http.Handler {
		site := shop(late, map[string]pageFunc{"/account": func(w http.ResponseWriter, a account, member bool) {
			saying("private, no-store", true)(w, a, member)
			_, _ = io.WriteString(w, `<script src="/_next/static/chunks/main.js"></script>`)
		}})
		normalising := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if at := strings.LastIndex(r.URL.Path, "/../"); at >= 0 && strings.HasPrefix(r.URL.Path, "/_next/static/") {
				r = r.Clone(r.Context())
				r.URL.Path = r.URL.Path[at+len("/.."):]
			}
			site.ServeHTTP(w, r)
		})
		return &edge{site: normalising, key: func(r *http.Request) string {
			if strings.HasPrefix(r.URL.EscapedPath(), "/_next/static/") {
				return r.URL.EscapedPath()
			}
			return ""
		}}
	}},
	{name: "fragment_at_a_fixed_address", page: "/account", sessions: cookieSessions(), via: "sequential", site: fragment(`<script>fetch('/ajax/cart').then(show)</script>`, "/ajax/cart")},
	{name: "fragment_of_an_attribute", page: "/account", sessions: cookieSessions(), via: "sequential", site: fragment(`<div hx-get="/parts/header" data-x="1"></div>`, "/parts/header")},
	{name: "fragment_of_the_edge", page: "/account", sessions: cookieSessions(), via: "sequential", site: fragment(`<esi:include src="/esi/greeting"/>`, "/esi/greeting")},
	{name: "fragment_of_a_script_file", page: "/account", sessions: cookieSessions(), via: "sequential", site: fragment(`<script src="/js/app.js"></script>`, "/api/me")},
	{name: "marks_in_a_script_only", page: "/top", sessions: cookieSessions(), via: "sequential", site: storedLine(`<script>var visitor = {"name": "%[1]s"}</script>`, "<script>var visitor = {}</script>")},
	{name: "marks_in_json_script_only", page: "/top", sessions: cookieSessions(), via: "sequential", site: storedLine(`<script type="application/json">{"mail": "%[1]s"}</script>`, "")},
	{name: "marks_in_data_attributes_only", page: "/top", sessions: cookieSessions(), via: "sequential", site: storedLine(`<div data-user="%[1]s"></div>`, "<div></div>")},
	{name: "stored_from_the_fifth_request", page: "/account", sessions: cookieSessions(), via: "sequential", site: func(late time.Duration) http.Handler {
		return &edge{key: fullAddress, from: 5, site: shop(late, map[string]pageFunc{"/account": saying("max-age=60", true)})}
	}},
	{name: "six_nodes", page: "/account", sessions: cookieSessions(), via: "sequential", site: func(late time.Duration) http.Handler {
		return &edge{key: fullAddress, nodes: 6, site: shop(late, map[string]pageFunc{"/account": saying("max-age=60", true)})}
	}},
	{name: "guests_cookies_from_the_fifth_request", via: "set-cookie", site: func(late time.Duration) http.Handler {
		return &edge{key: fullAddress, from: 5, site: shop(late, map[string]pageFunc{"/": guestSession})}
	}},
	{name: "one_session_and_a_page_of_ones_own", page: "/account", sessions: oneSession(), status: scanner.StatusFailed, reason: "one session", site: func(late time.Duration) http.Handler {
		return shop(late, map[string]pageFunc{"/account": saying("private, no-store", true)})
	}},
	{name: "one_session_and_mixup", page: "/account", signature: "session-mixup", sessions: oneSession(), status: scanner.StatusFailed, reason: "two visitors", site: func(late time.Duration) http.Handler {
		return shop(late, map[string]pageFunc{"/account": saying("private, no-store", true)})
	}},
	{name: "one_session_and_a_leak_to_guests", page: "/account", sessions: oneSession(), via: "anonymous", site: func(late time.Duration) http.Handler {
		return &edge{key: fullAddress, site: shop(late, map[string]pageFunc{"/account": saying("max-age=60", true)})}
	}},
	{name: "shared_variable", page: "/account", sessions: cookieSessions(), via: "concurrent", site: func(late time.Duration) http.Handler { return &sharedVariable{late: late + 40*time.Millisecond} }},
	{name: "shared_variable_and_mixup", page: "/account", signature: "session-mixup", sessions: cookieSessions(), via: "concurrent", site: func(late time.Duration) http.Handler { return &sharedVariable{late: late + 40*time.Millisecond} }},
	{name: "board_of_the_last_other_visitor", page: "/account", sessions: cookieSessions(), status: "any", site: func(late time.Duration) http.Handler { return &board{late: late} }},
	{name: "board_that_counts_guests", page: "/account", sessions: cookieSessions(), status: "any", site: func(late time.Duration) http.Handler { return &board{late: late, guests: true} }},
	{name: "board_and_mixup", page: "/account", signature: "session-mixup", sessions: cookieSessions(), status: "any", site: func(late time.Duration) http.Handler { return &board{late: late, guests: true} }},
	{name: "part_of_a_page_is_anothers", page: "/account", sessions: cookieSessions(), status: scanner.StatusFailed, reason: "beside", site: func(late time.Duration) http.Handler { return &mixedPage{late: late} }},
	{name: "guest_token_of_the_second", site: guestToken(time.Second)},
	{name: "guest_token_of_the_second_with_accounts", sessions: cookieSessions(), page: "/about", site: guestToken(time.Second), status: "any"},
	{name: "guest_token_of_two_requests", site: countedToken(2)},
	{name: "guest_token_of_three_requests", site: countedToken(3)},
	{name: "guest_token_of_five_requests", site: countedToken(5)},
	{name: "guest_token_of_eight_requests", site: countedToken(8)},
	{name: "guest_token_of_3_ms", site: guestToken(3 * time.Millisecond)},
	{name: "guest_token_of_10_ms", site: guestToken(10 * time.Millisecond)},
	{name: "guest_token_of_30_ms", site: guestToken(30 * time.Millisecond)},
}

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
	numbers sync.Map
}

func (m *mixedPage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	wait(r.Context(), m.late)
	_, a, member := whoAsks(r)
	w.Header().Set("Cache-Control", "private, no-store")
	w.Header().Set("Content-Type", "text/html")
	if !member || r.URL.Path != "/account" {
		_, _ = io.WriteString(w, anyone)
		return
	}
	number, _ := m.numbers.LoadOrStore(r.URL.RequestURI(), a.number)
	fmt.Fprintf(w, "<html><body><p>%s</p><p>%s</p></body></html>", a.name, number)
}

func (s situation) run(t *testing.T, late time.Duration, options web.Options) {
	t.Helper()
	server := httptest.NewServer(s.site(late))
	defer server.Close()
	name := s.signature
	if name == "" {
		name = "cache-leak"
	}
	r := cacheScan{signature: name, target: server.URL, page: s.page, sessions: s.sessions, safety: s.safety, options: options}.run(t.Context(), t)
	o := r.Outcomes[0]
	t.Logf("%s: %s (%s), %d requests, %.1f s", s.name, o.Status, o.Reason, o.Requests, o.Took.Seconds())
	mustBeJapanese(t, o.Reason)
	if s.via != "" {
		checkVia(t, r, s.via)
		return
	}
	if len(r.Findings) > 0 {
		t.Errorf("found %v, want nothing", r.Findings[0].Hit.Values)
	}
	want := s.status
	if want == "" {
		want = scanner.StatusClean
	}
	if want != "any" && o.Status != want || !strings.Contains(o.Reason.String(), s.reason) {
		t.Errorf("outcome %s (%s), want %s (... %s ...)", o.Status, o.Reason, want, s.reason)
	}
}

func TestSituations(t *testing.T) {
	for _, s := range situations {
		t.Run(s.name, func(t *testing.T) { s.run(t, 0, web.Options{}) })
	}
}

// TestSlowSituations: pages that take 300 ms, at the rate that scans have by default, come to the same.
func TestSlowSituations(t *testing.T) {
	if os.Getenv("SOTOMI_LABS") == "" {
		t.Skip("slow pages take minutes: they are scanned with SOTOMI_LABS=require")
	}
	for _, s := range situations {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t, 300*time.Millisecond, web.Options{Rate: 20})
		})
	}
}
