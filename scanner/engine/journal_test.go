package engine

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// memoryJournal keeps checkpoints, and the lines that it was told between them.
type memoryJournal struct {
	recorder
	points []scanner.Checkpoint
	lines  map[int][]string
	told   []string
	fails  error
}

func (m *memoryJournal) Outcome(o scanner.Outcome) error {
	m.told = append(m.told, o.Target+" "+string(o.Status))
	return m.fails
}

func (m *memoryJournal) Checkpoint(c scanner.Checkpoint) error {
	if m.lines == nil {
		m.lines = map[int][]string{}
	}
	m.points = append(m.points, c)
	m.lines[c.Input], m.told = m.told, nil
	return nil
}

// left is what an earlier scan left.
type left struct {
	inputs map[int]scanner.Checkpoint
	fails  error
}

func (l left) Has(input int) bool  { _, ok := l.inputs[input]; return ok }
func (l left) Started() time.Time  { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }
func (l left) Took() time.Duration { return time.Hour }
func (l left) Requests() int64     { return 1000 }
func (l left) Repeat(input int, to scanner.Sink) (scanner.Checkpoint, error) {
	if l.fails != nil {
		return scanner.Checkpoint{}, l.fails
	}
	name := "earlier" + string(rune('0'+input))
	_ = to.Target(scanner.TargetInfo{Target: name, Leads: "https://other.test"})
	_ = to.Finding(scanner.Finding{Signature: sig("a"), Severity: "high", Target: name, Hit: scanner.Hit{Certainty: scanner.Possible}})
	return l.inputs[input], to.Outcome(scanner.Outcome{Signature: "a", Target: name, Status: scanner.StatusFound})
}

// TestFinishEarlierScan: what an earlier scan has is told in its place and not asked for again, nor written into the journal
// again, and it counts in the summary.
func TestFinishEarlierScan(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.Path)
		_, _ = w.Write([]byte("hello"))
	}))
	t.Cleanup(s.Close)
	targets := folders(s, 5)
	out, journal := &scanner.Collector{}, &memoryJournal{}
	start := &startOf{}
	p, err := NewPlan(withQuietCheck(Options{Client: newClient(t), Targets: mustTargets(t, targets...), Concurrency: 2, Sinks: []scanner.Sink{out, start}}))
	if err != nil {
		t.Fatal(err)
	}
	p.Resumable(journal, left{inputs: map[int]scanner.Checkpoint{1: {Input: 1, Targets: 1, Suppressed: 4}, 4: {Input: 4, Targets: 2}}})
	summary, err := p.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for _, o := range out.Outcomes {
		order = append(order, o.Target)
	}
	want := []string{targets[0], "earlier1", targets[2], targets[3], "earlier4"}
	if diff := cmp.Diff(want, order); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	for _, path := range asked {
		if path == targets[1][len(s.URL):] || path == targets[4][len(s.URL):] {
			t.Errorf("%s was asked again", path)
		}
	}
	var inputs []int
	for _, c := range journal.points {
		inputs = append(inputs, c.Input)
		if len(journal.lines[c.Input]) != 1 {
			t.Errorf("the journal has %q of input %d", journal.lines[c.Input], c.Input)
		}
		if c.Requests <= 1000 || c.Seconds < 3600 {
			t.Errorf("checkpoint %+v does not count what the earlier scan did", c)
		}
	}
	if diff := cmp.Diff([]int{0, 2, 3}, inputs); diff != "" {
		t.Errorf("inputs in the journal (-want +got):\n%s", diff)
	}
	if summary.Targets != 6 || summary.Suppressed != 4 || summary.Statuses[scanner.StatusFound] != 2 || summary.Severities["high"] != 2 ||
		summary.Confirmed["high"] != 0 || len(summary.Redirected) != 2 || !summary.Complete || summary.Requests <= 1000 || summary.Took < time.Hour || start.at.Year() != 2026 {
		t.Errorf("summary %+v, start %v", summary, start.at)
	}
}

type startOf struct {
	scanner.Discard
	at time.Time
}

func (s *startOf) Start(start scanner.Start) error {
	s.at = start.Time
	return nil
}

// TestInterruptedInputHasNoCheckpoint: an input that had not ended is looked at again.
func TestInterruptedInputHasNoCheckpoint(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if bytes.Contains([]byte(r.URL.Path), []byte("2")) {
			cancel()
			<-r.Context().Done()
		}
	}))
	t.Cleanup(s.Close)
	journal := &memoryJournal{}
	p, err := NewPlan(withQuietCheck(Options{Client: newClient(t), Targets: mustTargets(t, folders(s, 4)...), Concurrency: 1, Sinks: []scanner.Sink{&scanner.Collector{}}}))
	if err != nil {
		t.Fatal(err)
	}
	p.Resumable(journal, nil)
	if summary, err := p.Run(ctx); err != nil || !summary.Interrupted {
		t.Fatalf("%+v, %v", summary, err)
	}
	if len(journal.points) == 0 || slices.ContainsFunc(journal.points, func(c scanner.Checkpoint) bool {
		return slices.ContainsFunc(journal.lines[c.Input], func(line string) bool { return bytes.HasSuffix([]byte(line), []byte("interrupted")) })
	}) {
		t.Errorf("checkpoints %v of %v", journal.points, journal.lines)
	}
}

// TestJournalThatFails: the reports are whole, and the error is told.
func TestJournalThatFails(t *testing.T) {
	s := hello(t)
	out := &scanner.Collector{}
	p, err := NewPlan(withQuietCheck(Options{Client: newClient(t), Targets: mustTargets(t, folders(s, 3)...), Sinks: []scanner.Sink{out}}))
	if err != nil {
		t.Fatal(err)
	}
	p.Resumable(&memoryJournal{fails: message.Errorf("disk full")}, nil)
	if _, err := p.Run(t.Context()); err == nil || len(out.Outcomes) != 3 || !out.Summary.Complete {
		t.Errorf("error %v, %d outcomes, summary %+v", err, len(out.Outcomes), out.Summary)
	}
	p, err = NewPlan(withQuietCheck(Options{Client: newClient(t), Targets: mustTargets(t, folders(s, 3)...), Sinks: []scanner.Sink{out}}))
	if err != nil {
		t.Fatal(err)
	}
	p.Resumable(nil, left{inputs: map[int]scanner.Checkpoint{1: {}}, fails: message.Errorf("unreadable")})
	if summary, err := p.Run(t.Context()); err == nil || summary.Complete {
		t.Errorf("error %v, summary %+v", err, summary)
	}
}
