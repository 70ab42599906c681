package report_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// sarifFile is what the tests look at.
type sarifFile struct {
	Version string
	Runs    []struct {
		Tool struct {
			Driver struct {
				Name  string
				Rules []struct {
					ID                                      string
					ShortDescription, FullDescription, Help struct{ Text string }
				}
			}
		}
		Results []struct {
			RuleID    string
			RuleIndex int
			Message   struct{ Text string }
			Locations []struct {
				PhysicalLocation struct{ ArtifactLocation struct{ URI string } }
			}
			PartialFingerprints map[string]string
		}
		Invocations []struct {
			ExecutionSuccessful        bool
			ToolExecutionNotifications []struct{ Message struct{ Text string } }
		}
	}
}

// TestSARIF holds what code scanning services ask for, with findings, without and of an interrupted scan: the schema,
// addresses without a scheme, a fingerprint each, rules that results point at, nothing empty.
func TestSARIF(t *testing.T) {
	schema := schemaOf(t, "sarif-schema-2.1.0.json")
	for name, put := range all {
		text := in(t, "sarif", "en", put)
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		if err := schema.Validate(document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var f sarifFile
		if err := json.Unmarshal(text, &f); err != nil {
			t.Fatal(err)
		}
		if f.Version != "2.1.0" || len(f.Runs) != 1 || len(f.Runs[0].Invocations) != 1 {
			t.Fatalf("%s: %s", name, text)
		}
		run := f.Runs[0]
		whole := name == "recorded" || name == "nothing"
		if got := run.Invocations[0]; got.ExecutionSuccessful != whole || name == "troubled" && len(got.ToolExecutionNotifications) < 5 {
			t.Errorf("%s: invocation %+v", name, got)
		}
		for _, r := range run.Tool.Driver.Rules {
			if r.ID == "" || r.ShortDescription.Text == "" || r.FullDescription.Text == "" || r.Help.Text == "" || len([]rune(r.FullDescription.Text)) > 1024 {
				t.Errorf("%s: rule %+v", name, r)
			}
		}
		for _, r := range run.Results {
			uri := r.Locations[0].PhysicalLocation.ArtifactLocation.URI
			if uri == "" || strings.Contains(uri, ":") || r.PartialFingerprints["primaryLocationLineHash"] == "" {
				t.Errorf("%s: result at %q with %v", name, uri, r.PartialFingerprints)
			}
			if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID || r.Message.Text == "" {
				t.Errorf("%s: result %+v", name, r)
			}
		}
		if name == "nothing" && len(run.Results) != 0 || name == "scanned" && len(run.Results) != 6 {
			t.Errorf("%s: %d results", name, len(run.Results))
		}
	}
}

// TestSARIFRulesKnowNoSite: the rules of a scan of one site are those of a scan of another.
func TestSARIFRulesKnowNoSite(t *testing.T) {
	rules := func(replace ...string) string {
		saved := strings.NewReplacer(replace...).Replace(string(lines(t, recorded)))
		text := string(in(t, "sarif", "en", replayOf(saved)))
		_, rules, _ := strings.Cut(text, `"rules":`)
		rules, _, _ = strings.Cut(rules, `"automationDetails"`)
		return rules
	}
	if one, other := rules(), rules("search.example", "other.test", "git.example", "x.test:8443"); one != other || len(one) < 500 {
		t.Errorf("rules differ:\n%s\n%s", one, other)
	}
}

// TestSARIFLimits: what is more than a service reads is counted, not written.
func TestSARIFLimits(t *testing.T) {
	many := func(t testing.TB, to scanner.Sink) {
		for range 26_000 {
			scan(t, to, "low")
		}
		for i := range 1200 {
			o := scanner.Outcome{Signature: "s", Target: strings.Repeat("x", i+1), Status: scanner.StatusUnreachable, Reason: message.New("connection refused")}
			if err := to.Outcome(o); err != nil {
				t.Fatal(err)
			}
		}
	}
	text := in(t, "sarif", "en", func(t testing.TB, to scanner.Sink) {
		if err := to.Start(scanner.Start{}); err != nil {
			t.Fatal(err)
		}
		many(t, to)
		if err := to.Close(scanner.Summary{}); err != nil {
			t.Fatal(err)
		}
	})
	var f sarifFile
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	notes := f.Runs[0].Invocations[0].ToolExecutionNotifications
	if len(f.Runs[0].Results) != 25_000 || len(notes) != 1002 || !strings.Contains(notes[1001].Message.Text, "1000 findings left out") {
		t.Errorf("%d results, %d notifications, the last %q", len(f.Runs[0].Results), len(notes), notes[len(notes)-1].Message.Text)
	}
}

func schemaOf(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("file:///"+name, document); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile("file:///" + name)
}
