//go:build unix

package cacheleak

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/scanner/web"
)

const second = 20 * time.Millisecond // what the origin takes for a page, at the least

// labPages are the heads under which the origin serves a member's page, and what is no member's page.
var labPages = map[string]personalPage{
	"/private":         {kind: "account", latency: second, header: map[string]string{"Cache-Control": "private, no-store"}},
	"/fresh":           {kind: "account", latency: second, header: map[string]string{"Cache-Control": "max-age=60"}},
	"/public-fresh":    {kind: "public", latency: second, header: map[string]string{"Cache-Control": "max-age=60"}},
	"/quiet":           {kind: "quiet", latency: second, header: map[string]string{"Cache-Control": "public, max-age=60"}},
	"/names":           {kind: "names", latency: second, header: map[string]string{"Cache-Control": "public, max-age=60"}},
	"/login-fresh":     {kind: "login", latency: second, header: map[string]string{"Cache-Control": "max-age=60"}},
	"/mercari":         {kind: "account", latency: second, header: map[string]string{"Expires": "Thu, 01 Jan 2015 00:00:00 GMT", "Cache-Control": "no-cache"}},
	"/past":            {kind: "account", latency: second, header: map[string]string{"Expires": "Thu, 01 Jan 2015 00:00:00 GMT"}},
	"/bare-head":       {kind: "account", latency: second},
	"/expires-0":       {kind: "account", latency: second, header: map[string]string{"Expires": "0"}},
	"/vary":            {kind: "account", latency: second, header: map[string]string{"Cache-Control": "max-age=60", "Vary": "Cookie"}},
	"/validator":       {kind: "validator", latency: second, header: map[string]string{"Cache-Control": "no-cache"}},
	"/validator-0":     {kind: "validator", latency: second, header: map[string]string{"Cache-Control": "max-age=0"}},
	"/surrogate":       {kind: "account", latency: second, header: map[string]string{"Cache-Control": "private", "Surrogate-Control": "max-age=60"}},
	"/session":         {kind: "session-cookie", latency: second, header: map[string]string{"Cache-Control": "max-age=60"}},
	"/language.css":    {kind: "language-cookie", latency: second, header: map[string]string{"Cache-Control": "max-age=60"}},
	"/theme":           {kind: "theme", latency: second, header: map[string]string{"Cache-Control": "max-age=60"}},
	"/time":            {kind: "time", latency: second, header: map[string]string{"Cache-Control": "max-age=60"}},
	"/noise":           {kind: "noise", latency: second, header: map[string]string{"Cache-Control": "max-age=60"}},
	"/account":         {kind: "account", latency: second, folder: true, header: map[string]string{"Cache-Control": "private, no-store"}},
	"/account-bypass":  {kind: "account", latency: second, header: map[string]string{"Cache-Control": "max-age=60"}},
	"/no-cache-header": {kind: "account", latency: second, header: map[string]string{"Cache-Control": "no-store"}},
}

// labCase is one page of one lab and what is true of it.
type labCase struct {
	page string
	via  string // "" is safe; "bare intrusive" takes a scan that may ask for the plain address
}

// lab is a cache with a configuration, and the pages looked at through it.
type lab struct {
	name  string
	cache realCache
	cases []labCase
}

// TestLabs holds the check against real caches with real configurations.
func TestLabs(t *testing.T) {
	if testing.Short() {
		t.Skip("the labs of real caches take minutes: they do not run with -short")
	}
	paces, runs, err := sigtest.LabPaces("no_limit")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range paces {
		t.Run(p.Name, func(t *testing.T) {
			origin := startOrigin(t, later(labPages, p.Late))
			for run := range max(runs, 1) {
				for _, l := range labs {
					t.Run(fmt.Sprintf("%s/%d", l.name, run+1), func(t *testing.T) {
						if runs > 0 {
							t.Parallel()
						}
						l.scan(t, p, origin.URL)
					})
				}
			}
		})
	}
}

// later are pages that take longer.
func later(pages map[string]personalPage, by time.Duration) map[string]personalPage {
	all := map[string]personalPage{}
	for path, p := range pages {
		p.latency += by
		all[path] = p
	}
	return all
}

// scan looks at each page of a lab.
func (l lab) scan(t *testing.T, p sigtest.Pace, origin string) {
	target := l.cache.start(t, origin)
	for _, c := range l.cases {
		t.Run(strings.TrimPrefix(c.page, "/"), func(t *testing.T) {
			scan := cacheScan{signature: "cache-leak", target: target, page: c.page, sessions: cookieSessions(), options: web.Options{Rate: p.Rate}}
			var intrusive bool
			if c.via, intrusive = strings.CutSuffix(c.via, " intrusive"); intrusive {
				scan.safety = signature.SafetyIntrusive
			}
			r := scan.run(t.Context(), t)
			want := c.via
			if len(r.Findings) > 0 && want == "sequential" && r.Findings[0].Hit.Values["via"] == "anonymous" {
				want = "anonymous" // where a page is stored for all it depends on the time who is seen to receive it first
			}
			checkVia(t, r, want)
			via, cache := "", ""
			if len(r.Findings) > 0 {
				via, cache = r.Findings[0].Hit.Values["via"].(string), r.Findings[0].Hit.Values["cache"].(string)
			}
			o := r.Outcomes[0]
			t.Logf("%-24s %-16s truth %-11q verdict %-11q cache %q, %d requests, %.1f s", l.name, c.page, c.via, via, cache, o.Requests, o.Took.Seconds())
		})
	}
}
