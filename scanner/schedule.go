package scanner

import (
	"cmp"
	"slices"
	"sync"
)

// chunkSize is how many signatures that begin with the same request one worker takes at once: enough to match them while
// the answer is in the processor's cache, few enough to leave work for the others.
const chunkSize = 32

// schedule hands out the steps of one site: first those that establish facts and those whose requests are not known
// beforehand, then the rest grouped by their first request, and a step that needs facts when they are known.
type schedule struct {
	mu      sync.Mutex
	change  sync.Cond
	chunks  [][]int
	waiting map[int]int   // step to the number of givers that have not ended
	unlocks map[int][]int // giver to the steps that wait for it
	pending int           // steps in waiting
	count   int
	entries map[int][]*entry // what each planned step will ask for
}

func (r *siteRun) schedule(steps []int) *schedule {
	w := &schedule{waiting: map[int]int{}, unlocks: map[int][]int{}, entries: map[int][]*entry{}, count: len(steps)}
	w.change.L = &w.mu
	present := make(map[int]bool, len(steps))
	for _, i := range steps {
		present[i] = true
	}
	groups := map[*entry]*[]int{}
	var order []*[]int
	for _, i := range steps {
		st := r.plan.steps[i]
		w.entries[i] = r.expect(st)
		for _, g := range st.givers {
			if present[g] {
				w.waiting[i]++
				w.unlocks[g] = append(w.unlocks[g], i)
			}
		}
		switch {
		case w.waiting[i] > 0:
			w.pending++
		case st.signature.Gives != "" || len(w.entries[i]) == 0:
			w.chunks = append(w.chunks, []int{i})
		default:
			first := w.entries[i][0]
			if groups[first] == nil {
				groups[first] = &[]int{}
				order = append(order, groups[first])
			}
			*groups[first] = append(*groups[first], i)
		}
	}
	slices.SortStableFunc(order, func(a, b *[]int) int { return cmp.Compare(len(*b), len(*a)) })
	for _, g := range order {
		w.chunks = slices.AppendSeq(w.chunks, slices.Chunk(*g, chunkSize))
	}
	return w
}

// expect announces the requests of a step whose check knows them.
func (r *siteRun) expect(st *step) (entries []*entry) {
	planner, ok := st.check.(Planner)
	if !ok || st.end != nil || r.site.settings.noMerge {
		return nil
	}
	defer func() {
		if recover() != nil { // Run meets the same defect, and reports it
			for _, e := range entries {
				r.site.release(e)
			}
			entries = nil
		}
	}()
	for _, req := range planner.Plan(r.site.target) {
		entries = append(entries, r.site.expect(req))
	}
	return entries
}

func (w *schedule) size() int { return w.count }

// take is the next work, nil when there is none left. It waits while steps that need facts may yet come free.
func (w *schedule) take() []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.chunks) == 0 && w.pending > 0 {
		w.change.Wait()
	}
	if len(w.chunks) == 0 {
		return nil
	}
	chunk := w.chunks[0]
	w.chunks = w.chunks[1:]
	return chunk
}

// done frees the steps that waited for this one.
func (w *schedule) done(i int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, d := range w.unlocks[i] {
		if w.waiting[d]--; w.waiting[d] == 0 {
			w.pending--
			w.chunks = slices.Insert(w.chunks, 0, []int{d})
		}
	}
	w.change.Broadcast()
}

// release gives back what the step was expected to ask for.
func (w *schedule) release(s *Site, i int) {
	w.mu.Lock()
	entries := w.entries[i]
	delete(w.entries, i)
	w.mu.Unlock()
	for _, e := range entries {
		s.release(e)
	}
}
