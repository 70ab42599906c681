package payment

import (
	"regexp"
	"strings"
)

// follows reports whether a text follows a pattern: * stands for any text without a slash, ** for any text.
func follows(pattern, text string) bool {
	quoted := strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSpace(pattern)), `\*\*`, `.*`)
	p, err := regexp.Compile(`(?is)^` + strings.ReplaceAll(quoted, `\*`, `[^/]*`) + `$`)
	return err == nil && p.MatchString(text)
}

// fits reports whether an address follows a pattern; one without a slash is that of a host. The query of an address counts
// where the pattern has one.
func fits(pattern, address string) bool {
	switch {
	case !strings.Contains(pattern, "/"):
		return follows(pattern, hostOf(address)) || follows(pattern, address)
	case follows(pattern, address):
		return true
	}
	return !strings.Contains(pattern, "?") && follows(pattern, target(address))
}

// valued reports whether the value of a header follows a pattern, in which * stands for any text.
func valued(pattern, value string) bool {
	return pattern == "" || follows(strings.ReplaceAll(pattern, "*", "**"), value)
}
