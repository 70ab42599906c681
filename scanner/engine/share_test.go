package engine

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/target"
)

// inputsOf are the inputs of a list.
func inputsOf(list *target.List) []target.Input { return slices.Collect(list.All()) }

// TestLookTellsAllAboutOneInput: what a process that shares a scan tells of an input is what the whole scan tells of it.
func TestLookTellsAllAboutOneInput(t *testing.T) {
	s := hello(t)
	list := mustTargets(t, append(folders(s, 3), "127.0.0.1:1")...)
	whole := &memoryJournal{}
	o := withQuietCheck(Options{Client: newClient(t), Targets: list, Sinks: []scanner.Sink{&scanner.Collector{}}})
	p, err := NewPlan(o)
	if err != nil {
		t.Fatal(err)
	}
	p.Resumable(whole, nil)
	if _, err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	shared := &memoryJournal{}
	if p, err = NewPlan(o); err != nil {
		t.Fatal(err)
	}
	for i, in := range inputsOf(list) {
		if err := p.Look(t.Context(), i, in, shared); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(whole.lines, shared.lines); diff != "" {
		t.Errorf("lines (-whole +shared):\n%s", diff)
	}
	for i, c := range shared.points {
		want := whole.points[i]
		want.Requests, want.Seconds = 0, 0
		if c != want {
			t.Errorf("checkpoint %+v, want %+v", c, want)
		}
	}
}

// TestLookThatWasStopped: without all outcomes there is no checkpoint, and an error.
func TestLookThatWasStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	t.Cleanup(s.Close)
	list := mustTargets(t, s.URL)
	p, err := NewPlan(withQuietCheck(Options{Client: newClient(t), Targets: list}))
	if err != nil {
		t.Fatal(err)
	}
	j := &memoryJournal{}
	if err := p.Look(ctx, 0, inputsOf(list)[0], j); err == nil || len(j.points) != 0 {
		t.Errorf("error %v, checkpoints %v", err, j.points)
	}
	j = &memoryJournal{fails: message.Errorf("disk full")}
	if err := p.Look(t.Context(), 0, inputsOf(mustTargets(t, "127.0.0.1:1"))[0], j); err == nil || len(j.points) != 0 {
		t.Errorf("a journal that fails: error %v, checkpoints %v", err, j.points)
	}
}

// TestReportOfASharedScan: the reports get what the journal has in the user's order, and how the inputs end that it lacks; nothing is
// asked.
func TestReportOfASharedScan(t *testing.T) {
	s, counts := counting(t, func(http.ResponseWriter, *http.Request) {})
	lacks := scanner.End(scanner.StatusFailed, "nobody knows")
	for name, c := range map[string]struct {
		end         Ending
		status      scanner.Status
		interrupted bool
		outOfTime   bool
	}{
		"missing":     {Ending{Missing: lacks, Asked: []string{"192.0.2.1"}}, scanner.StatusFailed, false, false},
		"stopped":     {Ending{}, scanner.StatusInterrupted, true, false},
		"out_of_time": {Ending{OutOfTime: true}, scanner.StatusFailed, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			list := mustTargets(t, folders(s, 5)...)
			out, start := &scanner.Collector{}, &startOf{}
			p, err := NewPlan(withQuietCheck(Options{Client: newClient(t), Targets: list}))
			if err != nil {
				t.Fatal(err)
			}
			p.Resumable(nil, left{inputs: map[int]scanner.Checkpoint{4: {Input: 4, Targets: 1}, 1: {Input: 1, Targets: 1, Suppressed: 2}}})
			summary, err := p.Report(t.Context(), c.end, out, start)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, o := range out.Outcomes {
				got = append(got, o.Target[strings.LastIndex(strings.TrimSuffix(o.Target, "/"), "/")+1:]+" "+string(o.Status))
			}
			end := " " + string(c.status)
			if diff := cmp.Diff([]string{"t0/" + end, "earlier1 found", "t2/" + end, "t3/" + end, "earlier4 found"}, got); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			if summary.Complete || summary.Interrupted != c.interrupted || summary.OutOfTime != c.outOfTime || summary.Targets != 5 || summary.Suppressed != 2 ||
				summary.Requests != 1000 || summary.Took != time.Hour || start.at.Year() != 2026 || !slices.Equal(out.Summary.Asked, c.end.Asked) {
				t.Errorf("summary %+v", summary)
			}
			if len(counts()) != 0 {
				t.Errorf("the site was asked: %v", counts())
			}
		})
	}
}

