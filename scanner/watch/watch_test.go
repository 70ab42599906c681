package watch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/history"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

// world is what scans see: by target and signature, how it ends there.
type world map[string]map[string]scanner.Status

const (
	shop = "http://shop.test"
	blog = "http://blog.test"
)

// severities of the signatures that the tests use.
var severities = map[string]signature.Severity{"git": signature.SeverityHigh, "debug": signature.SeverityMedium, "banner": signature.SeverityInfo}

// scan is the report of a scan of a world.
func (w world) scan(data ...scanner.Data) []byte {
	var text bytes.Buffer
	sink := report.NewJSONLines(&text, report.Options{})
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	must(sink.Start(scanner.Start{Time: time.Now(), Data: data}))
	summary := scanner.Summary{Complete: true, Targets: len(w), Statuses: map[scanner.Status]int{}}
	for _, target := range []string{blog, shop} {
		if w[target] == nil {
			continue
		}
		must(sink.Target(scanner.TargetInfo{Target: target}))
		var prints scanner.Fingerprints
		for _, id := range []string{"banner", "debug", "git"} {
			status, ok := w[target][id]
			if !ok {
				continue
			}
			if status == scanner.StatusFound {
				f := scanner.Finding{
					Signature: &signature.Signature{ID: id, Info: signature.Info{Name: "Title of " + id, Severity: severities[id]}}, Severity: severities[id],
					Target: target, Hit: scanner.Hit{URL: target + "/" + id + "?token=secret"},
				}
				f.Fingerprint = prints.Of(f)
				must(sink.Finding(f))
			}
			o := scanner.Outcome{Signature: id, Target: target, Status: status, Requests: 1}
			if status.Gap() {
				o.Reason = message.New("status %d", 503)
				summary.Complete = false
			}
			must(sink.Outcome(o))
		}
	}
	must(sink.Close(summary))
	return text.Bytes()
}

const (
	found   = scanner.StatusFound
	clean   = scanner.StatusClean
	blocked = scanner.StatusBlocked
)

// watcher is a Watcher on a world that changes, and what it has sent.
type watcher struct {
	*Watcher
	world world
	data  []scanner.Data
	sent  []string
	fail  error // of the receiver
	cut   bool  // the next scan does not end
	scans int
}

type seekCloser struct{ io.ReadSeeker }

func (seekCloser) Close() error { return nil }

func newWatcher(t *testing.T) *watcher {
	t.Helper()
	file, err := history.Open(t.Context(), filepath.Join(t.TempDir(), "history.db"))
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{}
	w.Watcher = &Watcher{
		History: file, Say: func(message.Message) {}, Done: func(context.Context, history.Run, time.Time) error { return nil },
		Reminders: map[signature.Severity]time.Duration{signature.SeverityHigh: 60 * 24 * time.Hour},
		Scan: func(ctx context.Context, _ history.Run) (io.ReadSeekCloser, int, error) {
			w.scans++
			if w.cut {
				w.cut = false
				return nil, 0, ErrCut
			}
			return seekCloser{bytes.NewReader(w.world.scan(w.data...))}, 0, ctx.Err()
		},
		Receivers: []*Receiver{{Name: "test", Language: "en", Send: func(_ context.Context, title, body string) error {
			if w.fail != nil {
				return w.fail
			}
			w.sent = append(w.sent, title+"\n"+body)
			return nil
		}}},
	}
	return w
}

// once makes a run and gives the message that it led to, "" for none.
func (w *watcher) once(t *testing.T, world world) string {
	t.Helper()
	w.world, w.sent = world, nil
	if _, _, err := w.Once(t.Context()); err != nil {
		t.Fatal(err)
	}
	return strings.Join(w.sent, "\n---\n")
}

func (w *watcher) close(t *testing.T) {
	t.Helper()
	if err := w.History.Close(); err != nil {
		t.Error(err)
	}
}

