package target

import (
	"regexp"
	"strings"
	"unicode"

	"sotomi/scanner/message"
)

// slip is the error of a text that is no target, but in which one can see what was meant; nil when there is none.
func slip(text string) error {
	authority := text[:authorityEnd(text)]
	_, rest, hasScheme := strings.Cut(text, "://")
	variable := placeholder.FindString(text)
	switch {
	case text == "":
		return message.Errorf("%q: the target is empty", text)
	case variable != "":
		return message.Errorf("%q: %s is not replaced in a target", hideUser(text), variable)
	case strings.Contains(text, `\`):
		return message.Errorf(`%q: no target has a \; an address has /, and a list of targets is @FILE`, hideUser(text))
	case strings.ContainsFunc(text, unicode.IsSpace), strings.Contains(authority, ","), hasScheme && severalURLs.MatchString(rest):
		return message.Errorf("%q: targets stand apart by spaces, or one per line in a list", hideUser(text))
	}
	if meant := withScheme(text); meant != "" {
		return message.Errorf("%q: write %s", hideUser(text), hideUser(meant))
	}
	return nil
}

var (
	placeholder = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*\}`)
	severalURLs = regexp.MustCompile(`(?i),https?://`)
	schemeStart = regexp.MustCompile(`(?i)^(?:(https?)(?::/*|//+)|//+)`)
	portOnly    = regexp.MustCompile(`^[0-9]+(?:/|$)`)
)

// withScheme is the address that was meant by one whose scheme is written twice or with other marks than "://", "" for one
// that is as it should be.
func withScheme(text string) string {
	scheme, rest, begun := "https", text, ""
	for {
		m := schemeStart.FindStringSubmatch(rest)
		if m == nil || m[0] == m[1]+":" && portOnly.MatchString(rest[len(m[0]):]) { // a host of that name
			break
		}
		if m[1] != "" {
			scheme = strings.ToLower(m[1])
		}
		rest = rest[len(m[0]):]
		begun += m[0]
	}
	if begun == "" || rest == "" || strings.EqualFold(begun, scheme+"://") {
		return ""
	}
	return scheme + "://" + rest
}

// narrowed is text with the full-width forms of ASCII as ASCII: Japanese keyboards write them. In a URL, what stands behind
// the host stays as it is.
func narrowed(text string) string {
	ascii := func(r rune) rune {
		const first, last = '！', '～'
		if r >= first && r <= last {
			return r - first + '!'
		}
		return r
	}
	end := authorityEnd(text)
	if !strings.Contains(text, "://") {
		end = len(text)
	}
	return strings.Map(ascii, text[:end]) + text[end:]
}

// authorityEnd is where the path of an address begins.
func authorityEnd(text string) int {
	start := 0
	if i := strings.Index(text, "://"); i >= 0 {
		start = i + len("://")
	}
	if i := strings.IndexAny(text[start:], "/?#"); i >= 0 {
		return start + i
	}
	return len(text)
}
