package evidence

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// redacted stands in reports where a secret or a person's data was.
const redacted = "***"

// Redact is text without secrets and personal data: what looks like a credential, key, token, session, password hash, mail
// address, telephone, postal code or card number is replaced by "***". It hides too much rather than too little.
func Redact(text string) string { return cover(text, secretSpans(text)) }

// RedactValue is a value of a finding as a report may show it: strings and lists of strings redacted, and everything that
// stands under the name of a secret ("token", "db_password") hidden.
func RedactValue(name string, value any) any {
	switch v := value.(type) {
	case string:
		if SecretName(name) && !harmless(v) {
			return redacted
		}
		return Redact(v)
	case []string:
		list := make([]string, len(v))
		for i, s := range v {
			if list[i] = Redact(s); SecretName(name) && !harmless(s) {
				list[i] = redacted
			}
		}
		return list
	}
	return value
}

// span is a part of a text, in bytes.
type span struct{ start, end int }

// cover replaces the spans, which are in order and do not touch, by the mark.
func cover(text string, spans []span) string {
	if len(spans) == 0 {
		return text
	}
	var b strings.Builder
	at := 0
	for _, s := range spans {
		b.WriteString(text[at:s.start])
		b.WriteString(redacted)
		at = s.end
	}
	b.WriteString(text[at:])
	return b.String()
}

// secretSpans finds what to redact, in order, without overlaps.
func secretSpans(text string) []span {
	var spans []span
	low := strings.ToLower(text)
	for _, p := range allPatterns {
		if !slices.ContainsFunc(p.has, func(s string) bool { return strings.Contains(low, s) }) {
			continue
		}
		for _, m := range p.expr.FindAllStringSubmatchIndex(text, -1) {
			group := 2 * p.group
			s := span{m[group], m[group+1]}
			if s.start >= 0 && s.end > s.start && (p.unless == nil || !p.unless(text, m)) {
				spans = append(spans, s)
			}
		}
	}
	spans = append(spans, tokenSpans(text)...)
	return inOrder(append(spans, assignedSpans(text)...))
}

