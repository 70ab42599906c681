package cluster

import (
	"maps"
	"slices"
)

// ranges writes a set of numbers as first, last, first, last ...
func ranges(set map[int]bool) []int {
	var list []int
	for _, n := range slices.Sorted(maps.Keys(set)) {
		if k := len(list); k > 0 && list[k-1] == n-1 {
			list[k-1] = n
			continue
		}
		list = append(list, n, n)
	}
	return list
}

// set reads what ranges wrote.
func set(ranges []int) map[int]bool {
	s := map[int]bool{}
	for i := 0; i+1 < len(ranges); i += 2 {
		for n := max(ranges[i], 0); n <= ranges[i+1] && n < maxChunks; n++ {
			s[n] = true
		}
	}
	return s
}
