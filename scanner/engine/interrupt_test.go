package engine

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/signature"
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

// deaf is a check that looks at no context. It ends when the test does.
func deaf(t *testing.T) (check scanner.Check, running <-chan struct{}) {
	t.Helper()
	started, release, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(release); <-ended })
	return checkFunc(func(context.Context, *scanner.Probe) ([]scanner.Hit, error) {
		defer close(ended)
		close(started)
		<-release
		return []scanner.Hit{{}}, nil
	}), started
}

// Whatever a check does, an interrupted scan ends, with what was found before.
func TestInterruptionDoesNotWaitForACheckThatIgnoresIt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	check, running := deaf(t)
	go func() { <-running; cancel() }()
	s := hello(t)
	out := &recorder{}
	begun := time.Now()
	_, err := Run(ctx, Options{
		Client: newClient(t), Targets: mustTargets(t, s.URL), Signatures: sigsOf("a", "b", "c"), Sinks: []scanner.Sink{out}, InFlight: 1,
		Checks: tableOf(map[string]scanner.Check{
			"a": checkFunc(func(context.Context, *scanner.Probe) ([]scanner.Hit, error) { return []scanner.Hit{{}}, nil }), "b": check, "c": checkFunc(quiet),
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("the scan ended %s after the signal", took)
	}
	want := []string{
		"finding a " + s.URL + " " + s.URL + "/ high map[]", "outcome a " + s.URL + " found ",
		"outcome b " + s.URL + " interrupted " + interrupted.Reason.String(), "outcome c " + s.URL + " interrupted " + interrupted.Reason.String(),
	}
	if diff := cmp.Diff(want, out.lines[1:]); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

// A host that takes too long ends as failed, with what was found before; the others are scanned.
func TestHostHasALimitedTime(t *testing.T) {
	check, _ := deaf(t)
	slow, quick := hello(t), hello(t)
	onlySlow := func(c scanner.Check) scanner.Check {
		return checkFunc(func(ctx context.Context, p *scanner.Probe) ([]scanner.Hit, error) {
			if p.Target.URL.Host != strings.TrimPrefix(slow.URL, "http://") {
				return nil, nil
			}
			return c.Run(ctx, p)
		})
	}
	waits := checkFunc(func(ctx context.Context, _ *scanner.Probe) ([]scanner.Hit, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	for name, hangs := range map[string]scanner.Check{"ignores_its_context": check, "waits": waits} {
		t.Run(name, func(t *testing.T) {
			got, summary := outcomes(t, Options{
				Targets: mustTargets(t, slow.URL, quick.URL), Signatures: sigsOf("a", "b", "c"), InFlight: 1, HostTimeout: time.Second,
				Checks: tableOf(map[string]scanner.Check{"a": checkFunc(quiet), "b": onlySlow(hangs), "c": checkFunc(quiet)}),
			})
			const late = "failed not done within the host's time limit"
			want := []string{
				"a " + slow.URL + " clean ", "b " + slow.URL + " " + late, "c " + slow.URL + " " + late,
				"a " + quick.URL + " clean ", "b " + quick.URL + " clean ", "c " + quick.URL + " clean ",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			if summary.Interrupted || summary.Complete {
				t.Errorf("summary = %+v", summary)
			}
		})
	}
}
