package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/web"
)

func TestInterruptedScanStillDeliversEveryOutcome(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reached := make(chan struct{})
	var once sync.Once
	hanging := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			return
		}
		once.Do(func() { close(reached) })
		<-r.Context().Done()
	}))
	t.Cleanup(hanging.Close)
	go func() { <-reached; cancel() }()
	sigs, table := many(40)
	out := &recorder{}
	summary, err := Run(ctx, Options{
		Client: newClient(t), Targets: mustTargets(t, hanging.URL, "http://127.0.0.1:2", "http://127.0.0.1:3", "later.test"), Concurrency: 1,
		Signatures: sigs, Checks: table, Sinks: []scanner.Sink{out},
	})
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]int{}
	for _, l := range out.lines {
		if f := strings.Fields(l); f[0] == "outcome" {
			targets[f[2]]++
			if f[3] != string(scanner.StatusInterrupted) {
				t.Errorf("%s", l)
			}
		}
	}
	want := map[string]int{hanging.URL: 40, "http://127.0.0.1:2": 40, "http://127.0.0.1:3": 40, "https://later.test": 40}
	if diff := cmp.Diff(want, targets); diff != "" {
		t.Errorf("outcomes by target (-want +got):\n%s", diff)
	}
	if !summary.Interrupted || summary.Complete || summary.NotStarted != 0 || out.closed != 1 || scanner.ExitStatus(summary, "high", true) != scanner.ExitInterrupted {
		t.Errorf("summary = %+v, closed %d times", summary, out.closed)
	}
}

func TestFindingsBeforeAnInterruptionAreKept(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := hello(t)
	checks := map[string]scanner.Check{
		"a": checkFunc(func(context.Context, *scanner.Probe) ([]scanner.Hit, error) { return []scanner.Hit{{}}, nil }),
		"b": checkFunc(func(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
			cancel()
			_, err := p.Get(ctx, "/later")
			return nil, err
		}),
		"c": checkFunc(quiet),
	}
	out := &recorder{}
	if _, err := Run(ctx, Options{
		Client: newClient(t), Targets: mustTargets(t, s.URL), Signatures: []*signature.Signature{sig("a"), sig("b"), sig("c")},
		Checks: tableOf(checks), Sinks: []scanner.Sink{out}, InFlight: 1,
	}); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"finding a " + s.URL + " " + s.URL + "/ high map[]", "outcome a " + s.URL + " found ",
		"outcome b " + s.URL + " interrupted " + interrupted.Reason.String(), "outcome c " + s.URL + " interrupted " + interrupted.Reason.String(),
	}
	if diff := cmp.Diff(want, out.lines[1:]); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

type brokenSink struct {
	recorder
	after int32
	n     atomic.Int32
}

func (b *brokenSink) Outcome(scanner.Outcome) error {
	if b.n.Add(1) > b.after {
		return errors.New("disk full")
	}
	return nil
}

func TestSinkThatBreaksEndsTheScan(t *testing.T) {
	s, counts := counting(t, func(http.ResponseWriter, *http.Request) {})
	args := []string{}
	for i := range 300 {
		args = append(args, fmt.Sprintf("%s/t%d/", s.URL, i))
	}
	broken, whole := &brokenSink{after: 5}, &recorder{}
	_, err := Run(t.Context(), Options{
		Client: newClient(t), Targets: mustTargets(t, args...), Signatures: []*signature.Signature{sig("a")}, Concurrency: 1,
		Checks: tableOf(map[string]scanner.Check{"a": checkFunc(quiet)}), Sinks: []scanner.Sink{broken, whole},
	})
	if err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("error = %v", err)
	}
	if broken.closed != 1 || whole.closed != 1 {
		t.Errorf("closed %d and %d times, want once each", broken.closed, whole.closed)
	}
	if n := len(counts()); n > 20 {
		t.Errorf("%d targets were scanned for nobody", n)
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

func TestWindowIsBounded(t *testing.T) {
	for _, n := range []int{1, 500, 4000, 100000} {
		p := &Plan{options: Options{Concurrency: 25}, steps: make([]*step, n)}
		if w := p.window(); w < 100 || w > 4096 || w > 100 && w*n*32 > 16<<20 {
			t.Errorf("window of %d signatures is %d targets", n, w)
		}
	}
}

func TestDryRunSendsNothingAndListsOnce(t *testing.T) {
	s, counts := counting(t, func(http.ResponseWriter, *http.Request) {})
	p, err := NewPlan(Options{
		Client: newClient(t), Targets: mustTargets(t, s.URL, "h.test"),
		Signatures: []*signature.Signature{sig("a"), sig("b"), sig("c", needing("shop")), sig("d", func(s *signature.Signature) { s.Ports = []int{9200} })},
		Checks: tableOf(map[string]scanner.Check{
			"a": pathCheck{[]string{"/", "/x"}, ""}, "b": pathCheck{[]string{"/x", "/x"}, ""},
			"c": pathCheck{[]string{"/y"}, ""}, "d": checkFunc(quiet),
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for r := range p.Requests(t.Context()) {
		line := r.Target.String()
		if r.Request != nil {
			line = r.Request.URL.String()
		}
		got = append(got, fmt.Sprint(line, " ", r.Signatures, " ", r.Unless))
	}
	want := []string{
		s.URL + "/ [a] ", s.URL + "/x [a b] ", s.URL + "/y [c] only where shop is found", s.URL + " [d] ",
		"https://h.test/ [a] ", "https://h.test/x [a b] ", "https://h.test/y [c] only where shop is found", "https://h.test [d] ",
		"https://h.test:9200 [d] ",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if len(counts()) != 0 {
		t.Errorf("a dry run sent %v", counts())
	}
}
