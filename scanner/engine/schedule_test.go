package engine

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// lonely is a check that must be alone with its host.
type lonely struct{ checkFunc }

func (lonely) Alone() bool { return true }

// company notes who runs beside whom.
type company struct {
	running atomic.Int32

	mu        sync.Mutex
	ended     []string
	disturbed []string
}

// step is a check that notes its company before and after a request.
func (c *company) step(alone bool) checkFunc {
	return func(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
		beside := c.running.Add(1) > 1
		_, err := p.Session().Do(ctx, &web.Request{URL: p.Target.URL})
		beside = c.running.Add(-1) > 0 || beside
		c.mu.Lock()
		defer c.mu.Unlock()
		c.ended = append(c.ended, p.Signature.ID)
		if alone && beside {
			c.disturbed = append(c.disturbed, p.Signature.ID)
		}
		return []scanner.Hit{{Values: scanner.Values{"x": "y"}}}, err
	}
}

// TestAloneSteps: steps that must be alone run after all others on the site, one at a time, and so do not those that need
// what they find out.
func TestAloneSteps(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(server.Close)
	c := &company{}
	checks := map[string]scanner.Check{}
	var signatures []*signature.Signature
	add := func(s *signature.Signature, check scanner.Check) {
		checks[s.ID] = check
		signatures = append(signatures, s)
	}
	for _, id := range []string{"b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8"} {
		add(&signature.Signature{ID: id}, c.step(false))
	}
	add(&signature.Signature{ID: "a-alone", Gives: "fact"}, lonely{c.step(true)})
	add(&signature.Signature{ID: "c-alone"}, lonely{c.step(true)})
	add(&signature.Signature{ID: "d-needs", Needs: []string{"fact"}}, c.step(false))
	add(&signature.Signature{ID: "e-alone", Needs: []string{"fact"}}, lonely{c.step(true)})
	runSteps(t, tableOf(checks), signatures, server.URL)
	if len(c.disturbed) > 0 {
		t.Errorf("not alone: %v", c.disturbed)
	}
	if len(c.ended) != len(signatures) {
		t.Fatalf("%d steps ran, want %d: %v", len(c.ended), len(signatures), c.ended)
	}
	for _, id := range []string{"a-alone", "c-alone", "e-alone"} {
		if at := slices.Index(c.ended, id); at < 8 {
			t.Errorf("%s ran before others had ended: %v", id, c.ended)
		}
	}
	if slices.Index(c.ended, "d-needs") < slices.Index(c.ended, "a-alone") {
		t.Errorf("d-needs ran before what it needs: %v", c.ended)
	}
}

// TestAloneOnHost: two targets on one host do not disturb each other's steps that must be alone.
func TestAloneOnHost(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(server.Close)
	c := &company{}
	checks := map[string]scanner.Check{"a": lonely{c.step(true)}, "b": c.step(false), "c": lonely{c.step(true)}, "d": c.step(false), "e": c.step(false)}
	var signatures []*signature.Signature
	for id := range checks {
		signatures = append(signatures, &signature.Signature{ID: id})
	}
	var all []string
	for _, path := range []string{"/one/", "/two/", "/three/", "/four/", "/five/", "/six/"} {
		all = append(all, server.URL+path)
	}
	runSteps(t, tableOf(checks), signatures, all...)
	if len(c.disturbed) > 0 {
		t.Errorf("not alone: %v", c.disturbed)
	}
	if want := len(all) * len(checks); len(c.ended) != want {
		t.Errorf("%d steps ran, want %d", len(c.ended), want)
	}
}

func runSteps(t *testing.T, table scanner.Table, signatures []*signature.Signature, addresses ...string) {
	t.Helper()
	client, err := web.NewClient(web.Options{Rate: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	var urls []*url.URL
	for _, a := range addresses {
		u, err := url.Parse(a)
		if err != nil {
			t.Fatal(err)
		}
		urls = append(urls, u)
	}
	if _, err := Run(t.Context(), Options{Client: client, Signatures: signatures, Checks: table, Targets: target.URLs(urls...)}); err != nil {
		t.Fatal(err)
	}
}

// TestGateEndsWithContext: whoever waits to be alone with a host stops waiting when the scan ends.
func TestGateEndsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var hosts gates
		g := hosts.enter("host")
		defer hosts.leave("host")
		if !g.pass(t.Context(), false) {
			t.Fatal("an open gate lets nobody pass")
		}
		ctx, cancel := context.WithCancel(t.Context())
		passed := make(chan bool)
		go func() { passed <- g.pass(ctx, true) }()
		synctest.Wait()
		cancel()
		if <-passed {
			t.Error("alone beside another")
		}
		g.end(false)
		if !g.pass(t.Context(), true) {
			t.Error("not alone in an empty place")
		}
		g.end(true)
	})
}
