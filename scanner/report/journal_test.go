package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// journalOf is the journal of a scan of three inputs that ended in the order 0, 2, 1.
func journalOf(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	j := NewJournal(&b, &JournalPlan{Flags: []JournalFlag{{"only", []string{"a", "b"}}}, Withheld: []string{"header"}, Targets: "t", Settings: map[string]string{"safety": "active"}})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(j.Start(scanner.Start{Version: "1", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Targets: []string{"a.test", "b.test", "c.test"}}))
	for i, input := range []int{0, 2, 1} {
		target := "http://" + string(rune('a'+input)) + ".test"
		must(j.Target(scanner.TargetInfo{Target: target, Status: 200}))
		must(j.Outcome(scanner.Outcome{Signature: "x", Target: target, Status: scanner.StatusFailed, Reason: message.New("port %s closed", "80"), Requests: 3}))
		must(j.Checkpoint(scanner.Checkpoint{Input: input, Targets: 1, Suppressed: input, Requests: int64(10 * (i + 1)), Seconds: 1.5 * float64(i+1)}))
	}
	must(j.Close(scanner.Summary{}))
	return b.Bytes()
}

func TestJournal(t *testing.T) {
	text := journalOf(t)
	j, err := ReadJournal(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		t.Fatal(err)
	}
	if j.End != int64(len(text)) || j.Requests() != 30 || j.Took() != 4500*time.Millisecond || j.Started().Year() != 2026 || j.Plan.Withheld[0] != "header" || j.Start.Targets[2] != "c.test" {
		t.Errorf("read %+v", j)
	}
	var c scanner.Collector
	point, err := j.Repeat(2, &c)
	if err != nil || point.Suppressed != 2 || point.Targets != 1 {
		t.Errorf("Repeat = %+v, %v", point, err)
	}
	want := []scanner.Outcome{{Signature: "x", Target: "http://c.test", Status: scanner.StatusFailed, Reason: message.New("port %s closed", "80"), Requests: 3}}
	if diff := cmp.Diff(want, c.Outcomes); diff != "" || c.Targets[0].Target != "http://c.test" {
		t.Errorf("outcomes (-want +got):\n%s\ntargets %v", diff, c.Targets)
	}
}

// TestJournalCutAnywhere: wherever the file ends, inputs that are whole before are there, and no other.
func TestJournalCutAnywhere(t *testing.T) {
	text := journalOf(t)
	var ends []int // of the checkpoints
	for i := range text {
		if text[i] == '\n' && strings.Contains(string(text[bytes.LastIndexByte(text[:i], '\n')+1:i]), `"checkpoint"`) {
			ends = append(ends, i+1)
		}
	}
	plan := bytes.IndexByte(text[bytes.IndexByte(text, '\n')+1:], '\n') + bytes.IndexByte(text, '\n') + 2
	for cut := range len(text) + 1 {
		for _, rest := range []string{"", "\x00\x00\x00\n", `{"type":"outco`} {
			kept := append(slices.Clone(text[:cut]), rest...)
			j, err := ReadJournal(bytes.NewReader(kept), int64(len(kept)))
			if cut < plan {
				if err == nil {
					t.Fatalf("cut at %d of the beginning, %d: no error", cut, plan)
				}
				continue
			}
			if err != nil {
				t.Fatalf("cut at %d: %v", cut, err)
			}
			var want []int
			end := plan
			for i, at := range ends {
				if at <= cut {
					want, end = append(want, []int{0, 2, 1}[i]), at
				}
			}
			slices.Sort(want)
			if got := j.Inputs(); !slices.Equal(got, want) || j.End != int64(end) {
				t.Fatalf("cut at %d: inputs %v up to %d, want %v up to %d", cut, got, j.End, want, end)
			}
		}
	}
}

func TestReportIsNoJournal(t *testing.T) {
	var b bytes.Buffer
	sink := NewJSONLines(&b, Options{})
	_ = sink.Start(scanner.Start{})
	_ = sink.Close(scanner.Summary{})
	if _, err := ReadJournal(bytes.NewReader(b.Bytes()), int64(b.Len())); err == nil || !strings.Contains(err.Error(), "line 2: this is a report, not the journal of a scan") {
		t.Errorf("error %v", err)
	}
}

func FuzzReadJournal(f *testing.F) {
	f.Add([]byte(`{"type":"scan","targets":["a"]}` + "\n" + `{"type":"plan","targets":"x"}` + "\n" + `{"type":"outcome"}` + "\n" + `{"type":"checkpoint","input":0}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		j, err := ReadJournal(bytes.NewReader(text), int64(len(text)))
		if err != nil {
			return
		}
		if j.End > int64(len(text)) {
			t.Fatalf("it ends at %d of %d", j.End, len(text))
		}
		for _, input := range j.Inputs() {
			_, _ = j.Repeat(input, scanner.Discard{}) // a record may be of the wrong type
		}
	})
}
