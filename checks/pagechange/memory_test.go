package pagechange

import (
	"encoding/json"
	"testing"
)

// remembered is what is known after it was written and read.
func remembered(t testing.TB, p *page) *page {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 32<<10 {
		t.Errorf("a page is remembered in %d bytes", len(text))
	}
	return readPage(text)
}
