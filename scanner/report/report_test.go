package report_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

var update = flag.Bool("update", false, "write the golden files")

// scanned puts a scan with something of everything into a sink.
func scanned(t testing.TB, to scanner.Sink) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	must(to.Start(scanner.Start{
		Version: "1.0.0", SignatureSet: "2026.11 0123456789ab", Time: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC),
		Targets: []string{"shop.example", "@more.txt"}, Signatures: 9, AboveSafety: []string{"odd-one"},
	}))
	open := signature.Words{Name: "公開された検索サーバー", Description: "誰でもデータを読み取れる状態です。", Impact: "個人情報が漏えいします。", Remediation: "外部からの接続を遮断してください。\n次にパスワードを設定してください。"}
	for i, severity := range []signature.Severity{"critical", "high", "medium", "low", "info", "unknown"} {
		s := &signature.Signature{ID: "sig-" + string(severity), Info: signature.Info{
			Name: "Search server open to all", Description: strings.Repeat("Everybody can read the data. ", 6), Impact: "Personal data leaks.",
			Remediation: "Close the door first, then set a password.", JA: open, Severity: severity, Tags: []string{"database"},
			Reference: []string{"https://a.example/1", "https://a.example/2"}, Classification: signature.Classification{CWEID: []string{"CWE-306"}, CVEID: []string{"CVE-2020-0001"}},
		}}
		certainty := scanner.Confirmed
		if i%2 == 1 {
			certainty = scanner.Possible
		}
		must(to.Finding(scanner.Finding{
			Signature: s, Severity: severity, Target: "https://shop.example", Fingerprint: strings.Repeat("0", i) + "f",
			Hit: scanner.Hit{
				URL: "https://shop.example/x", Certainty: certainty, Values: scanner.Values{"documents": 51, "fields": []string{"mail", "name"}, "version": "7.1"},
				Evidence: []evidence.Evidence{
					{Request: "GET /x HTTP/1.1\nHost: shop.example\n", Response: "HTTP/1.1 200 OK\nContent-Type: application/json\n\n{\"count\": 51}", Note: message.New("Counted, not read.")},
					{Note: message.New("concluded from the release")},
				},
			},
		}))
		must(to.Outcome(scanner.Outcome{Signature: s.ID, Target: "https://shop.example", Status: scanner.StatusFound, Requests: 2}))
	}
	for _, id := range []string{"a", "b"} {
		must(to.Outcome(scanner.Outcome{Signature: id, Target: "http://dead.example", Status: scanner.StatusUnreachable, Reason: message.New("connection refused")}))
	}
	must(to.Outcome(scanner.Outcome{Signature: "a", Target: "http://quiet.example", Status: scanner.StatusClean, Reason: message.New("asks for a password"), Requests: 1}))
	must(to.Outcome(scanner.Outcome{Signature: "b", Target: "http://quiet.example", Status: scanner.StatusBlocked, Reason: message.New("a filter\x1b[31m refuses")}))
	must(to.Close(scanner.Summary{
		Severities: map[string]int{"critical": 1, "high": 1, "medium": 1, "low": 1, "info": 1, "unknown": 1},
		Statuses:   map[scanner.Status]int{"found": 6, "unreachable": 2, "clean": 1, "blocked": 1},
		Targets:    3, Requests: 17, Suppressed: 2, AboveSafety: 1, NotStarted: 1, Redirected: []scanner.Redirected{{Target: "http://shop.example", To: "https://www.shop.example"}}, Took: 1500 * time.Millisecond,
	}))
}

func written(t testing.TB, format string, o report.Options) []byte {
	t.Helper()
	f, err := report.ByName(format)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	scanned(t, f(&out, o))
	return out.Bytes()
}

func TestReportsReadAsTheyDid(t *testing.T) {
	for name, o := range map[string]report.Options{
		"text.en": {Language: "en"}, "text.ja": {Language: "ja"}, "text.verbose": {Language: "en", Verbose: true},
		"text.color": {Language: "en", Color: true}, "jsonl.any": {Language: "ja"},
	} {
		format, _, _ := strings.Cut(name, ".")
		got := written(t, format, o)
		golden(t, name, got)
		if strings.Contains(string(got), "\x1b[31m refuses") {
			t.Errorf("%s: what a site says reaches the terminal", name)
		}
	}
}

// golden holds a report against testdata, or writes it there.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil { //nolint:gosec // read by all
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-update writes it anew):\n%s", name, d)
	}
}

func text(t testing.TB, put func(testing.TB, scanner.Sink), o report.Options) []byte {
	t.Helper()
	var out bytes.Buffer
	put(t, report.NewText(&out, o))
	return out.Bytes()
}

func lines(t testing.TB, put func(testing.TB, scanner.Sink)) []byte {
	t.Helper()
	var out bytes.Buffer
	put(t, report.NewJSONLines(&out, report.Options{}))
	return out.Bytes()
}
