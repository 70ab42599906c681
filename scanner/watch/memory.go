package watch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"

	"sotomi/scanner"
)

// withoutMemory is a report without what checks remember: the history has that in a place of its own, the newest only.
func withoutMemory(report io.Reader) io.Reader { return &forgetful{lines: bufio.NewReader(report)} }

type forgetful struct {
	lines *bufio.Reader
	rest  []byte // of the line at hand
	err   error  // that came with it
}

func (f *forgetful) Read(p []byte) (int, error) {
	for len(f.rest) == 0 {
		if f.err != nil {
			return 0, f.err
		}
		var line []byte
		line, f.err = f.lines.ReadBytes('\n')
		f.rest = forget(line)
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// forget is a line without what checks remember.
func forget(line []byte) []byte {
	if !bytes.HasPrefix(line, []byte(`{"type":"target"`)) || !bytes.Contains(line, []byte(`"memory":`)) {
		return line
	}
	var record struct {
		Type string `json:"type"`
		scanner.TargetInfo
	}
	if json.Unmarshal(line, &record) != nil {
		return line
	}
	record.Memory = nil
	short, err := json.Marshal(record)
	if err != nil {
		return line
	}
	return append(short, '\n')
}
