package command

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// sameSignal is how long after the first signal another one means the same: terminals, shells and timeout(1) may each send
// theirs.
const sameSignal = time.Second

// interruptible is ctx until the user stops the program, for what has results to write then. A later signal ends the process
// at once. Anything else, such as waiting for targets on standard input, a signal ends at once.
func interruptible(ctx context.Context) (context.Context, context.CancelFunc) {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as it is under nohup
		signals = append(signals, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(ctx, signals...)
	stopLater := context.AfterFunc(ctx, func() { time.AfterFunc(sameSignal, stop) })
	return ctx, func() {
		if stopLater() { // else the last words are still to be said
			stop()
		}
	}
}
