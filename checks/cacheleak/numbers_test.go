package cacheleak

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// TestMemberNumbers: what one visitor gets each time and no other visitor ever gets is that visitor's own, whatever it
// looks like. A cache that hands such a page on is found.
func TestMemberNumbers(t *testing.T) {
	now := time.Now()
	for name, numbers := range map[string][2]string{
		"seven_digits":                {"4811223", "9077665"},
		"eight_digits":                {"48112233", "90776655"},
		"nine_digits":                 {"481122334", "907766554"},
		"eight_digits_that_are_dates": {"19980512", "20240131"},
		"one_date_and_one_number":     {"20240131", "48112233"},
		"telephone_numbers":           {"09012345678", "0312345678"},
		"seconds_since_1970":          {fmt.Sprint(now.Unix() - 86400), fmt.Sprint(now.Unix() - 172800)},
		"milliseconds_since_1970":     {fmt.Sprint(now.UnixMilli() - 86400123), fmt.Sprint(now.UnixMilli() - 172800456)},
		"orders_that_are_times":       {now.AddDate(0, 0, -3).Format("20060102150405"), now.AddDate(0, 0, -5).Format("20060102150405")},
	} {
		t.Run(name, func(t *testing.T) {
			site := storedNumbers(t, numbers)
			r := cacheScan{signature: "cache-leak", target: site.URL, page: "/account", sessions: cookieSessions()}.run(t.Context(), t)
			checkVia(t, r, "sequential")
		})
	}
}

// storedNumbers is a site whose members' pages hold nothing of theirs but a number, behind a cache that stores all.
func storedNumbers(t *testing.T, numbers [2]string) *httptest.Server {
	t.Helper()
	var mu sync.Mutex
	stored := map[string]string{}
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		mu.Lock()
		defer mu.Unlock()
		key := r.URL.RequestURI()
		if stored[key] == "" {
			stored[key] = "<html><body><h1>My page</h1><p>Please sign in</p></body></html>"
			if who, _, member := whoAsks(r); member {
				stored[key] = "<html><body><h1>My page</h1><p>Member number " + numbers[map[string]int{"A": 0, "B": 1}[who]] + "</p></body></html>"
			}
		}
		_, _ = w.Write([]byte(stored[key]))
	}))
	t.Cleanup(site.Close)
	return site
}

// TestCookiesMadeAtTheSameMoment: two answers of one second hold the same time; only values that nobody gets by chance
// show that one answer was handed to two visitors.
func TestCookiesMadeAtTheSameMoment(t *testing.T) {
	at := time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)
	for value, want := range map[string]bool{
		fmt.Sprint(at.Unix()):                   false,
		fmt.Sprint(at.UnixMilli()):              false,
		at.Format("20060102150405"):             false,
		at.Format("2006-01-02T15.04.05Z"):       false,
		at.Format("Mon-02-Jan-2006"):            false,
		"visit-" + fmt.Sprint(at.Unix()):        false,
		at.Format("20060102") + "-3f9a0c1b2d":   true,
		"4811223344":                            true,
		fmt.Sprint(at.AddDate(-9, 0, 0).Unix()): true, // nobody makes cookies of such a time today
	} {
		cookie := []string{"Set-Cookie", "uid=" + value}
		refs := newReferences([]*observation{answerTo(anonymous, "1", "x", "Set-Cookie", "uid=one0123456789"), answerTo(anonymous, "2", "x", "Set-Cookie", "uid=two0123456789")})
		fill, got := answerTo(anonymous, "k", "x", cookie...), answerTo(anonymous, "k", "x", cookie...)
		fill.ex.Started, got.ex.Started = at, at
		if crossed := refs.cookieCrossed([]*observation{fill}, got, answerTo(anonymous, "c", "x")) != nil; crossed != want {
			t.Errorf("cookie %q in two hands: crossed %v, want %v", value, crossed, want)
		}
	}
}

// TestEvidenceIsTheSameInEveryRun: where several cookies cross, the same one is shown each time.
func TestEvidenceIsTheSameInEveryRun(t *testing.T) {
	cookies := []string{"Set-Cookie", "sid=aaaa0123456789", "Set-Cookie", "token=bbbb0123456789", "Set-Cookie", "csrf=cccc0123456789"}
	refs := newReferences([]*observation{answerTo(anonymous, "1", "x"), answerTo(anonymous, "2", "x")})
	for range 50 {
		fill, got := answerTo(anonymous, "k", "x", cookies...), answerTo(anonymous, "k", "x", cookies...)
		c := refs.cookieCrossed([]*observation{fill}, got, answerTo(anonymous, "c", "x"))
		if c == nil || c.tokens[0] != "aaaa0123456789" {
			t.Fatalf("crossed %+v, want the first cookie in order each time", c)
		}
	}
}

// TestStorableLooksAtEveryVisitor: that one visitor's page is private says nothing about another's.
func TestStorableLooksAtEveryVisitor(t *testing.T) {
	var visits []*observation
	for round := range 3 {
		for who, control := range map[string]string{anonymous: "public", "A": "private", "B": "max-age=60"} {
			id := fmt.Sprintf("%s%d0123456789abcdef", who[:1], round)
			visits = append(visits, answerTo(who, "k"+id, personalBody(who, id), "Cache-Control", control))
		}
	}
	page := visits[0].ex.URL
	r := &run{mask: newMask()}
	hit := r.storable(&pageResult{page: page, refs: newReferences(visits)})
	if hit == nil || hit.Variant != "fresh" || hit.Values["visitors"].([]string)[0] != "B" {
		t.Errorf("hit %+v, want B's page, which is fresh", hit)
	}
}
