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

// TestJournalAfterPowerLoss: what was not written through is missing, or is zeros of whole blocks, also before a later part that
// was. What is whole before it is there, and what is not is told.
func TestJournalAfterPowerLoss(t *testing.T) {
	text := journalOf(t)
	whole, err := ReadJournal(bytes.NewReader(text), int64(len(text)))
	if err != nil || whole.Lost != (Lost{}) {
		t.Fatalf("the whole journal: %v, %+v", err, whole.Lost)
	}
	for cut := range len(text) {
		for block := 1; cut+block <= len(text); block += 1 + (len(text)-cut-1)/3 {
			damaged := slices.Clone(text)
			clear(damaged[cut : cut+block]) // behind it stands what was written later
			short := append(slices.Clone(text[:cut]), make([]byte, block)...)
			for _, kept := range [][]byte{damaged, short} {
				line := bytes.Count(kept[:cut], []byte("\n")) + 1
				j, err := ReadJournal(bytes.NewReader(kept), int64(len(kept)))
				if line <= 2 {
					if err == nil || err.Error() != "the journal ends before the first site; start the scan anew" && err.Error() != "this is not the journal of a scan" {
						t.Fatalf("%d bytes at %d of the beginning: %v", block, cut, err)
					}
					continue
				}
				if err != nil {
					t.Fatalf("%d bytes at %d: %v", block, cut, err)
				}
				lost := Lost{int64(len(kept) - bytes.LastIndexByte(kept[:cut], '\n') - 1), line}
				if j.Lost != lost {
					t.Fatalf("%d bytes at %d: lost %+v, want %+v", block, cut, j.Lost, lost)
				}
				for _, input := range j.Inputs() {
					var was, is scanner.Collector
					_, err1 := whole.Repeat(input, &was)
					_, err2 := j.Repeat(input, &is)
					if diff := cmp.Diff(was.Outcomes, is.Outcomes); diff != "" || err1 != nil || err2 != nil {
						t.Fatalf("%d bytes at %d: %v, %v\n%s", block, cut, err1, err2, diff)
					}
				}
			}
		}
	}
}

// A journal that somebody wrote is refused before anything is sent, with the line.
func TestJournalOfAStranger(t *testing.T) {
	scan, plan := `{"type":"scan","targets":["a"]}`+"\n", `{"type":"plan","targets":"x"}`+"\n"
	for name, c := range map[string]struct{ text, want string }{
		"empty":              {"", "the journal ends before the first site; start the scan anew"},
		"zeros":              {strings.Repeat("\x00", 9000), "the journal ends before the first site; start the scan anew"},
		"half_the_beginning": {scan[:20], "the journal ends before the first site; start the scan anew"},
		"no_plan":            {scan, "the journal ends before the first site; start the scan anew"},
		"other_text":         {"a list\n", "this is not the journal of a scan"},
		"targets_are_text":   {`{"type":"scan","targets":"a"}` + "\n" + plan, "line 1: "},
		"settings_are_text":  {scan + `{"type":"plan","settings":"x"}` + "\n", "line 2: "},
		"outcome_of_lists":   {scan + plan + `{"type":"outcome","signature":["x"]}` + "\n", "line 3: "},
		"finding_of_numbers": {scan + plan + `{"type":"finding","target":1}` + "\n", "line 3: "},
		"checkpoint_of_text": {scan + plan + `{"type":"checkpoint","input":"1"}` + "\n", "line 3: "},
		"second_scan":        {scan + plan + scan, "line 3: a second line of type scan"},
		"deep":               {scan + plan + `{"type":"outcome","x":` + strings.Repeat("[", 20000) + "\n" + scan, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadJournal(strings.NewReader(c.text), int64(len(c.text)))
			if c.want == "" && err == nil {
				return // the line is lost
			}
			if err == nil || c.want == "" || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// A line without end is read as far as a line may go.
func TestJournalWithAnEndlessLine(t *testing.T) {
	begin := `{"type":"scan","targets":["a"]}` + "\n" + `{"type":"plan","targets":"x"}` + "\n"
	size := int64(1) << 50
	j, err := ReadJournal(&endless{begin: begin}, size)
	if err != nil || j.Lost != (Lost{size - int64(len(begin)), 3}) {
		t.Errorf("%+v, %v", j, err)
	}
}

// endless is a text and then spaces.
type endless struct{ begin string }

func (e *endless) ReadAt(b []byte, at int64) (int, error) {
	n := 0
	if at < int64(len(e.begin)) {
		n = copy(b, e.begin[at:])
	}
	for i := n; i < len(b); i++ {
		b[i] = ' '
	}
	return len(b), nil
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
