package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"testing"
)

// TestDeadHostsTakeNoMemory: what is kept of hosts that refuse connections does not grow with their number, and a request
// that is under way while others are forgotten is answered.
func TestDeadHostsTakeNoMemory(t *testing.T) {
	held, release := make(chan struct{}), make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(held)
		<-release
		_, _ = w.Write([]byte("here"))
	}))
	t.Cleanup(s.Close)
	gone := httptest.NewServer(http.NotFoundHandler())
	at, err := url.Parse(gone.URL)
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	c, err := NewClient(Options{Rate: -1, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	first := c.limiter.transports[0].now.Load()
	here, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan string)
	go func() {
		ex, err := c.Session(here).Do(t.Context(), &Request{Method: http.MethodGet, URL: here})
		if err != nil {
			answered <- err.Error()
			return
		}
		answered <- string(ex.Body)
	}()
	<-held
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	ask := func(from, to int) {
		for i := from; i < to; i++ {
			u := &url.URL{Scheme: "http", Host: fmt.Sprintf("127.1.%d.%d:%s", i>>8, i&255, at.Port()), Path: "/"}
			if _, err := c.Session(u).Do(t.Context(), &Request{Method: http.MethodGet, URL: u}); err == nil {
				t.Fatal("a dead host answers")
			}
		}
	}
	const few, many = maxHosts - 2, 4 * (maxHosts - 2) // no more than are remembered, and just before others are forgotten
	ask(0, few)
	before := heap()
	ask(few, many)
	if now := heap(); now > before+before/2 { // the transport of the request under way is kept, too
		t.Errorf("%d bytes in use after %d dead hosts, %d after %d", now, many, before, few)
	}
	if c.limiter.transports[0].now.Load() == first {
		t.Error("the transport was not renewed")
	}
	close(release)
	if got := <-answered; got != "here" {
		t.Errorf("the request under way came to %q", got)
	}
}
