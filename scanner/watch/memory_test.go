package watch

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/history"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
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

// TestPicturesAreKeptOnce: the report of a run keeps the pictures of findings that were not there in the run before; of the others it
// keeps all else.
func TestPicturesAreKeptOnce(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewGray(image.Rect(0, 0, 4, 4)), nil); err != nil {
		t.Fatal(err)
	}
	picture := evidence.NewPicture(b.Bytes(), time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC))
	write := func(of map[string]bool) string { // findings by fingerprint, and whether they have pictures
		var to bytes.Buffer
		sink := report.NewJSONLines(&to, report.Options{})
		err := sink.Start(scanner.Start{})
		for _, id := range slices.Sorted(maps.Keys(of)) {
			f := scanner.Finding{
				Signature: &signature.Signature{ID: "page-changed", Info: signature.Info{Name: `says "pictures":{`, Severity: "high"}}, Severity: "high", Target: "http://a.test", Fingerprint: id,
				Hit: scanner.Hit{URL: "http://a.test/", Values: scanner.Values{"before": []string{"<b>"}, "who": message.New("every visitor")}, Evidence: []evidence.Evidence{{Response: "<a>"}}},
			}
			if of[id] {
				f.Hit.Pictures = &evidence.Pictures{Before: picture, After: picture}
			}
			err = errors.Join(err, sink.Finding(f))
		}
		if err := errors.Join(err, sink.Close(scanner.Summary{})); err != nil {
			t.Fatal(err)
		}
		return to.String()
	}
	known := func(f scanner.Finding) bool { return f.Fingerprint == "v1:known" || f.Fingerprint == "v1:plain" }
	kept, err := io.ReadAll(withoutMemory(strings.NewReader(write(map[string]bool{"v1:known": true, "v1:fresh": true, "v1:plain": false})), known))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(write(map[string]bool{"v1:known": false, "v1:fresh": true, "v1:plain": false}), string(kept)); diff != "" {
		t.Errorf("the report that is kept (-want +got)\n%s", diff)
	}
}
