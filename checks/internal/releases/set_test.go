package releases

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A set does what a map of the same numbers does.
func TestSetIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const size = 200
		draw := func(name string) (Set, map[int]bool) {
			set, in := newSet(size), map[int]bool{}
			for _, i := range rapid.SliceOfN(rapid.IntRange(0, size-1), 0, 12).Draw(t, name) {
				set.add(i)
				in[i] = true
			}
			return set, in
		}
		set, in := draw("set")
		other, inOther := draw("other")
		union, common, within := maps.Clone(in), false, true
		for i := range inOther {
			union[i] = true
			common = common || in[i]
		}
		for i := range in {
			within = within && inOther[i]
		}
		list := rapid.SliceOfN(rapid.IntRange(0, size-1), 0, 3).Draw(t, "list")
		first := -1
		if len(in) > 0 {
			first = slices.Min(slices.Collect(maps.Keys(in)))
		}
		both := set.union(other)
		for i := range size + 70 {
			if set.Has(i) != in[i] || both.Has(i) != union[i] {
				t.Fatalf("%d: in the set %t, in the union %t", i, set.Has(i), both.Has(i))
			}
		}
		switch {
		case set.Count() != len(in), both.Count() != len(union):
			t.Fatalf("counts %d and %d, want %d and %d", set.Count(), both.Count(), len(in), len(union))
		case set.First() != first:
			t.Fatalf("first %d, want %d", set.First(), first)
		case set.Intersects(other) != common, set.Within(other) != within:
			t.Fatalf("Intersects %t, within %t", set.Intersects(other), set.Within(other))
		case set.hasAll(list) != !slices.ContainsFunc(list, func(i int) bool { return !in[i] }):
			t.Fatalf("hasAll(%v) = %t", list, set.hasAll(list))
		case set.hasAny(list) != slices.ContainsFunc(list, func(i int) bool { return in[i] }):
			t.Fatalf("hasAny(%v) = %t", list, set.hasAny(list))
		}
	})
	if short, long := newSet(10), newSet(100); !short.Within(long) || !long.Within(short) {
		t.Error("empty sets of different sizes are not within each other")
	}
	long := newSet(100)
	long.add(99)
	if long.Within(newSet(10)) || long.union(newSet(10)).Count() != 1 || newSet(10).union(long).Count() != 1 {
		t.Error("sets of different sizes")
	}
}
