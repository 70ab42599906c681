package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

// troubled puts a scan into a sink that met every kind of trouble and was interrupted: long evidence, more reasons and
// sites than are listed, variants, texts that would steer a terminal.
func troubled(t testing.TB, to scanner.Sink) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	must(to.Start(scanner.Start{Version: "1.0.0", Time: time.Date(2026, 11, 24, 18, 0, 0, 999_000_000, time.FixedZone("JST", 9*60*60)), Targets: []string{"@sites.txt"}, Signatures: 10}))
	must(to.Finding(scanner.Finding{
		Signature: &signature.Signature{
			ID: "wide", Info: signature.Info{
				Name: "Name\x1b]0;of the file\x07", Description: "A page says \u202eelif eht fo eman.",
				JA: signature.Words{Name: "とても長い名前のファイルが公開されている状態", Description: strings.Repeat("このページは、利用者の情報を「誰でも」読み取れる状態で公開しています。", 3)},
			},
			Variants: map[string]signature.Variant{"worse": {
				Name: "Name of the file, and worse", Remediation: "Take it away.", Severity: "critical",
				JA: signature.Words{Remediation: "取り除いてください。"},
			}},
		},
		Severity: "critical", Target: "https://a.example", Fingerprint: "0a",
		Hit: scanner.Hit{
			URL: "https://a.example/\x00", Variant: "worse", Matcher: "second",
			Values: scanner.Values{
				"count": 14300000, "bytes": int64(1) << 40, "ratio": 0.25, "open": true, "list": []string{"one", "two\u009b"},
				"long": strings.Repeat("長い", 100), "none": []string{}, "empty": "",
			},
			Evidence: []evidence.Evidence{
				{Request: "POST /\x1b[2J HTTP/1.1\nHost: a.example", Response: "HTTP/1.1 200 OK\nX: y\n\n" + strings.Repeat("line\n\n", 12)},
				{Request: "GET /" + strings.Repeat("q", 300) + " HTTP/1.1", Response: "HTTP/2.0 404 Not Found"},
				{Request: "GET / HTTP/1.1", Response: "HTTP/1.1 200 OK\n\n" + strings.Repeat("幅", 200)},
				{Note: message.New("the fourth")},
				{Note: message.New("the fifth")},
			},
		},
	}))
	outcome := func(target string, status scanner.Status, reason string) {
		must(to.Outcome(scanner.Outcome{Signature: "wide", Target: target, Status: status, Reason: message.New(reason)}))
	}
	outcome("https://a.example", scanner.StatusFound, "")
	must(to.Outcome(scanner.Outcome{Signature: "id\x1b[1m", Target: "https://a.example/\u2066", Status: scanner.StatusNotApplicable, Reason: message.New("no %s here", "eccube")}))
	for i := range 5 {
		outcome(fmt.Sprintf("https://dead-%d.example", i), scanner.StatusUnreachable, "connection refused")
	}
	outcome("https://busy.example", scanner.StatusThrottled, "status 429")
	outcome("https://wall.example", scanner.StatusBlocked, "")
	outcome("https://b.example", scanner.StatusUnsupported, "flow that is a script")
	outcome("https://b.example", scanner.StatusFailed, strings.Repeat("the answer broke off ", 12))
	outcome("https://b.example", scanner.StatusCrashed, "panic: x\ny")
	outcome("https://c.example", scanner.StatusInterrupted, "")
	for i := range 16 {
		outcome("https://d.example", scanner.StatusFailed, fmt.Sprintf("reason %d", i))
	}
	must(to.Close(scanner.Summary{
		Severities: map[string]int{"critical": 1},
		Statuses: map[scanner.Status]int{
			"found": 1, "not-applicable": 1, "unreachable": 5, "throttled": 1, "blocked": 1, "unsupported": 1, "failed": 17, "crashed": 1, "interrupted": 1,
		},
		Targets: 1, Requests: 1, Suppressed: 1, AboveSafety: 2, NotStarted: 3, Took: 49 * time.Millisecond, Interrupted: true,
	}))
}

// bare is a scan in which everything that may be empty is.
func bare(t testing.TB, to scanner.Sink) {
	t.Helper()
	for _, err := range []error{
		to.Start(scanner.Start{}),
		to.Finding(scanner.Finding{Signature: &signature.Signature{ID: "x"}, Severity: "low", Target: "http://a.example"}),
		to.Progress(scanner.Progress{TargetsDone: 1}),
		to.Outcome(scanner.Outcome{Signature: "x", Target: "http://a.example", Status: scanner.StatusFound}),
		to.Close(scanner.Summary{}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// nothing is a scan in which all was checked and nothing found.
func nothing(t testing.TB, to scanner.Sink) {
	t.Helper()
	for _, err := range []error{
		to.Start(scanner.Start{}),
		to.Outcome(scanner.Outcome{Signature: "x", Target: "http://a.example", Status: scanner.StatusClean, Requests: 1}),
		to.Close(scanner.Summary{Statuses: map[scanner.Status]int{"clean": 1}, Targets: 1, Requests: 1, Took: time.Second, Complete: true}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// scans are all of them by name.
var scans = map[string]func(testing.TB, scanner.Sink){"": scanned, "troubled": troubled, "bare": bare, "nothing": nothing}

func TestTroubleReadsAsItDid(t *testing.T) {
	for name, put := range scans {
		for _, language := range []string{"en", "ja"} {
			if name != "" {
				golden(t, name+"."+language, text(t, put, report.Options{Language: language, Verbose: name == "troubled"}))
			}
		}
	}
}

// TestTextSteersNoTerminal: whatever a site says, no control character and no mark of direction reaches the terminal.
func TestTextSteersNoTerminal(t *testing.T) {
	for name, put := range scans {
		got := string(text(t, put, report.Options{Language: "en", Verbose: true}))
		if i := strings.IndexFunc(got, steers); i >= 0 {
			t.Errorf("%s: %q", name, got[max(0, i-40):min(len(got), i+40)])
		}
	}
}

func steers(r rune) bool {
	return r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x61c || r >= 0x200e && r <= 0x200f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069)
}
