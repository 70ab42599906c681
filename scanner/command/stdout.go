package command

import (
	"errors"
	"io"
	"os"
	"runtime"
	"syscall"

	"golang.org/x/term"

	"sotomi/scanner/message"
)

// stdoutStream is standard output. A reader that goes away early, such as head, has read what it wanted, unless all of it is
// needed; any other error is remembered, so that a command whose output was lost does not end with success.
type stdoutStream struct {
	to     io.Writer
	needed bool // all of it: it is the report of a scan, which is written nowhere else
	err    error
}

var errReaderGone = message.Errorf("the program that reads standard output ended before the report did")

// allNeeded is standard output for the report of a scan.
func allNeeded(w io.Writer) io.Writer {
	if s, ok := w.(*stdoutStream); ok {
		return &stdoutStream{to: s.to, needed: true}
	}
	return w
}

func (s *stdoutStream) Write(p []byte) (int, error) {
	n, err := s.to.Write(p)
	switch {
	case readerGone(err) && s.needed:
		return n, errReaderGone
	case readerGone(err):
		return len(p), nil
	}
	if err != nil && s.err == nil {
		s.err = err
	}
	return n, err
}

// readerGone: the program at the other end of the pipe has ended.
func readerGone(err error) bool {
	if runtime.GOOS != "windows" {
		return errors.Is(err, syscall.EPIPE)
	}
	const brokenPipe, noData = syscall.Errno(109), syscall.Errno(232) // ERROR_BROKEN_PIPE, ERROR_NO_DATA
	return errors.Is(err, brokenPipe) || errors.Is(err, noData)
}

func isTerminal(w io.Writer) bool {
	f := fileOf(w)
	return f != nil && term.IsTerminal(int(f.Fd()))
}

// columns is the width of a terminal, 0 for anything else.
func columns(w io.Writer) int {
	if !isTerminal(w) {
		return 0
	}
	width, _, err := term.GetSize(int(fileOf(w).Fd()))
	if err != nil {
		return 0
	}
	return width
}

// fileOf is the file behind w, nil when there is none.
func fileOf(w io.Writer) *os.File {
	if s, ok := w.(*stdoutStream); ok {
		w = s.to
	}
	f, ok := w.(*os.File)
	if !ok {
		return nil
	}
	return f
}
