package report

import (
	"fmt"
	"testing"
	"time"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

func TestEndings(t *testing.T) {
	gap := scanner.Outcome{Target: "http://a.example/", Status: scanner.StatusUnreachable, Reason: message.New("port %s closed", "80")}
	silent := scanner.Outcome{Target: "http://a.example/", Status: scanner.StatusInterrupted}
	for name, test := range map[string]struct {
		ending Ending
		en, ja string
	}{
		"found": {
			Ending{Status: 1, Findings: 2, Severity: "high", Checks: 9},
			"exit 1: 2 findings at or above high", "終了ステータス 1: 深刻度「高」以上の検出が2件あります",
		},
		"found and a gap": {
			Ending{Status: 1, Findings: 1, Severity: "low", Checks: 9, Open: 3, First: gap},
			"exit 1: 1 finding at or above low; 3 of 9 checks not completed (http://a.example/: port 80 closed)",
			"終了ステータス 1: 深刻度「低」以上の検出が1件あります。検査9件のうち3件を完了できませんでした(http://a.example/: ポート 80 は閉じています)",
		},
		"a gap without a reason": {
			Ending{Status: 3, Checks: 1, Open: 1, First: silent},
			"exit 3: 1 of 1 check not completed (http://a.example/: interrupted)", "終了ステータス 3: 検査1件のうち1件を完了できませんでした(http://a.example/: 中断)",
		},
		"nothing": {Ending{Status: 3}, "exit 3: no check was completed", "終了ステータス 3: 完了した検査がありません"},
		"interrupted": {
			Ending{Status: 130, Checks: 1, Open: 1, First: silent},
			"exit 130: interrupted; the results so far are written", "終了ステータス 130: 中断されました。中断までの結果は書き出してあります",
		},
	} {
		for language, want := range map[string]string{"en": test.en, "ja": test.ja} {
			if got := test.ending.Line(language); got != want {
				t.Errorf("%s, %s:\n got %s\nwant %s", name, language, got, want)
			}
		}
	}
}

func TestProgressInWords(t *testing.T) {
	p := scanner.Progress{TargetsDone: 3, TargetsTotal: 7, Requests: 1, Findings: 2}
	for language, want := range map[string]string{"en": "1 request, 2 findings (3/7)", "ja": "リクエスト 1件、検出 2件 (3/7)"} {
		if got := Progress(language)(p); got != want {
			t.Errorf("%s: %s, want %s", language, got, want)
		}
	}
	for left, want := range map[time.Duration]string{
		400 * time.Millisecond: "0s", 12300 * time.Millisecond: "12s", 754 * time.Second: "12m34s", 10*time.Hour + 754*time.Second: "10h13m",
	} {
		p.Left = left
		for language, format := range map[string]string{"en": "1 request, 2 findings (3/7), %s left", "ja": "リクエスト 1件、検出 2件 (3/7)、残り%s"} {
			if got, want := Progress(language)(p), fmt.Sprintf(format, want); got != want {
				t.Errorf("%s: %s, want %s", language, got, want)
			}
		}
	}
}
