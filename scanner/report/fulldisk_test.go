package report_test

import (
	"errors"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/report"
)

var errFull = errors.New("full")

// disk has room for so many bytes.
type disk struct{ room, size int }

func (d *disk) Write(p []byte) (int, error) {
	if d.room < len(p) {
		d.room = 0
		return 0, errFull
	}
	d.room -= len(p)
	d.size += len(p)
	return len(p), nil
}

// engineLike tells a sink no more after its first error, and closes it then, too.
type engineLike struct {
	sink   scanner.Sink
	failed error
}

func (e *engineLike) tell(err func() error) error {
	if e.failed == nil {
		e.failed = err()
	}
	return nil
}

func (e *engineLike) Start(v scanner.Start) error {
	return e.tell(func() error { return e.sink.Start(v) })
}

func (e *engineLike) Target(v scanner.TargetInfo) error {
	return e.tell(func() error { return e.sink.Target(v) })
}

func (e *engineLike) Finding(v scanner.Finding) error {
	return e.tell(func() error { return e.sink.Finding(v) })
}

func (e *engineLike) Outcome(v scanner.Outcome) error {
	return e.tell(func() error { return e.sink.Outcome(v) })
}

func (e *engineLike) Progress(v scanner.Progress) error {
	return e.tell(func() error { return e.sink.Progress(v) })
}

func (e *engineLike) Close(v scanner.Summary) error {
	v.Interrupted, v.NotStarted = true, 1 // formats have the most to say then
	e.failed = errors.Join(e.failed, e.sink.Close(v))
	return nil
}

// Wherever a disk is full, the report says so, and nothing breaks: what has failed is closed, too.
func TestFullDiskAnywhere(t *testing.T) {
	for name, format := range report.Formats() {
		if name == "pdf" {
			continue // a browser writes it
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whole := &disk{room: 1 << 30}
			recorded(t, &engineLike{sink: format(whole, report.Options{Verbose: true})})
			size := whole.size
			for room := 0; room < size; room += max(1, min(size/40, size-1-room)) {
				d := &disk{room: room}
				sink := &engineLike{sink: format(d, report.Options{Verbose: true})}
				recorded(t, sink)
				if !errors.Is(sink.failed, errFull) {
					t.Fatalf("room for %d of %d bytes: %v", room, size, sink.failed)
				}
			}
		})
	}
}
