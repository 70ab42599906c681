package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync/atomic"
	"testing"
)

// TestRedirectsStayOnTheSite: a server cannot make us speak HTTP to another port of its host.
func TestRedirectsStayOnTheSite(t *testing.T) {
	var asked atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked.Add(1) }))
	defer other.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+"/", http.StatusFound)
	}))
	defer server.Close()
	client, err := NewClient(Options{Rate: -1, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	for _, follow := range []Redirects{RedirectsAny, RedirectsHost} {
		ex, err := client.Session(u).Do(t.Context(), &Request{URL: u, Redirects: follow})
		if err != nil || ex.Status != http.StatusFound || asked.Load() > 0 {
			t.Errorf("redirects %v: exchange %+v, %v; the other port was asked %d times", follow, ex, err, asked.Load())
		}
	}
}
