package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

// brokenSink fails at the outcome after so many.
type brokenSink struct {
	recorder
	after int
}

func (b *brokenSink) Outcome(o scanner.Outcome) error {
	if len(b.lines) >= b.after {
		return errors.New("disk full")
	}
	return b.recorder.Outcome(o)
}

// folders are targets on one server.
func folders(s *httptest.Server, n int) []string {
	var args []string
	for i := range n {
		args = append(args, fmt.Sprintf("%s/t%d/", s.URL, i))
	}
	return args
}

func withQuietCheck(o Options) Options {
	o.Signatures, o.Checks = sigsOf("a"), tableOf(map[string]scanner.Check{"a": checkFunc(quiet)})
	return o
}

func TestFailedReportDoesNotSilenceTheOthers(t *testing.T) {
	s := hello(t)
	broken, whole, watcher := &brokenSink{after: 5}, &recorder{}, &brokenSink{after: 3}
	summary, err := Run(t.Context(), withQuietCheck(Options{
		Client: newClient(t), Targets: mustTargets(t, folders(s, 30)...), Concurrency: 1,
		Sinks: []scanner.Sink{broken, whole}, Watchers: []scanner.Sink{watcher},
	}))
	if err == nil || strings.Count(err.Error(), "disk full") != 2 {
		t.Errorf("error = %v, want that of each failed sink once", err)
	}
	if n := len(whole.lines); n != 31 || summary.Statuses[scanner.StatusClean] != 30 || summary.Targets != 30 || !whole.summary.Complete {
		t.Errorf("the other report has %d lines and %+v, want the start, 30 outcomes and a complete summary", n, whole.summary)
	}
	if broken.closed != 1 || whole.closed != 1 || watcher.closed != 1 || broken.summary.Complete {
		t.Errorf("closed %d, %d and %d times, want once each; the failed report says it is complete: %v", broken.closed, whole.closed, watcher.closed, broken.summary.Complete)
	}
}

func TestScanEndsWithItsLastReport(t *testing.T) {
	s, counts := counting(t, func(http.ResponseWriter, *http.Request) {})
	broken, other, watcher := &brokenSink{after: 6}, &brokenSink{after: 3}, &recorder{}
	summary, err := Run(t.Context(), withQuietCheck(Options{
		Client: newClient(t), Targets: mustTargets(t, folders(s, 300)...), Concurrency: 1,
		Sinks: []scanner.Sink{broken, other}, Watchers: []scanner.Sink{watcher},
	}))
	if err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error = %v", err)
	}
	if n := len(counts()); n > 20 {
		t.Errorf("%d targets were scanned for nobody", n)
	}
	if written := len(broken.lines) - 1; summary.Statuses[scanner.StatusClean] != written || summary.Complete {
		t.Errorf("summary = %+v, but %d outcomes were written", summary, written)
	}
}

// A host that never ends stops neither those beside it nor, beyond the window, the memory bound.
func TestSlowHostHoldsUpNobodyWithinTheWindow(t *testing.T) {
	release := make(chan struct{})
	var answered atomic.Int64
	const others = 100
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/slow") {
			<-release
			return
		}
		if answered.Add(1) == others {
			close(release) // deadlocks, and so fails, if the slow one had to end first
		}
	}))
	t.Cleanup(s.Close)
	args := []string{s.URL + "/slow/"}
	for i := range others {
		args = append(args, fmt.Sprintf("%s/t%d/", s.URL, i))
	}
	client, err := web.NewClient(web.Options{Rate: -1, InFlight: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	lines, summary := outcomes(t, Options{
		Client: client, Targets: mustTargets(t, args...), Signatures: []*signature.Signature{sig("a")}, Concurrency: 2,
		Checks: tableOf(map[string]scanner.Check{"a": checkFunc(quiet)}),
	})
	if len(lines) != others+1 || !summary.Complete || !strings.Contains(lines[0], "/slow/") {
		t.Errorf("%d outcomes, first %q, summary %+v", len(lines), lines[0], summary)
	}
}

// A host that takes longer than the window holds is not waited for: the others are delivered, and it in the end.
func TestSlowHostStopsNobodyBeyondTheWindow(t *testing.T) {
	const others, window = 50, 8
	release := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/slow") {
			<-release
		}
	}))
	t.Cleanup(s.Close)
	o := withQuietCheck(Options{Client: newClient(t), Targets: mustTargets(t, append([]string{s.URL + "/slow/"}, folders(s, others)...)...), Concurrency: 2})
	p, err := NewPlan(o)
	if err != nil {
		t.Fatal(err)
	}
	var delivered []string
	out := &outcomeFunc{see: func(o scanner.Outcome) {
		if delivered = append(delivered, o.Target); len(delivered) == others-window {
			close(release) // deadlocks, and so fails, if the others had to wait for the slow one
		}
	}}
	d := newDelivery(t.Context(), p, func() {}, []scanner.Sink{out})
	d.room = make(chan struct{}, window)
	var group errgroup.Group
	group.Go(func() error {
		defer close(d.results)
		p.feed(t.Context(), d)
		return nil
	})
	d.collect()
	_ = group.Wait()
	if err := d.finish(); err != nil {
		t.Error(err)
	}
	if len(delivered) != others+1 {
		t.Errorf("%d outcomes, want %d", len(delivered), others+1)
	}
	slow := slices.IndexFunc(delivered, func(target string) bool { return strings.Contains(target, "/slow") })
	if slow < others-window {
		t.Errorf("the slow one is delivered after %d others, want at least %d", slow, others-window)
	}
}

