// Command sotomi scans hosts that its user is responsible for and reports what an outsider can see there that should
// not be seen.
package main

import (
	"os"
	"runtime/debug"

	"sotomi/scanner/command"
)

func main() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(command.GCPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(command.MemoryLimit)
	}
	os.Exit(command.Main(os.Args, os.Stdin, os.Stdout, os.Stderr))
}
