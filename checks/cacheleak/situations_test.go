package cacheleak

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/scanner/web"
)

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
	{name: "one_copy_for_all_whatever_the_query", page: "/account", sessions: cookieSessions(), status: scanner.StatusFailed, reason: "neither", site: func(late time.Duration) http.Handler {
		return &edge{key: spelling, blunt: true, says: true, site: shop(late, map[string]pageFunc{"/account": saying("", true)})}
	}},
	{name: "a_public_page_whatever_the_query", page: "/opening-hours", sessions: cookieSessions(), reason: "/opening-hours", site: func(late time.Duration) http.Handler {
		return &edge{key: spelling, says: true, site: shop(late, map[string]pageFunc{"/opening-hours": func(w http.ResponseWriter, _ account, _ bool) { _, _ = io.WriteString(w, anyone+newID()) }})}
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
	{name: "own_address_spelt_anew_is_another_page", page: "/account", sessions: cookieSessions(), status: scanner.StatusFailed, reason: "own address", site: func(late time.Duration) http.Handler {
		site := shop(late, map[string]pageFunc{"/account": saying("", true)})
		return &edge{key: withoutQuery, says: true, site: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.URL.EscapedPath(), "%") {
				http.NotFound(w, r)
				return
			}
			site.ServeHTTP(w, r)
		})}
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
	{name: "public_profile_below_the_page", page: "/account", sessions: cookieSessions(), reason: "look like files", site: func(late time.Duration) http.Handler {
		site := shop(late, map[string]pageFunc{"/account": saying("private, no-store", true)})
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/account/") {
				w.Header().Set("Content-Type", "text/html")
				_, _ = w.Write(accountBody(testAccounts["A"], true, true))
				return
			}
			site.ServeHTTP(w, r)
		})
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
	{name: "members_cookies_from_the_fifth_request", page: "/", sessions: cookieSessions(), via: "set-cookie", site: func(late time.Duration) http.Handler {
		return &edge{key: fullAddress, from: 5, site: shop(late, map[string]pageFunc{"/": renewing("text/html", "s-maxage=60", anyone)})}
	}},
	{name: "one_session_and_stored_from_the_fifth_request", page: "/account", sessions: oneSession(), via: "anonymous", site: func(late time.Duration) http.Handler {
		return &edge{key: fullAddress, from: 5, site: shop(late, map[string]pageFunc{"/account": saying("max-age=60", true)})}
	}},
	{name: "not_stored_the_second_time", page: "/account", sessions: cookieSessions(), via: "any", site: func(late time.Duration) http.Handler {
		seen, missed := map[string]bool{}, ""
		return &edge{key: fullAddress, from: 7, site: shop(late, map[string]pageFunc{"/account": saying("max-age=60", true)}), store: func(r *http.Request, _ *httptest.ResponseRecorder) bool {
			if key := fullAddress(r); !seen[key] {
				if seen[key] = true; len(seen) == 2 {
					missed = key
				}
			}
			return fullAddress(r) != missed
		}}
	}},
	{name: "guests_cookies_from_the_fifth_request", via: "set-cookie", site: func(late time.Duration) http.Handler {
		return &edge{key: fullAddress, from: 5, site: shop(late, map[string]pageFunc{"/": guestSession})}
	}},
	{name: "one_cookie_from_the_store_whatever_the_query", status: scanner.StatusFailed, reason: "session cookie", site: func(late time.Duration) http.Handler {
		return &edge{key: pathOnly, says: true, site: shop(late, map[string]pageFunc{"/": guestSession})}
	}},
	{name: "one_copy_without_cookies_whatever_the_query", site: func(late time.Duration) http.Handler {
		return &edge{key: pathOnly, says: true, site: shop(late, map[string]pageFunc{"/": func(w http.ResponseWriter, _ account, _ bool) { _, _ = io.WriteString(w, anyone) }})}
	}},
	{name: "guests_cookies_merged", via: "concurrent", site: func(late time.Duration) http.Handler {
		return &merging{site: shop(late+150*time.Millisecond, map[string]pageFunc{"/": guestSession})}
	}},
	{name: "members_cookies_merged", page: "/", sessions: cookieSessions(), via: "concurrent", site: func(late time.Duration) http.Handler {
		return &merging{site: shop(late+150*time.Millisecond, map[string]pageFunc{"/": renewing("text/html", "private, no-store", anyone)})}
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
	{name: "part_of_a_page_is_anothers_from_before", page: "/account", sessions: cookieSessions(), status: scanner.StatusFailed, reason: "beside", site: func(late time.Duration) http.Handler {
		return &mixedPage{late: late + 40*time.Millisecond, done: true}
	}},
	{name: "guest_token_of_the_second", site: guestToken(time.Second)},
	{name: "guest_token_of_the_second_with_accounts", sessions: cookieSessions(), page: "/about", site: guestToken(time.Second), status: "any"},
	{name: "guest_token_of_two_requests", site: countedToken(2)},
	{name: "guest_token_of_three_requests", site: countedToken(3)},
	{name: "guest_token_of_five_requests", site: countedToken(5)},
	{name: "guest_token_of_eight_requests", site: countedToken(8)},
	{name: "guest_token_of_3_ms", status: "any", site: guestToken(3 * time.Millisecond)},
	{name: "guest_token_of_10_ms", status: "any", site: guestToken(10 * time.Millisecond)},
	{name: "guest_token_of_30_ms", status: "any", site: guestToken(30 * time.Millisecond)},
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
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t, 0, web.Options{})
		})
	}
}

// TestNodesAtRandom: what crosses by chance in one order of visitors and does not come back is looked for in longer orders
// before it is told as seen once.
func TestNodesAtRandom(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			situation{name: "six_nodes", page: "/account", sessions: cookieSessions(), via: "any", site: func(late time.Duration) http.Handler {
				return &edge{key: fullAddress, nodes: 6, draws: rand.New(rand.NewPCG(seed, 1)), site: shop(late, map[string]pageFunc{"/account": saying("max-age=60", true)})}
			}}.run(t, 0, web.Options{})
		})
	}
}

// TestCookiesByChance: visitors who now and then get one new cookie, whatever address they ask for, got no other's answer.
func TestCookiesByChance(t *testing.T) {
	for seed := range uint64(10) {
		for _, chance := range []float64{0.1, 0.2, 0.4, 0.6, 0.8} {
			t.Run(fmt.Sprint(seed, " ", chance), func(t *testing.T) {
				t.Parallel()
				situation{name: "cookie", status: "any", site: func(time.Duration) http.Handler { return drawnToken(seed, chance) }}.run(t, 0, web.Options{})
			})
		}
	}
}

// TestMain lets situations wait side by side: they cost time, not work.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "16"); err != nil {
		panic(err)
	}
	m.Run()
}

// TestPacedSituations: pages that take 300 ms, at the rate that scans have by default, come to the same.
func TestPacedSituations(t *testing.T) {
	paces, runs, err := sigtest.LabPaces("slow_pages")
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("SOTOMI_LABS") == "" && runs == 0 {
		t.Skip("slow pages take minutes: they are scanned with SOTOMI_LABS=require")
	}
	for _, p := range paces {
		t.Run(p.Name, func(t *testing.T) {
			for run := range max(runs, 1) {
				for _, s := range situations {
					t.Run(fmt.Sprintf("%s/%d", s.name, run+1), func(t *testing.T) {
						t.Parallel()
						s.run(t, p.Late, web.Options{Rate: p.Rate})
					})
				}
			}
		})
	}
}
