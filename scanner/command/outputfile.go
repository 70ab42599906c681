package command

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// outputFile is where one report goes.
type outputFile struct {
	path  string
	kind  outputKind
	file  *os.File
	isNew bool  // nothing stood at path before
	begun bool  // something was written
	size  int64 // bytes of all whole writes
	err   error // the first one; nothing is written after it
	ended bool
}

type outputKind int

const (
	wholeFile outputKind = iota // appears under its name when it is finished; until then the name keeps the older report
	liveFile                    // grows under its name, for lines that are worth something without the rest
	device                      // also a pipe
)

// newOutputFile finds out whether path can be written; what stands there stays until there is something to write. Through
// a link, what it leads to is written.
func newOutputFile(path string, live bool) (*outputFile, error) {
	if to, err := filepath.EvalSymlinks(path); err == nil {
		path = to
	}
	o := &outputFile{path: path}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		o.isNew = true
	case err != nil:
		return nil, err
	case info.IsDir():
		return nil, message.Errorf("%s is a folder; name a file in it", path)
	case !info.Mode().IsRegular():
		o.kind = device
		o.file, err = os.OpenFile(path, os.O_WRONLY, 0)
		return o, err
	}
	if live {
		o.kind = liveFile
		o.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
		return o, err
	}
	if o.file, err = os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.tmp"); err != nil {
		return nil, &fs.PathError{Op: "create", Path: path, Err: reason(err)} // the user knows nothing of a temporary file
	}
	if info != nil {
		err = os.Chmod(o.file.Name(), info.Mode().Perm())
	}
	if err != nil {
		o.abandon()
	}
	return o, err
}

// goOn adds to what a live file holds already.
func (o *outputFile) goOn() error {
	if o.kind != liveFile {
		return nil
	}
	size, err := o.file.Seek(0, io.SeekEnd)
	if err != nil {
		o.abandon()
		return reason(err)
	}
	o.begun, o.size = size > 0, size
	return nil
}

// Write keeps whole writes only: of one that fails, such as on a full disk, nothing stays in a file.
func (o *outputFile) Write(b []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	if !o.begun && o.kind == liveFile {
		o.err = o.file.Truncate(0) // the older report
	}
	o.begun = true
	n := 0
	if o.err == nil {
		n, o.err = o.file.Write(b)
	}
	if o.err == nil {
		o.size += int64(n)
		return n, nil
	}
	if o.kind == liveFile {
		_ = o.file.Truncate(o.size) // else the last line is half a line, which readers must expect anyway
	}
	o.err = o.failure(o.err)
	return n, o.err
}

// failure says what has become of the file.
func (o *outputFile) failure(err error) error {
	if o.kind == liveFile {
		return message.Errorf("%s is incomplete: %w", o.path, reason(err))
	}
	return message.Errorf("%s was not written: %w", o.path, reason(err))
}

// reason is an error without the paths in it, which may be those of a temporary file.
func reason(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

// keep ends a report that is finished.
func (o *outputFile) keep() error {
	if o.err != nil {
		o.abandon()
		return o.err
	}
	o.ended = true
	var err error
	if o.kind != device {
		err = o.file.Sync()
	}
	err = errors.Join(err, o.file.Close())
	if err == nil && o.kind == wholeFile {
		err = os.Rename(o.file.Name(), o.path) // on Windows, too, it replaces a file
	}
	if err == nil {
		return nil
	}
	if o.kind == wholeFile {
		_ = os.Remove(o.file.Name())
	}
	return o.failure(err)
}

// abandon ends a report that is not finished, unless it has ended. Lines that were written stay.
func (o *outputFile) abandon() {
	if o.ended {
		return
	}
	o.ended = true
	_ = o.file.Close() // the report has failed already
	if o.kind == wholeFile || o.kind == liveFile && o.isNew && !o.begun {
		_ = os.Remove(o.file.Name()) // at worst an empty or hidden file stays
	}
}

// fileSink is a report in a file.
type fileSink struct {
	scanner.Sink
	file *outputFile
}

// Close keeps the report.
func (s *fileSink) Close(summary scanner.Summary) error {
	if err := s.Sink.Close(summary); err != nil {
		s.file.abandon()
		return err
	}
	return s.file.keep()
}