// TestReportOfAWholeSharedScan: nothing is lacking, so it is complete.
func TestReportOfAWholeSharedScan(t *testing.T) {
	p, err := NewPlan(withQuietCheck(Options{Client: newClient(t), Targets: mustTargets(t, "a.test")}))
	if err != nil {
		t.Fatal(err)
	}
	p.Resumable(nil, left{inputs: map[int]scanner.Checkpoint{0: {Targets: 1}}})
	for _, end := range []Ending{{}, {Missing: interrupted}, {OutOfTime: true}} {
		if summary, err := p.Report(t.Context(), end, &scanner.Collector{}); err != nil || !summary.Complete || summary.Interrupted {
			t.Errorf("%+v: %+v, %v", end, summary, err)
		}
	}
}

// TestGiveEndsEveryCheckOfAnInput: an input that could not be looked at has an outcome for each signature at each of its places.
func TestGiveEndsEveryCheckOfAnInput(t *testing.T) {
	list := mustTargets(t, "127.0.0.1", "https://127.0.0.1/")
	scanned, given := &memoryJournal{}, &memoryJournal{}
	p, err := NewPlan(withQuietCheck(Options{Client: newClient(t), Targets: list}))
	if err != nil {
		t.Fatal(err)
	}
	lost := scanner.End(scanner.StatusFailed, "worker died 3 times")
	for i, in := range inputsOf(list) {
		if err := p.Look(t.Context(), i, in, scanned); err != nil {
			t.Fatal(err)
		}
		if err := p.Give(i, in, lost, given); err != nil {
			t.Fatal(err)
		}
	}
	for i := range inputsOf(list) {
		if len(given.lines[i]) != len(scanned.lines[i]) || given.points[i].Targets != scanned.points[i].Targets {
			t.Errorf("input %d: %q given, %q scanned", i, given.lines[i], scanned.lines[i])
		}
		for _, line := range given.lines[i] {
			if !strings.HasSuffix(line, " failed") {
				t.Errorf("input %d: %q", i, line)
			}
		}
	}
}

// TestOneSiteFromTwoInputsIsToldOnce: two inputs lead to one site, and two processes look at it, or a scan that was killed and the
// one that goes on: each check has one outcome there, and the second input says where it leads.
func TestOneSiteFromTwoInputsIsToldOnce(t *testing.T) {
	on := redirecting(t, 301, "https://www.shop.example{path}")
	client := resolving(t, map[string]string{"shop.example:80": on, "www.shop.example:80": on, "www.shop.example:443": pageOnly(t, httptest.NewTLSServer)})
	list := mustTargets(t, "http://shop.example", "http://www.shop.example")
	plan := func() *Plan {
		p, err := NewPlan(Options{
			Client: client, Targets: list, Signatures: sigsOf("a"), Checks: tableOf(map[string]scanner.Check{"a": looksAt("/.env")}), Concurrency: 1,
		})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	kept := &keptRecords{by: map[int]*scanner.Collector{}}
	for i, in := range inputsOf(list) {
		if err := plan().Look(t.Context(), i, in, kept); err != nil { // each by a process of its own
			t.Fatal(err)
		}
	}
	want := map[string]scanner.Status{"https://www.shop.example": scanner.StatusClean, "http://www.shop.example": scanner.StatusNotApplicable}
	check := func(how string, out *scanner.Collector, err error) {
		t.Helper()
		got := map[string]scanner.Status{}
		for _, o := range out.Outcomes {
			got[o.Target] = o.Status
		}
		if diff := cmp.Diff(want, got); diff != "" || len(out.Outcomes) != 2 || len(out.Targets) != 2 || err != nil {
			t.Errorf("%s: %v, %d outcomes (-want +got):\n%s", how, err, len(out.Outcomes), diff)
		}
	}
	out, p := &scanner.Collector{}, plan()
	p.Resumable(nil, kept)
	_, err := p.Report(t.Context(), Ending{}, out)
	check("shared", out, err)

	delete(kept.by, 1)
	out, p = &scanner.Collector{}, plan()
	p.Resumable(nil, kept)
	_, err = p.Run(t.Context(), out)
	if len(out.Outcomes) != 2 || out.Outcomes[0].Target == out.Outcomes[1].Target {
		t.Errorf("resumed: %v, %+v", err, out.Outcomes)
	}
}

// keptRecords keeps what it is told of each input.
type keptRecords struct {
	left
	scanner.Collector
	by map[int]*scanner.Collector
}

func (k *keptRecords) Checkpoint(c scanner.Checkpoint) error {
	k.by[c.Input], k.Collector = &scanner.Collector{Targets: k.Targets, Outcomes: k.Outcomes}, scanner.Collector{}
	return nil
}

func (k *keptRecords) Has(input int) bool { return k.by[input] != nil }

func (k *keptRecords) Repeat(input int, to scanner.Sink) (scanner.Checkpoint, error) {
	for i, target := range k.by[input].Targets {
		_, _ = to.Target(target), to.Outcome(k.by[input].Outcomes[i])
	}
	return scanner.Checkpoint{Input: input, Targets: 1}, nil
}
