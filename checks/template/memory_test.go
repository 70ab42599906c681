package template

import (
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/signature"
	"sotomi/scanner/target"
)

func memoryOf(t *testing.T, work func()) int {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	work()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc-before.TotalAlloc) >> 20
}

// Whatever a template says, planning and running it takes a bounded amount of memory; what is too large is told.
func TestTemplates_that_would_exhaust_memory(t *testing.T) {
	var doubling strings.Builder
	doubling.WriteString("variables:\n  v0: aaaaaaaaaa\n")
	for i := range 12 {
		fmt.Fprintf(&doubling, "  v%d: '%s'\n", i+1, strings.Repeat(fmt.Sprintf("{{v%d}}", i), 10))
	}
	var wide strings.Builder
	wide.WriteString("variables:\n")
	for i := range 200 {
		fmt.Fprintf(&wide, "  w%d: '{{repeat(\"a\", 4000000)}}'\n", i)
	}
	const large = "  - method: POST\n    path: ['{{BaseURL}}/{{n}}']\n    body: '{{repeat(\"a\", 4000000)}}{{n}}'\n    payloads:\n      n: ["
	for name, c := range map[string]struct {
		text   string
		failed bool
	}{
		"variables_of_variables": {doubling.String() + "http:\n  - path: ['{{BaseURL}}/{{v12}}']\n", true},
		"many_large_variables":   {wide.String() + "http:\n  - path: ['{{BaseURL}}/a']\n", true},
		"large_bodies":           {"http:\n" + large + strings.Repeat("1, ", 2000) + "2]\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := signature.Parse("t.yaml", []byte("id: t\ninfo: {name: t, severity: info}\n"+c.text+"    matchers: [{type: status, status: [200]}]\n"), false)
			if err != nil {
				t.Fatal(err)
			}
			made, err := New(s)
			if err != nil {
				t.Fatal(err)
			}
			to := target.Target{URL: &url.URL{Scheme: "http", Host: "127.0.0.1:1", Path: "/"}}
			if used := memoryOf(t, func() { made.(*check).Plan(to) }); used > 500 {
				t.Errorf("Plan takes %d MiB", used)
			}
			if !c.failed {
				return
			}
			hits, err := made.Run(t.Context(), &scanner.Probe{Target: to, Signature: s})
			if err == nil || len(hits) > 0 || !strings.Contains(err.Error(), "4 MiB") {
				t.Errorf("Run = %v, %v; want an error that says why", hits, err)
			}
		})
	}
}
