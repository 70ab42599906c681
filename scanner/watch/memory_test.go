package watch

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/history"
	"sotomi/scanner/report"
)

// TestReportsAreKeptWithoutMemory: what checks remember is read from a report, and is not kept with it.
func TestReportsAreKeptWithoutMemory(t *testing.T) {
	var with, without bytes.Buffer
	for _, to := range []*bytes.Buffer{&with, &without} {
		info := scanner.TargetInfo{Target: "http://a.test", Status: 200, Folders: []string{"/x"}}
		if to == &with {
			info.Memory = []scanner.Remembered{{Signature: "page-changed", Name: "http://a.test/", Value: []byte(`{"t":"<b>"}`)}}
		}
		sink := report.NewJSONLines(to, report.Options{})
		for _, err := range []error{
			sink.Start(scanner.Start{}), sink.Target(info), sink.Target(scanner.TargetInfo{Target: `http://b.test/"memory":`}),
			sink.Outcome(scanner.Outcome{Signature: "s", Target: "http://a.test", Status: scanner.StatusClean}), sink.Close(scanner.Summary{}),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	l, err := readLook(bytes.NewReader(with.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	want := []history.Memory{{Signature: "page-changed", Target: "http://a.test", Name: "http://a.test/", Value: []byte(`{"t":"<b>"}`)}}
	if diff := cmp.Diff(want, l.memory); diff != "" {
		t.Errorf("remembered (-want +got)\n%s", diff)
	}
	kept, err := io.ReadAll(withoutMemory(iotest.OneByteReader(bytes.NewReader(with.Bytes())), nil))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(without.String(), string(kept)); diff != "" {
		t.Errorf("the report that is kept (-want +got)\n%s", diff)
	}
	broken := iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader(with.String())))
	if _, err := io.ReadAll(withoutMemory(broken, nil)); err == nil {
		t.Error("an error of the report is lost")
	}
}
