package scanner

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOriginsOfTargets(t *testing.T) {
	list, err := ParseTargets([]string{"a.test", "@list"}, nil, opener(map[string]string{"list": "\n192.0.2.0/31\n"}))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for in := range list.All() {
		got = append(got, in.Origin.String())
	}
	if diff := cmp.Diff([]string{"a.test", "list:2: 192.0.2.0/31", "list:2: 192.0.2.0/31"}, got); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
}
