package command

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"sotomi/scanner"
	"sotomi/scanner/evidence"
	"sotomi/scanner/message"
)

// lastFinding keeps what a sink is told.
type lastFinding struct{ got scanner.Finding }

func (*lastFinding) Start(scanner.Start) error         { return nil }
func (l *lastFinding) Finding(f scanner.Finding) error { l.got = f; return nil }
func (*lastFinding) Outcome(scanner.Outcome) error     { return nil }
func (*lastFinding) Progress(scanner.Progress) error   { return nil }
func (*lastFinding) Close(scanner.Summary) error       { return nil }

// Servers repeat what they are sent in the form that an address or a page needs.
func TestSecretsAreHiddenHoweverTheyAreWritten(t *testing.T) {
	sink := &lastFinding{}
	wrapped := withoutSecrets([]scanner.Sink{sink}, []string{"tok&en 12", "undefined", ""})[0]
	err := wrapped.Finding(scanner.Finding{Hit: scanner.Hit{
		URL:      "http://a.example/?back=tok%26en+12",
		Values:   scanner.Values{"one": "tok&en 12", "list": []string{"a", "tok&amp;en 12"}},
		Evidence: []evidence.Evidence{{Request: "X: undefined", Response: "to /tok&en%2012", Note: message.New("plain")}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := scanner.Finding{Hit: scanner.Hit{
		URL:      "http://a.example/?back=***",
		Values:   scanner.Values{"one": "***", "list": []string{"a", "***"}},
		Evidence: []evidence.Evidence{{Request: "X: ***", Response: "to /***", Note: message.New("plain")}},
	}}
	if diff := cmp.Diff(want, sink.got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
