package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
)

// wrap breaks text into lines of at most width columns: at spaces, or after Japanese letters, but never before a mark that
// ends a phrase or after one that opens it. A word that is wider stays whole.
func wrap(text string, width int) []string {
	const closing, opening = "。、，．）」』】!?！？)]:", "（「『【(["
	var lines []string
	start, cut := 0, 0            // of the line, and the last place in it where it may end
	columns, columnsAtCut := 0, 0 // of text[start:i] and text[start:cut]
	var last rune
	for i, r := range text {
		if i > start && (r == ' ' || last >= 0x3000 && !strings.ContainsRune(closing, r) && !strings.ContainsRune(opening, last)) {
			cut, columnsAtCut = i, columns
		}
		if i == start && r == ' ' {
			start = i + 1 // the space between two lines
		} else {
			columns += runewidth.RuneWidth(r)
		}
		if columns > width && cut > start {
			lines = append(lines, strings.TrimSpace(text[start:cut]))
			start, columns = cut, columns-columnsAtCut
			if text[start] == ' ' {
				start, columns = start+1, columns-1
			}
		}
		last = r
	}
	return append(lines, strings.TrimSpace(text[start:]))
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
