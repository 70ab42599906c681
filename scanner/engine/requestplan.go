package engine

import (
	"cmp"
	"net/url"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// requestPlan is the requests that the steps will make to one kind of target, known before any is scanned. Most requests
// differ from target to target in nothing but the host, so one plan serves all targets of a kind; what depends on the target
// in another way is planned anew for each.
type requestPlan struct {
	ids            map[digest]int32
	digests        []digest  // by id
	consumers      []int32   // by id: how many steps will ask
	requests       [][]int32 // by step: ids, ascending
	perTarget      []bool    // by step: there are others, which are planned for each target
	unplanned      []bool    // by step: its requests are not known before it runs
	unplannedCount int       // how many of these there are
	chunks         [][]int   // steps in the order in which they are handed out; without those that wait for facts or to be alone
}

// requestPlanKinds is how many kinds of targets have a shared plan. A list of URLs may have another path in each line.
const requestPlanKinds = 16

// manyRequests: steps with more start first, so that they do not delay the end.
const manyRequests = 20

// requestPlanFor is the plan for a site's kind: scheme, whether there is a port, where is looked, and which steps run.
func (p *Plan) requestPlanFor(s *site, o endpoint) *requestPlan {
	t := s.target
	kind := t.URL.Scheme + " " + t.URL.RequestURI() + " " + o.port
	for _, u := range slices.Concat(s.pages, s.folders) {
		kind += " " + u.RequestURI()
	}
	if t.URL.Port() != "" {
		kind += " port"
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	plan, ok := p.requestPlans[kind]
	if ok {
		return plan
	}
	if len(p.requestPlans) >= requestPlanKinds {
		return p.newRequestPlan(s, o.steps, false)
	}
	plan = p.newRequestPlan(s, o.steps, true)
	if p.requestPlans == nil {
		p.requestPlans = map[string]*requestPlan{}
	}
	p.requestPlans[kind] = plan
	return plan
}

// newRequestPlan asks the checks what they will request. A shared plan compares two made-up sites of the kind of s and holds
// the requests that differ in the host alone.
func (p *Plan) newRequestPlan(s *site, steps []int, shared bool) *requestPlan {
	plan := &requestPlan{ids: map[digest]int32{}, requests: make([][]int32, len(p.steps)), perTarget: make([]bool, len(p.steps)), unplanned: make([]bool, len(p.steps))}
	one, other := standIn(s, "a.sotomi-one.invalid"), standIn(s, "b.sotomi-two.test")
	common := make([][]digest, len(steps))
	sideBySide(len(steps), func(at int) {
		i := steps[at]
		if !shared {
			plan.perTarget[i] = p.plans(i)
			return
		}
		digests, rest := p.digests(i, one), p.digests(i, other)
		common[at] = without(digests, without(digests, rest))
		plan.perTarget[i] = len(common[at]) < max(len(digests), len(rest))
	})
	for at, i := range steps {
		if !p.plans(i) && p.steps[i].end == nil {
			plan.unplanned[i] = true
			plan.unplannedCount++
		}
		for _, d := range common[at] {
			id, ok := plan.ids[d]
			if !ok {
				id = int32(len(plan.digests))
				plan.ids[d] = id
				plan.digests, plan.consumers = append(plan.digests, d), append(plan.consumers, 0)
			}
			plan.consumers[id]++
			plan.requests[i] = append(plan.requests[i], id)
		}
		slices.Sort(plan.requests[i])
	}
	plan.arrange(p, steps)
	return plan
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

// perTargetOf are the digests of step i on a site that the plan lacks.
func (p *Plan) perTargetOf(plan *requestPlan, i int, s *site) []digest {
	known := make([]digest, len(plan.requests[i]))
	for j, id := range plan.requests[i] {
		known[j] = plan.digests[id]
	}
	if planner, ok := p.steps[i].check.(scanner.PerTargetPlanner); ok {
		return without(p.digestsOf(i, s, planner.PlanPerTarget), known)
	}
	return without(p.digests(i, s), known)
}

// standIn is a site of the kind of s on another host.
func standIn(s *site, host string) *site {
	if s.target.URL.Port() != "" {
		host += ":61234"
	}
	moved := func(u *url.URL) *url.URL {
		c := *u
		c.Host = host
		return &c
	}
	other := &site{target: target.Target{URL: moved(s.target.URL)}}
	for _, u := range s.pages {
		other.pages = append(other.pages, moved(u))
	}
	for _, u := range s.folders {
		other.folders = append(other.folders, moved(u))
	}
	return other
}

// plans reports whether a step knows its requests beforehand.
func (p *Plan) plans(i int) bool {
	_, ok := p.steps[i].check.(scanner.Planner)
	return ok && p.steps[i].end == nil && !p.options.NoMerge
}

// digests are the requests of one step on a site.
func (p *Plan) digests(i int, s *site) []digest {
	planner, ok := p.steps[i].check.(scanner.Planner)
	if !ok {
		return nil
	}
	return p.digestsOf(i, s, planner.Plan)
}

// digestsOf are the digests of what ask gives. A check that panics over it has none; Run meets the same defect and reports
// it.
func (p *Plan) digestsOf(i int, s *site, ask func(target.Target) []*web.Request) (list []digest) {
	if !p.plans(i) {
		return nil
	}
	defer func() {
		if recover() != nil {
			list = nil
		}
	}()
	for _, t := range s.places(p.steps[i].check) {
		for _, r := range ask(t) {
			list = append(list, requestDigest(t, r))
		}
	}
	return list
}

// arrange puts the steps in the order in which they are handed out: first those that establish facts and those whose
// requests are not known, then groups that share a request, the largest first. A step is in the group of the request that
// most others ask for, so that answers are not waited for long.
func (plan *requestPlan) arrange(p *Plan, steps []int) {
	groups := map[int32]*[]int{}
	var order []*[]int
	var alone []int // no other asks for what they ask for
	for _, i := range steps {
		if len(p.steps[i].givers) > 0 || p.steps[i].alone {
			continue // handed out when their facts are known, or when all others have ended
		}
		if p.steps[i].signature.Gives != "" || !p.plans(i) {
			plan.chunks = append(plan.chunks, []int{i})
			continue
		}
		most := int32(-1)
		for _, id := range plan.requests[i] {
			if plan.consumers[id] > 1 && (most < 0 || plan.consumers[id] > plan.consumers[most]) {
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
	slices.SortStableFunc(alone, func(a, b int) int { return cmp.Compare(len(plan.requests[b]), len(plan.requests[a])) })
	for len(alone) > 0 && len(plan.requests[alone[0]]) > manyRequests {
		plan.chunks = append(plan.chunks, alone[:1])
		alone = alone[1:]
	}
	for _, g := range order {
		plan.chunks = slices.AppendSeq(plan.chunks, slices.Chunk(*g, chunkSize))
	}
	plan.chunks = slices.AppendSeq(plan.chunks, slices.Chunk(alone, aloneChunk))
}
