package engine

import (
	"context"
	"iter"
	"net/url"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// Planned is one request of a dry run.
type Planned struct {
	Target     target.Target
	Request    *web.Request    // nil when the check decides as it goes
	Ports      scanner.Numbers // instead of a request: ports that are connected to
	Signatures []string        // ids of those that share it, or of the one that decides
	Unless     message.Message // why it may not be sent; zero if nothing is known against it
}

// Requests is what Run would send, target by target, requests of many signatures once; nothing is sent to find out. A bare
// host is shown as https, which is tried first.
func (p *Plan) Requests(ctx context.Context) iter.Seq[Planned] {
	return func(yield func(Planned) bool) {
		for in := range p.options.Targets.All() {
			for _, o := range p.endpoints(in) {
				if p.options.Targets.Named(in, o.candidates[0]) {
					continue
				}
				if ctx.Err() != nil || !p.listEndpoint(o, yield) {
					return
				}
			}
			if o, ok := p.portEndpoint(in); ok && !p.options.Targets.Named(in, o.candidates[0]) && !yield(p.plannedPorts(o)) {
				return
			}
		}
	}
}

// plannedPorts are the connections to the ports of an endpoint.
func (p *Plan) plannedPorts(o endpoint) Planned {
	pl := Planned{Target: target.Target{URL: o.candidates[0], Source: o.from}, Ports: p.numbersOf(o.candidates[0])}
	for _, i := range p.atPorts {
		pl.Signatures = append(pl.Signatures, p.steps[i].signature.ID)
	}
	return pl
}

// planned are the requests of a check at all places of a target that are known before it answers, or those among them to which it is
// narrowed.
func planned(c scanner.Planner, t target.Target, wanted []string) (list []*web.Request) {
	places := []target.Target{t}
	if placed, ok := c.(scanner.Placed); ok && placed.Place() != scanner.PlaceTarget {
		places = placesOf(t, placed.Place(), []*url.URL{t.URL}, target.Folders(t.URL))
	}
	if check, ok := c.(scanner.Check); ok {
		if n := narrow(check, places, wanted); n.only != nil {
			return n.requests
		}
	}
	for _, place := range places {
		list = append(list, c.Plan(place)...)
	}
	return list
}

// listEndpoint yields the requests to one endpoint; false means that no more are wanted.
func (p *Plan) listEndpoint(o endpoint, yield func(Planned) bool) bool {
	t := target.Target{URL: o.candidates[0], Source: o.from}
	var list []*Planned
	byKey := map[string]*Planned{}
	for _, i := range o.steps {
		st := p.steps[i]
		if st.end != nil {
			continue
		}
		var unless message.Message
		if len(st.signature.Needs) > 0 {
			unless = message.New("only where %s is found", strings.Join(st.signature.Needs, ", "))
		}
		planner, ok := st.check.(scanner.Planner)
		if !ok {
			list = append(list, &Planned{Target: t, Signatures: []string{st.signature.ID}, Unless: unless})
			continue
		}
		for _, r := range planned(planner, t, p.options.Narrow[st.signature.ID]) {
			key := r.Key()
			if known := byKey[key]; known != nil {
				if known.Signatures[len(known.Signatures)-1] != st.signature.ID {
					known.Signatures = append(known.Signatures, st.signature.ID)
				}
				if unless.IsZero() {
					known.Unless = unless
				}
				continue
			}
			byKey[key] = &Planned{Target: t, Request: r, Signatures: []string{st.signature.ID}, Unless: unless}
			list = append(list, byKey[key])
		}
	}
	for _, pl := range list {
		if !yield(*pl) {
			return false
		}
	}
	return true
}
