package command

import (
	"strings"
	"testing"

	"sotomi/scanner"
	"sotomi/scanner/triage"
)

// An expected.yaml in a document is one.
func TestExpectedOfDocuments(t *testing.T) {
	n := 0
	for _, file := range documents {
		for _, f := range fences(t, file) {
			if !strings.HasPrefix(f.text, "expected:") {
				continue
			}
			n++
			if err := new(triage.Rules).ReadExpected(file, []byte(f.text)); err != nil {
				t.Error(err)
			}
		}
	}
	if n < 2 {
		t.Errorf("%d examples", n)
	}
}

// The list of the ports that are open most often has a hundred.
func TestTop100(t *testing.T) {
	if n, err := scanner.ParseNumbers(top100); err != nil || len(n) != 100 {
		t.Errorf("%d ports, %v", len(n), err)
	}
}
