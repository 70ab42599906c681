package message

import (
	"strings"

	"github.com/mattn/go-runewidth"
)

// Wrap breaks text into lines of at most width columns: at spaces, or after Japanese letters, but never before a mark that
// ends a phrase or after one that opens it. A word that is wider stays whole.
func Wrap(text string, width int) []string {
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
