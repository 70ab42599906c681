package report_test

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
)

// kept are the formats that keep what they get until the scan ends; the help of --output names them.
var kept = map[string]bool{"html": true}

// spill is what a workbook may hold before its rows go to temporary files: 16 MiB for each of four sheets, and some.
const spill = 80 << 20

// TestFormatsStayFlat: a format that is not among those that keep all needs no more memory for a scan of ten times the
// outcomes. SOTOMI_OUTCOMES is how many there are at most.
func TestFormatsStayFlat(t *testing.T) {
	most := 40_000
	if _, err := fmt.Sscan(os.Getenv("SOTOMI_OUTCOMES"), &most); err != nil && os.Getenv("SOTOMI_OUTCOMES") != "" {
		t.Fatal(err)
	}
	for name, format := range report.Formats() {
		if name == "pdf" { // html, printed
			continue
		}
		room := int64(0)
		if name == "xlsx" {
			room = spill
		}
		few, many := heapWith(t, format, most/10, false), heapWith(t, format, most, false)
		if grown := many - few; grown > 4<<20+room {
			t.Errorf("%s: %d KiB more for %d outcomes than for %d", name, grown>>10, most, most/10)
		}
		if os.Getenv("SOTOMI_OUTCOMES") != "" {
			t.Logf("%s: %d KiB with %d outcomes, %d KiB with %d", name, few>>10, most/10, many>>10, most)
		}
		if kept[name] {
			continue
		}
		few, many = heapWith(t, format, 200, true), heapWith(t, format, 2000, true)
		if grown := many - few; grown > 2<<20+room {
			t.Errorf("%s: %d KiB more for 2,000 findings than for 200, and it is not among those that keep them", name, grown>>10)
		}
	}
}

// heapWith is the memory in use, in bytes, that a format holds when all but the end of a scan has been put into it.
func heapWith(t *testing.T, format report.Format, n int, findings bool) int64 {
	t.Helper()
	used := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := used()
	sink := format(io.Discard, report.Options{Language: "ja"})
	if err := sink.Start(scanner.Start{}); err != nil {
		t.Fatal(err)
	}
	const checks = 200 // a target
	for i := range n {
		target := fmt.Sprintf("https://host-%d.example", i/checks)
		o := scanner.Outcome{Signature: fmt.Sprint("s-", i%checks), Target: target, Status: scanner.StatusClean}
		switch {
		case findings:
			o.Status = scanner.StatusFound
			f := scanner.Finding{Signature: longSignature, Severity: "medium", Target: target, Fingerprint: fmt.Sprint(i), Hit: scanner.Hit{URL: target + fmt.Sprint("/", i), Values: scanner.Values{"version": fmt.Sprint(i)}, Evidence: longEvidence(i)}}
			if err := sink.Finding(f); err != nil {
				t.Fatal(err)
			}
		case i%checks < checks/2:
			o.Status, o.Reason = scanner.StatusUnreachable, message.New("connection refused")
		}
		if err := sink.Outcome(o); err != nil {
			t.Fatal(err)
		}
	}
	held := used() - before
	if err := sink.Close(scanner.Summary{}); err != nil {
		t.Fatal(err)
	}
	return held
}
