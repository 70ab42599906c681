package cacheleak

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"sotomi/scanner/web"
)

// gathererOn asks for one page as both test accounts and as guests.
func gathererOn(t *testing.T, site http.Handler) *gatherer {
	t.Helper()
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	client, err := web.NewClient(web.Options{Rate: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	page, err := url.Parse(server.URL + "/account")
	if err != nil {
		t.Fatal(err)
	}
	g := &gatherer{page: page, guest: visitor{name: anonymous, session: client.Session(page)}, used: map[string]bool{}, limit: requestsPerPage, count: func(int) {}}
	for _, name := range []string{"A", "B"} {
		g.members = append(g.members, visitor{name: name, session: client.Session(page), cookie: "sid=" + testAccounts[name].cookie})
	}
	return g
}

// moment is what a site knows of a request.
type moment struct {
	burst  int    // its number, when others ask for the same address; 0 when nobody does
	latest int    // number of the last burst
	leader string // who asked for the address first
	who    string // asks; "" for guests
}

// roundSite answers by the burst that a request belongs to.
type roundSite struct {
	body func(moment) []byte

	mu     sync.Mutex
	latest int
	first  map[string]*moment // by address
}

func (s *roundSite) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	who, _, _ := whoAsks(r)
	s.mu.Lock()
	if s.first == nil {
		s.first = map[string]*moment{}
	}
	m, known := s.first[r.URL.RequestURI()]
	if !known {
		m = &moment{leader: who}
		s.first[r.URL.RequestURI()] = m
	} else if m.burst == 0 {
		s.latest++
		m.burst = s.latest
	}
	s.mu.Unlock()
	wait(r.Context(), 100*time.Millisecond) // long enough for the others of a burst, also on a busy machine
	s.mu.Lock()
	now := moment{m.burst, s.latest, m.leader, who}
	s.mu.Unlock()
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write(s.body(now))
}

func (s *roundSite) bursts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latest
}

func pageOf(who string) []byte {
	a, member := testAccounts[who]
	return accountBody(a, member, true)
}

// merges gives everybody in some bursts A's page.
func merges(when func(burst int) bool) func(moment) []byte {
	return func(m moment) []byte {
		if m.burst > 0 && when(m.burst) {
			return pageOf("A")
		}
		return pageOf(m.who)
	}
}

// TestRounds: how long requests are repeated, and what counts.
func TestRounds(t *testing.T) {
	merged := merges(func(n int) bool { return n == 1 || n == 5 })
	for _, c := range []struct {
		name        string
		rounds      int
		body        func(moment) []byte
		again       bool // it was seen, and then again
		least, most int  // bursts
	}{
		{"never", 3, merges(func(int) bool { return false }), false, 3, 3},
		{"always", 3, merges(func(int) bool { return true }), true, 2, 2},
		{"seen_once_and_late", 2, merges(func(n int) bool { return n == 2 || n == 4 }), true, 4, 4},
		{"refuted_after_it_was_seen", 4, func(m moment) []byte {
			if m.latest > 1 && m.latest < 5 { // everybody is shown A's page for a while
				return pageOf("A")
			}
			return merged(m)
		}, true, 5, 5},
		{"refuted_again_and_again", 8, func(m moment) []byte {
			if m.latest > 0 {
				return pageOf("A")
			}
			return pageOf(m.who)
		}, false, 3, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			site := &roundSite{body: c.body}
			g := gathererOn(t, site)
			refs, _, err := g.references(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			l, err := g.concurrent(t.Context(), refs, c.rounds)
			if err != nil || (l != nil) != c.again || c.again && l.again == nil {
				t.Errorf("leak %+v (%v), want one seen twice: %v", l, err, c.again)
			}
			if n := site.bursts(); n < c.least || n > c.most {
				t.Errorf("%d bursts, want %d to %d", n, c.least, c.most)
			}
		})
	}
}

// TestMixedAtOnce: marks beside the receiver's own that come only with those who ask at the same moment are seen.
func TestMixedAtOnce(t *testing.T) {
	for name, mixed := range map[string]bool{"with_the_leaders": true, "alone": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := gathererOn(t, &roundSite{body: func(m moment) []byte {
				if body := pageOf(m.who); m.burst == 0 || !mixed || m.leader == m.who {
					return body
				}
				return append(pageOf(m.who), "<p>"+testAccounts[m.leader].number+"</p>"...)
			}})
			refs, _, err := g.references(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if l, err := g.concurrent(t.Context(), refs, 4); err != nil || l != nil || g.mixedUp() != mixed {
				t.Errorf("leak %+v (%v), mixed up %v, want %v", l, err, g.mixedUp(), mixed)
			}
		})
	}
}

// TestCookiesApart: visitors share the moment when two of them get one new cookie at addresses of their own.
func TestCookiesApart(t *testing.T) {
	const fixed = "fixed0123456789abcdef"
	knowing := newReferences([]*observation{answerTo(anonymous, "1", "x", "Set-Cookie", "sid="+fixed)})
	for _, c := range []struct {
		name   string
		cookie func(who string) string
		refs   *references
		want   bool
	}{
		{"one_each", func(string) string { return newID() }, newReferences(nil), true},
		{"one_for_all", func(string) string { return fixed }, newReferences(nil), false},
		{"one_that_all_have_always", func(string) string { return fixed }, knowing, true},
		{"one_for_each_member", func(who string) string { return fixed + who + fmt.Sprint(len(who)) }, newReferences(nil), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := gathererOn(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				who, _, _ := whoAsks(r)
				w.Header().Set("Set-Cookie", "sid="+c.cookie(who))
			}))
			got, err := g.cookiesApart(t.Context(), c.refs, 0, g.crew(0))
			if err != nil || got != c.want || g.momentary == c.want {
				t.Errorf("apart %v (%v), of the moment %v; want %v, %v", got, err, g.momentary, c.want, !c.want)
			}
		})
	}
}

// TestCrew: each member leads, with those who ask at the same time and with those who ask a little later.
func TestCrew(t *testing.T) {
	g := gathererOn(t, http.NotFoundHandler())
	refs := threeRounds(personalBody)
	for _, v := range refs.visits {
		v.ex.FirstByte = time.Second
	}
	leads := map[string]bool{}
	for round := range 8 {
		crew := g.crew(round)
		leads[fmt.Sprint(crew[0].name, gap(refs, round) > 0)] = true
		if len(crew) != 4 || crew[1].name == crew[0].name || crew[2].name != anonymous {
			t.Errorf("round %d: %v", round, crew)
		}
	}
	if len(leads) != 4 {
		t.Errorf("who leads, and whether the others come later: %v", leads)
	}
}

// TestMixedNeedsControls: marks beside the receiver's own count only against a control.
func TestMixedNeedsControls(t *testing.T) {
	lines := map[string]string{"A": "<p>Alice 48112233</p>", "B": "<p>Bob 90776655</p>", anonymous: "<p>guest</p>"}
	refs := threeRounds(only(lines))
	got := answerTo("B", "k", lines["B"]+"48112233")
	for _, control := range []*observation{nil, answerTo("B", "c", lines["B"])} {
		g := &gatherer{}
		g.crossedIn(refs, []link{{got: answerTo("A", "k", lines["A"])}, {got, control}})
		if want := map[bool]int{true: 1}[control != nil]; g.mixed != want || g.shows {
			t.Errorf("with a control %v: %d times, shows %v, want %d times", control != nil, g.mixed, g.shows, want)
		}
	}
}
