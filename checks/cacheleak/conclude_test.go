package cacheleak

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/signature"
)

// asked is one request as the site saw it.
type asked struct {
	who, path, query string
	beside           bool // another request for the same address was under way
}

// trace is a site with private pages that notes what it is asked for.
type trace struct {
	mu      sync.Mutex
	running map[string]int
	list    []*asked
}

func (s *trace) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who, a, member := whoAsks(r)
	got := &asked{who: who, path: r.URL.Path, query: r.URL.RawQuery}
	address := r.URL.RequestURI()
	s.mu.Lock()
	if s.running == nil {
		s.running = map[string]int{}
	}
	s.running[address]++
	got.beside = s.running[address] > 1
	s.list = append(s.list, got)
	s.mu.Unlock()
	wait(r.Context(), 50*time.Millisecond) // long enough for the others of a burst, also on a busy machine
	s.mu.Lock()
	got.beside = s.running[address] > 1 || got.beside
	s.running[address]--
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html")
	w.Header().Set("Cache-Control", "private, no-store")
	switch r.URL.Path {
	case "/account", "/orders":
		_, _ = w.Write(accountBody(a, member, true))
	case "/about":
		_, _ = w.Write([]byte(anyone))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// saw reports whether a request like that came for a page.
func (s *trace) saw(path string, like func(*asked) bool) bool {
	for _, a := range s.list {
		if a.path == path && like(a) {
			return true
		}
	}
	return false
}

// inTurn reports whether two visitors asked for one address of a page and not at once.
func (s *trace) inTurn(path string) bool {
	first := map[string]string{}
	for _, a := range s.list {
		if a.path != path || !strings.Contains(a.query, "sotomi=") || a.beside {
			continue
		}
		if who, ok := first[a.query]; ok && who != a.who {
			return true
		}
		first[a.query] = a.who
	}
	return false
}

// TestReasonsClaimWhatWasTried holds the sentence of each outcome against what the site was asked for.
func TestReasonsClaimWhatWasTried(t *testing.T) {
	for _, c := range []struct {
		name, signature, page string
		sessions              map[string]string
		safety                signature.Safety
		status                scanner.Status
	}{
		{"two_sessions", "cache-leak", "/account", cookieSessions(), "", scanner.StatusClean},
		{"another_page", "cache-leak", "/orders", cookieSessions(), "", scanner.StatusClean},
		{"own_address_allowed", "cache-leak", "/account", cookieSessions(), signature.SafetyIntrusive, scanner.StatusClean},
		{"a_public_page", "cache-leak", "/about", cookieSessions(), "", scanner.StatusClean},
		{"one_session", "cache-leak", "/account", oneSession(), "", scanner.StatusFailed},
		{"no_session", "cache-leak", "/account", nil, "", scanner.StatusClean},
		{"headers_only", "cache-personal-storable", "/account", cookieSessions(), "", scanner.StatusClean},
		{"headers_only_and_one_session", "cache-personal-storable", "/account", oneSession(), "", scanner.StatusClean},
		{"at_once_only", "session-mixup", "/account", cookieSessions(), "", scanner.StatusClean},
	} {
		t.Run(c.name, func(t *testing.T) {
			site := &trace{}
			server := httptest.NewServer(site)
			r := cacheScan{signature: c.signature, target: server.URL, page: c.page, sessions: c.sessions, safety: c.safety}.run(t.Context(), t)
			server.Close()
			o := r.Outcomes[0]
			if o.Status != c.status || len(r.Findings) > 0 {
				t.Fatalf("outcome %s (%s), %d findings, want %s", o.Status, o.Reason, len(r.Findings), c.status)
			}
			t.Log(o.Reason)
			mustBeJapanese(t, o.Reason)
			reason := o.Reason.String()
			member := func(a *asked) bool { return a.who != "" }
			for claim, tried := range map[string]bool{
				c.page:                 site.saw(c.page, func(*asked) bool { return true }),
				"one after another":    site.inTurn(c.page),
				"at the same moment":   site.saw(c.page, func(a *asked) bool { return a.beside }),
				"look like files":      deceived(site, c.page),
				"A and B":              site.saw(c.page, func(a *asked) bool { return a.who == "B" }),
				"as a guest only":      site.saw(c.page, func(a *asked) bool { return a.query == "" }) && !site.saw(c.page, func(a *asked) bool { return a.query == "" && member(a) }),
				"at its own address":   site.saw(c.page, func(a *asked) bool { return a.query == "" }),
				"/nothing-of-the-kind": false,
			} {
				if strings.Contains(reason, claim) != tried {
					t.Errorf("the reason says %q: %v, and it was tried: %v\n%s", claim, strings.Contains(reason, claim), tried, reason)
				}
			}
		})
	}
}

// deceived reports whether an address below the page was asked for.
func deceived(s *trace, page string) bool {
	for _, a := range s.list {
		if strings.HasPrefix(a.path, page+"/") {
			return true
		}
	}
	return false
}
