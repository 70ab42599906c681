package signature

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var readMethods = []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace}

// mayChange reports whether the block sends anything but requests to read.
func (h *HTTP) mayChange() bool {
	writes := func(method string) bool { return !slices.Contains(readMethods, method) }
	return slices.ContainsFunc(h.methods(), writes) || slices.ContainsFunc(h.texts(), overridesMethod)
}

var (
	override = regexp.MustCompile(`(?i)(?:^|[^a-z0-9_-])(?:x[-_]http[-_]method(?:[-_]override)?|x[-_]method[-_]override|_method)\b`)
	// overriding is what may stand between the name and the method in a header, a query or form, JSON, and a part of a
	// multipart body.
	overriding = regexp.MustCompile(`(?i)^["'\]]*\s*[:=]?\s*["']?([a-z]+)\b`)
)

// overridesMethod reports whether a text asks a server to take a request for one with another method: by a header or a
// parameter for this purpose, with a method that is not known to only read.
func overridesMethod(text string) bool {
	if decoded, err := url.QueryUnescape(text); err == nil && decoded != text && overridesMethod(decoded) {
		return true
	}
	for _, at := range override.FindAllStringIndex(text, -1) {
		m := overriding.FindStringSubmatch(text[at[1]:])
		if m == nil || !slices.Contains(readMethods, strings.ToUpper(m[1])) {
			return true
		}
	}
	return false
}

// texts are all that the requests of a block are made of, headers as in a request.
func (h *HTTP) texts() []string {
	texts := append(slices.Concat(h.Path, h.Raw), h.Body)
	for _, name := range slices.Sorted(maps.Keys(h.Headers)) {
		texts = append(texts, name+": "+h.Headers[name])
	}
	for _, name := range slices.Sorted(maps.Keys(h.Payloads)) {
		texts = append(texts, h.Payloads[name].Values...)
	}
	return texts
}

// methods are the request methods of a block in capitals.
func (h *HTTP) methods() []string {
	var list []string
	if len(h.Path) > 0 {
		list = append(list, cmp.Or(strings.ToUpper(strings.TrimSpace(h.Method)), "GET"))
	}
	for _, raw := range h.Raw {
		if method, _, _ := strings.Cut(requestLine(raw), " "); method != "" {
			list = append(list, strings.ToUpper(method))
		}
	}
	return list
}

// requestLine is the first line of a raw request that is no annotation.
func requestLine(raw string) string {
	for line := range strings.Lines(raw) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "@") {
			return line
		}
	}
	return ""
}
