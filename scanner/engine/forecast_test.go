package engine

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/scanner/web"
)

// pretended is an input that a scan has without a network.
type pretended struct {
	met    time.Duration // until it answers, or is given up
	answer bool
	steps  int // one of them a signature, the others its requests
	each   time.Duration
}

// forecasts runs a scan of inputs, and gives how long it was to take, by what was known at times in it.
func forecasts(t *testing.T, inputs []pretended, slots int) (took time.Duration, said map[time.Duration]time.Duration) {
	client, err := web.NewClient(web.Options{Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	p := &Plan{options: Options{Client: client, Concurrency: slots}}
	f, turns := p.newForecast(), make(chan struct{}, slots)
	started, said := time.Now(), map[time.Duration]time.Duration{}
	var mu sync.Mutex
	open := len(inputs)
	scan := func(in pretended) {
		j := f.begin(1)
		defer j.end()
		<-time.After(in.met)
		if !in.answer {
			return
		}
		j.enters(queueing)
		turns <- struct{}{}
		defer func() { <-turns }()
		j.enters(scanning)
		s := &site{steps: 1, tally: tally{planned: int64(in.steps - 1)}}
		j.at(s, 0)
		for range in.steps {
			<-time.After(in.each)
			s.mu.Lock()
			s.tally.answered, s.advanced = s.tally.answered+1, time.Now()
			s.mu.Unlock()
		}
	}
	over := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-over:
				return
			case <-time.After(101 * time.Millisecond):
				mu.Lock()
				said[time.Since(started)] = time.Since(started) + f.left(open)
				mu.Unlock()
			}
		}
	})
	var group errgroup.Group
	group.SetLimit(p.options.Concurrency + p.ahead())
	for _, in := range inputs {
		group.Go(func() error {
			scan(in)
			mu.Lock()
			defer mu.Unlock()
			open--
			return nil
		})
	}
	_ = group.Wait()
	took = time.Since(started)
	close(over)
	watch.Wait()
	return took, said
}

// The rule: from the tenth part of a scan on it is known within a fifth how long it takes, also when few inputs are scanned
// and when the first that are done are those that are dead.
func TestForecastIsRightFromTheTenthPartOn(t *testing.T) {
	quick := pretended{5 * time.Millisecond, true, 6, 8 * time.Millisecond}
	slow := pretended{310 * time.Millisecond, true, 6, 300 * time.Millisecond}
	silent, dead := pretended{met: 2 * time.Second}, pretended{met: time.Millisecond}
	large := pretended{20 * time.Millisecond, true, 2000, 50 * time.Millisecond}
	mixes := map[string]struct {
		kinds []pretended
		n     int
		slots int
	}{
		"a_third_dead_a_third_slow":  {[]pretended{quick, quick, dead, dead, slow, silent}, 1000, 25},
		"ten_times_as_many":          {[]pretended{quick, quick, dead, dead, slow, silent}, 10000, 25},
		"few_of_them":                {[]pretended{quick, quick, dead, dead, slow, silent}, 300, 25},
		"one_host":                   {[]pretended{large}, 1, 25},
		"a_few_more_than_slots":      {[]pretended{large}, 30, 25},
		"large_ones_among_many_dead": {[]pretended{large, dead, dead, dead}, 100, 25},
		"one_after_the_other":        {[]pretended{large}, 40, 2},
		"all_silent":                 {[]pretended{silent}, 1000, 25},
	}
	for name, mix := range mixes {
		t.Run(name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(7, 8)) //nolint:gosec // the same hosts each time
			inputs := make([]pretended, mix.n)
			for i := range inputs {
				inputs[i] = mix.kinds[random.IntN(len(mix.kinds))]
			}
			synctest.Test(t, func(t *testing.T) {
				took, said := forecasts(t, inputs, mix.slots)
				worst, when := 0.0, time.Duration(0)
				for at, total := range said {
					if off := math.Abs(float64(total)/float64(took) - 1); at >= took/10 && off > worst {
						worst, when = off, at
					}
				}
				if len(said) == 0 || worst > 0.2 {
					t.Errorf("the scan took %s; after %s it was to take %s", took, when, said[when])
				}
				t.Logf("%s: %.0f %% off after %s", took, 100*worst, when)
			})
		})
	}
}
