package match

import "strings"

// fillStrings replaces placeholders inside the string literals of an expression, escaped so that a value cannot end the
// literal.
func fillStrings(source string, lookup func(string) (any, bool)) (string, error) {
	if !hasMarker(source) {
		return source, nil
	}
	effort := parseEffort
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
			if text, n, ok := marked(source[i:], lookup, &effort); ok {
				b.WriteString(escape(text, quote))
				if b.Len() > maxExpanded {
					return "", ErrTooLong
				}
				i += n - 1
				continue
			}
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}

// marked is the value of the placeholder that text begins with, and how long that is.
func marked(text string, lookup func(string) (any, bool), effort *int) (string, int, bool) {
	if *effort -= len(text) / 64; *effort <= 0 {
		return "", 0, false
	}
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
	return computed(text, lookup, effort)
}

// computed is the value of the expression in placeholder marks that text begins with.
func computed(text string, lookup func(string) (any, bool), effort *int) (string, int, bool) {
	inner, ok := strings.CutPrefix(text, open)
	if !ok {
		return "", 0, false
	}
	values := func(source string) Vars {
		known := Vars{}
		for _, name := range names(source) {
			if v, ok := lookup(name); ok {
				known[name] = v
			}
		}
		return known
	}
	source, end := firstExpression(inner, values, effort)
	if source == "" {
		return "", 0, false
	}
	v, err := evalExpression(source, values(source))
	return toString(v), len(open) + end, err == nil
}

func escape(text string, quote byte) string {
	q := string(quote)
	return strings.NewReplacer(`\`, `\\`, q, `\`+q).Replace(text)
}
