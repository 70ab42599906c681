package target

import (
	"net/url"
	"strings"
)

// Pattern is which targets a pattern is for, as Target.String gives them: with a scheme it is for whole addresses, else for
// hosts, with or without their port. * stands for any text and nothing else is special, for addresses have a ? of their own.
// Capitals are small letters, and a / at the end counts for nothing.
func Pattern(pattern string) func(target string) bool {
	parts := strings.Split(plain(pattern), "*")
	whole := strings.Contains(pattern, "://")
	return func(target string) bool {
		u, err := url.Parse(target)
		switch {
		case err != nil || u.Host == "" || pattern == "":
			return false
		case whole:
			return fits(parts, plain(target))
		}
		return fits(parts, plain(u.Host)) || fits(parts, plain(u.Hostname()))
	}
}

func plain(text string) string { return strings.ToLower(strings.TrimSuffix(text, "/")) }

// fits reports whether a text is the parts, with any text between two of them.
func fits(parts []string, text string) bool {
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return text == first
	}
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		_, rest, ok := strings.Cut(text, part)
		if !ok {
			return false
		}
		text = rest
	}
	return true
}
