package template

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"

	"sotomi/checks/template/match"
	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// run is the check at work on one target.
type run struct {
	check *check
	probe *scanner.Probe
	seed  uint64     // of the random numbers
	known match.Vars // facts, and what internal extractors of ended blocks took; nil for nothing
	fixed match.Vars // variables: as they were first evaluated, so that a random one stays the same

	addresses [2]struct { // the last used, not trimmed and trimmed
		target *url.URL
		vars   match.Vars
	}

	filling bool         // every request is filled in, constant or not
	madeUp  []string     // words in addresses that cannot exist on purpose
	session *web.Session // for templates whose requests build on each other's cookies; nil until one was set
	hits    []scanner.Hit
	hidden  []string // extracted secrets, which no report shows
	sent    int
	unsent  *unsent         // nil when everything was sent
	mistake error           // why nothing can be sent
	failed  error           // of the first request that failed
	cut     bool            // a response held more values than are taken
	ran     map[*block]bool // blocks that a flow called
	matched map[int]bool    // numbers of blocks of which a response matched
}

// roll gives the request of a number in the template random numbers of its own, the same in every run.
func (v *run) roll(request int) {
	if v.check.usesRandom {
		v.know(match.Random, rand.New(rand.NewPCG(v.seed, uint64(request))))
	}
}

func (v *run) know(name string, value any) {
	if v.known == nil {
		v.known = match.Vars{}
	}
	v.known[name] = value
}

// address is addressVars, made once for each port of the target.
func (v *run) address(target *url.URL, trimmed bool) match.Vars {
	known := &v.addresses[0]
	key := "http address " + target.Host + target.EscapedPath()
	if trimmed {
		known = &v.addresses[1]
		key += " trimmed"
	}
	if known.target == target {
		return known.vars
	}
	var vars match.Vars
	if v.probe.Site != nil { // nil while planning
		vars, _ = v.probe.Derived(key, func() any { return addressVars(target, trimmed) }).(match.Vars)
	} else {
		vars = addressVars(target, trimmed)
	}
	known.target, known.vars = target, vars
	return vars
}

// names are what a request may use: its own values over the target's over variables. They are the address itself, which
// all signatures share and nobody changes, when there is nothing to add.
func (v *run) names(address, taken match.Vars) (match.Vars, error) {
	if len(v.known)+len(taken)+len(v.check.variables) == 0 {
		return address, nil
	}
	vars := v.merged(taken)
	maps.Copy(vars, address)
	return vars, fillIn(vars, v.check.variables, v.fixed)
}

func (v *run) merged(more match.Vars) match.Vars {
	vars := make(match.Vars, len(v.known)+len(more)+16)
	maps.Copy(vars, v.known)
	maps.Copy(vars, more)
	return vars
}

// call runs the blocks that a flow calls, all of them when it names none; ok when any of them matched.
func (v *run) call(ctx context.Context, ids []string) (bool, error) {
	blocks := v.check.blocks
	if len(ids) > 0 {
		blocks = nil
		for _, id := range ids {
			b := v.check.called(id)
			if b == nil { // the reference engine goes no further either
				v.leave(unsent{what: message.New("the flow calls http(%s), which does not exist", id), fault: true, mistake: true})
				break
			}
			blocks = append(blocks, b)
		}
	}
	any := false
	for _, b := range blocks {
		v.ran[b] = true
		ok, err := v.run(ctx, b)
		if err != nil {
			return false, err
		}
		any = any || ok
	}
	return any, nil
}

// blockRun is what the requests of one block share.
type blockRun struct {
	seen    match.Data // what the newest response is judged on
	block   *block
	sent    []*preparedRequest  // by number - 1, for controls; nil where none was sent
	answers []*web.Exchange     // by number - 1; nil where there is none
	taken   map[string][]string // what internal extractors took so far; nil for nothing
	ok      bool                // for a flow
}

// run sends the requests of one block; ok says whether it counts as matched for a flow.
func (v *run) run(ctx context.Context, b *block) (ok bool, err error) {
	if b, err = v.bound(ctx, b); err != nil {
		return false, err
	}
	r := &blockRun{block: b, sent: make([]*preparedRequest, len(b.paths)+len(b.raws))}
	defer func() { v.keep(r.taken) }()
	for d := range v.templates(b) {
		for _, taken := range r.values() {
			end, err := v.request(ctx, r, d, taken)
			if err != nil || end {
				return r.ok, err
			}
		}
	}
	return r.ok, nil
}

