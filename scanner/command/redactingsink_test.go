package command

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
)

// startOf keeps what a sink is told at the beginning, too.
type startOf struct {
	scanner.Collector
	start scanner.Start
}

func (s *startOf) Start(start scanner.Start) error {
	s.start = start
	return nil
}

// reported puts a finding through a sink that hides secrets.
func reported(t *testing.T, secrets []string, h scanner.Hit) scanner.Hit {
	t.Helper()
	sink := &scanner.Collector{}
	if err := withoutSecrets([]scanner.Sink{sink}, secrets)[0].Finding(scanner.Finding{Hit: h}); err != nil {
		t.Fatal(err)
	}
	return sink.Findings[0].Hit
}

// Servers repeat what they are sent in the form that an address or a page needs.
func TestSecretsAreHiddenHoweverTheyAreWritten(t *testing.T) {
	got := reported(t, []string{"tok&en 12", "undefined", ""}, scanner.Hit{
		URL: "http://a.example/?back=tok%26en+12", Matcher: "TOK&EN 12",
		Values: scanner.Values{
			"one": "tok&en 12", "list": []string{"a", "tok&amp;en 12"}, "part": "ok&en", "number": 12, "words": message.New("after %s", "tok&en 12"),
			"parts": []any{"k&en 1", 3.0},
		},
		Evidence: []evidence.Evidence{{Request: "X: undefined", Response: "to /tok&en%2012", Note: message.New("for %s", "tok&en 12")}},
	})
	want := scanner.Hit{
		URL: "http://a.example/?back=***", Matcher: "***",
		Values: scanner.Values{
			"one": "***", "list": []string{"a", "***"}, "part": "***", "number": 12, "words": message.New("after %s", "***"),
			"parts": []any{"***", 3.0},
		},
		Evidence: []evidence.Evidence{{Request: "X: ***", Response: "to /***", Note: message.New("for %s", "***")}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a server sends must not turn the text of a report around, in whatever program it is shown.
func TestValuesAreSafeToPrint(t *testing.T) {
	got := reported(t, nil, scanner.Hit{
		URL: "http://a.example/\u202e", Matcher: "\x1b[1m", Values: scanner.Values{"one": "a\u202eb", "list": []string{"\x1b[31m"}, "words": message.New("x %s", "\u2066")},
	})
	want := scanner.Hit{
		URL: `http://a.example/\u202e`, Matcher: `\x1b[1m`, Values: scanner.Values{"one": `a\u202eb`, "list": []string{`\x1b[31m`}, "words": message.New("x %s", `\u2066`)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSecretsAreHiddenFromBeginningToEnd(t *testing.T) {
	sink := &startOf{}
	s := withoutSecrets([]scanner.Sink{sink}, []string{"S3cret-host"})[0]
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.Start(scanner.Start{Targets: []string{"https://u:S3cret-host@a.example"}}))
	must(s.Outcome(scanner.Outcome{Reason: message.New("closed after %s", "S3CRET%2dHOST")}))
	must(s.Close(scanner.Summary{Targets: 1, Redirected: []scanner.Redirected{{Target: "http://a.example", To: "http://s3cret-host.example:80"}}}))
	if got := sink.start.Targets[0]; got != "https://u:***@a.example" {
		t.Errorf("target %q", got)
	}
	if got := sink.Outcomes[0].Reason.String(); got != "closed after ***" {
		t.Errorf("reason %q", got)
	}
	if got := sink.Summary; got.Targets != 1 || got.Redirected[0] != (scanner.Redirected{Target: "http://a.example", To: "http://***.example:80"}) {
		t.Errorf("summary %+v", got)
	}
}
