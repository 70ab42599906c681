package report

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEveryWordIsThere: what the report says is in the files, and nothing else is.
func TestEveryWordIsThere(t *testing.T) {
	var source []byte
	for _, name := range []string{"text.go", "ending.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		source = append(source, text...)
	}
	wanted := map[string]bool{}
	for _, m := range regexp.MustCompile(`\bw(?:ords)?\.(Say|Count)\("([^"]+)"([,+])?`).FindAllStringSubmatch(string(source), -1) {
		if m[2][len(m[2])-1] != '-' {
			wanted[m[2]] = true
		}
	}
	for _, m := range regexp.MustCompile(`map\[string\]int\{"([a-z-]+)":`).FindAllStringSubmatch(string(source), -1) {
		wanted[m[1]] = true
	}
	for _, s := range statuses {
		wanted["status-"+string(s)] = true
	}
	for _, g := range grades {
		wanted["severity-"+string(g)] = true
	}
	wanted["certainty-confirmed"], wanted["certainty-possible"] = true, true
	there := map[string]bool{}
	text, err := os.ReadFile("../message/words/en.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	for id := range all {
		there[id] = true
	}
	if d := cmp.Diff(wanted, there); d != "" {
		t.Errorf("(-said +in the files):\n%s", d)
	}
}
