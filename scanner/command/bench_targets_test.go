//go:build linux

package command_test

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"sotomi/checks"
	"sotomi/scanner"
	"sotomi/scanner/command"
	"sotomi/scanner/engine"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
	"sotomi/scanner/web"
	"sotomi/signatures"
)

// BenchmarkTargets scans 1,000, 10,000 and 100,000 hosts on loopback with one signature: a third answers, a third is dead
// (connections are refused), a sixth is slow and a sixth is silent. It prints what grows with their number and what must not.
// Run it with -bench Targets -benchtime 1x -timeout 2h; -short leaves 100,000 out.
func BenchmarkTargets(b *testing.B) {
	if os.Getenv(benchTask) != "" {
		runBenchTask(b, os.Getenv(benchTask))
		return
	}
	counts := []int{1000, 10000, 100000}
	if testing.Short() {
		counts = counts[:2]
	}
	alive, slow, silent, dead := startHosts(b, 0), startHosts(b, 300*time.Millisecond), startHosts(b, -1), closedPort(b)
	random := rand.New(rand.NewPCG(5, 6)) //nolint:gosec // the same hosts each time
	for b.Loop() {
		fmt.Fprintf(os.Stdout, "\n  %8s %8s %10s %10s %12s %22s  %s\n", "targets", "seconds", "peak MB", "CPU s", "descriptors", "worst forecast, % off", "outcomes")
		for _, n := range counts {
			list := b.TempDir() + "/targets"
			writeHosts(b, list, n, random, alive, slow, silent, dead)
			r := child(b, "targets", list, nil)
			fmt.Fprintf(os.Stdout, "  %8d %8.1f %10.0f %10.1f %12d %22.0f  %v\n", n, r.Took.Seconds(), float64(r.Peak)/(1<<20), r.CPU.Seconds(), r.Descriptors, 100*r.Forecast, r.Statuses)
			if r.Outcomes != n {
				b.Errorf("%d outcomes of %d targets", r.Outcomes, n)
			}
		}
	}
}

// startHosts listens on every loopback address, and answers after a time; negative is never.
func startHosts(b *testing.B, after time.Duration) int {
	b.Helper()
	listener, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp4", "0.0.0.0:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = listener.Close() })
	local := loopbackOnly{listener}
	var group errgroup.Group
	group.Go(func() error {
		return (&http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { //nolint:wrapcheck // the listener was closed
			timer := time.NewTimer(max(after, 0))
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-r.Context().Done():
			}
			if after < 0 {
				<-r.Context().Done()
				return
			}
			w.Header().Set("Content-Type", "text/html")
			if r.URL.Path != "/" {
				w.WriteHeader(http.StatusNotFound)
			}
			fmt.Fprintf(w, "<html><title>%s</title><body>%s</body></html>", r.URL.Path, strings.Repeat("A shop like many others. ", 100))
		})}).Serve(local)
	})
	return listener.Addr().(*net.TCPAddr).Port
}

// loopbackOnly hangs up on everybody else.
type loopbackOnly struct{ net.Listener }

func (l loopbackOnly) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err //nolint:wrapcheck // net/http reads it
		}
		if a, ok := c.RemoteAddr().(*net.TCPAddr); ok && a.IP.IsLoopback() {
			return c, nil
		}
		_ = c.Close()
	}
}

func closedPort(b *testing.B) int {
	b.Helper()
	listener, err := (&net.ListenConfig{}).Listen(b.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func writeHosts(b *testing.B, name string, n int, random *rand.Rand, alive, slow, silent, dead int) {
	b.Helper()
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for i := range n {
		port := []int{alive, alive, dead, dead, slow, silent}[random.IntN(6)]
		fmt.Fprintf(w, "http://127.%d.%d.%d:%d\n", 1+i>>16, i>>8&255, i&255, port)
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}

// benchTargets is the scan of a list, in a process of its own.
func benchTargets(b *testing.B, list string) benchReport {
	b.Helper()
	set, err := signature.Load(signature.Sources{Embedded: signatures.FS})
	if err != nil {
		b.Fatal(err)
	}
	one, err := set.Select(signature.Filter{Only: []string{"git-exposed"}, Safety: signature.SafetyIntrusive})
	if err != nil {
		b.Fatal(err)
	}
	debug.SetGCPercent(command.GCPercent)
	client, err := web.NewClient(web.Options{Rate: 20, InFlight: benchInFlight, Timeout: 2 * time.Second, Retries: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	f, err := os.Open(list)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	targets, err := target.Parse([]string{"-"}, f, nil)
	if err != nil {
		b.Fatal(err)
	}
	sink, watch := &counter{}, &forecasts{started: time.Now()}
	started, used := time.Now(), processorTime(b)
	summary, err := engine.Run(b.Context(), engine.Options{
		Client: client, Signatures: one, Checks: checks.All, Targets: targets, Concurrency: benchConcurrency, InFlight: benchInFlight,
		Sinks: []scanner.Sink{sink}, Watchers: []scanner.Sink{watch},
	})
	if err != nil {
		b.Fatal(err)
	}
	r := benchReport{Took: time.Since(started), CPU: processorTime(b) - used, Outcomes: sink.outcomes, Statuses: map[string]int{}, Descriptors: watch.descriptors}
	for status, n := range summary.Statuses {
		r.Statuses[string(status)] = n
	}
	for _, f := range watch.totals {
		if off := math.Abs(f.total.Seconds()/r.Took.Seconds() - 1); f.at >= r.Took/10 {
			r.Forecast = max(r.Forecast, off)
		}
	}
	return r
}

// forecasts are how long the scan was to take, by what was known at times, and what it held open.
type forecasts struct {
	scanner.Discard
	started     time.Time
	looked      time.Time
	descriptors int // the most that were open
	totals      []foreseen
}

// foreseen is how long the scan was to take, by what was known at a time.
type foreseen struct {
	at, total time.Duration
}

func (f *forecasts) Progress(p scanner.Progress) error {
	if time.Since(f.looked) < 100*time.Millisecond {
		return nil
	}
	f.looked = time.Now()
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return err //nolint:wrapcheck // the benchmark ends with it
	}
	f.descriptors = max(f.descriptors, len(open))
	f.totals = append(f.totals, foreseen{time.Since(f.started), p.Took + p.Left})
	return nil
}
