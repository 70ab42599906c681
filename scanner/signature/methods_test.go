package signature_test

import (
	"testing"

	"sotomi/scanner/signature"
)

// What asks a server to take a request for another than its method says is no request to read.
func TestParse_sees_method_overrides(t *testing.T) {
	for block, want := range map[string]signature.Safety{
		"path: ['{{BaseURL}}/a']\n    headers: {X-HTTP-Method-Override: DELETE}":                            signature.SafetyIntrusive,
		"path: ['{{BaseURL}}/a']\n    headers: {x-http-method: '{{verb}}'}":                                 signature.SafetyIntrusive,
		"path: ['{{BaseURL}}/a']\n    headers: {X-Method-Override: put}":                                    signature.SafetyIntrusive,
		"path: ['{{BaseURL}}/a']\n    headers: {X-HTTP-Method-Override: GET}":                               signature.SafetyActive,
		"path: ['{{BaseURL}}/a?_method=DELETE']":                                                            signature.SafetyIntrusive,
		"path: ['{{BaseURL}}/a?x=1&_method=delete']":                                                        signature.SafetyIntrusive,
		"path: ['{{BaseURL}}/a?%5Fmethod=delete']":                                                          signature.SafetyIntrusive,
		"path: ['{{BaseURL}}/a?_method=GET']":                                                               signature.SafetyActive,
		"path: ['{{BaseURL}}/a?payment_method=card']":                                                       signature.SafetyActive,
		"raw: [\"GET /a HTTP/1.1\\nHost: x\\nX-HTTP-Method-Override: PATCH\\n\\n\"]":                        signature.SafetyIntrusive,
		"raw: [\"GET /a HTTP/1.1\\nHost: x\\n\\n_method=PUT\"]":                                             signature.SafetyIntrusive,
		"raw: [\"GET /a HTTP/1.1\\nHost: x\\n\\n{\\\"_method\\\": \\\"DELETE\\\"}\"]":                       signature.SafetyIntrusive,
		"path: ['{{BaseURL}}/a']\n    body: '_method=DELETE'":                                               signature.SafetyIntrusive,
		"path: ['{{BaseURL}}/a?{{q}}']\n    payloads: {q: ['_method=DELETE']}":                              signature.SafetyIntrusive,
		"path: ['{{BaseURL}}/a']\n    headers: {'{{name}}': DELETE}\n    payloads: {name: [X-HTTP-Method]}": signature.SafetyIntrusive,
	} {
		s, err := signature.Parse("p.yaml", []byte("id: p\ninfo: {name: P, severity: info}\nhttp:\n  - "+block+"\n    matchers: [{type: status, status: [200]}]\n"), false)
		if err != nil {
			t.Fatal(err)
		}
		if s.Safety != want {
			t.Errorf("%s: safety %s, want %s", block, s.Safety, want)
		}
	}
}
