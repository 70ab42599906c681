package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
)

// wrap breaks text into lines of at most width columns: at spaces, or after Japanese letters, but never before a mark that
// ends a phrase or after one that opens it.
func wrap(text string, width int) []string {
	const closing, opening = "。、，．）」』】!?！？)]:", "（「『【(["
	var lines []string
	for runewidth.StringWidth(text) > width {
		columns, cut := 0, 0
		var last rune
		for i, r := range text {
			may := r == ' ' || last >= 0x3000 && !strings.ContainsRune(closing, r) && !strings.ContainsRune(opening, last)
			if i > 0 && may {
				cut = i
			}
			if columns += runewidth.RuneWidth(r); columns > width && cut > 0 {
				break
			}
			last = r
		}
		if cut == 0 {
			break
		}
		lines = append(lines, strings.TrimSpace(text[:cut]))
		text = strings.TrimSpace(text[cut:])
	}
	return append(lines, text)
}

// seconds never says that a scan took no time.
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
