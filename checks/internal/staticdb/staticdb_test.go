package staticdb

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The files chosen tell all releases apart that any do.
func TestChoose(t *testing.T) {
	list := []release{
		{name: "1", files: map[string]string{"a.js": "x", "b.js": "x", "same.js": "x"}},
		{name: "2", files: map[string]string{"a.js": "x", "b.js": "y", "same.js": "x"}},
		{name: "3", files: map[string]string{"a.js": "y", "b.js": "y", "same.js": "x"}},
	}
	p := Product{Rank: func(string) int { return 0 }}
	if d := cmp.Diff([]string{"a.js", "b.js"}, p.choose(list)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
