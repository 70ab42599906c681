package report_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner/report"
)

// TestReplay: a saved scan reads like the scan, in every format and language.
func TestReplay(t *testing.T) {
	for name, put := range scans {
		saved := lines(t, put)
		for _, o := range []report.Options{{Language: "en"}, {Language: "ja"}, {Language: "en", Verbose: true, Color: true}} {
			var out bytes.Buffer
			if err := report.Replay(bytes.NewReader(saved), report.NewText(&out, o)); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(text(t, put, o)), out.String()); d != "" {
				t.Errorf("%s: %+v (-scan +replay):\n%s", name, o, d)
			}
		}
		var again bytes.Buffer
		if err := report.Replay(bytes.NewReader(saved), report.NewJSONLines(&again, report.Options{})); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(saved), again.String()); d != "" {
			t.Errorf("%s: JSON lines (-scan +replay):\n%s", name, d)
		}
	}
}

// TestReplayOfTimes: no nanosecond is lost on the way through a number of seconds.
func TestReplayOfTimes(t *testing.T) {
	for _, seconds := range []string{"0.008375141", "0.000001001", "1.999999999", "86399.123456789"} {
		saved := `{"type":"scan","tool":"sotomi"}` + "\n" + `{"type":"summary","seconds":` + seconds + `,"complete":true}` + "\n"
		var again bytes.Buffer
		if err := report.Replay(strings.NewReader(saved), report.NewJSONLines(&again, report.Options{})); err != nil {
			t.Fatal(err)
		}
		if want := `"seconds":` + seconds + `,`; !strings.Contains(again.String(), want) {
			t.Errorf("%s is missing in\n%s", want, again.String())
		}
	}
}

// TestReplayOfPart: a scan that was killed shows what it saw, and says that it is not all.
func TestReplayOfPart(t *testing.T) {
	all := bytes.SplitAfter(lines(t, scanned), []byte("\n"))
	cut := append([]byte("\ufeff"), bytes.Join(all[:len(all)-2], nil)...) // a mark that some editors leave
	cut = append(cut, `{"type":"summary","sever`...)
	var out bytes.Buffer
	err := report.Replay(bytes.NewReader(cut), report.NewText(&out, report.Options{Language: "en"}))
	if !errors.Is(err, report.ErrIncomplete) {
		t.Errorf("without a summary: %v", err)
	}
	for _, want := range []string{"The scan was interrupted", "\n6 findings: CRITICAL 1, HIGH 1, ", "6 found, 1 clean, 2 unreachable, 1 blocked"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

func TestReplayMistakes(t *testing.T) {
	for name, c := range map[string]struct{ saved, want string }{
		"empty":               {"", "not a scan in JSON lines: there is no line of type scan"},
		"blank_lines":         {"\n\n", "not a scan in JSON lines: there is no line of type scan"},
		"text":                {"\nhttps://a.example  1 finding\n", "line 2: not JSON: unexpected \"h\" at byte 1 of the line"},
		"list":                {"[]", "line 1: this is a list and is to be an object"},
		"no_type":             {"{}", "line 1: the first line is not of type scan"},
		"finding_first":       {`{"type":"finding"}`, "line 1: the first line is not of type scan"},
		"second_scan":         {"{\"type\":\"scan\"}\n{\"type\":\"scan\"}", "line 2: a second line of type scan"},
		"after_the_summary":   {"{\"type\":\"scan\"}\n{\"type\":\"summary\"}\n{\"type\":\"later\"}", "line 3: there are more lines after the summary"},
		"cut_in_the_middle":   {"{\"type\":\"scan\"}\n{\"type\":\"fin\n{\"type\":\"summary\"}", "line 2: not JSON: it ends too early"},
		"number_for_a_string": {"{\"type\":\"scan\"}\n{\"type\":\"outcome\",\"target\":1}", "line 2: the field \"target\" is a number and is to be text"},
	} {
		err := report.Replay(strings.NewReader(c.saved), report.NewText(&bytes.Buffer{}, report.Options{Language: "en"}))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
}

// TestReplayOfLater: records and fields of a later version are left out.
func TestReplayOfLater(t *testing.T) {
	const saved = `{"type":"scan","later":[1]}
{"type":"thought","text":"hm"}
{"type":"finding","signature":"x","severity":"grave","certainty":"felt","target":"http://a.example","url":"http://a.example/","title":{"en":"X","fr":"X"}}
{"type":"outcome","signature":"x","target":"http://a.example","status":"pondered"}
{"type":"summary","targets":1,"severities":{"grave":1},"statuses":{"pondered":1}}
`
	var out bytes.Buffer
	if err := report.Replay(strings.NewReader(saved), report.NewText(&out, report.Options{Language: "en"})); err != nil {
		t.Fatal(err)
	}
	golden(t, "later.en", out.Bytes())
}

// FuzzReplay: no file makes a reader panic or steers the terminal, and what was understood is understood again.
func FuzzReplay(f *testing.F) {
	f.Add([]byte("{\"type\":\"scan\"}\n{\"type\":\"finding\"}\n{\"type\":\"summary\"}"))
	f.Add([]byte("{\"type\":\"scan\"}\n{\"type\":\"finding\",\"severity\":\"\\u001b\",\"values\":{\"\\u009b\":[1e9,{\"x\":null}]},\"evidence\":[{\"response\":\"\\u202e\\n\\n\\u0007\"}]}"))
	f.Add([]byte("{\"type\":\"scan\",\"time\":\"2026-11-24T09:00:00+09:00\"}\n{\"type\":\"outcome\",\"status\":\"\\u001b\",\"target\":\"\\u2066\"}\n{\"type\":\"summary\",\"seconds\":1e300}"))
	for _, put := range scans {
		f.Add(lines(f, put))
	}
	f.Add(lines(f, pictured))
	f.Fuzz(func(t *testing.T, saved []byte) {
		var first, second, out bytes.Buffer
		err := report.Replay(bytes.NewReader(saved), report.NewText(&out, report.Options{Language: "en", Verbose: true}))
		if i := strings.IndexFunc(out.String(), steers); i >= 0 {
			t.Errorf("%q reaches the terminal", out.String()[i:])
		}
		if lineErr := report.Replay(bytes.NewReader(saved), report.NewJSONLines(&first, report.Options{})); (err == nil) != (lineErr == nil) {
			t.Errorf("as text: %v, as JSON lines: %v", err, lineErr)
		}
		if err != nil {
			return
		}
		if err := report.Replay(bytes.NewReader(first.Bytes()), report.NewJSONLines(&second, report.Options{})); err != nil {
			t.Errorf("%v\n%s", err, first.String())
		}
		if d := cmp.Diff(first.String(), second.String()); d != "" {
			t.Errorf("(-once +twice):\n%s", d)
		}
	})
}
