package report_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

// advisory is a weakness of a release of EC-CUBE that the releases mend.
func advisory(target, id string, severity signature.Severity, fixed ...string) scanner.Finding {
	return scanner.Finding{
		Signature: &signature.Signature{ID: id, Info: signature.Info{
			Name: "EC-CUBE: weakness " + id, Remediation: "Update to " + strings.Join(fixed, " or ") + ".", Tags: []string{"eccube", "advisory", "cve"},
			JA: signature.Words{Name: "EC-CUBE の脆弱性 " + id, Remediation: strings.Join(fixed, " または ") + " へアップデートしてください。"},
		}},
		Severity: severity, Target: target, Fingerprint: target + id, Hit: scanner.Hit{URL: target + "/", Values: scanner.Values{"fixed": fixed}},
	}
}

// shops puts three shops into a sink: two of one release, one of another line, and a folder that is listed on each.
func shops(t testing.TB, to scanner.Sink) {
	t.Helper()
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	must(to.Start(scanner.Start{
		Version: "1.2.3", SignatureSet: "7, abc", Time: time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC), Targets: []string{"@shops.txt"},
		Data: []scanner.Data{{Name: "old.db", Date: "2026-08-19"}, {Name: "new.db", Date: "2026-11-20"}},
	}))
	must(to.Finding(scanner.Finding{
		Signature: &signature.Signature{ID: "plugin", Info: signature.Info{Name: "A plug-in", Remediation: "Update it.", JA: signature.Words{Remediation: "更新してください。"}}}, Severity: "low", Target: "https://0.example", Fingerprint: "p",
		Hit: scanner.Hit{URL: "https://0.example/", Values: scanner.Values{"plugin": "usc-e-shop", "update": message.New("newer than %s", "2.11.33")}},
	}))
	listing := &signature.Signature{ID: "listing", Info: signature.Info{Name: "A folder is listed", Remediation: "Switch it off. It is easy.", JA: signature.Words{Remediation: "無効にしてください。"}}}
	for i, target := range []string{"https://a.example", "https://b.example", "https://c.example", "https://a.example:8443"} {
		must(to.Target(scanner.TargetInfo{Target: target, Status: 200}))
		if i < 2 {
			must(to.Finding(advisory(target, "cve-low", "low", "4.0.6")))
			must(to.Finding(advisory(target, "cve-high", "high", "4.0.6-p4")))
			must(to.Finding(advisory(target, "cve-medium", "medium", "4.0.10-alpha")))
			must(to.Outcome(scanner.Outcome{Signature: "cve", Target: target, Status: scanner.StatusFound}))
		}
		if i == 2 {
			must(to.Finding(advisory(target, "cve-high", "high", "2.13.5")))
		}
		must(to.Finding(scanner.Finding{Signature: listing, Severity: "low", Target: target, Fingerprint: target, Hit: scanner.Hit{URL: target + "/files/"}}))
		must(to.Outcome(scanner.Outcome{Signature: "listing", Target: target, Status: scanner.StatusFound}))
		must(to.Outcome(scanner.Outcome{Signature: "shut", Target: target, Status: scanner.StatusFailed, Reason: message.New("the answer broke off")}))
	}
	must(to.Close(scanner.Summary{
		Severities: map[string]int{"high": 3, "medium": 2, "low": 7}, Statuses: map[scanner.Status]int{"found": 6, "failed": 4},
		Targets: 4, Requests: 40, Took: 2 * time.Second,
	}))
}

// inOrder reports the first of the texts that does not come behind the one before it.
func inOrder(text string, wants ...string) error {
	at := 0
	for _, want := range wants {
		i := strings.Index(text[at:], want)
		if i < 0 {
			return fmt.Errorf("%q does not come behind what goes before it in\n%s", want, text)
		}
		at += i + len(want)
	}
	return nil
}

// TestShopsOfOneReleaseAreOneThingToDo: what one update mends is one thing, with the newest release that it needs; shops
// that need the same one are told together, and one of another line is not told to leave its line.
func TestShopsOfOneReleaseAreOneThingToDo(t *testing.T) {
	for format, wants := range map[string][]string{
		"text": {
			"What to do first: Update EC-CUBE to 4.0.10-alpha (6 findings go away)",
			"1. HIGH      Update EC-CUBE to 4.0.10-alpha: 6 findings go away (https://a.example, https://b.example)",
			"2. HIGH      Update EC-CUBE to 2.13.5: 1 finding goes away (https://c.example)",
			"3. LOW       Switch it off: 4 findings go away (https://a.example, https://b.example, https://c.example and 1 more)",
		},
		"markdown": {"Update EC-CUBE to 4.0.10-alpha (6 findings go away)", "**Update EC-CUBE to 4.0.10-alpha: 6 findings go away**", "**Update EC-CUBE to 2.13.5: 1 finding goes away**", "**Switch it off: 4 findings go away**"},
		"html":     {"Update EC-CUBE to 4.0.10-alpha (6 findings go away)", "Update EC-CUBE to 4.0.10-alpha", "6 findings go away by this", "Update EC-CUBE to 2.13.5", "Switch it off."},
	} {
		text := string(in(t, format, "en", shops))
		if format == "markdown" {
			text = strings.ReplaceAll(text, `\`, "")
		}
		if err := inOrder(text, wants...); err != nil {
			t.Errorf("%s: %v", format, err)
		}
	}
}

// TestTextTellsAnUpdateOnce: the weaknesses of one release of a shop are one block with one remedy.
func TestTextTellsAnUpdateOnce(t *testing.T) {
	got := string(text(t, shops, report.Options{Language: "en"}))
	_, site, _ := strings.Cut(got, "\nhttps://a.example  4 findings\n")
	site, _, _ = strings.Cut(site, "\nhttps://b.example  4 findings\n")
	if err := inOrder(site, "Update EC-CUBE to 4.0.10-alpha: 3 findings go away", "weakness cve-high", "weakness cve-medium", "weakness cve-low", "What to do: Update to 4.0.10-alpha.", "A folder is listed"); err != nil {
		t.Error(err)
	}
	if n := strings.Count(site, "What to do:"); n != 2 {
		t.Errorf("%d remedies, want that of the update and that of the listing:\n%s", n, site)
	}
}

// TestTextBeginsWithTheAnswer: what is bad, what to do and what was not checked come before any finding, with the scan they
// are of; -v adds every outcome behind the findings and changes no order.
func TestTextBeginsWithTheAnswer(t *testing.T) {
	short, long := string(text(t, shops, report.Options{Language: "en"})), string(text(t, shops, report.Options{Language: "en", Verbose: true}))
	for _, got := range []string{short, long} {
		err := inOrder(got, "sotomi 1.2.3 · signatures 7, abc · 2026-11-24 09:00 UTC · @shops.txt", "2026-08-19", "2026-11-20",
			"What is bad: 12 findings: HIGH 3, MEDIUM 2, LOW 7", "What to do first: ", "What was not checked: 4 of 10 checks could not be completed.",
			"on 4 sites of 3 hosts", "the answer broke off", "A folder is listed")
		if err != nil {
			t.Error(err)
		}
	}
	head, _, found := strings.Cut(long, "\nEvery check:\n")
	if !found || strings.TrimSpace(head) != strings.TrimSpace(short) {
		t.Errorf("-v reads otherwise before what it adds:\n%s\n%s", short, long)
	}
	if !strings.Contains(long, "https://c.example  shut  not determined: the answer broke off\n") {
		t.Errorf("-v lacks an outcome:\n%s", long)
	}
}
