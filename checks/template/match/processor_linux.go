package match

import (
	"syscall"
	"time"
)

// processor is the time that a thread has spent on a core. Unlike the clock it does not go on while others have the core.
type processor struct {
	thread int
	used   time.Duration
}

// onlyThisThread is RUSAGE_THREAD.
const onlyThisThread = 1

func processorNow() processor {
	var u syscall.Rusage
	if syscall.Getrusage(onlyThisThread, &u) != nil {
		return processor{}
	}
	return processor{syscall.Gettid(), time.Duration(u.Utime.Nano() + u.Stime.Nano())}
}

// since is the time spent since an earlier moment, false when another thread has gone on with the work.
func (p processor) since(earlier processor) (time.Duration, bool) {
	return p.used - earlier.used, p.thread != 0 && p.thread == earlier.thread
}