// TestWhatIsTold: each change is told once.
func TestWhatIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatcher(t)
		defer w.close(t)
		open := world{shop: {"git": found, "debug": clean}}
		for i, step := range []struct {
			name  string
			world world
			want  string // "" for nothing
		}{
			{"the first time", open, "sotomi: new 1\nNew (1)\n- HIGH  Title of git  http://shop.test/git"},
			{"as before", open, ""},
			{"another", world{shop: {"git": found, "debug": found}}, "sotomi: new 1\nNew (1)\n- MEDIUM  Title of debug  http://shop.test/debug"},
			{
				"not checked",
				world{shop: {"git": blocked, "debug": found}},
				"sotomi: no longer checked 1, targets not checked 1\n" +
					"No longer checked: nobody knows whether they are still there (1)\n- HIGH  Title of git  http://shop.test/git (since 2000-01-01): status 503\n\n" +
					"Targets on which something could not be checked (1)\n- http://shop.test: status 503",
			},
			{"still not checked", world{shop: {"git": blocked, "debug": found}}, ""},
			{"there again", world{shop: {"git": found, "debug": found}}, ""},
			{"mended", world{shop: {"git": clean, "debug": found}}, "sotomi: gone 1\nGone (1)\n- HIGH  Title of git  http://shop.test/git (since 2000-01-01)"},
			{"still mended", world{shop: {"git": clean, "debug": found}}, ""},
			{"back", open, "sotomi: back 1, gone 1\nBack after they were gone (1)\n- HIGH  Title of git  http://shop.test/git (since 2000-01-01)\n\nGone (1)\n- MEDIUM  Title of debug  http://shop.test/debug (since 2000-01-01)"},
			{"the target is gone from the list", world{}, "sotomi: no longer checked 1\nNo longer checked: nobody knows whether they are still there (1)\n- HIGH  Title of git  http://shop.test/git (since 2000-01-01): the new scan did not run this signature on this target"},
		} {
			got, number, _ := strings.Cut(w.once(t, step.world), "\n\nmessage ")
			if diff := cmp.Diff(step.want, got); diff != "" {
				t.Errorf("%d, %s (-want +got)\n%s", i, step.name, diff)
			}
			if (number == "") != (step.want == "") {
				t.Errorf("%d, %s: the message has the number %q", i, step.name, number)
			}
		}
	})
}

// TestReminder: what stays open is told again after a time, by its severity.
func TestReminder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatcher(t)
		defer w.close(t)
		open := world{shop: {"git": found, "banner": found}}
		w.once(t, open)
		told := map[int]string{}
		for day := 1; day <= 130; day++ {
			time.Sleep(24 * time.Hour) //nolint:forbidigo // the clock is that of the bubble
			if text := w.once(t, open); text != "" {
				told[day], _, _ = strings.Cut(text, "\n\n")
			}
		}
		const text = "sotomi: still open 1\nStill open (1)\n- HIGH  Title of git  http://shop.test/git (since 2000-01-01)"
		if diff := cmp.Diff(map[int]string{60: text, 120: text}, told); diff != "" {
			t.Errorf("by day (-want +got)\n%s", diff)
		}
	})
}

// TestSilentSignature: findings of one signature that all go in one run may be a detector that died. A single one is not.
func TestSilentSignature(t *testing.T) {
	for name, c := range map[string]struct {
		days          int
		before, after world
		want          bool
	}{
		"all_at_once": {31, world{shop: {"git": found}, blog: {"git": found}}, world{shop: {"git": clean}, blog: {"git": clean}}, true},
		"soon":        {3, world{shop: {"git": found}, blog: {"git": found}}, world{shop: {"git": clean}, blog: {"git": clean}}, false},
		"one_left":    {31, world{shop: {"git": found}, blog: {"git": found}}, world{shop: {"git": clean}, blog: {"git": found}}, false},
		"only_one":    {31, world{shop: {"git": found}, blog: {"git": clean}}, world{shop: {"git": clean}, blog: {"git": clean}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWatcher(t)
				defer w.close(t)
				w.once(t, c.before)
				time.Sleep(time.Duration(c.days) * 24 * time.Hour) //nolint:forbidigo // the clock is that of the bubble
				if text := w.once(t, c.after); strings.Contains(text, "silent 1") != c.want {
					t.Errorf("told: %s", text)
				}
			})
		})
	}
}

func TestOldDataIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatcher(t)
		defer w.close(t)
		w.data = []scanner.Data{{Name: "eccube", Source: "s", Date: "1999-12-01"}}
		told := 0
		for range 20 {
			time.Sleep(20 * 24 * time.Hour) //nolint:forbidigo // the clock is that of the bubble
			if text := w.once(t, world{shop: {"git": clean}}); strings.Contains(text, "- eccube: of 1999-12-01") {
				told++
			}
		}
		if told != 1 {
			t.Errorf("told %d times, want once", told)
		}
	})
}

