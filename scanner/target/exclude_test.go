package target

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
)

// Excluded hosts are in no input, whichever way they were named, and count for nothing.
func TestExclude(t *testing.T) {
	list, err := Parse([]string{"192.0.2.0/29", "https://WWW.shop.example/a", "redis://db.shop.example", "other.example:80", "http://[2001:db8::1]/"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := list.Exclude([]string{"192.0.2.0/30", "192.0.2.6", "*.shop.example", "2001:db8::/32"}); err != nil {
		t.Fatal(err)
	}
	var got []string
	for in := range list.All() {
		got = append(got, fmt.Sprint(in.hostOf()))
	}
	if want := []string{"192.0.2.4", "192.0.2.5", "192.0.2.7", "other.example"}; !slices.Equal(got, want) || list.Len() != len(want) {
		t.Errorf("inputs = %q (%d), want %q", got, list.Len(), want)
	}
	for host, want := range map[string]bool{"192.0.2.1": false, "192.0.2.5": true} {
		if got := list.Includes(&url.URL{Scheme: "http", Host: host}, false); got != want {
			t.Errorf("Includes(%s) = %t", host, got)
		}
	}
}

func TestExcludeRefuses(t *testing.T) {
	for _, patterns := range [][]string{{""}, {"https://shop.example"}, {"192.0.2.0/99"}, {"*"}} {
		list, err := Parse([]string{"shop.example"}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if list.Exclude(patterns) == nil {
			t.Errorf("%q is taken", patterns)
		}
	}
}
