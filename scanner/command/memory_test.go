package command

import (
	"math"
	"runtime/debug"
	"testing"
)

// More hosts at once may take more, all together at most MemoryLimit; where there is no limit, or the user's, none is set.
func TestLimitMemory(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	old := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(old) })
	after := func(before int64, hosts int) int64 {
		debug.SetMemoryLimit(before)
		limitMemory(hosts)
		return debug.SetMemoryLimit(-1)
	}
	if got := after(MemoryLimit, 1000); got != MemoryLimit {
		t.Errorf("limit %d for a thousand hosts, want %d", got, MemoryLimit)
	}
	for hosts, want := range map[int]int64{1: 70, 5: 126, 25: 400} {
		if got := memoryLimit(50<<20, hosts) >> 20; got != want {
			t.Errorf("limit %d MiB for %d hosts, want %d", got, hosts, want)
		}
	}
	if got := after(math.MaxInt64, 1); got != math.MaxInt64 {
		t.Errorf("limit %d, want none", got)
	}
	t.Setenv("GOMEMLIMIT", "1GiB")
	if got := after(1<<30, 1); got != 1<<30 {
		t.Errorf("limit %d, want that of the user", got)
	}
}
