package checks

import (
	"context"
	"io/fs"
	"net/url"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

// results are what a scan of one target came to.
type results struct {
	findings []scanner.Finding
	outcomes []scanner.Outcome
}

func (r *results) Start(scanner.Start) error       { return nil }
func (r *results) Progress(scanner.Progress) error { return nil }
func (r *results) Close(scanner.Summary) error     { return nil }
func (r *results) Finding(f scanner.Finding) error { r.findings = append(r.findings, f); return nil }

func (r *results) Outcome(o scanner.Outcome) error { r.outcomes = append(r.outcomes, o); return nil }

// cacheScan is one scan with one of the signatures about caches.
type cacheScan struct {
	signature string
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

func loadCacheSignature(t testing.TB, id string) *signature.Signature {
	t.Helper()
	name := "cache/" + id + ".yaml"
	text, err := fs.ReadFile(signatures.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := signature.Parse(name, text, true)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (c cacheScan) run(ctx context.Context, t testing.TB) *results {
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
	r := &results{}
	o := engine.Options{
		Client: client, Signatures: []*signature.Signature{loadCacheSignature(t, c.signature)}, Checks: All,
		Targets: target.URLs(base), Safety: c.safety, Sinks: []scanner.Sink{r}, Visitors: map[string]web.Credentials{},
	}
	for name, text := range c.sessions {
		credentials, err := web.ReadCredentials(strings.NewReader(text), name)
		if err != nil {
			t.Fatal(err)
		}
		o.Visitors[name] = credentials
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
	if len(r.outcomes) != 1 {
		t.Fatalf("%d outcomes, want 1", len(r.outcomes))
	}
	return r
}
