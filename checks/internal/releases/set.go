package releases

import "math/bits"

// Set is a set of small numbers: positions in the list of releases.
type Set []uint64

func newSet(size int) Set { return make(Set, (size+63)/64) }

func (s Set) add(i int) { s[i/64] |= 1 << (i % 64) }

// Has reports whether i is in the set.
func (s Set) Has(i int) bool { return i/64 < len(s) && s[i/64]&(1<<(i%64)) != 0 }

// Count is how many are in the set.
func (s Set) Count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// unite is all that is in s or in other.
func (s Set) unite(other Set) Set {
	out := make(Set, max(len(s), len(other)))
	copy(out, s)
	for i, w := range other {
		out[i] |= w
	}
	return out
}

// Last is the greatest number in the set, -1 when it is empty.
func (s Set) Last() int {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] != 0 {
			return i*64 + 63 - bits.LeadingZeros64(s[i])
		}
	}
	return -1
}

// First is the smallest number in the set, -1 when it is empty.
func (s Set) First() int {
	for i, w := range s {
		if w != 0 {
			return i*64 + bits.TrailingZeros64(w)
		}
	}
	return -1
}
