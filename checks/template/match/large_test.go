//go:build unix

package match

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"sotomi/scanner/web"
)

// Several checks that look at one large response take little more than a second of a core together. Another response may
// take another second.
func TestRun_costs_a_response_once(t *testing.T) {
	c := costly["regex_with_far_ends"]
	page, started := answer(200, c.body), processorTime(t)
	for range 4 {
		if _, err := program(t, c.block).Run(t.Context(), &Data{Exchange: page}); !errors.Is(err, ErrTooCostly) {
			t.Fatalf("Run: %v, want %v", err, ErrTooCostly)
		}
	}
	if took := processorTime(t) - started; took > 2*time.Second {
		t.Errorf("four checks took %s of a core", took)
	}
	if _, err := program(t, "matchers: [{type: word, words: [b]}]").Run(t.Context(), &Data{Exchange: answer(200, c.body)}); err != nil {
		t.Errorf("another response: %v", err)
	}
}

// Thousands of checks may look at a large page: each adds a little to what it may cost.
func TestBudget_grows_with_the_checks(t *testing.T) {
	for name, c := range map[string]struct {
		checks int64
		used   time.Duration
		left   bool
	}{
		"one_check":           {1, time.Second, true},
		"one_check_too_long":  {1, time.Second + perCheck + 1, false},
		"many_checks":         {1000, 3 * time.Second, true},
		"many_checks_in_vain": {1000, 5 * time.Second, false},
	} {
		b := &budget{}
		b.checks.Store(c.checks)
		if left := b.spend(c.used-1) && b.spend(1); left != c.left {
			t.Errorf("%s: %d checks that took %s have more time: %t, want %t", name, c.checks, c.used, left, c.left)
		}
	}
}

// What is derived from large responses is not kept for all of them, however long they live.
func TestRun_forgets_what_it_derives_from_large_responses(t *testing.T) {
	body := strings.Repeat("ÄÖ ", 1<<20/5)
	p := program(t, "matchers: [{type: word, case-insensitive: true, words: [none]}, {type: word, part: response, words: [none]}, {type: word, part: all, words: [none]}]")
	pages := make([]*web.Exchange, 100)
	before := heap()
	for i := range pages {
		pages[i] = answer(200, body)
		pages[i].Body = []byte(body)[:len(body):len(body)]
		if i > 0 {
			pages[i].Body = pages[0].Body
		}
		if _, err := p.Run(t.Context(), &Data{Exchange: pages[i]}); err != nil {
			t.Fatal(err)
		}
	}
	if used := heap() - before; used > 32<<20 {
		t.Errorf("100 responses take %d MiB beside their bodies", used>>20)
	}
	runtime.KeepAlive(pages)
}

func heap() int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}

// Who waits for a turn stops waiting when the check ends.
func TestRun_waits_for_its_turn(t *testing.T) {
	for range cap(turns) {
		turns <- struct{}{}
	}
	defer func() {
		for range cap(turns) {
			<-turns
		}
	}()
	p := program(t, "matchers: [{type: word, words: [b]}]")
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		if _, err := p.Run(ctx, &Data{Exchange: answer(200, strings.Repeat("a", large))}); !errors.Is(err, context.Canceled) {
			t.Errorf("Run = %v, want %v", err, context.Canceled)
		}
	})
	if _, err := p.Run(t.Context(), &Data{Exchange: answer(200, "b")}); err != nil {
		t.Errorf("a small response waits: %v", err)
	}
	cancel()
	wait.Wait()
}
