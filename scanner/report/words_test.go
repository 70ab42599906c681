package report

import (
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/message"
)

// TestStatusesHaveWords: every status, severity and certainty has a text of its own in both languages. Other texts are held
// by the tests of scanner/command.
func TestStatusesHaveWords(t *testing.T) {
	var ids []string
	for _, s := range statuses {
		ids = append(ids, "status-"+string(s))
	}
	for _, g := range grades {
		ids = append(ids, "severity-"+string(g))
	}
	for _, c := range []scanner.Certainty{scanner.Confirmed, scanner.Possible} {
		ids = append(ids, "certainty-"+string(c))
	}
	for _, id := range ids {
		english, japanese := message.In("en").Say(id, nil), message.In("ja").Say(id, nil)
		if english == id || japanese == id || english == japanese {
			t.Errorf("%s: %q, %q", id, english, japanese)
		}
	}
}
