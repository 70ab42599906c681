package cacheleak

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/web"
)

// everythingLeaks are pages that leak in all the ways a report could show too much of.
var everythingLeaks = map[string]personalPage{
	"/stored": {kind: "app-cache", header: map[string]string{"Cache-Control": "public, max-age=60", "Etag": `"4811223344-alice"`}},
	"/merged": {kind: "singleflight", latency: 20 * time.Millisecond},
	"/fresh":  {kind: "account", header: map[string]string{"Cache-Control": "max-age=60"}},
	"/race":   {kind: "race", latency: 20 * time.Millisecond},
}

func TestReportsShowNoPersonalData(t *testing.T) {
	origin := startOrigin(t, everythingLeaks)
	for _, c := range []struct{ signature, page string }{
		{"cache-leak", "/stored"}, {"cache-leak", "/merged"}, {"cache-personal-storable", "/fresh"}, {"session-mixup", "/race"},
	} {
		t.Run(c.signature+c.page, func(t *testing.T) {
			r := cacheScan{signature: c.signature, target: origin.URL, page: c.page, sessions: cookieSessions()}.run(t.Context(), t)
			if len(r.Findings) != 1 {
				t.Fatalf("%d findings, want one; %+v", len(r.Findings), r.Outcomes)
			}
			text, err := json.Marshal(r.Findings[0].Hit)
			if err != nil {
				t.Fatal(err)
			}
			for who, a := range testAccounts {
				for _, secret := range []string{a.cookie, a.mail, a.number, a.name, strings.Fields(a.name)[0]} {
					if strings.Contains(string(text), secret) {
						t.Errorf("the report holds %q of visitor %s", secret, who)
					}
				}
			}
			if c.signature == "cache-leak" && !strings.Contains(r.Findings[0].Hit.Evidence[1].Note.String(), "(mail address, ") {
				t.Errorf("the report does not say what the mark looks like: %s", r.Findings[0].Hit.Evidence[1].Note)
			}
		})
	}
}

func TestUndetermined(t *testing.T) {
	var n atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/unstable", func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%4 == 0 {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, a, member := whoAsks(r)
		_, _ = w.Write(accountBody(a, member, true))
	})
	mux.HandleFunc("/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("/account", func(w http.ResponseWriter, r *http.Request) {
		_, a, member := whoAsks(r)
		if !member {
			http.Redirect(w, r, "/login", http.StatusFound)
			return
		}
		w.Header().Set("Cache-Control", "private")
		_, _ = w.Write(accountBody(a, member, true))
	})
	// One answer says that it was stored: the request went out twice. Or all of them do: the cache ignores the cache buster.
	var asked atomic.Int32
	stored := func(hit func(n int32) bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			_, a, member := whoAsks(r)
			w.Header().Set("X-Cache", map[bool]string{true: "HIT", false: "MISS"}[hit(asked.Add(1))])
			_, _ = w.Write(accountBody(a, member, true))
		}
	}
	mux.HandleFunc("/stored-once", stored(func(n int32) bool { return n == 5 }))
	mux.HandleFunc("/stored-always", stored(func(int32) bool { return true }))
	site := httptest.NewServer(mux)
	t.Cleanup(site.Close)
	dead := map[string]string{"A": "Cookie: sid=ended", "B": "Cookie: sid=ended-too"}
	one := map[string]string{"A": cookieSessions()["A"], "B": "Cookie: sid=ended"}
	twice := map[string]string{"A": cookieSessions()["A"], "B": cookieSessions()["A"]}
	for _, c := range []struct {
		name, page string
		sessions   map[string]string
		status     scanner.Status
		reason     string
	}{
		{"unstable_page", "/unstable", cookieSessions(), scanner.StatusFailed, "different statuses"},
		{"broken_page", "/broken", cookieSessions(), scanner.StatusFailed, "the page answers 500"},
		{"no_such_page", "/nothing", cookieSessions(), scanner.StatusFailed, "the page answers 404"},
		{"ended_sessions", "/account", dead, scanner.StatusFailed, "not allowed to see the page: visitor A and B"},
		{"one_ended_session", "/account", one, scanner.StatusFailed, "not allowed to see the page: visitor B"},
		{"one_account_twice", "/account", twice, scanner.StatusFailed, "two different test accounts"},
		{"two_good_sessions", "/account", cookieSessions(), scanner.StatusClean, "no visitor received another's page"},
		{"stored_once", "/stored-once", cookieSessions(), scanner.StatusClean, "no visitor received another's page"},
		{"stored_always", "/stored-always", cookieSessions(), scanner.StatusFailed, "the cache ignores the random parts"},
		{"no_sessions", "/account", nil, scanner.StatusClean, "anonymous visitors only"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := cacheScan{signature: "cache-leak", target: site.URL, page: c.page, sessions: c.sessions}.run(t.Context(), t)
			if o := r.Outcomes[0]; o.Status != c.status || !strings.Contains(o.Reason.String(), c.reason) || len(r.Findings) > 0 {
				t.Errorf("outcome %s (%s), %d findings; want %s (... %s ...)", o.Status, o.Reason, len(r.Findings), c.status, c.reason)
			}
			mustBeJapanese(t, r.Outcomes[0].Reason)
		})
	}
}

