package web

import (
	"math"
	"net/http"
	"strings"
)

// CacheControl is a Cache-Control header read as leniently as caches do (RFC 9111 section 5.2): what is malformed is
// kept, because how a cache reads it is the very question.
type CacheControl struct {
	Raw        string // the header lines joined by ", "; "" when there is none
	Directives []Directive
}

// Directive is one of them, in the order sent.
type Directive struct {
	Name     string // lower case
	Value    string // without quotes
	HasValue bool   // there was an equals sign
}

// ParseCacheControl reads the lines of h.
func ParseCacheControl(h http.Header) CacheControl {
	return parseDirectives(strings.Join(h.Values("Cache-Control"), ", "))
}

func parseDirectives(raw string) CacheControl {
	c := CacheControl{Raw: raw}
	for rest := raw; rest != ""; {
		var part string
		part, rest = nextDirective(rest)
		name, value, has := strings.Cut(part, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if name == "" {
			continue
		}
		c.Directives = append(c.Directives, Directive{Name: name, Value: unquote(strings.TrimSpace(value)), HasValue: has})
	}
	return c
}

// nextDirective cuts at the first comma or semicolon outside of quotes.
func nextDirective(s string) (part, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case (c == ',' || c == ';') && !quoted:
			return s[:i], s[i+1:]
		}
	}
	return s, ""
}

func unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return strings.Trim(s, `"`)
	}
	var b strings.Builder
	for i := 1; i < len(s)-1; i++ {
		if s[i] == '\\' && i+1 < len(s)-1 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// Has reports whether the directive is there, with or without a value.
func (c CacheControl) Has(name string) bool {
	for _, d := range c.Directives {
		if d.Name == name {
			return true
		}
	}
	return false
}

// Values are all values of a directive, first to last: caches differ in which of them they take.
func (c CacheControl) Values(name string) []string {
	var list []string
	for _, d := range c.Directives {
		if d.Name == name {
			list = append(list, d.Value)
		}
	}
	return list
}

// Seconds is the first value of a directive as delta-seconds (RFC 9111 section 1.2.2): too large is the largest, negative
// and malformed are not ok.
func (c CacheControl) Seconds(name string) (seconds int64, ok bool) {
	values := c.Values(name)
	if len(values) == 0 {
		return 0, false
	}
	return DeltaSeconds(values[0])
}

// DeltaSeconds reads one value.
func DeltaSeconds(text string) (int64, bool) {
	if text == "" {
		return 0, false
	}
	var n int64
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
		if n > math.MaxInt32 {
			continue
		}
		n = n*10 + int64(c-'0')
	}
	return min(n, math.MaxInt32), true
}
