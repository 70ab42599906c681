package history

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestMemory(t *testing.T) {
	f, _ := newFile(t)
	recall := func(signature, target string) map[string]json.RawMessage {
		t.Helper()
		values, err := f.Recall(t.Context(), signature, target)
		if err != nil {
			t.Fatal(err)
		}
		return values
	}
	a := Memory{"page-changed", "http://a.test", "/", json.RawMessage(`{"n":1}`)}
	b := Memory{"page-changed", "http://a.test", "/b", json.RawMessage(`{"n":2}`)}
	end(t, f, monday, Update{Memory: []Memory{a, b, {"page-changed", "http://b.test", "/", json.RawMessage(`3`)}, {"other", "http://a.test", "/", json.RawMessage(`4`)}}})
	if diff := cmp.Diff(map[string]json.RawMessage{"/": a.Value, "/b": b.Value}, recall("page-changed", "http://a.test")); diff != "" {
		t.Errorf("Recall (-want +got)\n%s", diff)
	}
	tuesday := monday.Add(24 * time.Hour)
	a.Value, b.Value = json.RawMessage(`{"n":9}`), json.RawMessage(`null`)
	end(t, f, tuesday, Update{Memory: []Memory{a, b}})
	if diff := cmp.Diff(map[string]json.RawMessage{"/": a.Value}, recall("page-changed", "http://a.test")); diff != "" {
		t.Errorf("after a change (-want +got)\n%s", diff)
	}
	if _, err := f.Prune(t.Context(), monday.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n := len(recall("page-changed", "http://b.test")) + len(recall("other", "http://a.test")); n != 0 {
		t.Errorf("%d values of targets that were not looked at since are left", n)
	}
	if len(recall("page-changed", "http://a.test")) != 1 {
		t.Error("what was looked at since is forgotten")
	}
}

// TestMemoryOfARunThatIsNotKept: what is remembered and what is told are in the file together, or neither.
func TestMemoryOfARunThatIsNotKept(t *testing.T) {
	f, _ := newFile(t)
	run, _, err := f.Begin(t.Context(), monday)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.db.ExecContext(t.Context(), "CREATE TRIGGER t BEFORE INSERT ON messages BEGIN SELECT RAISE(ABORT, 'no'); END"); err != nil {
		t.Fatal(err)
	}
	u := Update{Memory: []Memory{{"s", "http://a.test", "/", json.RawMessage(`1`)}}, Messages: []Message{{Receiver: "a", Due: monday}}}
	if err := f.End(t.Context(), run, strings.NewReader(""), u); err == nil {
		t.Fatal("the run was kept")
	}
	if values, err := f.Recall(t.Context(), "s", "http://a.test"); len(values) > 0 || err != nil {
		t.Errorf("%d values are remembered, %v", len(values), err)
	}
}

// TestFileOfTheFirstVersion: a history of before things were remembered is brought up to date, and loses nothing.
func TestFileOfTheFirstVersion(t *testing.T) {
	f, path := newFile(t)
	end(t, f, monday, Update{Told: []string{"x"}})
	for _, statement := range []string{"DROP TABLE memory", "PRAGMA user_version = 1"} {
		if _, err := f.db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(t.Context(), path); err == nil || !strings.Contains(err.Error(), "made by an older sotomi") {
		t.Errorf("Read: %v", err)
	}
	again, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Close() }()
	known, err := again.Known(t.Context())
	runs, err2 := again.Runs(t.Context())
	if err != nil || err2 != nil || !known.Told["x"] || len(runs) != 1 {
		t.Errorf("%d runs, told %v; %v, %v", len(runs), known.Told, err, err2)
	}
	if values, err := again.Recall(t.Context(), "s", "t"); len(values) > 0 || err != nil {
		t.Errorf("Recall: %v, %v", values, err)
	}
}
