package report

import (
	"fmt"
	"time"
)

// seconds is a duration in seconds, at least 0.01.
func seconds(d time.Duration) string {
	switch s := d.Seconds(); {
	case s >= 10:
		return fmt.Sprintf("%.0f", s)
	case s >= 1:
		return fmt.Sprintf("%.1f", s)
	default:
		return fmt.Sprintf("%.2f", max(s, 0.01))
	}
}
