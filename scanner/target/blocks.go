package target

import (
	"maps"
	"net/netip"
	"slices"
)

// blocks is a set of blocks of addresses, of which there may be a million.
type blocks struct {
	all   map[netip.Prefix]bool
	sizes map[int]int // how many have this many bits
}

func (b *blocks) add(block netip.Prefix) {
	if b.all == nil {
		b.all, b.sizes = map[netip.Prefix]bool{}, map[int]int{}
	}
	if !b.all[block] {
		b.all[block] = true
		b.sizes[block.Bits()]++
	}
}

func (b *blocks) remove(block netip.Prefix) {
	delete(b.all, block)
	if b.sizes[block.Bits()]--; b.sizes[block.Bits()] == 0 {
		delete(b.sizes, block.Bits())
	}
}

// contain reports whether an address is in one of them.
func (b *blocks) contain(a netip.Addr) bool {
	for bits := range b.sizes {
		if block, err := a.Prefix(bits); err == nil && b.all[block] {
			return true
		}
	}
	return false
}

// cover reports whether all of a block is in one of them.
func (b *blocks) cover(block netip.Prefix) bool {
	for bits := range b.sizes {
		if wide, err := block.Addr().Prefix(bits); err == nil && bits <= block.Bits() && b.all[wide] {
			return true
		}
	}
	return false
}

// takeInside removes those inside a block, and gives them: whichever are fewer, the places for such blocks or the
// blocks, are gone through.
func (b *blocks) takeInside(block netip.Prefix) []netip.Prefix {
	var list []netip.Prefix
	for _, bits := range slices.Collect(maps.Keys(b.sizes)) {
		switch {
		case bits < block.Bits() || bits > block.Addr().BitLen():
		case b.sizes[bits] < 1<<(bits-block.Bits()):
			for each := range b.all {
				if each.Bits() == bits && block.Contains(each.Addr()) {
					list = append(list, each)
				}
			}
		default:
			for a := block.Addr(); a.IsValid() && block.Contains(a); a = behind(a, bits) {
				if each := netip.PrefixFrom(a, bits); b.all[each] {
					list = append(list, each)
				}
			}
		}
	}
	for _, each := range list {
		b.remove(each)
	}
	return list
}

// behind is the first address after the block of so many bits that begins at a; no valid one after the last.
func behind(a netip.Addr, bits int) netip.Addr {
	raw := a.AsSlice()
	if bits == 0 {
		return netip.Addr{}
	}
	for i, step := (bits-1)/8, 1<<(7-(bits-1)%8); i >= 0; i, step = i-1, 1 {
		sum := int(raw[i]) + step
		raw[i] = byte(sum)
		if sum < 256 {
			next, _ := netip.AddrFromSlice(raw)
			return next
		}
	}
	return netip.Addr{}
}
