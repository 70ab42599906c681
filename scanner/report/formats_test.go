package report_test

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

// recorded replays a scan of the sites of sotomi demo.
func recorded(t testing.TB, to scanner.Sink) {
	t.Helper()
	f, err := os.Open("testdata/recorded.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := report.Replay(f, to); err != nil {
		t.Fatal(err)
	}
}

// attack is a text that does harm wherever it is not taken as text.
const attack = "=HYPERLINK(\"http://evil.example\",\"x\")</script></style><script>alert(1)</script><img src=x onerror=alert(2)>" +
	"\x1b[31m\x00\u202e'\"`| [x](javascript:alert(3)) @everyone ]]> $(id) {{.Secret}} \u2028"

// hostile puts a scan into a sink in which every text is an attack.
func hostile(t testing.TB, to scanner.Sink) {
	t.Helper()
	f := scanner.Finding{
		Signature: &signature.Signature{ID: attack, Info: signature.Info{
			Name: attack, Description: attack, Impact: attack, Remediation: attack, Severity: "high", Tags: []string{attack},
			Reference: []string{"javascript:alert(4)", attack}, JA: signature.Words{Name: attack, Description: attack},
			Classification: signature.Classification{CVEID: []string{attack}, CVSSMetrics: attack},
		}},
		Severity: "high", Target: "https://a.example/" + attack, Fingerprint: attack,
		Hit: scanner.Hit{
			URL: "javascript:" + attack, Matcher: attack, Variant: attack, Values: scanner.Values{attack: attack, "fixed": attack, "cache": attack},
			Evidence: []evidence.Evidence{
				{Request: "GET /'" + attack + " HTTP/1.1\nHost: a.example\nCookie: ***\nX-Key: a***b\n@file: x", Response: "HTTP/1.1 200 OK\n\n" + attack, Note: message.New("%s", attack)},
			},
		},
	}
	for _, err := range []error{
		to.Start(scanner.Start{Version: "1.0.0", SignatureSet: attack, Time: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), Targets: []string{attack}, Signatures: 1}),
		to.Target(scanner.TargetInfo{Target: "https://a.example/" + attack, Asked: attack, Leads: attack, Status: 404}),
		to.Finding(f),
		to.Outcome(scanner.Outcome{Signature: attack, Target: "https://a.example/" + attack, Status: scanner.StatusFound}),
		to.Outcome(scanner.Outcome{Signature: attack + "2", Target: "https://a.example/" + attack, Status: scanner.StatusFailed, Reason: message.New("%s", attack)}),
		to.Close(scanner.Summary{
			Severities: map[string]int{"high": 1}, Confirmed: map[string]int{"high": 1}, Statuses: map[scanner.Status]int{"found": 1, "failed": 1},
			Targets: 1, Requests: 2, Took: time.Second, Redirected: []scanner.Redirected{{Target: attack, To: attack}},
		}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// all are the scans that every format is held to.
var all = map[string]func(testing.TB, scanner.Sink){
	"recorded": recorded, "scanned": scanned, "troubled": troubled, "bare": bare, "nothing": nothing, "hostile": hostile, "shops": shops, "profiled": profiled,
}

// in is a scan in a format.
func in(t testing.TB, format, language string, put func(testing.TB, scanner.Sink)) []byte {
	t.Helper()
	f, err := report.ByName(format)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	put(t, f(&out, report.Options{Language: language}))
	return out.Bytes()
}

// TestFormatsReadAsTheyDid: one recorded scan, one without findings and one that was interrupted, in every format.
func TestFormatsReadAsTheyDid(t *testing.T) {
	for format, languages := range map[string][]string{
		"sarif": {"en", "ja"}, "junit": {"en", "ja"}, "csv": {"en", "ja"}, "markdown": {"en", "ja"}, "html": {"ja"}, "gitlab": {"en"}, "defectdojo": {"ja"}, "cyclonedx": {"en"}, "text": {"en", "ja"}, "jsonl": {"en"},
	} {
		for _, language := range languages {
			for _, name := range []string{"recorded", "nothing", "troubled", "shops"} {
				golden(t, format+"."+name+"."+language, in(t, format, language, all[name]))
			}
		}
	}
}

// TestFormatsReplay: every format of a saved scan is that of the scan itself.
func TestFormatsReplay(t *testing.T) {
	for format := range report.Formats() {
		for name, put := range all {
			if format == "pdf" { // html, printed; see its own test
				break
			}
			if name == "hostile" { // its values and words come back escaped
				continue
			}
			live := in(t, format, "ja", put)
			again := in(t, format, "ja", func(t testing.TB, to scanner.Sink) {
				if err := report.Replay(bytes.NewReader(lines(t, put)), to); err != nil {
					t.Fatal(err)
				}
			})
			if format != "xlsx" && !bytes.Equal(live, again) {
				t.Errorf("%s of %s: the saved scan reads otherwise:\n%s\n%s", format, name, live, again)
			}
		}
	}
}

// TestFormatsSteerNothing: no control character and no mark of direction gets into a report of any format.
func TestFormatsSteerNothing(t *testing.T) {
	for format := range report.Formats() {
		if format == "xlsx" || format == "pdf" { // compressed; see their own tests
			continue
		}
		for name, put := range all {
			got := strings.ReplaceAll(string(in(t, format, "en", put)), "\r\n", "\n")
			if i := strings.IndexFunc(got, steers); i >= 0 {
				t.Errorf("%s of %s: %q", format, name, got[max(0, i-40):min(len(got), i+40)])
			}
		}
	}
}

// replayOf is a saved scan.
func replayOf(saved string) func(testing.TB, scanner.Sink) {
	return func(t testing.TB, to scanner.Sink) {
		t.Helper()
		if err := report.Replay(strings.NewReader(saved), to); err != nil {
			t.Fatal(err)
		}
	}
}

// scan puts one finding into a sink.
func scan(t testing.TB, to scanner.Sink, severity signature.Severity) {
	t.Helper()
	err := to.Finding(scanner.Finding{
		Signature: &signature.Signature{ID: "s-" + string(severity), Info: signature.Info{Name: "Name", Severity: severity}}, Severity: severity,
		Target: "https://a.example", Fingerprint: "f", Hit: scanner.Hit{URL: "https://a.example/x"},
	})
	if err != nil {
		t.Fatal(err)
	}
}

var longSignature = &signature.Signature{ID: "long", Info: signature.Info{Name: "Name", Description: strings.Repeat("word ", 100), Remediation: "Mend it."}}

// longEvidence is evidence of the usual size, another one for each i.
func longEvidence(i int) []evidence.Evidence {
	return []evidence.Evidence{{Request: fmt.Sprintf("GET /%d HTTP/1.1", i), Response: "HTTP/1.1 200 OK\n\n" + strings.Repeat(fmt.Sprintf("%d ", i), 400)}}
}
