package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// TestGapsAreCountedInTheirUnit: where the report says sites it counts sites, where it says reasons it counts reasons,
// however many signatures ended there.
func TestGapsAreCountedInTheirUnit(t *testing.T) {
	var b bytes.Buffer
	r := NewText(&b, Options{Language: "en"})
	outcome := func(target, signature, reason string) {
		o := scanner.Outcome{Signature: signature, Target: target, Status: scanner.StatusFailed, Reason: message.Message{Format: reason}}
		if err := r.Outcome(o); err != nil {
			t.Fatal(err)
		}
	}
	for host := range 5 {
		for s := range 100 {
			outcome(fmt.Sprint("https://h", host), fmt.Sprint("s", s), "connection refused")
		}
	}
	for host := range maxGaps + 2 { // each with a reason of its own: three more than are listed
		for s := range 100 {
			outcome(fmt.Sprint("https://x", host), fmt.Sprint("s", s), fmt.Sprint("reason ", host))
		}
	}
	if err := r.Close(scanner.Summary{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"500 checks not determined: connection refused (https://h0, https://h1, https://h2 and 2 more)\n", "  and 3 more reasons\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, b.String())
		}
	}
}
