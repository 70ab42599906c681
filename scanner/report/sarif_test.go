package report_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
	"sotomi/scanner/report"
	"sotomi/scanner/signature"
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
		rules, _, _ = strings.Cut(rules, `"columnKind"`)
		return rules
	}
	if one, other := rules(), rules("search.example", "other.test", "git.example", "x.test:8443"); one != other || len(one) < 500 {
		t.Errorf("rules differ:\n%s\n%s", one, other)
	}
}

// TestSARIFListsWhatRan: a signature that came to an answer is a rule, whatever it found and wherever; one that only failed,
// was not reached or cannot run is none. Rules are the same whichever site answered, and what is said of them comes from
// the signature.
func TestSARIFListsWhatRan(t *testing.T) {
	known := map[string]*signature.Signature{}
	for _, id := range []string{"clean", "absent", "found", "broken", "never"} {
		known[id] = &signature.Signature{ID: id, Info: signature.Info{Name: "Name of " + id, Description: "About " + id + ".", Severity: "high", Tags: []string{"exposure"}}}
	}
	known["found"].Variants = map[string]signature.Variant{"old": {Name: "Old"}}
	write := func(put func(scanner.Sink) error) sarifFile {
		t.Helper()
		var out bytes.Buffer
		sink := report.NewSARIF(&out, report.Options{Language: "en", Signatures: known})
		if err := errors.Join(sink.Start(scanner.Start{Targets: []string{"https://a.example"}}), put(sink), sink.Close(scanner.Summary{Interrupted: true})); err != nil {
			t.Fatal(err)
		}
		return checkedSARIF(t, out.Bytes())
	}
	rules := func(f sarifFile) string {
		var ids []string
		for _, r := range f.Runs[0].Tool.Driver.Rules {
			ids = append(ids, r.ID+": "+r.ShortDescription.Text)
		}
		return strings.Join(ids, "; ")
	}
	outcome := func(sink scanner.Sink, host, id string, status scanner.Status) error {
		return sink.Outcome(scanner.Outcome{Signature: id, Target: "https://" + host + ".example", Status: status, Reason: message.New("connection refused")})
	}
	got := write(func(sink scanner.Sink) error {
		return errors.Join(
			outcome(sink, "a", "stranger", scanner.StatusClean), outcome(sink, "a", "clean", scanner.StatusClean), outcome(sink, "a", "absent", scanner.StatusNotApplicable),
			outcome(sink, "a", "broken", scanner.StatusFailed), outcome(sink, "a", "never", scanner.StatusUnsupported),
			sink.Finding(scanner.Finding{Signature: known["found"], Severity: "high", Target: "https://b.example", Fingerprint: "v1:1", Hit: scanner.Hit{URL: "https://b.example/x", Variant: "old"}}),
			outcome(sink, "b", "found", scanner.StatusFound), outcome(sink, "b", "broken", scanner.StatusUnreachable), outcome(sink, "b", "clean", scanner.StatusClean),
		)
	})
	if want := "found/old: Old; absent: Name of absent; clean: Name of clean; found: Name of found; stranger: stranger"; rules(got) != want {
		t.Errorf("rules are\n%s, want\n%s", rules(got), want)
	}
	if r := got.Runs[0].Results; len(r) != 1 || got.Runs[0].Tool.Driver.Rules[r[0].RuleIndex].ID != "found/old" {
		t.Errorf("results %+v", r)
	}
	none := write(func(sink scanner.Sink) error { return outcome(sink, "a", "clean", scanner.StatusClean) })
	if rules(none) != "clean: Name of clean" || len(none.Runs[0].Results) != 0 {
		t.Errorf("without findings: %s", rules(none))
	}
}

// checkedSARIF is a document that the schema allows.
func checkedSARIF(t *testing.T, text []byte) sarifFile {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if err := schemaOf(t, "sarif-schema-2.1.0.json").Validate(document); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	var f sarifFile
	if err := json.Unmarshal(text, &f); err != nil {
		t.Fatal(err)
	}
	return f
}

// TestSARIFLeavesTheCategory: the file names no run of its own, for then whoever uploads the reports of two sites could not
// keep them apart: the second would close the alerts of the first.
func TestSARIFLeavesTheCategory(t *testing.T) {
	for name, put := range all {
		if bytes.Contains(in(t, "sarif", "en", put), []byte(`"automationDetails"`)) {
			t.Errorf("%s: the file has a category", name)
		}
	}
}

// TestSARIFLimits: what is more than a service reads is counted, not written.
func TestSARIFLimits(t *testing.T) {
	many := func(t testing.TB, to scanner.Sink) {
		for i := range 26_000 {
			sum := sha256.Sum256([]byte(strconv.Itoa(i)))
			at := fmt.Sprintf("https://host-%d.example/%d", i/10, i)
			f := scanner.Finding{Signature: longSignature, Severity: "low", Target: at, Fingerprint: "v1:" + hex.EncodeToString(sum[:16]), Hit: scanner.Hit{URL: at, Values: scanner.Values{"version": strconv.Itoa(i)}, Evidence: []evidence.Evidence{{Request: fmt.Sprintf("GET /%d HTTP/1.1", i)}}}}
			if err := to.Finding(f); err != nil {
				t.Fatal(err)
			}
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
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write(text); err != nil || zip.Close() != nil {
		t.Fatal(err)
	}
	if packed.Len() > 10<<20 {
		t.Errorf("%d bytes, %d packed: more than services take", len(text), packed.Len())
	}
	t.Logf("25,000 results are %d KiB, %d KiB packed", len(text)>>10, packed.Len()>>10)
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
