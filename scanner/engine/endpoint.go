package engine

import (
	"net/url"
	"strconv"

	"sotomi/scanner/target"
)

// origin is one place to scan: which addresses may be it, and which steps run there.
type endpoint struct {
	from       target.Source
	candidates []*url.URL // tried in order; the first that answers is the target
	named      bool       // the first is an address as it was given; the others only explain why it failed
	port       string     // of a further port that signatures name, where silence means that nothing is there; else ""
	steps      []int      // indexes in Plan.steps, ascending
}

// origins are the places that an input means. A bare host is its web ports and, for the signatures that name them, further
// ports.
func (p *Plan) origins(in target.Input) []endpoint {
	all := p.everyStep()
	switch {
	case in.URL != nil:
		return []endpoint{{from: in.Source, candidates: withOther(in.URL), named: true, steps: all}}
	case in.Port != "":
		return []endpoint{{from: in.Source, candidates: schemes(in.Host, in.Port), steps: all}}
	}
	list := []endpoint{{from: in.Source, candidates: schemes(in.Host, ""), steps: all}}
	for _, further := range p.ports {
		number := strconv.Itoa(further.number)
		list = append(list, endpoint{from: in.Source, candidates: schemes(in.Host, number), port: number, steps: further.steps})
	}
	return list
}

func (p *Plan) everyStep() []int {
	all := make([]int, len(p.steps))
	for i := range all {
		all[i] = i
	}
	return all
}

// withOther is an address and, on a port that is neither's own, the same with the other scheme: Elasticsearch with TLS, for
// one, closes a plain connection without a word.
func withOther(u *url.URL) []*url.URL {
	if p := target.Port(u); p == "80" || p == "443" {
		return []*url.URL{u}
	}
	other := *u
	other.Scheme = map[string]string{"http": "https", "https": "http"}[u.Scheme]
	return []*url.URL{u, &other}
}

// schemes are the two ways to speak to a port: TLS first, for a server that speaks it answers plain HTTP with an error
// page that looks like an answer.
func schemes(host, port string) []*url.URL {
	switch port {
	case "80":
		return []*url.URL{target.Origin("http", host, port)}
	case "443":
		return []*url.URL{target.Origin("https", host, port)}
	}
	return []*url.URL{target.Origin("https", host, port), target.Origin("http", host, port)}
}
