package engine

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/web"
)

// A host that hangs up on all when three ask at once is asked for the same again, by fewer: no signature is left without an
// answer.
func TestRequestsThatWereTooManyAreSentAgain(t *testing.T) {
	const atOnce = 3
	var asked atomic.Int64
	together := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			switch n := asked.Add(1); {
			case n == atOnce:
				close(together)
				panic(http.ErrAbortHandler)
			case n < atOnce:
				<-together
				panic(http.ErrAbortHandler)
			}
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(s.Close)
	client, err := web.NewClient(web.Options{Rate: -1, Retries: -1, InFlight: atOnce})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	sigs, table := many(30)
	got, _ := outcomes(t, Options{Client: client, Targets: mustTargets(t, s.URL), Signatures: sigs, Checks: table, InFlight: atOnce})
	if diff := cmp.Diff(map[string]int{"clean": 30}, statuses(got)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if n := asked.Load(); n > 30+2*atOnce {
		t.Errorf("%d requests for 30 addresses", n)
	}
}
