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
