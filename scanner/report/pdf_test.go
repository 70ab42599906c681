package report_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

// browser is one that is installed; without one the test is skipped aloud.
func browser(t *testing.T) string {
	t.Helper()
	path, err := report.Chromium(t.Context(), "")
	if err != nil || testing.Short() {
		t.Skipf("no browser has looked at the page: -short, or %v", err)
	}
	return path
}

// TestPDFHasText: what the page says can be selected and searched in the PDF, also in Japanese, with the evidence that the
// page shows folded away.
func TestPDFHasText(t *testing.T) {
	for language, want := range map[string][]string{
		"ja": {"外部から見た公開状態の確認結果", "問題点", "確認できなかったこと", "Gitリポジトリの公開", "ref: refs/heads/main", "根拠"},
		"en": {"What is bad", "Git repository published", "ref: refs/heads/main", "Evidence"},
	} {
		text := inPDF(t, language, recorded)
		for _, word := range want {
			if !strings.Contains(text, strings.ReplaceAll(word, " ", "")) {
				t.Errorf("%s: the PDF lacks %q:\n%.3000s", language, word, text)
			}
		}
	}
}

// TestPDFOfSuppressedFindings: they stand in the PDF, marked with the reason, and nothing asks to mend them.
func TestPDFOfSuppressedFindings(t *testing.T) {
	for language, want := range map[string][]string{"en": {"Repository published", "in a museum", "2099-03-31"}, "ja": {"リポジトリの公開", "in a museum", "2099-03-31"}} {
		text := inPDF(t, language, func(t testing.TB, to scanner.Sink) {
			sig := &signature.Signature{ID: "git-exposed", Info: signature.Info{
				Name: "Repository published", Remediation: "Take it away.", JA: signature.Words{Name: "リポジトリの公開", Remediation: "削除してください。"},
			}}
			f := scanner.Finding{
				Signature: sig, Severity: signature.SeverityHigh, Target: "https://shop.example", Fingerprint: "v1:00", Hit: scanner.Hit{URL: "https://shop.example/.git/HEAD", Certainty: scanner.Confirmed},
				Standing: scanner.Standing{Suppressed: &scanner.Suppression{Reason: "in a museum", Until: "2099-03-31", Status: scanner.Accepted}},
			}
			s := scanner.Summary{Statuses: map[scanner.Status]int{scanner.StatusFound: 1}, Targets: 1, Complete: true, SuppressedFindings: 1}
			err := errors.Join(to.Start(scanner.Start{}), to.Finding(f), to.Outcome(scanner.Outcome{Signature: sig.ID, Target: f.Target, Status: scanner.StatusFound}), to.Close(s))
			if err != nil {
				t.Fatal(err)
			}
		})
		for _, word := range want {
			if !strings.Contains(text, strings.ReplaceAll(word, " ", "")) {
				t.Errorf("%s: the PDF lacks %q:\n%.3000s", language, word, text)
			}
		}
		if strings.Contains(text, "Takeitaway") || strings.Contains(text, "削除して") {
			t.Errorf("%s: the PDF asks to mend what is suppressed:\n%.3000s", language, text)
		}
	}
}

// inPDF is the text of the PDF of a scan, without spaces.
func inPDF(t *testing.T, language string, put func(testing.TB, scanner.Sink)) string {
	t.Helper()
	chromium := browser(t)
	reader, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("pdftotext is not installed: nobody has read the PDF")
	}
	var out bytes.Buffer
	put(t, report.NewPDF(&out, report.Options{Language: language, Chromium: chromium}))
	file := filepath.Join(t.TempDir(), "report.pdf")
	if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := exec.CommandContext(t.Context(), reader, "-layout", file, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), " ", "")
}

// TestChromiumIsFound: a browser that is not there, or that only says how to get one, is a mistake that is told beforehand.
func TestChromiumIsFound(t *testing.T) {
	folder := t.TempDir()
	stub := filepath.Join(folder, "chromium")
	if err := os.WriteFile(stub, []byte("#!/bin/sh\necho install it by snap\nexit 1\n"), 0o700); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	_, err := report.Chromium(t.Context(), filepath.Join(folder, "nothing"))
	if err == nil || !strings.Contains(err.Error(), "--chromium ") {
		t.Errorf("a browser that is not there: %v", err)
	}
	t.Setenv("PATH", folder)
	if _, err = report.Chromium(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "install it by snap") {
		t.Errorf("a stub: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err = report.Chromium(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "none was found") {
		t.Errorf("no browser: %v", err)
	}
}
