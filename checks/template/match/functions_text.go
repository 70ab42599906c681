package match

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

func textFunctions() map[string]function {
	return map[string]function{
		"to_upper": ofString(strings.ToUpper), "to_lower": ofString(strings.ToLower), "trim_space": ofString(strings.TrimSpace),
		"to_title": between(1, 2, func(a []any) (any, error) {
			spoken := language.Und
			if len(a) == 2 {
				spoken = language.Make(toString(a[1]))
			}
			return cases.Title(spoken).String(toString(a[0])), nil
		}),
		"trim":        ofStrings(func(s, letters string) string { return strings.TrimFunc(s, oneOf(letters)) }),
		"trim_left":   ofStrings(func(s, letters string) string { return strings.TrimLeftFunc(s, oneOf(letters)) }),
		"trim_right":  ofStrings(func(s, letters string) string { return strings.TrimRightFunc(s, oneOf(letters)) }),
		"trim_prefix": ofStrings(strings.TrimPrefix),
		"trim_suffix": ofStrings(strings.TrimSuffix),
		"reverse": ofString(func(s string) string {
			r := []rune(s)
			slices.Reverse(r)
			return string(r)
		}),
		"replace": fixed(3, func(a []any) (any, error) {
			s, old, with := toString(a[0]), toString(a[1]), toString(a[2])
			if len(s)+strings.Count(s, old)*(len(with)-len(old)) > maxResult {
				return nil, errTooLong
			}
			return strings.ReplaceAll(s, old, with), nil
		}),
		"repeat": fixed(2, func(a []any) (any, error) {
			s := toString(a[0])
			n, err := strconv.Atoi(toString(a[1]))
			if err != nil || n < 0 || n > maxResult/max(1, len(s)) {
				return nil, errArguments
			}
			return strings.Repeat(s, n), nil
		}),
		"remove_bad_chars": ofStrings(removeAll),
		"concat":           func(a ...any) (any, error) { return joined("", texts(a)) },
		"index":            fixed(2, indexOf),
		"len":              fixed(1, length),
		"sort":             between(1, -1, sortTexts),
		"uniq":             between(1, -1, unique),
		"split":            between(2, 3, split),
		"join":             between(2, -1, join),
		"substr":           between(2, 3, substring),
		"padding":          fixed(4, padding),
		"to_string":        ofString(func(s string) string { return s }),
		"print_debug": between(1, -1, func([]any) (any, error) {
			return true, nil
		}),
	}
}

func testFunctions() map[string]function {
	lines := func(test func(line, part string) bool) function {
		return anyOf(func(s, part string) bool {
			return slices.ContainsFunc(strings.Split(s, "\n"), func(line string) bool { return test(line, part) })
		})
	}
	return map[string]function{
		"contains":         fixed(2, func(a []any) (any, error) { return contains(a[0], toString(a[1])), nil }),
		"contains_any":     between(1, -1, func(a []any) (any, error) { return len(a) > 1 && mustBool(anyOf(strings.Contains)(a...)), nil }),
		"contains_all":     between(1, -1, containsAll),
		"starts_with":      anyOf(strings.HasPrefix),
		"ends_with":        anyOf(strings.HasSuffix),
		"line_starts_with": lines(strings.HasPrefix),
		"line_ends_with":   lines(strings.HasSuffix),
		"equals_any":       anyOf(func(s, other string) bool { return s == other }),
		"count":            fixed(2, func(a []any) (any, error) { return strings.Count(toString(a[0]), toString(a[1])), nil }),
		"to_bool":          fixed(1, func(a []any) (any, error) { return toBool(a[0]), nil }),
	}
}

func mustBool(v any, err error) bool {
	b, ok := v.(bool)
	return err == nil && ok && b
}

func containsAll(a []any) (any, error) {
	s := toString(a[0])
	for _, part := range a[1:] {
		if !strings.Contains(s, toString(part)) {
			return false, nil
		}
	}
	return true, nil
}

// joined is strings.Join of what is not too long.
func joined(with string, list []string) (any, error) {
	n := 0
	for _, s := range list {
		if n += len(s) + len(with); n > maxResult {
			return nil, errTooLong
		}
	}
	return strings.Join(list, with), nil
}

// oneOf tests whether a character is one of letters. A byte that is no UTF-8 counts as the replacement character.
func oneOf(letters string) func(rune) bool {
	set := make(map[rune]bool, min(len(letters), 256))
	for _, c := range letters {
		set[c] = true
	}
	return func(c rune) bool { return set[c] }
}

