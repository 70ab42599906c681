package target

import (
	"fmt"
	"slices"
	"testing"
)

// The address of a service is a port of a host, with the usual port of the service where it names none.
func TestServices(t *testing.T) {
	for text, want := range map[string]string{
		"redis://h.test":                  "h.test 6379 true",
		"REDIS://H.test/0":                "h.test 6379 true",
		"mongodb://h.test":                "h.test 27017 true",
		"postgres://h.test:5433/shop?a=b": "h.test 5433 true",
		"mysql://192.0.2.7":               "192.0.2.7 3306 true",
		"ldap://[2001:db8::1]":            "2001:db8::1 389 true",
		"tcp://h.test:0099":               "h.test 99 true",
		"tcp://h.test":                    "h.test  true",
	} {
		list, err := Parse([]string{text}, nil, nil)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		for in := range list.All() {
			if got := fmt.Sprint(in.Host, " ", in.Port, " ", in.TCP); got != want {
				t.Errorf("%s: %q, want %q", text, got, want)
			}
		}
	}
	for _, text := range []string{"redis://", "redis://h.test:0", "redis://h.test:99999", "redis://:secret@h.test", "redis://user:se/cret@h.test", "gopher://h.test", "mongodb://a.test,b.test", "redis://a b"} {
		if _, err := Parse([]string{text}, nil, nil); err == nil {
			t.Errorf("%s is taken for a target", text)
		}
	}
}

// A port that is named in two ways is looked at once, under the name of the service; a host of its own, and its ports.
func TestServicesThatAreNamedTwice(t *testing.T) {
	list, err := Parse([]string{"redis://h.test", "tcp://h.test:6379", "h.test:6379", "tcp://h.test", "h.test", "192.0.2.7", "tcp://192.0.2.7"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for in := range list.All() {
		got = append(got, fmt.Sprintf("%s %t", in.Source.Text, list.Named(in, TCP(in.Host, in.Port))))
	}
	want := []string{"redis://h.test false", "h.test:6379 true", "tcp://h.test false", "h.test true", "192.0.2.7 true", "tcp://192.0.2.7 false"}
	if !slices.Equal(got, want) {
		t.Errorf("inputs, and whether another names their ports:\n%q, want\n%q", got, want)
	}
}
