package engine

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"sotomi/scanner"
)

// TestSilentHostsHoldUpNobody: hosts that accept connections and say nothing do not take the slots of those that answer.
func TestSilentHostsHoldUpNobody(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(s.Close)
	args := []string{} // with two slots the silent ones would fill them all
	for i := range 4 {
		args = append(args, "http://"+silent.Addr().String()+"/"+string(rune('a'+i)))
	}
	args = append(args, folders(s, 2)...)
	var alive atomic.Int32
	check := checkFunc(func(context.Context, *scanner.Probe) ([]scanner.Hit, error) {
		if alive.Add(1) == 2 {
			close(release)
		}
		return nil, nil
	})
	go func() { // they hang up when the others are done; the scan never ends, and so the test fails, if the others wait
		for {
			c, err := silent.Accept()
			if err != nil {
				return
			}
			go func() { <-release; _ = c.Close() }()
		}
	}()
	if _, err := Run(t.Context(), Options{
		Client: newClient(t), Targets: mustTargets(t, args...), Concurrency: 2, Sinks: []scanner.Sink{&scanner.Collector{}},
		Signatures: sigsOf("a"), Checks: tableOf(map[string]scanner.Check{"a": check}),
	}); err != nil {
		t.Fatal(err)
	}
	if alive.Load() != 2 {
		t.Errorf("%d hosts answered, want 2", alive.Load())
	}
}

// TestSlotsAreKept: never more hosts are scanned at the same time than asked for, and of one at a time no other is looked for.
func TestSlotsAreKept(t *testing.T) {
	for _, slots := range []int{1, 3} {
		var mu sync.Mutex
		var now, most, done, ahead int
		homes := map[string]bool{}
		s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			homes[r.URL.Path] = true
		}))
		t.Cleanup(s.Close)
		check := checkFunc(func(context.Context, *scanner.Probe) ([]scanner.Hit, error) {
			mu.Lock()
			now++
			most = max(most, now)
			ahead = max(ahead, len(homes)-done)
			mu.Unlock()
			runtime.Gosched()
			mu.Lock()
			now--
			done++
			mu.Unlock()
			return nil, nil
		})
		if _, err := Run(t.Context(), Options{
			Client: newClient(t), Targets: mustTargets(t, folders(s, 30)...), Concurrency: slots, Sinks: []scanner.Sink{&scanner.Collector{}},
			Signatures: sigsOf("a"), Checks: tableOf(map[string]scanner.Check{"a": check}),
		}); err != nil {
			t.Fatal(err)
		}
		if most > slots || most == 0 || slots == 1 && ahead > 1 {
			t.Errorf("%d hosts at once of %d, %d asked before they were scanned", most, slots, ahead)
		}
	}
}
