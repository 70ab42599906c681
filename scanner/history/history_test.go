package history

import (
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func newFile(t *testing.T) (*File, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a history? of 100%.db")
	f, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f, path
}

var monday = time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC)

// end makes a run that ended at a time.
func end(t *testing.T, f *File, at time.Time, u Update) Run {
	t.Helper()
	run, found, err := f.Begin(t.Context(), at)
	if err != nil || found {
		t.Fatalf("Begin: found %t, %v", found, err)
	}
	run.Ended = at.Add(time.Minute)
	if err := f.End(t.Context(), run, strings.NewReader("report of "+at.String()), u); err != nil {
		t.Fatal(err)
	}
	return run
}

func TestOneWatchAtATime(t *testing.T) {
	f, path := newFile(t)
	if _, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "in use by another sotomi") {
		t.Errorf("a second watch: %v", err)
	}
	end(t, f, monday, Update{})
	reader, err := Read(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if runs, err := reader.Runs(t.Context()); len(runs) != 1 || err != nil {
		t.Errorf("a reader beside the watch sees %d runs, %v", len(runs), err)
	}
	if _, _, err := reader.Begin(t.Context(), monday); err == nil {
		t.Error("a reader could write")
	}
	if err := reader.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(t.Context(), path)
	if err != nil {
		t.Fatalf("after the watch has ended: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestFileOfAnotherVersion(t *testing.T) {
	f, path := newFile(t)
	if _, err := f.db.ExecContext(t.Context(), "PRAGMA user_version = 99"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "newer sotomi") {
		t.Errorf("Open: %v", err)
	}
	if _, err := Read(t.Context(), filepath.Join(t.TempDir(), "none.db")); err == nil || !strings.Contains(err.Error(), "there is no history") {
		t.Errorf("Read of no file: %v", err)
	}
}

// A run that did not end is the one that Begin gives, until it has.
func TestRuns(t *testing.T) {
	f, _ := newFile(t)
	first, _, err := f.Begin(t.Context(), monday)
	if err != nil {
		t.Fatal(err)
	}
	again, found, err := f.Begin(t.Context(), monday.Add(time.Hour))
	if err != nil || !found || again.ID != first.ID || !again.Began.Equal(monday) {
		t.Errorf("Begin again = %+v, %t, %v", again, found, err)
	}
	if runs, err := f.Runs(t.Context()); len(runs) != 0 || err != nil {
		t.Errorf("%d runs ended, %v", len(runs), err)
	}
	first.Ended, first.Complete, first.Status, first.Targets, first.Findings, first.Requests = monday.Add(time.Minute), true, 1, 2, 3, 4
	if err := f.End(t.Context(), first, strings.NewReader("the report"), Update{}); err != nil {
		t.Fatal(err)
	}
	last, found, err := f.Last(t.Context())
	if diff := cmp.Diff(first, last, cmp.Comparer(time.Time.Equal)); diff != "" || !found || err != nil {
		t.Errorf("Last: %t, %v (-want +got)\n%s", found, err, diff)
	}
	r, err := f.Report(t.Context(), first.ID)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(r); string(text) != "the report" || err != nil {
		t.Errorf("Report = %q, %v", text, err)
	}
	if _, err := f.Report(t.Context(), 99); err == nil || !strings.Contains(err.Error(), "there is no run 99") {
		t.Errorf("Report of no run: %v", err)
	}
}

// What a run changes is kept whole, or not at all.
func TestEndIsOneTransaction(t *testing.T) {
	f, _ := newFile(t)
	run, _, err := f.Begin(t.Context(), monday)
	if err != nil {
		t.Fatal(err)
	}
	u := Update{
		Findings: []Finding{{Fingerprint: "v1:a", State: StateOpen, Since: monday, First: monday, Last: monday, Reminded: monday, Record: []byte("{}")}},
		Targets:  []Target{{"http://a.test", StateChecked, monday}},
		Told:     []string{"data x"},
		Messages: []Message{{Receiver: "slack", Title: "t", Body: "b", Due: monday}},
	}
	broken := u
	broken.Messages = []Message{u.Messages[0], {}}
	if _, err := f.db.ExecContext(t.Context(), "CREATE TRIGGER t BEFORE INSERT ON messages WHEN NEW.receiver = '' BEGIN SELECT RAISE(ABORT, 'no'); END"); err != nil {
		t.Fatal(err)
	}
	if err := f.End(t.Context(), run, strings.NewReader(""), broken); err == nil {
		t.Fatal("a message that cannot be kept was")
	}
	known, err := f.Known(t.Context())
	if n := len(known.Findings) + len(known.Targets) + len(known.Told); n > 0 || err != nil {
		t.Errorf("a run that was not kept left %d things, %v", n, err)
	}
	run.Ended = monday
	if err := f.End(t.Context(), run, strings.NewReader(""), u); err != nil {
		t.Fatal(err)
	}
	if known, err = f.Known(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := Known{Findings: map[string]Finding{"v1:a": u.Findings[0]}, Targets: map[string]Target{"http://a.test": u.Targets[0]}, Told: map[string]bool{"data x": true}}
	if diff := cmp.Diff(want, known, cmp.Comparer(time.Time.Equal)); diff != "" {
		t.Errorf("Known (-want +got)\n%s", diff)
	}
}

// A message waits until it was sent or given up, and is tried again when it is due.
func TestMessages(t *testing.T) {
	f, _ := newFile(t)
	end(t, f, monday, Update{Messages: []Message{{Receiver: "a", Title: "1", Due: monday}, {Receiver: "b", Title: "2", Due: monday}}})
	waiting := func(at time.Time) (ids []int64) {
		list, err := f.Waiting(t.Context(), at)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range list {
			ids = append(ids, m.ID)
		}
		return ids
	}
	if diff := cmp.Diff([]int64{1, 2}, waiting(monday)); diff != "" {
		t.Fatal(diff)
	}
	if err := f.Sent(t.Context(), 1, monday); err != nil {
		t.Fatal(err)
	}
	later := monday.Add(time.Hour)
	if err := f.NotSent(t.Context(), 2, "refused", later); err != nil {
		t.Fatal(err)
	}
	if due, ok, err := f.NextMessage(t.Context()); !due.Equal(later) || !ok || err != nil {
		t.Errorf("NextMessage = %s, %t, %v", due, ok, err)
	}
	if diff := cmp.Diff([]int64(nil), waiting(later.Add(-time.Second))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{2}, waiting(later)); diff != "" {
		t.Error(diff)
	}
	if err := f.NotSent(t.Context(), 2, "refused", time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := f.NextMessage(t.Context()); ok || err != nil || waiting(later.Add(time.Hour)) != nil {
		t.Errorf("a message that was given up waits: %t, %v", ok, err)
	}
}

func TestPrune(t *testing.T) {
	f, _ := newFile(t)
	day := 24 * time.Hour
	gone := Finding{Fingerprint: "v1:gone", State: StateGone, Since: monday, First: monday, Last: monday, Reminded: monday, Record: []byte("{}")}
	open := Finding{Fingerprint: "v1:open", State: StateOpen, Since: monday, First: monday, Last: monday, Reminded: monday, Record: []byte("{}")}
	end(t, f, monday, Update{Findings: []Finding{gone, open}, Messages: []Message{{Receiver: "a", Due: monday}, {Receiver: "a", Due: monday}}})
	end(t, f, monday.Add(day), Update{})
	if err := f.Sent(t.Context(), 1, monday); err != nil {
		t.Fatal(err)
	}
	n, err := f.Prune(t.Context(), monday.Add(100*day))
	if n != 1 || err != nil {
		t.Errorf("Prune = %d, %v; the newest run stays", n, err)
	}
	known, err := f.Known(t.Context())
	if err != nil || len(known.Findings) != 1 || known.Findings["v1:open"].State != StateOpen {
		t.Errorf("findings after Prune: %v, %v", known.Findings, err)
	}
	list, err := f.Waiting(t.Context(), monday)
	if len(list) != 1 || err != nil {
		t.Errorf("%d messages wait after Prune, want 1; %v", len(list), err)
	}
}
