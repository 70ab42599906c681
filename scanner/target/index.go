package target

import (
	"hash/maphash"
	"net/netip"
	"net/url"
	"slices"
	"sync"
)

// index finds out whether a list includes an origin. It is made when first asked, for few scans ask, and holds hashes, for
// a list may have a million lines.
type index struct {
	once   sync.Once
	seed   maphash.Seed
	hashes []uint64 // of origins, "host port" and hosts; ascending
	blocks blocks
}

// Includes reports whether some input may turn out to be the origin: it names it, or its host and port, or its host alone
// when the port is the scheme's own or a further one that is looked at on bare hosts.
func (t *List) Includes(origin *url.URL, further bool) bool {
	if t.Excluded(origin.Hostname()) {
		return false
	}
	x := &t.index
	x.once.Do(func() { x.fill(t.items) })
	host, port := origin.Hostname(), Port(origin)
	if x.has(originKey(origin.Scheme, host, port)) {
		return true
	}
	if !further && SchemeOf(port) != origin.Scheme {
		return false
	}
	if a, err := netip.ParseAddr(host); err == nil && x.blocks.contain(a) {
		return true
	}
	return x.has(host)
}

func (x *index) fill(items []item) {
	x.seed = maphash.MakeSeed()
	for _, it := range items {
		parsed, err := parse(it.text)
		if err != nil {
			continue // it parsed before, or it would not be here
		}
		in, key := parsed.input, parsed.input.Host
		switch {
		case parsed.block.IsValid():
			x.blocks.add(parsed.block)
			continue
		case in.TCP:
			continue // no site
		case in.URL != nil:
			key = originKey(in.URL.Scheme, in.URL.Hostname(), Port(in.URL))
		case in.Port != "":
			key = originKey(SchemeOf(in.Port), in.Host, in.Port)
		}
		x.hashes = append(x.hashes, maphash.String(x.seed, key))
	}
	slices.Sort(x.hashes)
}

func (x *index) has(key string) bool {
	_, ok := slices.BinarySearch(x.hashes, maphash.String(x.seed, key))
	return ok
}

// originKey is the same for both schemes on a port that is neither's own: each is tried there when the other fails.
func originKey(scheme, host, port string) string {
	if SchemeOf(port) == "" {
		scheme = ""
	}
	return scheme + "://" + host + " " + port
}

// Nearest is the input, as written, whose host is most like that of an address: the one with which its name begins and ends
// alike for the longest. It is "" for an empty list.
func (t *List) Nearest(u *url.URL) string {
	host, nearest, best := u.Hostname(), "", -1
	for _, it := range t.items {
		parsed, err := parse(it.text)
		if err != nil {
			continue // it parsed before, or it would not be here
		}
		other := parsed.input.Host
		switch {
		case parsed.block.IsValid():
			other = parsed.block.Addr().String()
		case parsed.input.URL != nil:
			other = parsed.input.URL.Hostname()
		}
		if alike := commonEnds(host, other); alike > best {
			nearest, best = it.text, alike
		}
	}
	return nearest
}

// commonEnds is how many bytes two names have in common at their beginning and end; those that are equal have one more.
func commonEnds(a, b string) int {
	if a == b {
		return 2*len(a) + 1
	}
	n := min(len(a), len(b))
	front, back := 0, 0
	for front < n && a[front] == b[front] {
		front++
	}
	for back < n && a[len(a)-1-back] == b[len(b)-1-back] {
		back++
	}
	return front + back
}
