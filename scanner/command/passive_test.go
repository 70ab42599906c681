package command

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"sotomi/checks"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/signatures"
)

// TestPassive_sends_what_a_browser_would runs the cases of every passive signature and looks at what arrives: plain GETs
// for the target's own page, for what earlier answers link to, for the icon, and for the rules that a crawl keeps to.
func TestPassive_sends_what_a_browser_would(t *testing.T) {
	ran := 0
	for _, s := range ownSignatures(t) {
		if s.Safety != signature.SafetyPassive || s.Check == releaseRange {
			continue
		}
		ran++
		t.Run(s.ID, func(t *testing.T) {
			t.Parallel()
			for i := range s.Tests {
				c := &s.Tests[i]
				h, err := sigtest.Handler(s, c, signatures.FS)
				if err != nil {
					t.Fatal(err)
				}
				b := &browserLike{t: t, of: h, named: append(slices.Clone(c.Page), "/", c.Path, "/favicon.ico", "/robots.txt")}
				if _, err := sigtest.Scan(t.Context(), b, c, sigtest.Options{Checks: checks.All, Safety: signature.SafetyPassive}, s); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
	if ran < 5 {
		t.Errorf("only %d passive signatures ask for anything", ran)
	}
}

// browserLike serves what another does, and fails the test for a request that no browser would send to it.
type browserLike struct {
	t  *testing.T
	of http.Handler

	mu    sync.Mutex
	named []string // addresses that may be asked for
	said  strings.Builder
}

func (b *browserLike) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	if r.Method != http.MethodGet || len(body) > 0 {
		b.t.Errorf("%s %s with a body of %d bytes", r.Method, r.URL, len(body))
	}
	for name := range r.Header {
		if !slices.Contains([]string{"Accept", "Accept-Encoding", "Accept-Language", "Cookie", "Connection", "User-Agent"}, name) {
			b.t.Errorf("%s with the header %s", r.URL, name)
		}
	}
	if !slices.Contains(b.named, r.URL.RequestURI()) && !b.linked(r.URL) {
		b.t.Errorf("%s is asked for, which nothing links to", r.URL)
	}
	answer := httptest.NewRecorder()
	b.of.ServeHTTP(answer, r)
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	b.said.WriteString(answer.Body.String() + " " + answer.Header().Get("Location") + "\n")
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()) // the client may have gone
}

// linked reports whether an earlier answer names an address, whole or relative to some folder.
func (b *browserLike) linked(u *url.URL) bool {
	name := u.Path[strings.LastIndexByte(strings.TrimSuffix(u.Path, "/"), '/')+1:]
	return name != "" && strings.Contains(b.said.String(), name)
}
