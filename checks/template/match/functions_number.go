package match

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/hashicorp/go-version"

	"sotomi/checks/internal/endoflife"
)

var (
	integer = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)$`)
	decimal = regexp.MustCompile(`^[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$`)
)

func numberFunctions() map[string]function {
	based := func(prefix string, base int) function {
		return fixed(1, func(a []any) (any, error) {
			s, b := toString(a[0]), base
			if strings.HasPrefix(s, prefix) {
				b = 0
			}
			n, err := strconv.ParseInt(s, b, 64)
			return float64(n), err
		})
	}
	return map[string]function{
		"hex_to_dec": based("0x", 16), "oct_to_dec": based("0o", 8), "bin_to_dec": based("0b", 2),
		"dec_to_hex": fixed(1, func(a []any) (any, error) {
			n, err := toInt(a[0])
			return strconv.FormatInt(int64(n), 16), err
		}),
		"to_number": fixed(1, func(a []any) (any, error) {
			s := toString(a[0])
			if !integer.MatchString(s) && !decimal.MatchString(s) {
				return nil, fmt.Errorf("%q is not a number", s)
			}
			f, err := strconv.ParseFloat(s, 64)
			return f, err
		}),
		"compare_versions": between(2, -1, func(a []any) (any, error) {
			v, err := version.NewVersion(toString(a[0]))
			if err != nil {
				return nil, err
			}
			c, err := version.NewConstraint(strings.Join(texts(a[1:]), ","))
			if err != nil {
				return nil, err
			}
			return c.Check(v), nil
		}),
		"get_network_port": fixed(2, networkPort),
		"getNetworkPort":   fixed(2, networkPort),
	}
}

// networkPort is the port, or the default where the port is one of HTTP's or DNS's own.
func networkPort(a []any) (any, error) {
	switch port := toString(a[0]); port {
	case "", "80", "443", "8080", "8081", "8443", "53":
		return toString(a[1]), nil
	default:
		return port, nil
	}
}

var layouts = []string{
	time.RFC3339, "2006-01-02 15:04:05 Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04 Z07:00", "2006-01-02 15:04",
	"2006-01-02 Z07:00", "2006-01-02",
}

func timeFunctions() map[string]function {
	return map[string]function{
		"unix_time": between(0, 1, func(a []any) (any, error) {
			seconds := 0
			if len(a) == 1 {
				n, err := toInt(a[0])
				if err != nil {
					return nil, err
				}
				seconds = n
			}
			return float64(time.Now().Unix() + int64(seconds)), nil
		}),
		"to_unix_time": between(1, 2, toUnixTime),
		"date_time":    between(1, 2, dateTime),
		"support_end":  fixed(2, supportEnd),
	}
}

// supportEnd is the day on which support of a version of a product ended, "" when it has not, or nobody knows.
func supportEnd(a []any) (any, error) {
	return endoflife.End(toString(a[0]), toString(a[1]), time.Now().UTC()), nil
}

func toUnixTime(a []any) (any, error) {
	s := toString(a[0])
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return int64(f), nil
	}
	tried := layouts
	if len(a) == 2 {
		tried = []string{toString(a[1])}
	}
	for _, layout := range tried {
		if t, err := time.Parse(layout, s); err == nil {
			return t.Unix(), nil
		}
	}
	return nil, fmt.Errorf("%q is not a time", s)
}

var fragment = regexp.MustCompile(`%([A-Za-z])`)

func dateTime(a []any) (any, error) {
	t := time.Now()
	if len(a) == 2 {
		n, err := toInt(a[1])
		if err != nil {
			return nil, errArguments
		}
		t = time.Unix(int64(n), 0)
	}
	layout := toString(a[0])
	if !fragment.MatchString(layout) {
		return t.Format(layout), nil
	}
	var bad error
	out := fragment.ReplaceAllStringFunc(layout, func(f string) string {
		numbers := map[string]int{
			"Y": t.Year(), "y": t.Year(), "M": int(t.Month()), "D": t.Day(), "d": t.Day(), "H": t.Hour(), "h": t.Hour(),
			"m": t.Minute(), "S": t.Second(), "s": t.Second(),
		}
		n, ok := numbers[f[1:]]
		if !ok {
			bad = fmt.Errorf("date_time: %s", f)
		}
		return fmt.Sprintf("%02d", n)
	})
	return out, bad
}

const (
	digits  = "1234567890"
	letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

// randomFunctions draw from r; without one they give the same each time.
func randomFunctions(r *rand.Rand) map[string]function {
	source := func() *rand.Rand {
		if r == nil {
			return rand.New(rand.NewPCG(1, 1))
		}
		return r
	}
	sequence := func(from string, n int) (any, error) {
		if n < 0 || n > maxResult || from == "" {
			return nil, errArguments
		}
		s, b := source(), make([]byte, n)
		for i := range b {
			b[i] = from[s.IntN(len(from))]
		}
		return string(b), nil
	}
	without := func(all string) function {
		return between(1, 2, func(a []any) (any, error) {
			n, err := toInt(a[0])
			if err != nil {
				return nil, err
			}
			bad := ""
			if len(a) == 2 {
				bad = toString(a[1])
			}
			return sequence(removeAll(all, bad), n)
		})
	}
	return map[string]function{
		"rand_char": between(0, 1, func(a []any) (any, error) { return sequence(alphabet(a), 1) }),
		"rand_base": between(1, 3, func(a []any) (any, error) {
			n, err := toInt(a[0])
			if err != nil {
				return nil, err
			}
			return sequence(alphabet(a[1:]), n)
		}),
		"rand_text_alphanumeric": without(letters + digits),
		"rand_text_alpha":        without(letters),
		"rand_text_numeric":      without(digits),
		"rand_int": between(0, 2, func(a []any) (any, error) {
			low, high := 0, math.MaxInt32
			for i, to := range []*int{&low, &high} {
				if i < len(a) {
					n, err := toInt(a[i])
					if err != nil {
						return nil, err
					}
					*to = n
				}
			}
			if high <= low {
				return nil, errArguments
			}
			return low + source().IntN(high-low), nil
		}),
	}
}

func alphabet(a []any) string {
	if len(a) > 0 && strings.TrimSpace(toString(a[0])) != "" {
		return toString(a[0])
	}
	return letters + digits
}
