package engine

import (
	"path"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
)

// beside is how many further requests in the folder of an address a step that is narrowed to it makes.
const beside = 2

// narrowing is what a step that is narrowed looks at.
type narrowing struct {
	places   []target.Target
	only     []string // addresses, as path and query; nil where it is not narrowed
	requests []*web.Request
}

// narrow narrows a check to the addresses that are wanted, and a few beside them that may show the same weakness. It is
// narrowed to nothing less than all places unless it can ask for all that are wanted, and for each alone.
func narrow(c scanner.Check, places []target.Target, wanted []string) narrowing {
	whole := narrowing{places: places}
	narrower, ok := c.(scanner.Narrower)
	if len(wanted) == 0 || !ok {
		return whole
	}
	planned := make([][]*web.Request, len(places))
	var all []string
	for i, at := range places {
		planned[i] = narrower.Narrow(at, wanted)
		for _, r := range planned[i] {
			all = append(all, r.URL.RequestURI())
		}
	}
	n := narrowing{}
	for _, uri := range wanted {
		if !slices.Contains(all, uri) {
			return whole
		}
		n.only = append(n.only, uri)
		more := 0
		for _, other := range all {
			if more < beside && !slices.Contains(wanted, other) && !slices.Contains(n.only, other) && path.Dir(other) == path.Dir(uri) {
				n.only = append(n.only, other)
				more++
			}
		}
	}
	for i, at := range places {
		before := len(n.requests)
		for _, r := range planned[i] {
			if slices.Contains(n.only, r.URL.RequestURI()) {
				n.requests = append(n.requests, r)
			}
		}
		if len(n.requests) > before {
			n.places = append(n.places, at)
		}
	}
	return n
}
