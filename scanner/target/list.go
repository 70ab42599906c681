// Package target reads what the user wants scanned: URLs, hosts, host:port, CIDR blocks, and lists of them. It alone knows
// which port a scheme has when an address names none.
package target

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"net/netip"
	"net/url"
	"slices"
)

// MaxAddresses is how many addresses the CIDR blocks of one scan may name together: those of an IPv4 /8.
const MaxAddresses = 1 << 24

// Input is one thing that the user asked to scan. Exactly one of URL and Host is set.
type Input struct {
	URL    *url.URL // a URL: this origin and path only
	Host   string   // a host without a scheme: https is tried, then http; ASCII name or address without brackets
	Port   string   // with Host: this port only; "" means the web ports and the further ports of signatures, and the ports of the host
	TCP    bool     // with Host: ports only, of an address such as redis://h, which is no web site
	Source Source
	About  About
}

// About is what a list says of a target beside its address.
type About struct {
	Owner       string `json:"owner,omitempty"`       // who is responsible for it
	Contact     string `json:"contact,omitempty"`     // the owner's address
	Label       string `json:"label,omitempty"`       // what the user calls it
	Environment string `json:"environment,omitempty"` // such as production
}

// List is the inputs of a scan in the user's order, each once. CIDR blocks are kept as blocks and expanded while
// the scan goes on.
type List struct {
	args  []string
	files []string
	items []item
	about []About // each once; the first is that of targets of which nothing is said
	total int
	named map[string]named // addresses that another input of the list may turn out to be
	index index

	excluded []func(host string) bool
}

// named is what the user wrote an address as, beside the host that it is on.
type named int

const (
	namedURL  named = iota + 1 // with its scheme
	namedPort                  // as host:port
)

// Named reports whether the address that an input turned out to have is an input of its own, as with shop.example beside
// https://shop.example. Such an address is scanned once, under its full name.
func (t *List) Named(in Input, u *url.URL) bool {
	switch t.named[addressKey(u)] {
	case namedURL:
		return in.URL == nil && !in.TCP
	case namedPort:
		return in.URL == nil && in.Port == ""
	}
	return false
}

// item is an input in compact form: a list of a million lines is held in memory.
type item struct {
	text string
	skip *skipped // of a CIDR block; nil when it repeats nothing
	file int32    // index in files, -1 for the command line
	line int32

	about int32 // index in List.about
}

// skipped are the addresses of a block that were named before it.
type skipped struct {
	blocks blocks
	single map[netip.Addr]bool
}

func (s *skipped) has(a netip.Addr) bool {
	return s != nil && (s.single[a] || s.blocks.contain(a))
}

// Args are the targets as the user wrote them on the command line, lists by their name.
func (t *List) Args() []string { return t.args }

// Len is the number of inputs, every address of a CIDR block counted.
func (t *List) Len() int { return t.total }

// Hash is the same for lists with the same inputs in the same order, with the same said of them: 16 hex digits.
func (t *List) Hash() string {
	sum := sha256.New()
	for _, it := range t.items {
		fmt.Fprintf(sum, "%q %q\n", it.text, t.aboutOf(it))
	}
	return hex.EncodeToString(sum.Sum(nil))[:16]
}

// Place says where an input stands in a list, for whoever has the same list.
type Place struct {
	Index   int    `json:"index"`             // among the inputs, from 0
	Item    int    `json:"item"`              // among what the user wrote, from 0
	Address string `json:"address,omitempty"` // of a CIDR block
}

// All gives the inputs one by one.
func (t *List) All() iter.Seq[Input] {
	return func(yield func(Input) bool) {
		for _, in := range t.Places() {
			if !yield(in) {
				return
			}
		}
	}
}

// Places gives the inputs one by one with their places.
func (t *List) Places() iter.Seq2[Place, Input] {
	return func(yield func(Place, Input) bool) {
		index := -1
		for n, it := range t.items {
			in, block, ok := t.input(it)
			switch {
			case !ok:
				continue
			case !block.IsValid():
				if index++; !yield(Place{Index: index, Item: n}, in) {
					return
				}
				continue
			}
			for a := block.Addr(); a.IsValid() && block.Contains(a); a = a.Next() {
				if it.skip.has(a) || t.Excluded(a.String()) {
					continue
				}
				in.Host = a.String()
				if index++; !yield(Place{Index: index, Item: n, Address: in.Host}, in) {
					return
				}
			}
		}
	}
}

// At is the input at a place, of which the index is not looked at. It reports whether there is one.
func (t *List) At(p Place) (Input, bool) {
	if p.Item < 0 || p.Item >= len(t.items) {
		return Input{}, false
	}
	it := t.items[p.Item]
	in, block, ok := t.input(it)
	if !ok || block.IsValid() != (p.Address != "") {
		return Input{}, false
	}
	if !block.IsValid() {
		return in, true
	}
	a, err := netip.ParseAddr(p.Address)
	in.Host = a.String()
	return in, err == nil && block.Contains(a) && !it.skip.has(a) && !t.Excluded(in.Host)
}

// input is what an item means: an input, or one for each address of a block, without its host. It reports whether it is to be
// scanned.
func (t *List) input(it item) (in Input, block netip.Prefix, ok bool) {
	parsed, err := parse(it.text)
	if err != nil {
		return in, block, false // it parsed before, or it would not be here
	}
	in, block = parsed.input, parsed.block
	in.Source, in.About = Source{Text: it.text}, t.aboutOf(it)
	if it.file >= 0 {
		in.Source.File, in.Source.Line = t.files[it.file], int(it.line)
	}
	return in, block, block.IsValid() || !t.Excluded(in.hostOf())
}

func (t *List) aboutOf(it item) About {
	if int(it.about) < len(t.about) {
		return t.about[it.about]
	}
	return About{}
}

// Describes reports whether some target has a value of this kind, which about picks.
func (t *List) Describes(pick func(About) string) bool {
	return slices.ContainsFunc(t.about, func(a About) bool { return pick(a) != "" })
}

// URLs is a list made by a program.
func URLs(addresses ...*url.URL) *List {
	t := &List{}
	for _, u := range addresses {
		t.items = append(t.items, item{text: u.String(), file: -1})
		t.args = append(t.args, u.String())
	}
	t.total = len(t.items)
	return t
}