// inOrder sorts spans and makes one of those that overlap or touch.
func inOrder(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	merged := spans[:0]
	for _, s := range spans {
		if n := len(merged); n > 0 && s.start <= merged[n-1].end {
			merged[n-1].end = max(merged[n-1].end, s.end)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// secretPattern is a secret that shows by its own look.
type secretPattern struct {
	expr   *regexp.Regexp
	has    []string                            // lower case; a text without any of them has no match
	group  int                                 // what is redacted; 0 is all
	unless func(text string, match []int) bool // nil redacts every match
}

var allPatterns = slices.Concat(secretPatterns, tokenPatterns)

var secretPatterns = []secretPattern{
	{expr: regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----([^-]*(?:-{1,4}[^-]+)*)`), has: []string{"private key"}, group: 1},
	{expr: regexp.MustCompile(`(?i)[a-z][a-z0-9+.\-]*://([^\s"'<>/?#]+)@`), has: []string{"://"}, group: 1},
	{expr: regexp.MustCompile(`(?i)[a-z][a-z0-9+.\-]*://([^\s"'<>/:@?#]*:[^\s"'<>@]+)@`), has: []string{"://"}, group: 1},
	{expr: regexp.MustCompile(`(?i)\b(?:bearer|basic|digest|negotiate)\s+([A-Za-z0-9+/=_.\-~]{8,})`), has: []string{"bearer", "basic", "digest", "negotiate"}, group: 1, unless: plainWord},
	{expr: regexp.MustCompile(`(?:\$(?:1|2[abxy]?|5|6|7|y|P|H|S|apr1|argon2[a-z]*|pbkdf2[a-z0-9\-]*|scrypt)\$|\{S?SHA[0-9]*\})[./A-Za-z0-9$,=+\-]{8,}`), has: []string{"$", "sha"}},
	{expr: regexp.MustCompile(`\b[0-9A-Fa-f]{32,}\b`), has: []string{""}},
	{expr: regexp.MustCompile(`[A-Za-z0-9+/_\-]{40,}={0,2}`), has: []string{""}, unless: notRandom},
	{expr: regexp.MustCompile(`[\p{L}\p{N}._%+\-]+(?:@|%40|＠)[\p{L}\p{N}\-]+(?:\.[\p{L}\p{N}\-]+)+`), has: []string{"@", "%40", "＠"}},
	{expr: regexp.MustCompile(`[0-9](?:[ \-]?[0-9]){12,18}`), has: []string{""}, unless: notCard},
	{expr: regexp.MustCompile(`(?:[(（][0０][0-9０-９]{1,4}[)）] ?|[0０][0-9０-９]{1,4}[ \-‐–−ー－(（])[0-9０-９]{1,4}[ \-‐–−ー－)）][0-9０-９]{3,4}`), has: []string{"0", "０"}, unless: insideNumber},
	{expr: regexp.MustCompile(`[0０][5789５７８９][0０][0-9０-９]{8}`), has: []string{"0", "０"}, unless: insideNumber},
	{expr: regexp.MustCompile(`\+[0-9]{1,3}[ \-]?(?:\([0-9]{1,4}\)[ \-]?)?[0-9]{1,4}(?:[ \-]?[0-9]{2,4}){2,4}`), has: []string{"+"}, unless: insideNumber},
	{expr: regexp.MustCompile(`\([2-9][0-9]{2}\) ?[0-9]{3}-[0-9]{4}`), has: []string{"("}},
	{expr: regexp.MustCompile(`〒\s?([0-9０-９]{3}[\-‐–−ー－]?[0-9０-９]{4})`), has: []string{"〒"}, group: 1},
	{expr: regexp.MustCompile(`(?im)\b(?:setenv|fastcgi_param)[ \t]{1,8}["']?([\w.\-]{2,64})["']?[ \t]{1,8}"([^"\n]+)"`), has: []string{"setenv", "fastcgi_param"}, group: 2, unless: plainKey},
	{expr: regexp.MustCompile(`(?im)\b(?:setenv|fastcgi_param)[ \t]{1,8}["']?([\w.\-]{2,64})["']?[ \t]{1,8}([^"\s][^\n]*)`), has: []string{"setenv", "fastcgi_param"}, group: 2, unless: plainKey},
	{expr: regexp.MustCompile(`(?i)<([\w:.\-]{2,64})(?:\s[^<>]*)?>([^<]+)</`), has: []string{"</"}, group: 2, unless: plainKey},
	{expr: regexp.MustCompile(`(?i)\b(?:name|key|id|property)\s{0,3}=\s{0,3}["']([^"'<>]{1,64})["'][^<>]{0,200}?\bvalue\s{0,3}=\s{0,3}(?:"([^"]*)"|'[^']*')`), has: []string{"value"}, group: 2, unless: plainKey},
	{expr: regexp.MustCompile(`(?i)\bvalue\s{0,3}=\s{0,3}["']([^"'<>]*)["'][^<>]{0,200}?\b(?:name|key|id|property)\s{0,3}=\s{0,3}["']([^"'<>]{1,64})["']`), has: []string{"value"}, group: 1, unless: plainKeyAfter},
	{expr: regexp.MustCompile(`["']([\w.\-]{2,64})["']\s{0,4},\s{0,4}(?:"([^"\n]*)"|'[^'\n]*')`), has: []string{"'", "\""}, group: 2, unless: plainKey},
	{expr: regexp.MustCompile(`["']([\w.\-]{2,64})["']\s{0,4},\s{0,4}'([^'\n]*)'`), has: []string{"'", "\""}, group: 2, unless: plainKey},
}

func plainKey(text string, m []int) bool      { return !SecretName(text[m[2]:m[3]]) }
func plainKeyAfter(text string, m []int) bool { return !SecretName(text[m[4]:m[5]]) }

// plainWord spares prose such as "basic authentication".
func plainWord(text string, m []int) bool {
	return strings.IndexFunc(text[m[2]:m[3]], func(r rune) bool { return r < 'a' || r > 'z' }) < 0
}

// notRandom spares long paths and words: random text has digits and both cases, and few separators.
func notRandom(text string, m []int) bool {
	var digits, upper, lower, marks int
	for _, r := range text[m[0]:m[1]] {
		switch {
		case r >= '0' && r <= '9':
			digits++
		case r >= 'A' && r <= 'Z':
			upper++
		case r >= 'a' && r <= 'z':
			lower++
		default:
			marks++
		}
	}
	return digits < 2 || upper < 2 || lower < 2 || marks*6 > m[1]-m[0]
}

// notCard spares numbers that are part of longer ones, or whose check digit (ISO/IEC 7812-1, Luhn) is wrong.
func notCard(text string, m []int) bool {
	if insideNumber(text, m) {
		return true
	}
	sum, double := 0, false
	for i := m[1] - 1; i >= m[0]; i-- {
		if text[i] < '0' || text[i] > '9' {
			continue
		}
		d := int(text[i] - '0')
		if double {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum, double = sum+d, !double
	}
	return sum%10 != 0
}

// insideNumber reports whether a digit stands right before or after the match.
func insideNumber(text string, m []int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:m[0]])
	after, _ := utf8.DecodeRuneInString(text[m[1]:])
	return unicode.IsDigit(before) || unicode.IsDigit(after)
}
