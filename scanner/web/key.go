package web

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Key is the canonical request with every option that changes its answer: two requests with equal keys are one. (A key
// that forgets an option makes one signature see the answer meant for another.)
func (r *Request) Key() string { return string(r.AppendKey(nil, r.URL.Host)) }

// AppendKey appends the key to b, with host in place of that of the URL.
func (r *Request) AppendKey(b []byte, host string) []byte {
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	b = append(append(b, method...), ' ')
	b = append(append(append(b, r.URL.Scheme...), "://"...), host...)
	b = append(b, cmp.Or(r.URL.Path, "/")...) // which is what is sent
	field := func(tag byte, value string) {
		if value != "" {
			b = append(append(b, 0, tag), value...)
		}
	}
	flag := func(tag byte, on bool) {
		if on {
			b = append(b, 0, tag)
		}
	}
	field('p', r.URL.RawPath)
	field('q', r.URL.RawQuery)
	flag('?', r.URL.ForceQuery)
	field('O', r.URL.Opaque)
	if r.URL.User != nil {
		field('u', r.URL.User.String())
	}
	field('h', strings.ToLower(r.Host))
	field('t', r.Target)
	if len(r.Header) > 0 {
		for _, name := range slices.Sorted(maps.Keys(r.Header)) {
			field('n', http.CanonicalHeaderKey(name))
			flag('-', len(r.Header[name]) == 0)
			for _, value := range r.Header[name] {
				b = append(append(append(b, 0, 'v'), value...), 0)
			}
		}
	}
	if len(r.Body) > 0 {
		b = append(append(b, 0, 'b'), r.Body...)
	}
	number := func(tag byte, n int64) {
		if n != 0 {
			b = strconv.AppendInt(append(b, 0, tag), n, 10)
		}
	}
	number('r', int64(r.Redirects))
	if r.Redirects != RedirectsNone {
		number('m', int64(r.MaxRedirects))
	}
	number('s', r.MaxBody)
	number('d', int64(r.Timeout))
	flag('o', r.Once)
	flag('c', r.NoCookies)
	flag('9', r.Wants429)
	return b
}
