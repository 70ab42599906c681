package engine

import (
	"cmp"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// forecast is the requests that the steps of one kind of origin will make, known before any is scanned. Most requests
// differ from target to target in nothing but the host, so one forecast serves all targets of a kind; what depends on the
// target in another way is forecast anew for each.
type requestPlan struct {
	ids            map[digest]int32
	digests        []digest  // by id
	consumers      []int32   // by id: how many steps will ask
	requests       [][]int32 // by step: ids, ascending
	perTarget      []bool    // by step: there are others, which are forecast for each target
	unplanned      []bool    // by step: its requests are not known before it runs
	unplannedCount int       // how many of these there are
	chunks         [][]int   // steps in the order in which they are handed out; without those that wait for facts
}

// forecastKinds is how many kinds of targets share a forecast. A list of URLs may have a path of its own in each line.
const requestPlanKinds = 16

// manyRequests make a step begin early, or all would wait for it in the end.
const manyRequests = 20

// forecastFor gives the forecast for an origin's kind: scheme, whether there is a port, path, and which steps run.
func (p *Plan) requestPlanFor(t target.Target, o endpoint) *requestPlan {
	kind := t.URL.Scheme + " " + t.URL.EscapedPath() + " " + o.port
	if t.URL.Port() != "" {
		kind += " port"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	f, ok := p.requestPlans[kind]
	if ok {
		return f
	}
	if len(p.requestPlans) >= requestPlanKinds {
		return p.newRequestPlan(t, o.steps, false)
	}
	f = p.newRequestPlan(t, o.steps, true)
	if p.requestPlans == nil {
		p.requestPlans = map[string]*requestPlan{}
	}
	p.requestPlans[kind] = f
	return f
}

// forecast asks the checks what they will request. shared compares two made-up targets of t's kind: only steps that differ
// in the host alone are forecast for all.
func (p *Plan) newRequestPlan(t target.Target, steps []int, shared bool) *requestPlan {
	f := &requestPlan{ids: map[digest]int32{}, requests: make([][]int32, len(p.steps)), perTarget: make([]bool, len(p.steps)), unplanned: make([]bool, len(p.steps))}
	one, other := standIn(t, "a.sotomi-one.invalid"), standIn(t, "b.sotomi-two.test")
	common := make([][]digest, len(steps))
	sideBySide(len(steps), func(at int) {
		i := steps[at]
		if !shared {
			f.perTarget[i] = p.plans(i)
			return
		}
		digests, rest := p.digests(i, one), p.digests(i, other)
		common[at] = without(digests, without(digests, rest))
		f.perTarget[i] = len(common[at]) < max(len(digests), len(rest))
	})
	for at, i := range steps {
		if !p.plans(i) && p.steps[i].end == nil {
			f.unplanned[i] = true
			f.unplannedCount++
		}
		for _, d := range common[at] {
			id, ok := f.ids[d]
			if !ok {
				id = int32(len(f.digests))
				f.ids[d] = id
				f.digests, f.consumers = append(f.digests, d), append(f.consumers, 0)
			}
			f.consumers[id]++
			f.requests[i] = append(f.requests[i], id)
		}
		slices.Sort(f.requests[i])
	}
	f.arrange(p, steps)
	return f
}

// without is a list less what is in another, as often as it is in there.
func without(list, other []digest) []digest {
	if slices.Equal(list, other) {
		return nil
	}
	count := map[digest]int{}
	for _, d := range other {
		count[d]++
	}
	var left []digest
	for _, d := range list {
		if count[d] > 0 {
			count[d]--
			continue
		}
		left = append(left, d)
	}
	return left
}

// ownOf are the digests of step i on t that the forecast lacks.
func (p *Plan) perTargetOf(f *requestPlan, i int, t target.Target) []digest {
	known := make([]digest, len(f.requests[i]))
	for j, id := range f.requests[i] {
		known[j] = f.digests[id]
	}
	if own, ok := p.steps[i].check.(scanner.PerTargetPlanner); ok {
		return without(p.digestsOf(i, t, own.PlanPerTarget), known)
	}
	return without(p.digests(i, t), known)
}

// standIn is a target of t's kind on another host.
func standIn(t target.Target, host string) target.Target {
	u := *t.URL
	u.Host = host
	if t.URL.Port() != "" {
		u.Host += ":61234"
	}
	return target.Target{URL: &u}
}

// plans reports whether a step knows its requests beforehand.
func (p *Plan) plans(i int) bool {
	_, ok := p.steps[i].check.(scanner.Planner)
	return ok && p.steps[i].end == nil && !p.options.NoMerge
}

// digests are the requests of one step on a target.
func (p *Plan) digests(i int, t target.Target) []digest {
	planner, ok := p.steps[i].check.(scanner.Planner)
	if !ok {
		return nil
	}
	return p.digestsOf(i, t, planner.Plan)
}

// digestsOf are the digests of what plan gives. A check that panics over it has none; Run meets the same defect and reports
// it.
func (p *Plan) digestsOf(i int, t target.Target, plan func(target.Target) []*web.Request) (list []digest) {
	if !p.plans(i) {
		return nil
	}
	defer func() {
		if recover() != nil {
			list = nil
		}
	}()
	for _, r := range plan(t) {
		list = append(list, requestDigest(t, r))
	}
	return list
}

// arrange puts the steps in the order in which they are handed out: first those that establish facts and those whose
// requests are not known, then groups that share a request, the largest first. A step is in the group of the request that
// most others ask for, so that answers are not waited for long.
func (f *requestPlan) arrange(p *Plan, steps []int) {
	groups := map[int32]*[]int{}
	var order []*[]int
	var alone []int // no other asks for what they ask for
	for _, i := range steps {
		if len(p.steps[i].givers) > 0 {
			continue // handed out when their facts are known
		}
		if p.steps[i].signature.Gives != "" || !p.plans(i) {
			f.chunks = append(f.chunks, []int{i})
			continue
		}
		most := int32(-1)
		for _, id := range f.requests[i] {
			if f.consumers[id] > 1 && (most < 0 || f.consumers[id] > f.consumers[most]) {
				most = id
			}
		}
		if most < 0 {
			alone = append(alone, i)
			continue
		}
		if groups[most] == nil {
			groups[most] = &[]int{}
			order = append(order, groups[most])
		}
		*groups[most] = append(*groups[most], i)
	}
	slices.SortStableFunc(order, func(a, b *[]int) int { return cmp.Compare(len(*b), len(*a)) })
	slices.SortStableFunc(alone, func(a, b int) int { return cmp.Compare(len(f.requests[b]), len(f.requests[a])) })
	for len(alone) > 0 && len(f.requests[alone[0]]) > manyRequests {
		f.chunks = append(f.chunks, alone[:1])
		alone = alone[1:]
	}
	for _, g := range order {
		f.chunks = slices.AppendSeq(f.chunks, slices.Chunk(*g, chunkSize))
	}
	f.chunks = slices.AppendSeq(f.chunks, slices.Chunk(alone, aloneChunk))
}
