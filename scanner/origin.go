package scanner

import (
	"net/url"
	"slices"
	"strconv"
)

// origin is one place to scan: which addresses may be it, and which steps run there.
type origin struct {
	from       Origin
	candidates []*url.URL // tried in order; the first that answers is the target
	port       string     // of a further port that signatures name, where silence means that nothing is there; else ""
	steps      []int      // indexes in Plan.steps, ascending
}

// origins are the places that an input means. A bare host is its web ports and, for the signatures that name them, further
// ports.
func (p *Plan) origins(in Input) []origin {
	all := make([]int, len(p.steps))
	for i := range all {
		all[i] = i
	}
	switch {
	case in.URL != nil:
		return []origin{{from: in.Origin, candidates: []*url.URL{in.URL}, steps: all}}
	case in.Port != "":
		return []origin{{from: in.Origin, candidates: schemes(in.Host, in.Port), steps: all}}
	}
	list := []origin{{from: in.Origin, candidates: schemes(in.Host, ""), steps: all}}
	for _, port := range p.ports {
		if port == 80 || port == 443 {
			continue
		}
		o := origin{from: in.Origin, candidates: schemes(in.Host, strconv.Itoa(port)), port: strconv.Itoa(port)}
		for i, st := range p.steps {
			if slices.Contains(st.signature.Ports, port) {
				o.steps = append(o.steps, i)
			}
		}
		list = append(list, o)
	}
	return list
}

// schemes are the two ways to speak to a port: TLS first, for a server that speaks it answers plain HTTP with an error
// page that looks like an answer.
func schemes(host, port string) []*url.URL {
	switch port {
	case "80":
		return []*url.URL{originURL("http", host, port)}
	case "443":
		return []*url.URL{originURL("https", host, port)}
	}
	return []*url.URL{originURL("https", host, port), originURL("http", host, port)}
}
