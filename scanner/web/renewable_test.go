package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
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

// With very many hosts, those are forgotten that nothing needs to be known about, and only those.
func TestHostsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := offline(t, Options{}, func(*http.Request) *http.Response { return answered(http.StatusTooManyRequests, "Retry-After", "25") })
		_, _ = s.Do(t.Context(), &Request{URL: shop, Once: true})
		unlimited, asked := offline(t, Options{Rate: -1}, func(*http.Request) *http.Response { return answered(http.StatusTooManyRequests, "Retry-After", "25") })
		_, _ = asked.Do(t.Context(), &Request{URL: shop, Once: true})
		if unlimited.limiter.forget(); len(unlimited.limiter.hosts) != 1 {
			t.Error("a host that asked to wait is forgotten")
		}
		held := c.limiter.host("held.example")
		other := func() {
			for i := range maxHosts {
				c.limiter.leave(c.limiter.host(string(rune('a'+i%26)) + time.Duration(i).String()))
			}
		}
		known := func(name string) bool {
			c.limiter.mu.Lock()
			defer c.limiter.mu.Unlock()
			_, ok := c.limiter.hosts[name]
			return ok
		}
		other()
		if !known(shop.Host) || !known("held.example") || len(c.limiter.hosts) > maxHosts {
			t.Errorf("%d hosts, the one that asked to wait known: %v", len(c.limiter.hosts), known(shop.Host))
		}
		<-time.After(26 * time.Second) // the pause is over, the rate not yet what it was
		other()
		if !known(shop.Host) {
			t.Error("a host that is asked more slowly is forgotten")
		}
		<-time.After(recovery)
		other()
		c.limiter.leave(held)
		if known(shop.Host) {
			t.Error("a host that is asked as before is still known")
		}
	})
}