// TestIgnoredCacheBuster: where the cache ignores what keeps test visitors' pages from others, nothing is tried in any
// mode, and no page is called clean.
func TestIgnoredCacheBuster(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, a, member := whoAsks(r)
		w.Header().Set("X-Cache", "HIT")
		_, _ = w.Write(accountBody(a, member, true))
	}))
	t.Cleanup(site.Close)
	for _, id := range []string{"cache-leak", "cache-personal-storable", "session-mixup"} {
		r := cacheScan{signature: id, target: site.URL, page: "/account", sessions: cookieSessions()}.run(t.Context(), t)
		if o := r.Outcomes[0]; o.Status != scanner.StatusFailed || !strings.Contains(o.Reason.String(), "the cache ignores") || len(r.Findings) > 0 {
			t.Errorf("%s: outcome %s (%s), %d findings; want failed", id, o.Status, o.Reason, len(r.Findings))
		}
		mustBeJapanese(t, r.Outcomes[0].Reason)
	}
}

func TestMergingAtDefaultRate(t *testing.T) {
	origin := startOrigin(t, everythingLeaks)
	r := cacheScan{signature: "cache-leak", target: origin.URL, page: "/merged", sessions: cookieSessions(), options: web.Options{Rate: 20}}.run(t.Context(), t)
	checkVia(t, r, "concurrent")
}

func TestConcurrentNeedsTwoInFlight(t *testing.T) {
	origin := startOrigin(t, everythingLeaks)
	scan := cacheScan{signature: "cache-leak", target: origin.URL, page: "/merged", sessions: cookieSessions(), options: web.Options{InFlight: 1}}
	if o := scan.run(t.Context(), t).Outcomes[0]; o.Status != scanner.StatusFailed || !strings.Contains(o.Reason.String(), "--in-flight") {
		t.Errorf("outcome %s (%s), want failed and what it takes", o.Status, o.Reason)
	}
	scan.options.InFlight = 2
	checkVia(t, scan.run(t.Context(), t), "concurrent")
}

func TestAuthorizationSessions(t *testing.T) {
	origin := startOrigin(t, map[string]personalPage{
		"/fresh":  {kind: "account", header: map[string]string{"Cache-Control": "max-age=60"}},
		"/public": {kind: "account", header: map[string]string{"Cache-Control": "public, max-age=60"}},
	})
	bearers := map[string]string{"A": "Authorization: Bearer " + testAccounts["A"].cookie, "B": "Authorization: Bearer " + testAccounts["B"].cookie}
	for page, want := range map[string]int{"/fresh": 0, "/public": 1} {
		r := cacheScan{signature: "cache-personal-storable", target: origin.URL, page: page, sessions: bearers}.run(t.Context(), t)
		if len(r.Findings) != want {
			t.Errorf("%s: %d findings (%s), want %d", page, len(r.Findings), r.Outcomes[0].Reason, want)
		}
	}
	mixed := map[string]string{"A": bearers["A"], "B": cookieSessions()["B"]}
	r := cacheScan{signature: "cache-personal-storable", target: origin.URL, page: "/fresh", sessions: mixed}.run(t.Context(), t)
	if len(r.Findings) != 1 || r.Findings[0].Hit.Values["visitors"].([]string)[0] != "B" {
		t.Errorf("one by header, one by cookie: %d findings (%s), want the page of B", len(r.Findings), r.Outcomes[0].Reason)
	}
}

// TestCutPagesAreNotClean: a page of which only a part was compared is not called clean, by the signature that gathered its
// answers and by those that use them after it.
func TestCutPagesAreNotClean(t *testing.T) {
	for name, text := range map[string]string{
		"more_words_than_are_kept":   hugePages["unique_words"](3)[:10*maxTokens],
		"more_than_the_client_reads": strings.Repeat("<p>the same</p>", 10*maxTokens),
	} {
		t.Run(name, func(t *testing.T) {
			site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "text/html")
				w.Header().Set("Cache-Control", "private")
				_, a, member := whoAsks(r)
				_, _ = w.Write([]byte(string(accountBody(a, member, true)) + text))
			}))
			t.Cleanup(site.Close)
			r := cacheScan{signature: "cache-leak,cache-personal-storable", target: site.URL, page: "/account", sessions: cookieSessions(), options: web.Options{MaxBody: 12 * maxTokens}}.run(t.Context(), t)
			for _, o := range r.Outcomes {
				if o.Status != scanner.StatusFailed || !strings.Contains(o.Reason.String(), "too large") {
					t.Errorf("%s: outcome %s (%s), want failed: too large", o.Signature, o.Status, o.Reason)
				}
			}
		})
	}
}

// TestFilesOfGuestsCostLittle: on a site that gives everybody a cookie with everything, guests ask for files one after another
// only. Members ask for them at the same moment too.
func TestFilesOfGuestsCostLittle(t *testing.T) {
	for name, c := range map[string]struct {
		sessions    map[string]string
		least, most int64
	}{"guests": {nil, 10, 25}, "members": {cookieSessions(), 40, requestsPerPage}} {
		t.Run(name, func(t *testing.T) {
			var asked atomic.Int64
			site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Set-Cookie", "sid="+newID()+"; HttpOnly")
				if r.URL.Path == "/app.js" {
					asked.Add(1)
					w.Header().Set("Content-Type", "text/javascript")
					return
				}
				w.Header().Set("Content-Type", "text/html")
				_, _ = w.Write([]byte(anyone + `<script src="/app.js"></script>`))
			}))
			t.Cleanup(site.Close)
			r := cacheScan{signature: "cache-leak", target: site.URL, sessions: c.sessions}.run(t.Context(), t)
			if n := asked.Load(); n < c.least || n > c.most || len(r.Findings) > 0 {
				t.Errorf("the file was asked for %d times, want %d to %d; %s (%s)", n, c.least, c.most, r.Outcomes[0].Status, r.Outcomes[0].Reason)
			}
		})
	}
}
