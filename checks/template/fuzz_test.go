package template

import (
	"net/url"
	"strings"
	"testing"
)

// FuzzRaw holds that no raw request of a stranger's template breaks out of its request line or leaves its target.
func FuzzRaw(f *testing.F) {
	f.Add("GET /a?b=c HTTP/1.1\nHost: x\n\nbody")
	f.Add("@timeout: 5s\n@Host: other\nPOST http://other/x HTTP/1.1\r\nA:b\r\n\r\n")
	f.Add("GET HTTP/1.1\n")
	f.Add("GET //evil/%zz/../ HTTP/1.1\n\n")
	target := &url.URL{Scheme: "http", Host: "127.0.0.1:8080", Path: "/shop"}
	f.Fuzz(func(t *testing.T, text string) {
		_ = parseAnnotations(text)
		r, err := parseRaw(withCRLF(text))
		if err != nil {
			return
		}
		u, err := r.address(target, true)
		if err != nil {
			return
		}
		if u.Host != target.Host || strings.ContainsAny(u.RequestURI(), "\r\n ") {
			t.Errorf("parseRaw(%q) goes to %q %q", text, u.Host, u.RequestURI())
		}
	})
}

// FuzzFlow holds that a flow that can be read runs to its end.
func FuzzFlow(f *testing.F) {
	f.Add("http(1) && http(2)")
	f.Add("!(http('a') || http(\"b\", 3));\nhttp() // all")
	f.Add("((((((")
	f.Fuzz(func(t *testing.T, text string) {
		parsed, ok := parseFlow(text)
		if !ok {
			return
		}
		calls := 0
		if _, err := parsed.eval(func([]string) (bool, error) { calls++; return calls%2 == 0, nil }); err != nil {
			t.Error(err)
		}
		if calls == 0 {
			t.Errorf("parseFlow(%q) calls nothing", text)
		}
	})
}
