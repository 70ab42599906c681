package checks

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/engine"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// scanned is what one signature comes to on a site.
func scanned(t *testing.T, site http.Handler, s *signature.Signature, safety signature.Safety) *results {
	t.Helper()
	server := httptest.NewServer(site)
	defer server.Close()
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client, err := web.NewClient(web.Options{Rate: -1, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	r := &results{}
	if _, err := engine.Run(t.Context(), engine.Options{
		Client: client, Signatures: []*signature.Signature{s}, Checks: All, Targets: target.URLs(base), Safety: safety, Sinks: []scanner.Sink{r},
	}); err != nil {
		t.Fatal(err)
	}
	return r
}
