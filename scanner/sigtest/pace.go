package sigtest

import (
	"os"
	"slices"
	"strconv"
	"time"

	"sotomi/scanner/message"
)

// Pace is how fast a scan of a lab asks, and how slow the lab is.
type Pace struct {
	Name string
	Rate float64       // requests a second to one host; negative is no limit
	Late time.Duration // what each answer takes beside its own time
}

// Paces are those at which a verdict must be the same: none depends on how fast a scan or a site is.
func Paces() []Pace {
	return []Pace{{"no_limit", -1, 0}, {"default_rate", 20, 0}, {"slow_pages", 20, 300 * time.Millisecond}}
}

// LabPaces are the paces at which labs are scanned, and how often at each. SOTOMI_LABS_RUNS names how often at every pace;
// where it is not set, runs is 0, for once at the single one.
func LabPaces(single string) (paces []Pace, runs int, err error) {
	all := Paces()
	text := os.Getenv("SOTOMI_LABS_RUNS")
	if text == "" {
		return slices.DeleteFunc(all, func(p Pace) bool { return p.Name != single }), 0, nil
	}
	if runs, err = strconv.Atoi(text); err != nil || runs < 1 {
		return nil, 0, message.Errorf("SOTOMI_LABS_RUNS=%s is no number of runs", text)
	}
	return all, runs, nil
}
