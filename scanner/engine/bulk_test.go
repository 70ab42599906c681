package engine

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"sotomi/scanner/web"
)

// A site whose answers are nearly all large has few steps at once; one with some large answers is like any other.
func TestSitesOfLargeAnswersHaveFewStepsAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		small, large int
		atOnce       int32
	}{
		"plain":           {100, 0, 6},
		"some_large":      {20, 8, 6},
		"many_and_others": {100, 50, 6},
		"nearly_all":      {5, 20, heavySteps},
		"the_first":       {0, 3, heavySteps},
		"first_of_plain":  {1, 2, 6},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBulk()
				for range c.small {
					b.add(&web.Exchange{Body: make([]byte, 100)})
				}
				for range c.large {
					b.add(&web.Exchange{Body: make([]byte, largeAnswer)})
				}
				var running atomic.Int32
				release := make(chan struct{})
				for range 6 {
					go func() {
						done, ok := b.turn(t.Context())
						if !ok {
							return
						}
						defer done()
						running.Add(1)
						<-release
					}()
				}
				synctest.Wait()
				if n := running.Load(); n != c.atOnce {
					t.Errorf("%d steps at once, want %d", n, c.atOnce)
				}
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				if _, ok := b.turn(ctx); ok != (c.atOnce == 6) {
					t.Errorf("a step of a scan that ended may run: %v", ok)
				}
				close(release)
				synctest.Wait()
				if n := running.Load(); n != 6 {
					t.Errorf("%d steps ran, want 6", n)
				}
			})
		})
	}
}
