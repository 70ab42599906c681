package releases

import "math/bits"

// Set is a set of releases by their positions in the database.
type Set []uint64

func newSet(size int) Set { return make(Set, (size+63)/64) }

func (s Set) add(i int) { s[i/64] |= 1 << (i % 64) }

// Has reports whether i is in the set.
func (s Set) Has(i int) bool { return i/64 < len(s) && s[i/64]&(1<<(i%64)) != 0 }

// Count is the number of releases in the set.
func (s Set) Count() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// First is the smallest position in the set, -1 when it is empty.
func (s Set) First() int {
	for i, w := range s {
		if w != 0 {
			return i*64 + bits.TrailingZeros64(w)
		}
	}
	return -1
}

// union is all that is in s or in other.
func (s Set) union(other Set) Set {
	out := make(Set, max(len(s), len(other)))
	copy(out, s)
	for i, w := range other {
		out[i] |= w
	}
	return out
}

// Intersects reports whether s and other have a release in common.
func (s Set) Intersects(other Set) bool {
	for i := range min(len(s), len(other)) {
		if s[i]&other[i] != 0 {
			return true
		}
	}
	return false
}

// Within reports whether all of s is in other.
func (s Set) Within(other Set) bool {
	for i, w := range s {
		if i >= len(other) && w != 0 || i < len(other) && w&^other[i] != 0 {
			return false
		}
	}
	return true
}

// hasAll reports whether every position of list is in the set.
func (s Set) hasAll(list []int) bool {
	for _, i := range list {
		if !s.Has(i) {
			return false
		}
	}
	return true
}

// hasAny reports whether a position of list is in the set.
func (s Set) hasAny(list []int) bool {
	for _, i := range list {
		if s.Has(i) {
			return true
		}
	}
	return false
}
