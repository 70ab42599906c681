package report

import (
	"bytes"
	"strings"
	"testing"

	"sotomi/scanner"
)

// What came of the ports of a host is in every report for people, in its language, and in none of a site.
func TestPortsAreTold(t *testing.T) {
	host := scanner.TargetInfo{Target: "tcp://192.0.2.7", Ports: &scanner.Ports{
		Open: []scanner.Port{{Number: 22, Protocol: "SSH"}}, Closed: scanner.Numbers{80, 443}, Silent: scanner.Numbers{5432}, Unasked: scanner.Numbers{9000},
	}}
	const (
		english  = "ports open: 22 SSH; ports closed: 80, 443; ports without an answer: 5432; ports not looked at: 9000"
		japanese = "開いているポート: 22 SSH; 閉じているポート: 80, 443; 応答のないポート: 5432; 調べていないポート: 9000"
	)
	for name, format := range map[string]Format{"text": NewText, "html": NewHTML, "markdown": NewMarkdown} {
		for language, want := range map[string]string{"en": english, "ja": japanese} {
			for _, target := range []scanner.TargetInfo{host, {Target: "https://192.0.2.7", Status: 200}} {
				var b bytes.Buffer
				sink := format(&b, Options{Language: language})
				for _, err := range []error{sink.Start(scanner.Start{}), sink.Target(target), sink.Close(scanner.Summary{})} {
					if err != nil {
						t.Fatal(err)
					}
				}
				if got := strings.Contains(strings.ReplaceAll(b.String(), `\`, ""), want); got != (target.Ports != nil) {
					t.Errorf("%s, %s, %s: told %t", name, language, target.Target, got)
				}
			}
		}
	}
}
