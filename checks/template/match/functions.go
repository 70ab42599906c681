package match

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/projectdiscovery/govaluate"
)

type function = govaluate.ExpressionFunction

// builtin are the helper functions of the public language, under their names and, as old templates write them, without
// underscores. Functions that would reach the network, run code or build an exploit are left out (see forbidden).
var builtin = withOldNames(textFunctions(), testFunctions(), codingFunctions(), hashFunctions(), numberFunctions(), timeFunctions(),
	randomFunctions(nil), cryptoFunctions(), regexFunctions())

func withOldNames(groups ...map[string]function) map[string]function {
	all := map[string]function{}
	for _, g := range groups {
		for name, f := range g {
			f = limited(f)
			all[name], all[strings.ReplaceAll(name, "_", "")] = f, f
		}
	}
	return all
}

// limited refuses results that are too long, which nested calls would make longer still.
func limited(f function) function {
	return func(a ...any) (any, error) {
		v, err := f(a...)
		n := 0
		switch v := v.(type) {
		case string:
			n = len(v)
		case []byte:
			n = len(v)
		}
		if n > maxResult {
			return nil, errTooLong
		}
		return v, err
	}
}

// forbidden are functions of the public language that sotomi does not have: they resolve names, ask services, wait, or build
// exploits.
var forbidden = regexp.MustCompile(`\b(resolve|jarm|public_ip|llm_prompt|generate_java_gadget|generate_dotnet_gadget|wait_for|rand_ip|` +
	`cookie_unsign|rsa_encrypt|ip_format|unpack|gzip_mtime)\s*\(`)

func forbiddenFunction(source string) string {
	if m := forbidden.FindStringSubmatch(source); m != nil {
		return m[1]
	}
	return ""
}

var (
	errArguments = errors.New("wrong number or kind of arguments")
	errTooLong   = errors.New("result too large")
)

// maxResult is the most bytes a function may make of its arguments.
const maxResult = 4 << 20

// fixed is a function of n arguments.
func fixed(n int, f func(a []any) (any, error)) function {
	return func(a ...any) (any, error) {
		if len(a) != n {
			return nil, errArguments
		}
		return f(a)
	}
}

// between is a function of least to most arguments; most below zero is no limit.
func between(least, most int, f func(a []any) (any, error)) function {
	return func(a ...any) (any, error) {
		if len(a) < least || most >= 0 && len(a) > most {
			return nil, errArguments
		}
		return f(a)
	}
}

// ofString is a function of one text.
func ofString(f func(string) string) function {
	return fixed(1, func(a []any) (any, error) { return f(toString(a[0])), nil })
}

func ofStrings(f func(x, y string) string) function {
	return fixed(2, func(a []any) (any, error) { return f(toString(a[0]), toString(a[1])), nil })
}

// anyOf is a test of a text against several others.
func anyOf(f func(s, other string) bool) function {
	return between(2, -1, func(a []any) (any, error) {
		s := toString(a[0])
		for _, other := range a[1:] {
			if f(s, toString(other)) {
				return true, nil
			}
		}
		return false, nil
	})
}

// patterns are the regular expressions in expressions, which are nearly always constants: each is parsed once, up to
// maxPatterns of them.
var patterns struct {
	sync.RWMutex
	seen map[string]*pattern
}

const maxPatterns = 8192

func compileOnce(source string) (*pattern, error) {
	patterns.RLock()
	p, ok := patterns.seen[source]
	patterns.RUnlock()
	if ok {
		return p, nil
	}
	p, err := newPattern(source)
	if err != nil {
		return nil, err
	}
	patterns.Lock()
	defer patterns.Unlock()
	if patterns.seen == nil {
		patterns.seen = map[string]*pattern{}
	}
	if len(patterns.seen) < maxPatterns {
		patterns.seen[source] = p
	}
	return p, nil
}

func regexFunctions() map[string]function {
	// of is a function of a pattern and texts; decided says whether the result is known once one text did or did not match.
	of := func(least, most int, decided func(matched bool) bool) function {
		return between(least, most, func(a []any) (any, error) {
			p, err := compileOnce(toString(a[0]))
			if err != nil {
				return nil, err
			}
			matched := false
			for _, v := range a[1:] {
				if matched = p.matches(v); decided(matched) {
					break
				}
			}
			return matched, nil
		})
	}
	return map[string]function{
		"regex":         of(2, 2, func(bool) bool { return true }),
		"regex_all":     of(2, -1, func(matched bool) bool { return !matched }),
		"regex_any":     of(2, -1, func(matched bool) bool { return matched }),
		"replace_regex": fixed(3, replaceRegex),
	}
}

// matches panics with exceeded when that takes too long. Texts other than the body have a meter of their own.
func (p *pattern) matches(v any) bool {
	in, ok := v.(*meteredBody)
	if !ok {
		m := newMeter(context.Background())
		in = &meteredBody{&text{s: toString(v)}, &m}
	}
	if !p.possible(in.text) {
		return false
	}
	groups, err := p.find(in.meter, in.s, 0)
	if err != nil {
		panic(exceeded{err})
	}
	return groups != nil
}

func replaceRegex(a []any) (any, error) {
	p, err := compileOnce(toString(a[1]))
	if err != nil {
		return nil, err
	}
	in, with := toString(a[0]), toString(a[2])
	var out []byte
	end, m := 0, newMeter(context.Background())
	err = p.each(&m, in, func(groups []int) bool {
		out = p.re().ExpandString(append(out, in[end:groups[0]]...), with, in, groups)
		end = groups[1]
		return len(out) <= maxResult
	})
	switch {
	case err != nil:
		panic(exceeded{err})
	case len(out) > maxResult:
		return nil, errTooLong
	}
	return string(append(out, in[end:]...)), nil
}

// toString is a value as the language writes it: numbers without exponent, nil as nothing.
func toString(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	case *meteredBody:
		return x.s
	case bool:
		return strconv.FormatBool(x)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case float32:
		return strconv.FormatFloat(float64(x), 'f', -1, 32)
	case int:
		return strconv.Itoa(x)
	case int64:
		return strconv.FormatInt(x, 10)
	case []byte:
		return string(x)
	case fmt.Stringer:
		return x.String()
	case error:
		return x.Error()
	default:
		return fmt.Sprintf("%v", v)
	}
}

func toInt(v any) (int, error) {
	switch x := v.(type) {
	case int:
		return x, nil
	case int64:
		return int(x), nil
	case float64:
		return int(x), nil
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(x), 64)
		return int(f), err
	}
	return 0, errArguments
}

func toBool(v any) bool {
	switch x := v.(type) {
	case bool:
		return x
	case string:
		x = strings.TrimSpace(x)
		if b, err := strconv.ParseBool(x); err == nil {
			return b
		}
		f, err := strconv.ParseFloat(x, 64)
		return err == nil && f == 1
	case float64:
		return x == 1
	case int:
		return x == 1
	case int64:
		return x == 1
	}
	return false
}
