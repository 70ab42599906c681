package template

import (
	"fmt"
	"net/url"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
)

// A request that is filled in once for all targets is the one that would have been filled in for each.
func TestConstantRequests(t *testing.T) {
	blocks := map[string]struct {
		block    string
		constant int // of its requests, on the root of a host
	}{
		"paths":           {"path: ['{{BaseURL}}', '{{BaseURL}}/', '{{RootURL}}/a%20b?c=d e', '{{BaseURL}}/x.php?u=1#f']", 4},
		"depends_on_host": {"path: ['{{BaseURL}}/{{Hostname}}.zip', '{{BaseURL}}/{{RDN}}.sql', '{{BaseURL}}/?next={{BaseURL}}', '{{BaseURL}}/ok']", 1},
		"other_port":      {"path: ['{{BaseURL}}:8080/a', '{{BaseURL}}/b']", 1},
		"foreign":         {"path: ['https://elsewhere.example/{{Hostname}}', '{{BaseURL}}/b']", 1},
		"headers":         {"path: ['{{BaseURL}}/a']\n    headers: {Referer: '{{RootURL}}/x', X-Host: '{{Host}} {{Hostname}}', Accept: text/html}", 1},
		"hash_of_host":    {"path: ['{{BaseURL}}/a']\n    headers: {X-Sum: '{{md5(Hostname)}}'}", 0},
		"body":            {"method: POST\n    body: 'a=b&host={{Hostname}}'\n    path: ['{{BaseURL}}/a']", 0},
		"raw":             {"raw:\n      - |\n        GET /login?a=b HTTP/1.1\n        Host: {{Hostname}}\n        Origin: {{BaseURL}}\n\n      - |\n        POST /x HTTP/1.1\n        Host: {{Hostname}}\n\n        q=1", 2},
		"payloads":        {"path: ['{{BaseURL}}/{{name}}', '{{BaseURL}}/{{name}}/{{Host}}']\n    payloads: {name: [a, b, c]}", 3},
		"no_value":        {"path: ['{{BaseURL}}/b', '{{BaseURL}}/{{token}}']\n    extractors: [{type: regex, name: token, internal: true, regex: [x]}]", 1},
		"random_word":     {"path: ['{{BaseURL}}/{{randstr}}', '{{BaseURL}}/b']", 2},
	}
	targets := []string{
		"http://192.0.2.1:8080/", "https://shop.example/", "http://[2001:db8::1]:81", "https://www.shop.co.jp:8443/", "http://shop.example/app/", "http://shop.example/?q=1",
	}
	for name, c := range blocks {
		t.Run(name, func(t *testing.T) {
			s, err := signature.Parse("t.yaml", []byte("id: t\ninfo: {name: t, severity: info}\nhttp:\n  - "+c.block+"\n    matchers: [{type: status, status: [200]}]\n"), false)
			if err != nil {
				t.Fatal(err)
			}
			made, err := New(s)
			if err != nil {
				t.Fatal(err)
			}
			h := made.(*check)
			for _, address := range targets {
				u, err := url.Parse(address)
				if err != nil {
					t.Fatal(err)
				}
				quick := h.newRun(&scanner.Probe{Target: target.Target{URL: u}, Signature: s}, true)
				slow := h.newRun(&scanner.Probe{Target: target.Target{URL: u}, Signature: s}, true)
				slow.filling = true
				constant := 0
				for d := range h.blocks[0].templates() {
					got, gotErr := quick.build(h.blocks[0], d, nil)
					want, wantErr := slow.build(h.blocks[0], d, nil)
					if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) {
						t.Fatalf("%s, request %d: error %v, want %v", address, d.number, gotErr, wantErr)
					}
					if wantErr != nil {
						continue
					}
					if got.request.Key() != want.request.Key() || got.own != want.own {
						t.Errorf("%s, request %d: %q own %v, want %q own %v", address, d.number, got.request.Key(), got.own, want.request.Key(), want.own)
					}
					if a, b := fmt.Sprint(got.vars()), fmt.Sprint(want.vars()); a != b {
						t.Errorf("%s, request %d: names %s, want %s", address, d.number, a, b)
					}
					if quick.constant(h.blocks[0], d) != nil {
						constant++
					}
				}
				if isRoot(u) && constant != c.constant {
					t.Errorf("%s: %d of the requests are constant, want %d", address, constant, c.constant)
				}
			}
		})
	}
}
