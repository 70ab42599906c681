package engine

import (
	"net/url"
	"strconv"

	"sotomi/scanner/target"
)

// endpoint is one place to scan: which addresses may be it, and which steps run there.
type endpoint struct {
	from       target.Source
	candidates []*url.URL // tried in order; the first that answers is the target
	named      bool       // the first is an address as the user gave it; another is tried only if its scheme seems wrong
	port       string     // a further port, named by signatures only: closed means that nothing is there; else ""
	tcp        bool       // the ports of a host, or one of them, not a site
	steps      []int      // indexes in Plan.steps, ascending
}

// endpoints are the sites that an input means. A bare host is its web ports and, for the signatures that name them, further
// ports.
func (p *Plan) endpoints(in target.Input) []endpoint {
	switch {
	case in.TCP || len(p.everyPage) == 0:
		return nil
	case in.URL != nil:
		return []endpoint{{from: in.Source, candidates: withOther(in.URL), named: true, steps: p.everyPage}}
	case in.Port != "":
		return []endpoint{{from: in.Source, candidates: schemes(in.Host, in.Port), steps: p.everyPage}}
	}
	list := []endpoint{{from: in.Source, candidates: schemes(in.Host, ""), steps: p.everyPage}}
	for _, further := range p.ports {
		number := strconv.Itoa(further.number)
		list = append(list, endpoint{from: in.Source, candidates: schemes(in.Host, number), port: number, steps: further.steps})
	}
	return list
}

// withOther is an address and, on a port that is neither scheme's own, the same with the other scheme: Elasticsearch with
// TLS, for one, closes a plain connection without a word.
func withOther(u *url.URL) []*url.URL {
	if target.SchemeOf(target.Port(u)) != "" {
		return []*url.URL{u}
	}
	other := *u
	other.Scheme = map[string]string{"http": "https", "https": "http"}[u.Scheme]
	return []*url.URL{u, &other}
}

// schemes are the two ways to speak to a port: TLS first, for a server that speaks it answers plain HTTP with an error
// page that looks like an answer. A scheme's own port is spoken to in that scheme only.
func schemes(host, port string) []*url.URL {
	if scheme := target.SchemeOf(port); scheme != "" {
		return []*url.URL{target.Origin(scheme, host, port)}
	}
	return []*url.URL{target.Origin("https", host, port), target.Origin("http", host, port)}
}
