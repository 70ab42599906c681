package command

import (
	"io"
	"io/fs"
	"os"
	"strings"

	"sotomi/scanner/message"
)

// The most that is read of a file at once, in bytes.
const (
	maxSettings = 8 << 20   // sotomi.yaml, suppressions, certificates
	maxKnown    = 256 << 20 // baselines and OpenVEX: they may tell of a million findings
)

// openFile opens a file to be read.
func openFile(name string) (*os.File, error) {
	if err := checkFile(name); err != nil {
		return nil, err
	}
	return os.Open(name)
}

// checkFile is the error of a name under which there is no file that can be read to its end. A pipe or a device that stands
// where a file is expected would block, or never end. What the shell has opened can be read, as in @<(command) or
// /dev/stdin, and the empty device too.
func checkFile(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	switch empty, err := os.Stat(os.DevNull); {
	case info.Mode().IsRegular(), err == nil && os.SameFile(info, empty), inherited(name):
		return nil
	case info.IsDir():
		return &fs.PathError{Op: "open", Path: name, Err: message.Errorf("this is a folder, not a file")}
	}
	return &fs.PathError{Op: "open", Path: name, Err: message.Errorf("this is a pipe or a device, not a file")}
}

// inherited reports whether a name is that of a descriptor which sotomi was started with.
func inherited(name string) bool {
	return name == "/dev/stdin" || strings.HasPrefix(name, "/dev/fd/") || strings.HasPrefix(name, "/proc/self/fd/")
}

// readFile is what a file holds, which may be limit bytes.
func readFile(name string, limit int64) ([]byte, error) {
	f, err := openFile(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > limit {
		return nil, &fs.PathError{Op: "read", Path: name, Err: message.Errorf("larger than %d MiB", limit>>20)}
	}
	return text, nil
}

// checkWhole is the error of a file of certificates or credentials, which a library reads as a whole.
func checkWhole(name string) error {
	if name == "" {
		return nil
	}
	if err := checkFile(name); err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err == nil && info.Size() > maxSettings {
		err = &fs.PathError{Op: "read", Path: name, Err: message.Errorf("larger than %d MiB", maxSettings>>20)}
	}
	return err
}
