package message

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Printable is text as valid UTF-8 with lines ended by \n, and with every character that could move a cursor, hide or
// turn text around written out: what servers send goes to terminals and reports.
func Printable(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\r\n", "\n"), "\ufffd")
	if strings.IndexFunc(text, unprintable) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case !unprintable(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// Line is Printable in one line: breaks and tabs become spaces, and each byte that is no UTF-8 becomes U+FFFD, as in JSON.
func Line(text string) string {
	if utf8.ValidString(text) && strings.IndexFunc(text, func(r rune) bool { return r == '\n' || r == '\t' || unprintable(r) }) < 0 {
		return text
	}
	return Printable(strings.Map(func(r rune) rune {
		switch r {
		case '\n', '\r', '\t':
			return ' '
		}
		return r // U+FFFD for a byte that is no UTF-8
	}, text))
}

func unprintable(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == '\u2028' || r == '\u2029')
}

// PrintableJSON is JSON in which the characters that Printable writes out, and that JSON may hold as they are, are escapes.
// It means the same.
func PrintableJSON(text []byte) []byte {
	if bytes.IndexFunc(text, unprintable) < 0 {
		return text
	}
	var b bytes.Buffer
	for _, r := range string(text) {
		if !unprintable(r) {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.Bytes()
}
