package command

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/report"
)

// What is left of the bar on the line that a report goes on to write is nothing.
func TestProgressMakesWayForReports(t *testing.T) {
	for name, event := range map[string]func(scanner.Sink) error{
		"finding": func(s scanner.Sink) error { return s.Finding(scanner.Finding{}) },
		"outcome": func(s scanner.Sink) error { return s.Outcome(scanner.Outcome{}) },
		"close":   func(s scanner.Sink) error { return s.Close(scanner.Summary{}) },
	} {
		t.Run(name, func(t *testing.T) {
			var screen bytes.Buffer
			p := &progressSink{bar: newBar(&screen), say: report.Progress("en")}
			if err := p.Progress(scanner.Progress{TargetsDone: 1, TargetsTotal: 3, Requests: 12, Took: 3 * time.Second, Left: 9 * time.Second}); err != nil {
				t.Fatal(err)
			}
			if line := screen.String(); !strings.Contains(line, "12 requests, 0 findings (1/3), 9s left") || !strings.Contains(line, " 25% ") {
				t.Errorf("the bar says %q", line)
			}
			if err := event(p); err != nil {
				t.Fatal(err)
			}
			parts := strings.Split(screen.String(), "\r")
			if last, cleared := parts[len(parts)-1], parts[len(parts)-2]; last != "" || strings.TrimSpace(cleared) != "" {
				t.Errorf("the line ends with %q after %q", last, cleared)
			}
			before := screen.Len()
			if err := event(p); err != nil || screen.Len() != before {
				t.Errorf("a bar that is not shown is taken away again: %q, %v", screen.String()[before:], err)
			}
		})
	}
}

func TestBarFitsIntoATerminal(t *testing.T) {
	var screen bytes.Buffer
	p := &progressSink{bar: newBar(&screen), say: report.Progress("en")}
	if err := p.Progress(scanner.Progress{TargetsDone: 1 << 23, TargetsTotal: 1 << 24, Requests: 123456789, Findings: 12345, Took: time.Hour, Left: 9*time.Hour + 1234*time.Second}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(screen.String(), "\r") {
		if n := len([]rune(line)); n > 100 {
			t.Errorf("%d columns: %q", n, line)
		}
	}
}

// TestPDFNeedsABrowser: one that is not there is told before anything is sent.
func TestPDFNeedsABrowser(t *testing.T) {
	site := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a request was sent") }))
	defer site.Close()
	t.Setenv("PATH", t.TempDir())
	file := filepath.Join(t.TempDir(), "report.pdf")
	for flag, want := range map[string]string{"": "pdf needs Chromium or Chrome, and none was found", "nothing": "--chromium nothing: "} {
		args := []string{"sotomi", "scan", site.URL, "-o", "pdf=" + file}
		if flag != "" {
			args = append(args, "--chromium", flag)
		}
		var out, errs bytes.Buffer
		if status := run(context.Background(), args, nil, &out, &errs); status != 2 || !strings.Contains(errs.String(), want) {
			t.Errorf("--chromium %q: status %d: %s", flag, status, errs.String())
		}
	}
}