// removeAll is s without the letters.
func removeAll(s, letters string) string {
	if letters == "" {
		return s
	}
	bad := oneOf(letters)
	var b strings.Builder
	for i, width := 0, 0; i < len(s); i += width {
		var c rune
		c, width = utf8.DecodeRuneInString(s[i:])
		if c == utf8.RuneError && width == 1 || !bad(c) {
			b.WriteString(s[i : i+width])
		}
	}
	return b.String()
}

func indexOf(a []any) (any, error) {
	i, err := strconv.Atoi(toString(a[1]))
	if err != nil {
		return nil, err
	}
	if list, ok := a[0].([]string); ok {
		if i < 0 || i >= len(list) {
			return nil, fmt.Errorf("index %d out of range", i)
		}
		return list[i], nil
	}
	s := toString(a[0])
	if i < 0 || i >= len(s) {
		return nil, fmt.Errorf("index %d out of range", i)
	}
	return string(rune(s[i])), nil
}

func length(a []any) (any, error) {
	switch v := reflect.ValueOf(a[0]); v.Kind() {
	case reflect.Slice, reflect.Map:
		return float64(v.Len()), nil
	default:
		return float64(len(toString(a[0]))), nil
	}
}

func sortTexts(a []any) (any, error) {
	if len(a) == 1 {
		r := []rune(toString(a[0]))
		slices.Sort(r)
		return string(r), nil
	}
	list := texts(a)
	slices.Sort(list)
	return list, nil
}

func unique(a []any) (any, error) {
	if len(a) == 1 {
		seen := map[rune]bool{}
		var b strings.Builder
		for _, c := range toString(a[0]) {
			if !seen[c] {
				seen[c] = true
				b.WriteRune(c)
			}
		}
		return b.String(), nil
	}
	seen := map[string]bool{}
	var list []string
	for _, s := range texts(a) {
		if !seen[s] {
			seen[s] = true
			list = append(list, s)
		}
	}
	return list, nil
}

func texts(a []any) []string {
	list := make([]string, 0, len(a))
	for _, v := range a {
		list = append(list, toString(v))
	}
	return list
}

// split is by a separator, into at most so many parts, or into chunks of so many letters.
func split(a []any) (any, error) {
	s, by := toString(a[0]), toString(a[1])
	if len(a) == 3 {
		n, err := strconv.Atoi(toString(a[2]))
		if err != nil {
			return nil, errArguments
		}
		return strings.SplitN(s, by, n), nil
	}
	n, err := strconv.Atoi(by)
	if err != nil {
		return strings.Split(s, by), nil
	}
	if n <= 0 || n >= len(s) {
		return []string{s}, nil
	}
	var chunks []string
	for len(s) > 0 {
		end := 0
		for range n {
			if end < len(s) {
				_, size := utf8.DecodeRuneInString(s[end:])
				end += size
			}
		}
		chunks = append(chunks, s[:end])
		s = s[end:]
	}
	return chunks, nil
}

func join(a []any) (any, error) {
	if len(a) == 2 {
		list, ok := a[1].([]string)
		if !ok {
			return nil, errArguments
		}
		return joined(toString(a[0]), list)
	}
	for _, v := range a[1:] {
		if _, ok := v.([]string); ok {
			return nil, errArguments
		}
	}
	return joined(toString(a[0]), texts(a[1:]))
}

func substring(a []any) (any, error) {
	s := toString(a[0])
	start, err := strconv.Atoi(toString(a[1]))
	if err != nil || start < 0 || start > len(s) || s == "" {
		return nil, errArguments
	}
	if len(a) == 2 {
		return s[start:], nil
	}
	end, err := strconv.Atoi(toString(a[2]))
	if err != nil || end < start || end > len(s) {
		return nil, errArguments
	}
	return s[start:end], nil
}

func padding(a []any) (any, error) {
	n, err := toInt(a[2])
	s, with, mode := toString(a[0]), toString(a[1]), toString(a[3])
	switch {
	case err != nil || n == 0 || n > maxResult || with == "":
		return nil, errArguments
	case len(s) >= n:
		return s, nil
	case mode != "prefix" && mode != "suffix":
		return nil, errArguments
	}
	fill := strings.Repeat(with, (n-len(s))/len(with)+1)[:n-len(s)]
	if mode == "prefix" {
		return fill + s, nil
	}
	return s + fill, nil
}

func contains(v any, word string) bool {
	if t, ok := v.(*meteredBody); ok {
		return t.holds(word)
	}
	return strings.Contains(toString(v), word)
}
