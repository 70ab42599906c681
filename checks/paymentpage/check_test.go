package paymentpage

import (
	"io/fs"
	"net/http"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/sigtest"
	"sotomi/signatures"
)

// TestPaymentPageThatBreaksOff: a page without an answer is never taken for one without foreign hosts.
func TestPaymentPageThatBreaksOff(t *testing.T) {
	const name = "eccube/eccube-payment-pages.yaml"
	text, err := fs.ReadFile(signatures.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := signature.Parse(name, text, true)
	if err != nil {
		t.Fatal(err)
	}
	site := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("<html><p>shop</p></html>"))
	})
	facts := map[string]map[string]string{"eccube": {"base": "/", "candidates": "4.2.3"}}
	r, err := sigtest.Scan(t.Context(), site, &signature.Case{Facts: facts}, sigtest.Options{Checks: scanner.Table{"payment-page": New}}, s)
	if err != nil {
		t.Fatal(err)
	}
	if o := r.Outcomes[s.ID]; o.Status != scanner.StatusFailed && o.Status != scanner.StatusUnreachable {
		t.Errorf("outcome %s (%s)", o.Status, o.Reason)
	}
}
