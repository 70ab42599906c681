package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

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

// TestWrapLosesNothing: lines together are the text, and none is wider than asked for unless it is one word.
func TestWrapLosesNothing(t *testing.T) {
	for _, text := range []string{"", "one", strings.Repeat("word ", 50), strings.Repeat("長い文章です。", 30), strings.Repeat("x", 300) + " y", "「" + strings.Repeat("引用", 40) + "」。"} {
		got := wrap(strings.TrimSpace(text), 40)
		if strings.Join(got, "") != strings.ReplaceAll(strings.TrimSpace(text), " ", "") && strings.Join(got, " ") != strings.TrimSpace(text) {
			t.Errorf("wrap(%q) = %q", text, got)
		}
	}
}

// TestWrapIsLinear: a text of two million characters takes a moment. Looking at what is left again for each line takes
// minutes.
func TestWrapIsLinear(t *testing.T) {
	for _, unit := range []string{"word and another ", "長い文章"} {
		start := time.Now()
		wrap(strings.Repeat(unit, 2_000_000/utf8.RuneCountInString(unit)), 100)
		if took := time.Since(start); took > 30*time.Second {
			t.Errorf("%q: %s", unit, took)
		}
	}
}