// outcomeFunc is a report that calls a function.
type outcomeFunc struct {
	scanner.Discard
	see func(scanner.Outcome)
}

func (f *outcomeFunc) Outcome(o scanner.Outcome) error {
	f.see(o)
	return nil
}

// Finished hosts are on disk soon, however slow one named before them is.
func TestFinishedHostsDoNotWaitLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var delivered []string
		p := &Plan{options: Options{Client: newClient(t), Targets: mustTargets(t, "a.test", "b.test", "c.test"), Concurrency: 1}, steps: []*step{{signature: sig("a")}}}
		out := &outcomeFunc{see: func(o scanner.Outcome) { delivered = append(delivered, o.Target) }}
		d := newDelivery(t.Context(), p, func() {}, []scanner.Sink{out})
		result := func(index int, name string) hostResult {
			d.room <- struct{}{}
			return hostResult{index: index, targets: []targetResult{{info: scanner.TargetInfo{Target: name}, outcomes: []stepOutcome{{end: clean}}}}}
		}
		d.take(result(2, "c"))
		d.take(result(1, "b"))
		d.hurry()
		if len(delivered) != 0 {
			t.Errorf("%v was not in its order", delivered)
		}
		<-time.After(orderPatience + time.Second) // of the bubble's clock
		d.hurry()
		d.take(result(0, "a"))
		if diff := cmp.Diff([]string{"b", "c", "a"}, delivered); diff != "" {
			t.Errorf("delivered (-want +got):\n%s", diff)
		}
		if err := d.finish(); err != nil {
			t.Error(err)
		}
	})
}

// hangingSink never comes back from its first outcome.
type hangingSink struct {
	recorder
	reached, release chan struct{}
}

func (h *hangingSink) Outcome(scanner.Outcome) error {
	close(h.reached)
	<-h.release
	return nil
}

// A report that nobody reads does not keep a scan from ending, nor the other reports from what there is.
func TestAReportThatHangs(t *testing.T) {
	s := hello(t)
	ctx, cancel := context.WithCancel(t.Context())
	hanging, whole := &hangingSink{reached: make(chan struct{}), release: make(chan struct{})}, &recorder{}
	t.Cleanup(func() { close(hanging.release) })
	go func() { <-hanging.reached; cancel() }()
	summary, err := Run(ctx, withQuietCheck(Options{
		Client: newClient(t), Targets: mustTargets(t, folders(s, 3)...), Concurrency: 1, Sinks: []scanner.Sink{hanging, whole},
	}))
	if !errors.Is(err, errHung) || strings.Count(err.Error(), "not taken") != 1 {
		t.Errorf("error %v, want that the results are not taken, once", err)
	}
	if !summary.Interrupted || whole.closed != 1 || len(whole.lines) != 4 {
		t.Errorf("the other report has %q, closed %d times", whole.lines, whole.closed)
	}
}

func TestWindowIsBounded(t *testing.T) {
	for _, n := range []int{1, 500, 4000, 100000} {
		p := &Plan{options: Options{Concurrency: 25}, steps: make([]*step, n)}
		if w := p.window(); w < 122 || w > 4096 || w > 122 && w*n*32 > 16<<20 {
			t.Errorf("window of %d signatures is %d targets", n, w)
		}
	}
}
