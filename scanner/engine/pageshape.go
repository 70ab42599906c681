package engine

import (
	"bytes"
	"regexp"
	"unicode"

	"sotomi/scanner/web"
)

// pageShape is the same for two answers that show one page.
type pageShape struct {
	status int
	text   digest
}

// How much of a page is compared, in bytes.
const (
	shapeBytes   = 8 << 10   // of what is left of it without what changes
	wordBytes    = 32 << 10  // the same, for likeness
	shapedPrefix = 128 << 10 // of the body; more is not looked at
)

func pageShapeOf(ex *web.Exchange) pageShape {
	return pageShape{status: ex.Status, text: digestOf(unchanging(ex.Body, shapeBytes))}
}

// changing are the parts of a page that differ between requests: numbers, identifiers and the address asked for.
var changing = regexp.MustCompile(`[0-9A-Fa-f]{6,}|[0-9]+|/[^\s<>"']*`)

// unchanging is a body without what changes, cut to limit bytes. Cutting first would let the width of a number decide what
// is compared.
func unchanging(body []byte, limit int) []byte {
	body = body[:min(len(body), shapedPrefix)]
	var kept []byte
	for len(body) > 0 && len(kept) < limit {
		at := changing.FindIndex(body)
		if at == nil {
			kept = append(kept, body...)
			break
		}
		kept = append(kept, body[:at[0]]...)
		body = body[at[1]:]
	}
	return kept[:min(len(kept), limit)]
}

// likeness is the share of words that two texts have in common, from 0 to 1.
func likeness(a, b []byte) float64 {
	one, other := wordsOf(a), wordsOf(b)
	common := 0
	for w := range one {
		if other[w] {
			common++
		}
	}
	if all := len(one) + len(other) - common; all > 0 {
		return float64(common) / float64(all)
	}
	return 1
}

func wordsOf(text []byte) map[string]bool {
	words := map[string]bool{}
	for _, w := range bytes.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		words[string(w)] = true
	}
	return words
}
