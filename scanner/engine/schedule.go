package engine

import "sync"

// How many signatures one worker takes at once.
const (
	chunkSize  = 32 // that share a request: enough to match them while the answer is in the processor's cache
	aloneChunk = 4  // that share none
)

// schedule hands out the steps of one site in the order of the request plan, those that need facts when their givers have
// ended, and those that must be alone when nothing else is left, one at a time.
type schedule struct {
	plan    *Plan
	mu      sync.Mutex
	change  sync.Cond
	chunks  [][]int       // of the request plan; shared, never changed
	freed   [][]int       // steps whose givers have ended; they come first
	alone   []int         // steps that must be alone and wait for nothing else
	running int           // steps that were handed out and have not ended
	waiting map[int]int   // step to the number of givers that have not ended
	unlocks map[int][]int // giver to the steps that wait for it
}

// schedule is that of one site on which these steps run.
func (p *Plan) schedule(steps []int, plan *requestPlan) *schedule {
	w := &schedule{plan: p, chunks: plan.chunks, waiting: map[int]int{}, unlocks: map[int][]int{}}
	w.change.L = &w.mu
	present := map[int]bool{}
	if p.facts {
		for _, i := range steps {
			present[i] = true
		}
	}
	for _, i := range steps {
		st := p.steps[i]
		if len(st.givers) == 0 && !st.alone {
			continue // it stands in a chunk
		}
		for _, g := range st.givers {
			if present[g] {
				w.waiting[i]++
				w.unlocks[g] = append(w.unlocks[g], i)
			}
		}
		if w.waiting[i] == 0 {
			w.free(i)
		}
	}
	return w
}

// free lets a step run that waits for no other.
func (w *schedule) free(i int) {
	delete(w.waiting, i)
	if w.plan.steps[i].alone {
		w.alone = append(w.alone, i)
		return
	}
	w.freed = append(w.freed, []int{i})
}

// take is the next work, nil when there is none left. It waits while steps that need facts may yet come free, and while
// others run beside which one that must be alone may not.
func (w *schedule) take() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.freed)+len(w.chunks) == 0 && w.running > 0 && len(w.alone)+len(w.waiting) > 0 {
		w.change.Wait()
	}
	var chunk []int
	switch {
	case len(w.freed) > 0:
		chunk, w.freed = w.freed[0], w.freed[1:]
	case len(w.chunks) > 0:
		chunk, w.chunks = w.chunks[0], w.chunks[1:]
	case len(w.alone) > 0:
		chunk, w.alone = w.alone[:1:1], w.alone[1:]
	}
	w.running += len(chunk)
	return chunk
}

// done frees the steps that waited for this one.
func (w *schedule) done(i int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running--
	for _, d := range w.unlocks[i] {
		if w.waiting[d]--; w.waiting[d] == 0 {
			w.free(d)
		}
	}
	w.change.Broadcast()
}
