package web

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Key is the canonical request with every option that changes its answer: two requests with equal keys are one. (A key
// that forgets an option makes one signature see the answer meant for another.)
func (r *Request) Key() string {
	var b strings.Builder
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	b.Grow(128)
	b.WriteString(method)
	b.WriteByte(' ')
	b.WriteString(r.URL.String())
	field := func(tag byte, value string) {
		if value != "" {
			b.WriteByte(0)
			b.WriteByte(tag)
			b.WriteString(value)
		}
	}
	field('h', strings.ToLower(r.Host))
	field('t', r.Target)
	if len(r.Header) > 0 {
		for _, name := range slices.Sorted(maps.Keys(r.Header)) {
			field('n', http.CanonicalHeaderKey(name))
			if len(r.Header[name]) == 0 {
				field('-', "-")
			}
			for _, value := range r.Header[name] {
				field('v', value+"\x00")
			}
		}
	}
	field('b', string(r.Body))
	number := func(tag byte, n int64) {
		if n != 0 {
			field(tag, strconv.FormatInt(n, 10))
		}
	}
	number('r', int64(r.Redirects))
	if r.Redirects != RedirectsNone {
		number('m', int64(r.MaxRedirects))
	}
	number('s', r.MaxBody)
	number('d', int64(r.Timeout))
	if r.Once {
		field('o', "1")
	}
	if r.NoCookies {
		field('c', "1")
	}
	return b.String()
}
