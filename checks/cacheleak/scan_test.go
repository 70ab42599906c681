package cacheleak

import (
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

// cacheScan is one scan with signatures about caches.
type cacheScan struct {
	signature string // or several, with commas between
	target    string
	page      string            // "" for none
	sessions  map[string]string // file contents by visitor
	safety    signature.Safety
	options   web.Options
}

// cookieSessions are the log-ins of both test accounts.
func cookieSessions() map[string]string {
	return map[string]string{"A": "Cookie: sid=" + testAccounts["A"].cookie, "B": "Cookie: sid=" + testAccounts["B"].cookie}
}

func (c cacheScan) run(ctx context.Context, t testing.TB) *scanner.Collector {
	t.Helper()
	if c.options.Rate == 0 {
		c.options.Rate = -1
	}
	client, err := web.NewClient(c.options)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	base, err := url.Parse(c.target)
	if err != nil {
		t.Fatal(err)
	}
	selected, err := sigtest.Select(signatures.FS, strings.Split(c.signature, ",")...)
	if err != nil {
		t.Fatal(err)
	}
	r := &scanner.Collector{}
	o := engine.Options{
		Client: client, Signatures: selected, Checks: scanner.Table{"cache-leak": New},
		Targets: target.URLs(base), Safety: c.safety, Sinks: []scanner.Sink{r},
	}
	for _, name := range slices.Sorted(maps.Keys(c.sessions)) {
		credentials, err := web.ReadCredentials(strings.NewReader(c.sessions[name]), name)
		if err != nil {
			t.Fatal(err)
		}
		o.Visitors = append(o.Visitors, engine.Visitor{Name: name, Credentials: credentials})
	}
	if c.page != "" {
		u, err := base.Parse(c.page)
		if err != nil {
			t.Fatal(err)
		}
		o.Pages = []*url.URL{u}
	}
	if _, err := engine.Run(ctx, o); err != nil {
		t.Fatal(err)
	}
	if len(r.Outcomes) != len(selected) {
		t.Fatalf("%d outcomes of %d signatures", len(r.Outcomes), len(selected))
	}
	return r
}
