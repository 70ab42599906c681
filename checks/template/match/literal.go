package match

import "strings"

// fillStrings replaces placeholders inside the string literals of an expression, escaped so that a value cannot end the
// literal.
func fillStrings(source string, lookup func(string) (any, bool)) string {
	if !hasMarker(source) {
		return source
	}
	var b strings.Builder
	var quote byte
	for i := 0; i < len(source); i++ {
		c := source[i]
		switch {
		case quote == 0:
			if c == '\'' || c == '"' {
				quote = c
			}
		case c == '\\' && i+1 < len(source):
			b.WriteByte(c)
			i++
			c = source[i]
		case c == quote:
			quote = 0
		default:
			if text, n, ok := marked(source[i:], lookup); ok {
				b.WriteString(escape(text, quote))
				i += n - 1
				continue
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}

// marked is the value of the placeholder that text begins with, and how long that is.
func marked(text string, lookup func(string) (any, bool)) (string, int, bool) {
	for _, m := range [][2]string{{open, closing}, {section, section}} {
		rest, ok := strings.CutPrefix(text, m[0])
		if !ok {
			continue
		}
		name, _, ok := strings.Cut(rest, m[1])
		if !ok {
			continue
		}
		if v, known := lookup(name); known {
			return toString(v), len(m[0]) + len(name) + len(m[1]), true
		}
	}
	return computed(text, lookup)
}

// computed is the value of the expression in placeholder marks that text begins with.
func computed(text string, lookup func(string) (any, bool)) (string, int, bool) {
	inner, ok := strings.CutPrefix(text, open)
	if !ok {
		return "", 0, false
	}
	for end := 0; ; {
		i := strings.Index(inner[end:], closing)
		if i < 0 {
			return "", 0, false
		}
		source := inner[:end+i]
		end += i + len(closing)
		values := Vars{}
		for _, name := range names(source) {
			if v, known := lookup(name); known {
				values[name] = v
			}
		}
		if isExpression(source, values) {
			v, err := evalExpression(source, values)
			return toString(v), len(open) + end, err == nil
		}
	}
}

func escape(text string, quote byte) string {
	q := string(quote)
	return strings.NewReplacer(`\`, `\\`, q, `\`+q).Replace(text)
}
