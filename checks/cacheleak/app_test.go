package cacheleak

import (
	"testing"
	"time"

	"sotomi/scanner"
)

// Sites whose own code shares answers: no cache product in front says so.
var appPages = map[string]personalPage{
	"/account":      {kind: "account", header: map[string]string{"Cache-Control": "private, no-store"}},
	"/singleflight": {kind: "singleflight", header: map[string]string{"Cache-Control": "private, no-store"}, latency: 80 * time.Millisecond},
	"/page-cache":   {kind: "app-cache", header: map[string]string{"Cache-Control": "private, no-store"}},
	"/race":         {kind: "race", latency: 80 * time.Millisecond},
	"/noise":        {kind: "noise"},
	"/time":         {kind: "time"},
	"/theme":        {kind: "theme"},
	"/public":       {kind: "public"},
	"/cookie":       {kind: "session-cookie"},
}

func TestApplicationLeaks(t *testing.T) {
	origin := startOrigin(t, appPages)
	for _, c := range []struct {
		page, via string // via "" is clean
	}{
		{"/account", ""},
		{"/singleflight", "concurrent"},
		{"/page-cache", "sequential"},
		{"/race", "concurrent"},
		{"/noise", ""},
		{"/time", ""},
		{"/theme", ""},
		{"/public", ""},
		{"/cookie", ""},
	} {
		t.Run(c.page, func(t *testing.T) {
			r := cacheScan{signature: "cache-leak", target: origin.URL, page: c.page, sessions: cookieSessions()}.run(t.Context(), t)
			checkVia(t, r, c.via)
		})
	}
}

// checkVia holds a scan of one page against the way it leaks.
func checkVia(t *testing.T, r *scanner.Collector, via string) {
	t.Helper()
	if via == "" {
		if len(r.Findings) > 0 {
			t.Errorf("found %v, want nothing", r.Findings[0].Hit.Values)
		}
		if o := r.Outcomes[0]; o.Status != scanner.StatusClean {
			t.Errorf("outcome %s (%s), want clean", o.Status, o.Reason)
		}
		return
	}
	if len(r.Findings) != 1 {
		t.Fatalf("%d findings, outcome %s (%s); want one via %s", len(r.Findings), r.Outcomes[0].Status, r.Outcomes[0].Reason, via)
	}
	if got := r.Findings[0].Hit.Values["via"]; via != "any" && got != via || r.Findings[0].Hit.Certainty != scanner.Confirmed {
		t.Errorf("via %v, %s; want %s, confirmed", got, r.Findings[0].Hit.Certainty, via)
	}
}
