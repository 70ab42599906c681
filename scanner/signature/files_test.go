//go:build unix

package signature_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sotomi/scanner/signature"
)

// A pipe or a device would keep the scan waiting, or fill the memory.
func TestReadFile_takes_regular_files_only(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.txt"), 0o600); err != nil {
		t.Skip(err)
	}
	s := &signature.Signature{File: "t.yaml", Roots: []string{dir}}
	if _, err := s.ReadFile("pipe.txt"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a pipe: %v", err)
	}
}
