package pagechange

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"

	"sotomi/scanner/evidence"
)

var plainName = regexp.MustCompile(`^[a-z][a-z-]{1,23}$`)

// slotOf is the place of an element within that of the one around it: names that a build makes up are left out.
func slotOf(up, tag string, a map[string]string) string {
	name := tag
	if id := strings.ToLower(a["id"]); plainName.MatchString(id) {
		name += "#" + id
	}
	classes := 0
	for class := range strings.FieldsSeq(strings.ToLower(a["class"])) {
		if classes < 2 && plainName.MatchString(class) {
			name += "." + class
			classes++
		}
	}
	switch tag {
	case "html":
		return ""
	case "body", "head":
		return tag
	}
	const deepest = 160 // bytes; what is deeper has the place of its end
	slot := up + ">" + name
	if len(slot) > deepest {
		slot = hashOf(up) + ">" + name
	}
	return slot
}

var (
	numbers = regexp.MustCompile(`[0-9０-９][0-9０-９,.:/-]*`)
	tokens  = regexp.MustCompile(`\b[0-9a-f]{8,}\b|\b[A-Za-z0-9_-]*[0-9][A-Za-z0-9_-]{20,}\b`)
	words   = regexp.MustCompile(`\pL\pL`)
)

// normal is a text without what changes by itself: numbers, tokens, capitals; "" for one without words.
func normal(text string) string {
	text = numbers.ReplaceAllString(tokens.ReplaceAllString(strings.ToLower(text), "0"), "0")
	if !words.MatchString(text) {
		return ""
	}
	return text
}

// hashOf is short: a page has some hundred parts.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return base64.RawURLEncoding.EncodeToString(sum[:6])
}

// beginning is as much of a text as shown looks at.
func beginning(text string) string {
	const read = 4 * maxShown
	n := 0
	for i := range text {
		if n++; n > read {
			return text[:i]
		}
	}
	return text
}

// shown is a text for people: cut, and without secrets and personal data.
func shown(text string) string {
	redacted := []rune(evidence.Redact(beginning(text)))
	if len(redacted) > maxShown {
		return string(redacted[:maxShown]) + "…"
	}
	return string(redacted)
}

// dataOf is the content of a data: address.
func dataOf(address string) string {
	head, body, _ := strings.Cut(address, ",")
	if text, err := url.PathUnescape(body); err == nil {
		body = text
	}
	if strings.Contains(head, ";base64") {
		if text, ok := unpack(body); ok {
			return text
		}
	}
	return body
}
