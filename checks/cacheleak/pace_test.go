package cacheleak

import (
	"os"
	"strconv"
	"testing"
	"time"
)

// pace is how fast a scan asks, and how slow the site is.
type pace struct {
	name string
	rate float64       // requests a second to one host; negative is no limit
	late time.Duration // what each page takes beside its own time
}

// paces are those at which a verdict must be the same: none depends on how fast a scan or a site is.
var paces = []pace{
	{"no_limit", -1, 0},
	{"default_rate", 20, 0},
	{"slow_pages", 20, 300 * time.Millisecond},
}

// labRuns is how often each lab is scanned at every pace, by SOTOMI_LABS_RUNS; 0 when that is not set.
func labRuns(t testing.TB) int {
	t.Helper()
	text := os.Getenv("SOTOMI_LABS_RUNS")
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("SOTOMI_LABS_RUNS=%s is no number of runs", text)
	}
	return n
}

// labPaces are all paces where labs are run again and again, else those of a single run.
func labPaces(runs int, single []pace) []pace {
	if runs > 0 {
		return paces
	}
	return single
}
