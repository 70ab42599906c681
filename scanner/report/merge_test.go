package report_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

// saved is a scan of targets that began on a day, with one finding of listing on the first and an outcome of git on all.
func saved(t testing.TB, day int, status scanner.Status, targets ...string) string {
	t.Helper()
	var out bytes.Buffer
	to := report.NewJSONLines(&out, report.Options{})
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	must(to.Start(scanner.Start{Version: "1.0.0", Time: time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC), Targets: targets, Signatures: 2, Data: []scanner.Data{{Name: "a.db", Date: "2026-01-01"}}}))
	s := scanner.Summary{Severities: map[string]int{"low": 1}, Confirmed: map[string]int{"low": 1}, Statuses: map[scanner.Status]int{scanner.StatusFound: 1, status: len(targets)}, Targets: len(targets), Requests: 10, Took: time.Second, Complete: status == scanner.StatusClean}
	for i, target := range targets {
		must(to.Target(scanner.TargetInfo{Target: target, Status: 200}))
		if i == 0 {
			must(to.Finding(scanner.Finding{
				Signature: &signature.Signature{ID: "listing", Info: signature.Info{Name: "Listing", Tags: []string{"files"}}}, Severity: "low", Target: target, Fingerprint: "f" + target,
				Hit: scanner.Hit{URL: target + "/", Certainty: scanner.Confirmed},
			}))
			must(to.Outcome(scanner.Outcome{Signature: "listing", Target: target, Status: scanner.StatusFound}))
		}
		must(to.Outcome(scanner.Outcome{Signature: "git", Target: target, Status: status, Reason: message.New("no answer")}))
	}
	must(to.Close(s))
	return out.String()
}

func source(name, text string) report.Source {
	return report.Source{Name: name, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }}
}

// TestMergedScans: several scans are one, with what they have counted anew. Of a pair of signature and target that several
// looked at, the newest counts, and the others are not told.
func TestMergedScans(t *testing.T) {
	var got scanner.Collector
	var start scanner.Start
	sources := []report.Source{
		source("new", saved(t, 20, scanner.StatusClean, "https://a.example", "https://b.example")),
		source("old", saved(t, 3, scanner.StatusUnreachable, "https://b.example", "https://c.example")),
	}
	if err := report.Merge(sources, &withStart{&got, &start}); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, o := range got.Outcomes {
		lines = append(lines, strings.Join([]string{o.Target, o.Signature, string(o.Status)}, " "))
	}
	want := "https://a.example listing found, https://a.example git clean, https://b.example git clean, https://b.example listing found, https://c.example git unreachable"
	if joined := strings.Join(lines, ", "); joined != want {
		t.Errorf("outcomes %s, want %s", joined, want)
	}
	s := got.Summary
	if len(got.Findings) != 2 || len(got.Targets) != 3 || s.Targets != 3 || s.Severities["low"] != 2 || s.Statuses[scanner.StatusUnreachable] != 1 || s.Statuses[scanner.StatusFound] != 2 || s.Complete || s.Interrupted || s.Requests != 20 || s.Took != 2*time.Second {
		t.Errorf("summary %+v of %d findings and %d targets", s, len(got.Findings), len(got.Targets))
	}
	if start.Time.Day() != 3 || len(start.Targets) != 3 || len(start.Data) != 1 || start.Version != "1.0.0" {
		t.Errorf("start %+v", start)
	}
}

// withStart keeps also the beginning.
type withStart struct {
	*scanner.Collector
	start *scanner.Start
}

func (w *withStart) Start(s scanner.Start) error {
	*w.start = s
	return nil
}

// TestMergedScanThatWasCutOff: what is there is told, as interrupted, and the error names the file.
func TestMergedScanThatWasCutOff(t *testing.T) {
	whole := saved(t, 20, scanner.StatusClean, "https://a.example")
	part := saved(t, 3, scanner.StatusClean, "https://b.example")
	part = part[:strings.LastIndex(strings.TrimSpace(part), "\n")+1]
	var got scanner.Collector
	err := report.Merge([]report.Source{source("whole", whole), source("part", part)}, &got)
	if !errors.Is(err, report.ErrIncomplete) || !strings.Contains(err.Error(), "part: ") || !got.Summary.Interrupted || len(got.Findings) != 2 {
		t.Errorf("error %v, summary %+v, %d findings", err, got.Summary, len(got.Findings))
	}
	err = report.Merge([]report.Source{source("whole", whole), source("no scan", "{}\n")}, &scanner.Collector{})
	if err == nil || !strings.Contains(err.Error(), "no scan: ") {
		t.Errorf("error %v", err)
	}
}

// TestSelection: findings, outcomes and targets that are not wanted are left out and not counted; a word that names nothing
// is an error, or a misspelt one would make a report clean.
func TestSelection(t *testing.T) {
	text := saved(t, 20, scanner.StatusUnreachable, "https://a.example", "https://b.example:8443")
	for name, c := range map[string]struct {
		choose report.Choice
		want   string // findings, outcomes, targets with outcomes
		err    string
	}{
		"all":            {report.Choice{}, "1 3 2", ""},
		"an_id":          {report.Choice{Only: []string{"LISTING"}}, "1 1 1", ""},
		"a_tag":          {report.Choice{Only: []string{"files"}}, "1 1 1", ""},
		"a_severity":     {report.Choice{Only: []string{"low"}}, "1 1 1", ""},
		"not_an_id":      {report.Choice{Exclude: []string{"git"}}, "1 1 1", ""},
		"not_a_tag":      {report.Choice{Exclude: []string{"files"}}, "0 2 2", ""},
		"a_host":         {report.Choice{Targets: []string{"b.example"}}, "0 1 1", ""},
		"a_port":         {report.Choice{Targets: []string{"*:8443"}}, "0 1 1", ""},
		"an_address":     {report.Choice{Targets: []string{"https://a.*"}}, "1 2 1", ""},
		"high":           {report.Choice{Least: "high"}, "0 3 2", ""},
		"low_or_worse":   {report.Choice{Least: "low"}, "1 3 2", ""},
		"misspelt":       {report.Choice{Only: []string{"lsting"}}, "", `--only "lsting" is no id, tag or severity in the scan; did you mean "listing"?`},
		"no_such_target": {report.Choice{Targets: []string{"c.example"}}, "", `--target "c.example" fits no target of the scan`},
	} {
		t.Run(name, func(t *testing.T) {
			var got scanner.Collector
			err := report.Replay(strings.NewReader(text), report.NewSelection(&got, c.choose))
			if c.err != "" {
				if err == nil || !strings.Contains(err.Error(), c.err) {
					t.Fatalf("error %v, want %s", err, c.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			s := got.Summary
			said := []int{s.Severities["low"], s.Statuses[scanner.StatusFound] + s.Statuses[scanner.StatusUnreachable], s.Targets}
			have := []int{len(got.Findings), len(got.Outcomes), s.Targets}
			if text := strings.Trim(fmt.Sprint(have), "[]"); text != c.want || fmt.Sprint(said) != fmt.Sprint(have) {
				t.Errorf("findings, outcomes, targets %v (counted as %v), want %s", have, said, c.want)
			}
		})
	}
}
