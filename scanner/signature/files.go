package signature

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"sotomi/scanner/message"
)

// maxFile is the most that is read of a signature file, or of a file that a signature names, in bytes.
const maxFile = 8 << 20

var errTooLarge = message.Errorf("larger than %d MiB", maxFile>>20)

// ReadFile is a file that the signature names: looked for beside it, then upwards to the folder it was loaded from, then
// below the template roots. A name or link that leads out of these folders is not followed. The error is fs.ErrNotExist
// when there is no such file in any of them.
func (s *Signature) ReadFile(name string) ([]byte, error) {
	local := path.Clean(filepath.ToSlash(strings.TrimSpace(name)))
	if !filepath.IsLocal(local) {
		return nil, message.Errorf("%s: file %q is not below the signature's folder: %w", s.File, name, fs.ErrNotExist)
	}
	if s.files != nil {
		for dir := path.Dir(s.File); ; dir = path.Dir(dir) {
			text, err := readLimited(s.files.Open(path.Join(dir, local)))
			if dir == "." || !errors.Is(err, fs.ErrNotExist) {
				return text, err
			}
		}
	}
	for _, root := range s.Roots {
		text, err := readLimited(openIn(root, local))
		switch {
		case err == nil:
			if s.told != nil {
				s.told(filepath.Join(root, local), text)
			}
			return text, nil
		case !errors.Is(err, fs.ErrNotExist):
			return nil, message.Errorf("%s: file %q: %w", s.File, name, err)
		}
	}
	return nil, message.Errorf("%s: file %q: %w", s.File, name, fs.ErrNotExist)
}

// openIn opens a file below root. What leads out of root counts as missing. A pipe is not opened: that would wait for a
// writer.
func openIn(root, name string) (fs.File, error) {
	missing := func(err error) error { return message.Errorf("%w: %w", fs.ErrNotExist, err) }
	dir, err := os.OpenRoot(root)
	if err != nil {
		return nil, missing(err)
	}
	defer dir.Close()
	name = filepath.FromSlash(name)
	info, err := dir.Stat(name)
	if err != nil {
		return nil, missing(err)
	}
	switch {
	case info.IsDir():
		return nil, missing(message.Errorf("it is a folder"))
	case !info.Mode().IsRegular():
		return nil, message.Errorf("%q is not a regular file", name)
	}
	f, err := dir.Open(name)
	if err != nil {
		return nil, missing(err)
	}
	return f, nil
}

func readLimited(f fs.File, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxFile {
		return nil, errTooLarge
	}
	return text, nil
}

// Lines are the values that a payload stands for: its own, or the lines of its file that are not empty.
func (s *Signature) Lines(p Payload) ([]string, error) {
	if p.File == "" {
		return p.Values, nil
	}
	text, err := s.ReadFile(p.File)
	if err != nil {
		return nil, err
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// roots are the folders in which files of a signature in the folder dir may lie: dir, the folders above it up to top, and
// further ones.
func roots(dir, top string, further []string) []string {
	list := []string{dir}
	for dir != top {
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
		list = append(list, dir)
	}
	return append(list, further...)
}
