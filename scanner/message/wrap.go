package message

import (
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// Wrap breaks text into lines of at most width columns: at spaces and between Japanese letters, but never before a mark that
// ends a phrase, after one that opens it, or within a word in katakana. A word that is wider stays whole.
func Wrap(text string, width int) []string {
	var lines []string
	start, cut := 0, 0            // of the line, and the last place in it where it may end
	columns, columnsAtCut := 0, 0 // of text[start:i] and text[start:cut]
	var last rune
	for i, r := range text {
		if i > start && (r == ' ' || last >= 0x3000 && mayBreak(last, r)) {
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

// mayBreak reports whether a line may end after one letter and before the next.
func mayBreak(last, next rune) bool {
	const closing, opening = "。、，．）」』】!?！？)]:ーぁぃぅぇぉっゃゅょ々", "（「『【(["
	if strings.ContainsRune(closing, next) || strings.ContainsRune(opening, last) {
		return false
	}
	return last != 'ー' && !unicode.Is(unicode.Katakana, last) || !unicode.Is(unicode.Katakana, next)
}
