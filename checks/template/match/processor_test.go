package match

import (
	"runtime"
	"testing"
	"time"
)

// The time of a core grows with work, and not while a goroutine waits.
func TestProcessor_counts_work_only(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	started := processorNow()
	if _, ok := started.since(started); !ok {
		t.Skip("not known on this system")
	}
	for n := 0; ; n++ {
		used, ok := processorNow().since(started)
		if !ok {
			t.Fatal("another thread goes on with the work of a locked goroutine")
		}
		if used > 5*time.Millisecond {
			break
		}
		if n > 1e9 {
			t.Fatalf("%s after much work", used)
		}
	}
	before, wait := processorNow(), time.NewTimer(50*time.Millisecond)
	<-wait.C
	if used, _ := processorNow().since(before); used > 25*time.Millisecond {
		t.Errorf("%s while it waits", used)
	}
}
