package report

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
)

func spoolFile(t *testing.T) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "spool"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// tellOwners is a scan of five targets of two owners, the last of nobody.
func tellOwners(t *testing.T, to scanner.Sink) {
	t.Helper()
	sig := &signature.Signature{ID: "git-exposed", Info: signature.Info{
		Name: "Git <published>", Description: "What it is.", Remediation: "Remove it.", Severity: "high",
		JA: signature.Words{Name: "Gitの公開", Description: "説明。", Remediation: "削除してください。"},
	}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(to.Start(scanner.Start{Version: "1", Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}))
	for i, owner := range []string{"Sales", "Ops", "Sales", "Sales", ""} {
		name := "http://" + string(rune('a'+i)) + ".test"
		must(to.Target(scanner.TargetInfo{Target: name, About: target.About{Owner: owner, Contact: strings.ToLower(owner) + "@x.test"}}))
		status := scanner.StatusClean
		if i != 1 {
			status = scanner.StatusFound
			must(to.Finding(scanner.Finding{Signature: sig, Severity: "high", Target: name, Hit: scanner.Hit{URL: name + "/.git/HEAD"}}))
		}
		if i == 3 {
			status = scanner.StatusBlocked
		}
		must(to.Outcome(scanner.Outcome{Signature: "git-exposed", Target: name, Status: status}))
	}
}

// TestParts: each part's report is that of a scan of its targets alone.
func TestParts(t *testing.T) {
	got := map[string]*scanner.Collector{}
	var order []Part
	sink := NewParts(spoolFile(t), func(i scanner.TargetInfo) string { return i.Owner }, func(p Part) (scanner.Sink, error) {
		order = append(order, p)
		got[p.Name] = &scanner.Collector{}
		return got[p.Name], nil
	})
	tellOwners(t, sink)
	if err := sink.Close(scanner.Summary{Requests: 9, Took: time.Second, Complete: true}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Part{{"Sales", 3}, {"Ops", 0}, {"", 1}}, order); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	sales := got["Sales"]
	var targets []string
	for _, o := range sales.Outcomes {
		targets = append(targets, o.Target)
	}
	if diff := cmp.Diff([]string{"http://a.test", "http://c.test", "http://d.test"}, targets); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
	s := sales.Summary
	if len(sales.Findings) != 3 || s.Targets != 3 || s.Severities["high"] != 3 || s.Statuses[scanner.StatusFound] != 2 || s.Complete || s.Interrupted || s.Requests != 9 {
		t.Errorf("summary %+v, %d findings", s, len(sales.Findings))
	}
	if s := got["Ops"].Summary; !s.Complete || s.Targets != 1 || len(got["Ops"].Findings) != 0 {
		t.Errorf("summary %+v", s)
	}
	if sales.Targets[0].Contact != "sales@x.test" {
		t.Errorf("targets %+v", sales.Targets)
	}
}

// TestPartsOfAnInterruptedScan: no part is green.
func TestPartsOfAnInterruptedScan(t *testing.T) {
	var c scanner.Collector
	sink := NewParts(spoolFile(t), func(scanner.TargetInfo) string { return "x" }, func(Part) (scanner.Sink, error) { return &c, nil })
	_ = sink.Target(scanner.TargetInfo{Target: "http://a.test"})
	_ = sink.Outcome(scanner.Outcome{Signature: "a", Target: "http://a.test", Status: scanner.StatusClean})
	if err := sink.Close(scanner.Summary{Interrupted: true, NotStarted: 3}); err != nil || c.Summary.Complete || !c.Summary.Interrupted {
		t.Errorf("%+v, %v", c.Summary, err)
	}
}

// TestPartThatCannotBeWritten: the others are.
func TestPartThatCannotBeWritten(t *testing.T) {
	full := errors.New("disk full")
	written := 0
	sink := NewParts(spoolFile(t), func(i scanner.TargetInfo) string { return i.Owner }, func(p Part) (scanner.Sink, error) {
		if p.Name == "Sales" {
			return nil, full
		}
		written++
		return &scanner.Collector{}, nil
	})
	tellOwners(t, sink)
	if err := sink.Close(scanner.Summary{}); !errors.Is(err, full) || written != 2 {
		t.Errorf("error %v, %d written", err, written)
	}
}

func TestLetter(t *testing.T) {
	for language, want := range map[string][]string{
		"en": {"Sales <sales@x.test>\n1 thing to mend on your sites\n", "Dear Sales,", "on 2026-01-02 these sites", "a.test, c.test, d.test", "1. Git <published> (HIGH)", "  - a.test /.git/HEAD\n  - c.test /.git/HEAD\n  - d.test /.git/HEAD\n", "What to do: Remove it.", "1 check could not be completed"},
		"ja": {"Sales 様", "a.test、c.test、d.test", "1. Gitの公開 (高)", "対策: 削除してください。", "完了できなかった検査が1件あるため"},
	} {
		var plain, page bytes.Buffer
		sink := NewParts(spoolFile(t), func(i scanner.TargetInfo) string { return i.Owner }, func(p Part) (scanner.Sink, error) {
			if p.Name != "Sales" {
				return nil, nil
			}
			return NewLetter(&plain, &page, Options{Language: language}), nil
		})
		tellOwners(t, sink)
		if err := sink.Close(scanner.Summary{}); err != nil {
			t.Fatal(err)
		}
		for _, text := range want {
			if !strings.Contains(plain.String(), text) {
				t.Errorf("%s: no %q in\n%s", language, text, &plain)
			}
		}
		for _, text := range []string{"://", "<published>", "<a "} {
			if strings.Contains(page.String(), text) {
				t.Errorf("%s: %q in\n%s", language, text, &page)
			}
		}
		if strings.Contains(plain.String(), "://") || !strings.Contains(page.String(), "<li>c.test /.git/HEAD</li>") {
			t.Errorf("%s:\n%s\n%s", language, &plain, &page)
		}
	}
}

func TestLetterNamesManyPlacesOnce(t *testing.T) {
	var plain bytes.Buffer
	l := NewLetter(&plain, io.Discard, Options{Language: "en"})
	sig := &signature.Signature{ID: "x", Info: signature.Info{Name: "X"}}
	for range 2 {
		for i := range 25 {
			_ = l.Finding(scanner.Finding{Signature: sig, Severity: "low", Target: "http://h.test", Hit: scanner.Hit{URL: "http://h.test/" + string(rune('a'+i))}})
		}
	}
	if err := l.Close(scanner.Summary{Complete: true}); err != nil || strings.Count(plain.String(), "  - h.test") != letterPlaces || !strings.Contains(plain.String(), "and 5 more") ||
		strings.Contains(plain.String(), "could not be completed") {
		t.Errorf("%v\n%s", err, &plain)
	}
}
