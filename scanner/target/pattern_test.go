package target_test

import (
	"testing"

	"sotomi/scanner/target"
)

// TestPattern: * is any text and nothing else is special; a pattern with a scheme is for a whole address, any other for a
// host, with or without its port.
func TestPattern(t *testing.T) {
	for pattern, want := range map[string]bool{
		"https://a.example:8443/shop": true, "https://a.example:8443/shop/": true, "HTTPS://A.example:8443/SHOP": true, "https://*": true, "*://a.example*": true,
		"https://a.example:8443/*p": true, "https://a.example:8443": false, "http://*": false, "https://a.exampl?:8443/shop": false, "https://*.example": false,
		"a.example": true, "A.EXAMPLE:8443": true, "a.example:*": true, "*.example": true, "*": true, "*a*e*": true, "a.example/": true,
		"example": false, "a.example:80": false, "a.example*x": false, "a.exampl?": false, "a.example:8443/shop": false, "*shop": false, "https*": false, "*//*": false,
		"a*a.example": false, ".*": false, "": false,
	} {
		if got := target.Pattern(pattern)("https://a.example:8443/shop"); got != want {
			t.Errorf("%q: %v", pattern, got)
		}
	}
	for pattern, want := range map[string]bool{
		"https://a.example/list?id=1": true, "https://a.example/listXid=1": false, "https://a.example/*id=1": true, "a.example": true, "*id=1": false,
	} {
		if got := target.Pattern(pattern)("https://a.example/list?id=1"); got != want {
			t.Errorf("query, %q: %v", pattern, got)
		}
	}
	for pattern, want := range map[string]bool{"[::1]:8080": true, "::1": true, "[::1]": false, "http://[::1]:8080": true, "*": true} {
		if got := target.Pattern(pattern)("http://[::1]:8080"); got != want {
			t.Errorf("address, %q: %v", pattern, got)
		}
	}
	for _, text := range []string{"", "no address", "::"} {
		if target.Pattern("*")(text) || target.Pattern("")(text) {
			t.Errorf("%q is no target", text)
		}
	}
}
