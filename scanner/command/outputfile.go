package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"

	"sotomi/scanner"
)

// place is where one report goes to. A file appears under its name when the report is whole; a device or a pipe takes the
// report as it comes.
type outputFile struct {
	path    string
	pending *renameio.PendingFile // nil for what is no file
	direct  *os.File              // nil for a file
}

// newPlace finds out whether path can be written. A link stays a link: what it leads to is written.
func newOutputFile(path string) (*outputFile, error) {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		path = to
	}
	info, err := os.Stat(path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, err
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("%s is a folder; name a file in it", path)
	case err == nil && !info.Mode().IsRegular():
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &outputFile{path: path, direct: f}, err
	}
	f, err := renameio.NewPendingFile(path, renameio.WithPermissions(0o600), renameio.WithExistingPermissions())
	return &outputFile{path: path, pending: f}, err
}

func (p *outputFile) Write(b []byte) (int, error) {
	if p.direct != nil {
		return p.direct.Write(b)
	}
	return p.pending.Write(b)
}

// keep makes what was written a whole report.
func (p *outputFile) keep() error {
	if p.direct != nil {
		return p.direct.Close()
	}
	return p.pending.CloseAtomicallyReplace()
}

// abandon removes what was written, unless it is kept already.
func (p *outputFile) abandon() {
	if p.direct != nil {
		_ = p.direct.Close() // a second time when it is kept
		return
	}
	_ = p.pending.Cleanup() // nothing to remove when it is kept
}

// placed keeps its report when it is closed.
type fileSink struct {
	scanner.Sink
	file *outputFile
}

func (s *fileSink) Close(summary scanner.Summary) error {
	err := s.Sink.Close(summary)
	if err == nil {
		err = s.file.keep()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.file.path, err)
	}
	return nil
}
