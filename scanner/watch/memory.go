package watch

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"sotomi/scanner"
	"sotomi/scanner/report"
)

// withoutMemory is a report without what checks remember, and without pictures of findings that were known: the history has both in
// places of their own, the newest only.
func withoutMemory(r io.Reader, known func(scanner.Finding) bool) io.Reader {
	return &forgetful{lines: bufio.NewReader(r), known: known}
}

type forgetful struct {
	lines *bufio.Reader
	known func(scanner.Finding) bool
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
		f.rest = f.withoutPictures(forget(line))
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

// withoutPictures is a line without the pictures of a finding that was known.
func (f *forgetful) withoutPictures(line []byte) []byte {
	if !bytes.HasPrefix(line, []byte(`{"type":"finding"`)) || !bytes.Contains(line, []byte(`"pictures":{`)) {
		return line
	}
	finding, ok := readFinding(line)
	if !ok || !f.known(finding) {
		return line
	}
	finding.Hit.Pictures = nil
	short, err := record(finding)
	if err != nil {
		return line
	}
	return short
}

// readFinding reads the line of a finding.
func readFinding(line []byte) (scanner.Finding, bool) {
	var c scanner.Collector
	err := report.Replay(io.MultiReader(strings.NewReader(`{"type":"scan"}`+"\n"), bytes.NewReader(line)), &c)
	if !errors.Is(err, report.ErrIncomplete) || len(c.Findings) != 1 {
		return scanner.Finding{}, false
	}
	return c.Findings[0], true
}
