package engine

import "sync"

// How many signatures one worker takes at once.
const (
	chunkSize  = 32 // that share a request: enough to match them while the answer is in the processor's cache
	aloneChunk = 4  // that share none
)

// schedule hands out the steps of one site in the order of the request plan, and those that need facts when their givers
// have ended.
type schedule struct {
	mu      sync.Mutex
	change  sync.Cond
	chunks  [][]int       // of the request plan; shared, never changed
	freed   [][]int       // steps whose givers have ended; they come first
	waiting map[int]int   // step to the number of givers that have not ended
	unlocks map[int][]int // giver to the steps that wait for it
}

// schedule is that of one site on which these steps run.
func (p *Plan) schedule(steps []int, plan *requestPlan) *schedule {
	w := &schedule{chunks: plan.chunks, waiting: map[int]int{}, unlocks: map[int][]int{}}
	w.change.L = &w.mu
	present := map[int]bool{}
	if p.facts {
		for _, i := range steps {
			present[i] = true
		}
	}
	for _, i := range steps {
		st := p.steps[i]
		if len(st.givers) == 0 {
			continue
		}
		for _, g := range st.givers {
			if present[g] {
				w.waiting[i]++
				w.unlocks[g] = append(w.unlocks[g], i)
			}
		}
		if w.waiting[i] == 0 {
			delete(w.waiting, i)
			w.freed = append(w.freed, []int{i})
		}
	}
	return w
}

// take is the next work, nil when there is none left. It waits while steps that need facts may yet come free.
func (w *schedule) take() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.freed)+len(w.chunks) == 0 && len(w.waiting) > 0 {
		w.change.Wait()
	}
	from := &w.freed
	if len(w.freed) == 0 {
		from = &w.chunks
	}
	if len(*from) == 0 {
		return nil
	}
	chunk := (*from)[0]
	*from = (*from)[1:]
	return chunk
}

// done frees the steps that waited for this one.
func (w *schedule) done(i int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.unlocks[i] {
		if w.waiting[d]--; w.waiting[d] == 0 {
			delete(w.waiting, d)
			w.freed = append(w.freed, []int{d})
		}
	}
	w.change.Broadcast()
}
