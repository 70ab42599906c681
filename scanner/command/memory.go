package command

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
)

// MemoryLimit is where the program gives memory back sooner rather than later, in bytes, at most: many hosts with large pages
// at once would take three times as much otherwise.
const MemoryLimit = 400 << 20

// What a scan may take beyond what is in memory before it, in bytes, before garbage is collected more often than GCPercent
// says. Plain sites stay below it.
const (
	firstHost   = 20 << 20
	furtherHost = 14 << 20
)

// limitMemory lowers the limit to what a scan of so many hosts at once needs, unless there is none or the user set it.
func limitMemory(hosts int) {
	if os.Getenv("GOMEMLIMIT") != "" || debug.SetMemoryLimit(-1) == math.MaxInt64 {
		return
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	debug.SetMemoryLimit(memoryLimit(int64(m.Sys-m.HeapReleased), hosts))
}

// convertPercent is GOGC for convert: a workbook of a million outcomes stays below 150 MB.
const convertPercent = 40

// collectOften lets garbage be collected as often as convert needs, unless the user set it, or there is no limit.
func collectOften() {
	if os.Getenv("GOGC") == "" && debug.SetMemoryLimit(-1) != math.MaxInt64 {
		debug.SetGCPercent(convertPercent)
	}
}

// memoryLimit is that of a scan of so many hosts at once by a program that already has this much, in bytes.
func memoryLimit(has int64, hosts int) int64 {
	return min(MemoryLimit, has+firstHost+int64(hosts-1)*furtherHost)
}