// TestReceivers: each is told what it wants to know, in its language.
func TestReceivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatcher(t)
		defer w.close(t)
		var titles []string
		add := func(r *Receiver) {
			r.Send = func(_ context.Context, title, _ string) error {
				titles = append(titles, r.Name+": "+title)
				return nil
			}
			w.Receivers = append(w.Receivers, r)
		}
		add(&Receiver{Name: "high", Language: "ja", Least: signature.SeverityHigh})
		add(&Receiver{Name: "gone", Language: "ja", Kinds: []Kind{Gone}})
		w.once(t, world{shop: {"git": found, "debug": found}})
		w.once(t, world{shop: {"git": found, "debug": clean}})
		if diff := cmp.Diff([]string{"high: sotomi: 新規 1", "gone: sotomi: 解消 1"}, titles); diff != "" {
			t.Errorf("sent (-want +got)\n%s", diff)
		}
	})
}

// TestManyEvents: a message names some, and counts the rest.
func TestManyEvents(t *testing.T) {
	var events []Event
	for i := range 100 {
		events = append(events, Event{Kind: Unseen, Subject: fmt.Sprintf("http://%d.test", i)})
	}
	m, ok := (&Receiver{Language: "en"}).digest(events, time.Now())
	if lines := strings.Count(m.Body, "\n- "); !ok || lines != eventsOfKind+1 || !strings.Contains(m.Title, "targets not checked 100") {
		t.Errorf("%d lines, title %q", lines, m.Title)
	}
}

// TestUnsentMessages: they are kept, tried again with growing waits, and given up at last.
func TestUnsentMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatcher(t)
		defer w.close(t)
		w.fail = errors.New("refused")
		w.world = world{shop: {"git": found}}
		if _, unsent, err := w.Once(t.Context()); unsent != 1 || err != nil {
			t.Fatalf("unsent %d, %v", unsent, err)
		}
		schedule, err := NewSchedule(1000*time.Hour, "", "UTC", nil)
		if err != nil {
			t.Fatal(err)
		}
		w.Schedule = schedule
		var waits []time.Duration
		begin := time.Now()
		w.Receivers[0].Send = func(context.Context, string, string) error {
			waits = append(waits, time.Since(begin))
			begin = time.Now()
			return w.fail
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Hour)
		defer cancel()
		if err := w.Watch(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Watch: %v", err)
		}
		if diff := cmp.Diff(retries, waits); diff != "" {
			t.Errorf("waits (-want +got)\n%s", diff)
		}
		if w.scans != 1 {
			t.Errorf("%d scans, want 1: a message that waits is no reason to scan", w.scans)
		}
	})
}

// TestWeek: a week on a schedule, with changes, a blackout and a scan that was cut.
func TestWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatcher(t)
		defer w.close(t)
		var err error
		if w.Schedule, err = NewSchedule(6*time.Hour, "", "UTC", []string{"09:00-15:00"}); err != nil {
			t.Fatal(err)
		}
		var begins []string
		scan := w.Scan
		w.Scan = func(ctx context.Context, run history.Run) (io.ReadSeekCloser, int, error) {
			begins = append(begins, time.Now().UTC().Format("02T15:04"))
			w.world = world{shop: {"git": clean}}
			if time.Now().UTC().Day() >= 3 {
				w.world = world{shop: {"git": found}}
			}
			w.cut = run.ID == 2 && !slices.Contains(begins, "01T15:00")
			if time.Now().UTC().Hour() == 6 {
				<-ctx.Done() // it would take until the blackout
				return nil, 0, ErrCut
			}
			return scan(ctx, run)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*24*time.Hour)
		defer cancel()
		if err := w.Watch(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Watch: %v", err)
		}
		want := []string{
			"01T00:00", "01T06:00", "01T15:00", // finishes what was cut when the blackout began
			"01T15:00", // the one that was due at 12:00
			"01T21:00", "02T03:00", "02T15:00", "02T21:00", "03T03:00", "03T15:00", "03T21:00",
		}
		if diff := cmp.Diff(want, begins); diff != "" {
			t.Errorf("scans (-want +got)\n%s", diff)
		}
		if len(w.sent) != 1 || !strings.HasPrefix(w.sent[0], "sotomi: new 1") {
			t.Errorf("sent: %q", w.sent)
		}
	})
}
