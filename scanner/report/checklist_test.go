package report_test

import (
	"strings"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/signature"
)

// profiled puts a scan with the profile for Japanese shops into a sink.
func profiled(t testing.TB, to scanner.Sink) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	must(to.Start(scanner.Start{Time: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), Settings: &scanner.Settings{
		Profile: "jp-ec", Items: map[string][]string{
			"card-6.0/1a": {"admin"}, "card-6.0/2a": {"env"}, "card-6.0/2b": {"php"}, "card-6.0/3b": {"release"}, "card-6.0/3c": {"ssi"}, "ipa-ec/9": {"tls", "env"}, "ipa-ec/2": {"release", "product"},
		},
	}}))
	f := func(id string, certainty scanner.Certainty, severity signature.Severity, items ...string) {
		must(to.Finding(scanner.Finding{
			Signature: &signature.Signature{ID: id, Info: signature.Info{Name: "finding of " + id, JA: signature.Words{Name: id + " の検出"}, Items: items}}, Severity: severity, Target: "https://a.example",
			Fingerprint: id, Hit: scanner.Hit{URL: "https://a.example/" + id, Certainty: certainty},
		}))
	}
	f("env", scanner.Confirmed, "high", "card-6.0/2a")
	f("release", scanner.Possible, "high", "card-6.0/3b")
	f("php", scanner.Confirmed, "medium", "card-6.0/2b")
	f("product", scanner.Confirmed, "info", "ipa-ec/2")
	for _, o := range []struct {
		id     string
		status scanner.Status
	}{
		{"env", scanner.StatusFound},
		{"release", scanner.StatusFound},
		{"php", scanner.StatusFound},
		{"product", scanner.StatusFound},
		{"admin", scanner.StatusClean},
		{"ssi", scanner.StatusNotApplicable},
		{"tls", scanner.StatusFailed},
	} {
		must(to.Outcome(scanner.Outcome{Signature: o.id, Target: "https://a.example", Status: o.status, Reason: message.New("reason")}))
	}
	must(to.Close(scanner.Summary{Severities: map[string]int{"high": 2, "medium": 1, "info": 1}, Statuses: map[scanner.Status]int{"found": 4, "clean": 1, "not-applicable": 1, "failed": 1}, Targets: 1}))
}

// TestChecklist: an item is refuted, doubtful, not all checked, without anything to look at, not visible, or nothing was
// found against it on the day of the scan. No item is ever said to be met.
func TestChecklist(t *testing.T) {
	page := string(in(t, "html", "ja", profiled))
	for item, want := range map[string][2]string{
		"1a": {"Nothing found against it from outside on 2026-11-24", "2026/11/24時点で、外部からは問題を検出していません"},
		"1b": {"Cannot be seen from outside", "外部からは確認できません"},
		"2a": {"Findings show that this is not met", "finding of env – https://a.example/env"},
		"2b": {"Findings make this doubtful", "finding of php"},
		"3b": {"Findings make this doubtful", "finding of release"},
		"3c": {"Not checked: the scan met nothing", ""},
		"9":  {"Could not all be checked (checks without a result: 1)", ""},
		"2":  {"Not checked: the scan met nothing", ""},
	} {
		_, row, _ := strings.Cut(page, `<td class="id">`+item+`</td>`)
		row, _, _ = strings.Cut(row, "</tr>")
		for _, text := range want {
			if !strings.Contains(row, text) {
				t.Errorf("%s: want %q in %s", item, text, row)
			}
		}
	}
	for _, word := range []string{"適合", "compliant", "fulfilled"} {
		if strings.Contains(page, word) {
			t.Errorf("the page says %q", word)
		}
	}
	if strings.Contains(string(in(t, "html", "ja", recorded)), "チェックリスト") {
		t.Error("a scan without a profile has a checklist")
	}
}