// request sends one request and judges the response; end says that the block is done.
func (v *run) request(ctx context.Context, r *blockRun, d requestTemplate, taken match.Vars) (end bool, err error) {
	if err := ctx.Err(); err != nil {
		return true, err
	}
	bt, err := v.build(r.block, d, taken)
	if err != nil {
		return v.notSent(r, d, err)
	}
	if v.check.separable && v.probe.Only != nil && !slices.Contains(v.probe.Only, bt.request.URL.RequestURI()) {
		return false, nil
	}
	if host := v.outside(bt.request); host != "" {
		v.leave(unsent{what: v.requests(r.block, d.index, false), why: message.New("it goes to %s, which is not the target", host)})
		return false, nil
	}
	ex, err := v.send(ctx, r.block, bt.request)
	if err != nil {
		v.fail(err)
		return false, nil
	}
	v.sent++
	r.sent[d.number-1] = bt
	return v.judge(ctx, r, d.number, bt, ex)
}

// outside is the host that a request would go to when that is not the target's, "" when it is. Another port of it is the
// target's when the user named the host and no port, and when both are the ports of web sites.
func (v *run) outside(r *web.Request) string {
	t := v.probe.Target
	is, was := target.Port(r.URL), target.Port(t.URL)
	switch {
	case !strings.EqualFold(r.URL.Hostname(), t.URL.Hostname()):
		return r.URL.Host
	case is == was || t.Source.Bare() || target.SchemeOf(is) != "" && target.SchemeOf(was) != "":
		return ""
	}
	return r.URL.Host
}

// send shares the request with all signatures, unless an earlier response set cookies for it.
func (v *run) send(ctx context.Context, b *block, r *web.Request) (*web.Exchange, error) {
	if v.session != nil && !b.withoutCookies && len(v.session.Cookies(r.URL)) > 0 {
		return v.session.Do(ctx, r)
	}
	ex, err := v.probe.Do(ctx, r)
	if err == nil && v.check.stateful && !b.withoutCookies {
		if v.session == nil {
			v.session = v.probe.Session()
		}
		v.session.StoreCookies(ex)
	}
	return ex, err
}

func (v *run) fail(err error) {
	if v.failed == nil {
		v.failed = err
	}
}

// values are the sets of extracted values that the next request is sent with: one set, or one for each value when the
// block iterates over all.
func (r *blockRun) values() []match.Vars {
	if len(r.taken) == 0 {
		return nothingTaken
	}
	most := 1
	if r.block.iterateAll {
		for _, list := range r.taken {
			most = max(most, len(list))
		}
	}
	sets := make([]match.Vars, most)
	for i := range sets {
		sets[i] = match.Vars{}
		for name, list := range r.taken {
			sets[i][name] = list[min(i, len(list)-1)]
		}
	}
	return sets
}

var nothingTaken = []match.Vars{nil}

// keep makes what a block's internal extractors took known to later blocks: a single value by the extractor's name,
// further ones with 1, 2 and so on behind it.
func (v *run) keep(taken map[string][]string) {
	for name, list := range taken {
		if v.check.flow != nil && len(list) > 1 {
			v.know(name, list) // a flow would go through them one by one
			continue
		}
		for i, value := range list {
			if i == 0 {
				v.know(name, value)
			} else {
				v.know(fmt.Sprint(name, i), value)
			}
		}
	}
}

// export makes the parts of a block's response known to later blocks that use them, as http_1_body or by the block's id.
func (v *run) export(b *block, ex *web.Exchange) {
	if !b.exported {
		return
	}
	prefix := b.prefix()
	for name, value := range match.Parts(ex) {
		v.know(prefix+name, value)
	}
}

// isStateful reports whether requests of the signature build on what earlier ones set: cookies are kept for these only,
// since a request with cookies cannot be shared.
func isStateful(s *signature.Signature) bool {
	requests := 0
	asks := false
	for i := range s.HTTP {
		h := &s.HTTP[i]
		requests += len(h.Path) + len(h.Raw)
		asks = asks || h.CookieReuse || strings.EqualFold(h.Method, "POST") || len(h.Raw) > 1 && looksBack(h) ||
			slices.ContainsFunc(h.Raw, func(raw string) bool { return strings.HasPrefix(firstLine(raw), "POST") }) ||
			slices.ContainsFunc(h.Extractors, func(e signature.Extractor) bool { return e.Internal })
	}
	return asks && requests > 1
}
