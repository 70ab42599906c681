package match

import (
	"testing"
	"testing/synctest"
	"time"
)

// support_end judges by the day on which it is asked.
func TestSupportEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, step := range []struct{ day, source, want string }{
			{"2022-11-28", `support_end("php", "7.4.33")`, ""},
			{"2022-11-30", `support_end("php", "7.4.33")`, "2022-11-28"},
			{"2022-11-30", `support_end("php", "8.1.0")`, ""},
			{"2026-01-02", `support_end("php", "8.1.0")`, "2025-12-31"},
			{"2026-01-02", `support_end("a product of nobody", "8.1.0")`, ""},
		} {
			day, err := time.Parse(time.DateOnly, step.day)
			if err != nil {
				t.Fatal(err)
			}
			<-time.After(time.Until(day)) // the clock of the bubble
			got, err := evalExpression(step.source, Vars{})
			if err != nil || got != step.want {
				t.Errorf("%s on %s = %v, %v; want %q", step.source, step.day, got, err, step.want)
			}
		}
	})
}
