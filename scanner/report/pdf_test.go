package report_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sotomi/scanner/report"
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
	chromium := browser(t)
	reader, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("pdftotext is not installed: nobody has read the PDF")
	}
	for language, want := range map[string][]string{
		"ja": {"外部から見た公開状態の確認結果", "問題点", "確認できなかったこと", "Gitリポジトリの公開", "ref: refs/heads/main", "根拠"},
		"en": {"What is bad", "Git repository published", "ref: refs/heads/main", "Evidence"},
	} {
		var out bytes.Buffer
		recorded(t, report.NewPDF(&out, report.Options{Language: language, Chromium: chromium}))
		file := filepath.Join(t.TempDir(), "report.pdf")
		if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		text, err := exec.Command(reader, "-layout", file, "-").Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range want {
			if !strings.Contains(strings.ReplaceAll(string(text), " ", ""), strings.ReplaceAll(word, " ", "")) {
				t.Errorf("%s: the PDF lacks %q:\n%.3000s", language, word, text)
			}
		}
	}
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
