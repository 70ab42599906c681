package report

import (
	"bytes"
	"io"
	"os"
)

// spoolMemory is how many bytes a spool keeps in memory; the rest goes to a temporary file.
const spoolMemory = 256 << 10

// spool keeps text that is to be written later. Where no temporary file can be made, it stays in memory.
type spool struct {
	buffer bytes.Buffer
	file   *os.File
	noFile bool
}

// Write keeps text.
func (s *spool) Write(text []byte) (int, error) {
	n, _ := s.buffer.Write(text) // has no error
	if s.buffer.Len() < spoolMemory || s.noFile {
		return n, nil
	}
	if s.file == nil {
		file, err := os.CreateTemp("", "sotomi-*.tmp")
		if err != nil {
			s.noFile = true
			return n, nil
		}
		s.file = file
		_ = os.Remove(file.Name()) // where an open file can be removed, nothing of it stays behind
	}
	_, err := s.buffer.WriteTo(s.file)
	return n, err
}

// copyTo writes all that was kept, and frees it.
func (s *spool) copyTo(w io.Writer) error {
	if s.file != nil {
		defer os.Remove(s.file.Name())
		defer s.file.Close()
		if _, err := s.file.Seek(0, io.SeekStart); err != nil {
			return err
		}
		if _, err := io.Copy(w, s.file); err != nil {
			return err
		}
	}
	_, err := s.buffer.WriteTo(w)
	return err
}
