package watch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/history"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

// BenchmarkThousandRuns is a watch of 100 sites with 230 signatures and three findings each, of which one comes and goes:
// the size of the history after 1,000 runs, after pruning all but 100 of them, and the memory that stays in use.
func BenchmarkThousandRuns(b *testing.B) {
	const sites, signatures, runs = 100, 230, 1000
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "history.db")
		file, err := history.Open(b.Context(), path)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		var middle time.Time
		w := &Watcher{
			History: file, Say: func(message.Message) {}, Done: func(context.Context, history.Run, time.Time) error { return nil },
			Scan: func(context.Context, history.Run) (io.ReadSeekCloser, int, error) {
				n++
				return seekCloser{bytes.NewReader(manySites(b, sites, signatures, n))}, 1, nil
			},
		}
		for i := range runs {
			if i == runs-100 {
				middle = time.Now()
			}
			if _, _, err := w.Once(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapInuse)/1e6, "MB-heap")
		b.ReportMetric(megabytes(b, path), "MB-file")
		if _, err := file.Prune(b.Context(), middle.Add(time.Second)); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(megabytes(b, path), "MB-pruned")
		if err := file.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func megabytes(b *testing.B, path string) float64 {
	b.Helper()
	var all float64
	for _, name := range []string{path, path + "-wal"} {
		if info, err := os.Stat(name); err == nil {
			all += float64(info.Size()) / 1e6
		}
	}
	return all
}

// manySites is the report of one scan.
func manySites(b *testing.B, sites, signatures, run int) []byte {
	b.Helper()
	var text bytes.Buffer
	sink := report.NewJSONLines(&text, report.Options{})
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	must(sink.Start(scanner.Start{Time: time.Now()}))
	for s := range sites {
		target := fmt.Sprintf("https://site-%d.test", s)
		must(sink.Target(scanner.TargetInfo{Target: target}))
		for i := range signatures {
			id := fmt.Sprintf("signature-%d", i)
			o := scanner.Outcome{Signature: id, Target: target, Status: scanner.StatusClean, Requests: 2}
			if i < 2 || i == 2 && run%2 == 0 {
				o.Status = scanner.StatusFound
				f := scanner.Finding{
					Signature: &signature.Signature{ID: id, Info: signature.Info{Name: "Title of " + id, Severity: signature.SeverityHigh, Description: "What it is, in a sentence or two."}},
					Severity:  signature.SeverityHigh, Target: target, Hit: scanner.Hit{URL: target + "/" + id}, Time: time.Now(),
				}
				var prints scanner.Fingerprints
				f.Fingerprint = prints.Of(f)
				must(sink.Finding(f))
			}
			must(sink.Outcome(o))
		}
	}
	must(sink.Close(scanner.Summary{Complete: true, Targets: sites}))
	return text.Bytes()
}
