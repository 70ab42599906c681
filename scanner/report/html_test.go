package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"sotomi/scanner"
	"sotomi/scanner/signature"
)

// TestPageIsSafe: whatever a site says, the page has its own script and style alone, which its policy names by their hashes,
// no handler, and no link but to the web.
func TestPageIsSafe(t *testing.T) {
	for name, put := range all {
		for _, language := range []string{"en", "ja"} {
			text := in(t, "html", language, put)
			document, err := html.Parse(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			found := map[string][]string{} // of elements that may run or load something: their text
			policy := ""
			for n := range document.Descendants() {
				if n.Type != html.ElementNode {
					continue
				}
				for _, a := range n.Attr {
					if strings.HasPrefix(a.Key, "on") || a.Key == "style" || a.Key == "src" || a.Key == "href" && !strings.HasPrefix(a.Val, "http") {
						t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
					}
					if a.Val == "Content-Security-Policy" {
						policy = n.Attr[1].Val
					}
				}
				if slices.Contains([]string{"script", "style", "img", "iframe", "link", "object", "base", "form"}, n.Data) {
					inner := ""
					if n.FirstChild != nil {
						inner = n.FirstChild.Data
					}
					found[n.Data] = append(found[n.Data], inner)
				}
			}
			if len(found) != 2 || len(found["script"]) != 1 || len(found["style"]) != 1 || !strings.HasPrefix(policy, "default-src 'none'; ") || strings.Contains(policy, "unsafe") {
				t.Errorf("%s: policy %q, elements %v", name, policy, found)
			}
			for _, inner := range []string{found["script"][0], found["style"][0]} {
				sum := sha256.Sum256([]byte(inner))
				if hash := base64.StdEncoding.EncodeToString(sum[:]); !strings.Contains(policy, "-src 'sha256-"+hash+"'") {
					t.Errorf("%s: the policy %q does not allow %.60q", name, policy, inner)
				}
			}
		}
	}
}

// TestPageGroupsByWhatMends: weaknesses of one product that an update mends are one thing to do, as are findings with one
// remedy; the worst comes first, and the answer on top says how many go away.
func TestPageGroupsByWhatMends(t *testing.T) {
	put := func(t testing.TB, to scanner.Sink) {
		add := func(id string, severity signature.Severity, remedy string, tags []string, values scanner.Values) {
			err := to.Finding(scanner.Finding{
				Signature: &signature.Signature{ID: id, Info: signature.Info{Name: id, Remediation: remedy, Tags: tags, JA: signature.Words{Remediation: "直す " + remedy}}}, Severity: severity,
				Target: "https://a.example", Fingerprint: id, Hit: scanner.Hit{URL: "https://a.example/", Values: values},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := to.Start(scanner.Start{}); err != nil {
			t.Fatal(err)
		}
		add("listing", "low", "Switch it off. It is easy.", nil, nil)
		advisory := []string{"eccube", "advisory", "cve"}
		add("cve-1", "medium", "Update to 4.2.1.", advisory, scanner.Values{"fixed": []string{"4.2.1"}})
		add("cve-2", "high", "Update to 4.2.3-p2.", advisory, scanner.Values{"fixed": []string{"4.2.3-p2"}})
		add("leak", "critical", "Stop it.\nVarnish: do this\nnginx: do that\nSend no-store.", nil, scanner.Values{"cache": "Varnish 6"})
		add("listing-2", "info", "Switch it off. It is easy.", nil, nil)
		end := scanner.Summary{Severities: map[string]int{"low": 1, "medium": 1, "high": 1, "critical": 1, "info": 1}, Statuses: map[scanner.Status]int{"found": 5}, Complete: true}
		if err := to.Close(end); err != nil {
			t.Fatal(err)
		}
	}
	text := string(in(t, "html", "en", put))
	at := -1
	for _, want := range []string{
		"Stop it (1 finding goes away)", "Stop it</span>", "do this",
		"Update eccube to 4.2.3-p2", "2 findings go away by this", ">cve-2<", ">cve-1<",
		"Switch it off", "2 findings go away by this", ">listing<", ">listing-2<",
	} {
		next := strings.Index(text[at+1:], want)
		if next < 0 {
			t.Fatalf("%q does not come behind what goes before it:\n%s", want, text)
		}
		at += next + 1
	}
	if strings.Contains(text, "do that") || !strings.Contains(text, "Send no-store.") || strings.Count(text, `class="mend"`) != 3 {
		t.Errorf("remedies of other products, or %d groups:\n%s", strings.Count(text, `class="mend"`), text)
	}
}
