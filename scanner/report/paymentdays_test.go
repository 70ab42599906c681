package report_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sotomi/scanner"
	browsing "sotomi/scanner/browser"
	"sotomi/scanner/message"
	"sotomi/scanner/payment"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
)

// payScan is a scan of a payment page.
type payScan struct {
	day    int    // of November 2026
	hash   string // of the shop's script; "" where the page could not be looked at
	told   int    // findings
	noFile bool   // there is no payment.yaml
}

// into plays the scan into a sink.
func (s payScan) into(t *testing.T, to scanner.Sink) {
	t.Helper()
	at := time.Date(2026, 11, s.day, 3, 0, 0, 0, time.UTC)
	const target, page = "https://shop.example", "https://shop.example/checkout"
	must := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	must(to.Start(scanner.Start{Time: at}))
	approved, inventory := scanner.StatusClean, scanner.StatusFound
	if s.told > 0 {
		approved = scanner.StatusFound
	}
	if s.noFile {
		approved = scanner.StatusNotApplicable
	}
	for range s.told {
		must(to.Finding(scanner.Finding{Signature: &signature.Signature{ID: "payment-page-approved"}, Target: target, Hit: scanner.Hit{URL: page}}))
	}
	var reason message.Message
	if s.hash == "" {
		approved, inventory, reason = scanner.StatusUnreachable, scanner.StatusUnreachable, message.New("connection refused")
	}
	must(to.Outcome(scanner.Outcome{Signature: "payment-page-approved", Target: target, Status: approved, Reason: reason}))
	if s.hash != "" {
		p := &payment.Page{URL: page, Time: at, Looks: []payment.Visited{{Visit: browsing.VisitFirst, Status: 200}}, Scripts: []payment.Script{
			{Script: browsing.Script{URL: "https://shop.example/app.js?v=" + s.hash, SHA384: s.hash}}, {Script: browsing.Script{SHA384: "i"}, Shape: "shape", Text: "layer()"},
		}}
		must(to.Finding(scanner.Finding{Signature: &signature.Signature{ID: "payment-page-inventory"}, Target: target, Hit: scanner.Hit{URL: page, Page: p}}))
	}
	must(to.Outcome(scanner.Outcome{Signature: "payment-page-inventory", Target: target, Status: inventory, Reason: reason}))
	must(to.Close(scanner.Summary{Complete: true}))
}

// packOf is the evidence pack of the last of some scans, with the others before it.
func packOf(t *testing.T, language string, scans ...payScan) string {
	t.Helper()
	days := &report.PaymentDays{}
	for _, s := range scans[:len(scans)-1] {
		s.into(t, days)
	}
	var page string
	for range 2 { // each file of the pack has all that is earlier, and nothing of the other
		var b bytes.Buffer
		scans[len(scans)-1].into(t, report.NewPaymentHTML(&b, report.Options{Language: language, PaymentDays: days}))
		page = strings.ReplaceAll(b.String(), ` class="values"`, "")
	}
	return page
}

// TestEvidenceListsAllLooks: each day with its result, first seen and last changed of a script, and plainly where more than
// seven days lay between two looks.
func TestEvidenceListsAllLooks(t *testing.T) {
	page := packOf(t, "en", payScan{day: 1, hash: "one", noFile: true}, payScan{day: 5, hash: "one"}, payScan{day: 7}, payScan{day: 14, hash: "two", told: 2})
	for _, want := range []string{
		"Days looked at", "2026-11-01 03:00", "not compared: no payment.yaml", "2026-11-05 03:00", ">4.0<", "as approved", "not looked at: connection refused", "2026-11-14 03:00",
		"9.0: more than seven days", "findings: 2", "Two looks were more than seven days apart: 9.0 days.",
		"<td>2026-11-01 03:00</td><td>2026-11-14 03:00</td>", // the script of the shop: first seen, last changed
		"<td>2026-11-01 03:00</td><td></td>",                 // the inline one never changed
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in the pack", want)
		}
	}
	if n := strings.Count(page, "2026-11-14 03:00</td><td>9.0"); n != 1 {
		t.Errorf("the last look is listed %d times", n)
	}
}

func TestEvidenceOfWeeklyLooks(t *testing.T) {
	page := packOf(t, "ja", payScan{day: 1, hash: "one"}, payScan{day: 8, hash: "one"}, payScan{day: 14, hash: "one"})
	if !strings.Contains(page, "7日を超えて空いた") || strings.Contains(page, "7日超") {
		t.Errorf("the looks were seven days apart at most:\n%s", page)
	}
	once := packOf(t, "en", payScan{day: 14, hash: "one"})
	if !strings.Contains(once, "The history has no earlier look at each of these pages.") {
		t.Error("one look is taken for several")
	}
	var b bytes.Buffer
	payScan{day: 14, hash: "one"}.into(t, report.NewPaymentHTML(&b, report.Options{Language: "en"}))
	if !strings.Contains(b.String(), "One scan cannot show that.") || !strings.Contains(b.String(), "There is no history") {
		t.Error("without a history the pack does not say so")
	}
}
