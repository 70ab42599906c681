package target

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// dns gives the addresses that a test says.
func dns(hosts map[string]string) func(context.Context, string) []netip.Addr {
	return func(_ context.Context, name string) []netip.Addr {
		var list []netip.Addr
		for _, a := range strings.Fields(hosts[name]) {
			list = append(list, netip.MustParseAddr(a))
		}
		return list
	}
}

func mustParse(t *testing.T, args ...string) *List {
	t.Helper()
	list, err := Parse(args, strings.NewReader(""), nil)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func indexes(g Group) string {
	var list []string
	for _, p := range g.Places {
		list = append(list, fmt.Sprint(p.Index))
	}
	return strings.Join(list, " ")
}

// TestInputsOnOneHostAreOneGroup: by name, by an address that two names share or one shares with another, and in the user's order.
func TestInputsOnOneHostAreOneGroup(t *testing.T) {
	list := mustParse(t, "http://a.test/", "https://b.test:8443/x", "c.test", "192.0.2.1", "http://a.test:81/", "192.0.2.8/30", "d.test", "http://192.0.2.9/", "e.test", "A.test:99")
	look := dns(map[string]string{"a.test": "192.0.2.5 192.0.2.4", "b.test": "192.0.2.1", "c.test": "192.0.2.7", "d.test": "192.0.2.7 192.0.2.4", "e.test": ""})
	for name, c := range map[string]struct {
		look func(context.Context, string) []netip.Addr
		want []string
	}{
		"looked_up":     {look, []string{"0 2 4 9 12", "1 3", "5", "6 10", "7", "8", "11"}},
		"not_looked_up": {nil, []string{"0 4 12", "1", "2", "3", "5", "6 10", "7", "8", "9", "11"}},
	} {
		for range 20 {
			groups := NewGroups(c.look)
			var got []string
			names := map[string]bool{}
			for g := range groups.All(t.Context(), list) {
				got = append(got, indexes(g))
				names[g.Name] = true
				groups.Done(g.Name)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Fatalf("%s (-want +got):\n%s", name, diff)
			}
			if len(names) != len(got) {
				t.Fatalf("%s: the names %v are not one each", name, names)
			}
		}
	}
}

// TestGroupsAreFormedAsTheyAreAskedFor: of a long list only the beginning is looked up for the first group.
func TestGroupsAreFormedAsTheyAreAskedFor(t *testing.T) {
	var lines []string
	for i := range 5000 {
		lines = append(lines, fmt.Sprintf("h%d.test", i))
	}
	list := mustParse(t, append(lines, "10.0.0.0/9")...)
	var looked atomic.Int64
	groups := NewGroups(func(context.Context, string) []netip.Addr {
		looked.Add(1)
		return nil
	})
	for range groups.All(t.Context(), list) {
		break
	}
	if n := looked.Load(); n == 0 || n > 2*groupWindow {
		t.Errorf("%d names were looked up for the first group, want at most %d", n, 2*groupWindow)
	}
}

// TestABusyHostIsKeptBack: inputs that are far apart in the list are never under way together when they are on one host, also when
// one name leads to two hosts, and none is left out.
func TestABusyHostIsKeptBack(t *testing.T) {
	var lines []string
	hosts := map[string]string{}
	for i := range 3 * groupWindow {
		name := fmt.Sprintf("h%d.test", i)
		lines = append(lines, name)
		hosts[name] = fmt.Sprintf("10.0.%d.%d", i%groupWindow/250, i%groupWindow%250)
		if i%50 == 0 {
			hosts[name] += " 10.0.0.7"
		}
	}
	list := mustParse(t, lines...)
	groups := NewGroups(dns(hosts))
	busy := map[string]string{}
	var open []Group
	end := func() {
		for _, p := range open[0].Places {
			in, _ := list.At(p)
			for a := range strings.FieldsSeq(hosts[in.Host]) {
				delete(busy, a)
			}
		}
		groups.Done(open[0].Name)
		open = open[1:]
	}
	seen := 0
	for g := range groups.All(t.Context(), list) {
		seen += len(g.Places)
		for _, p := range g.Places {
			in, ok := list.At(p)
			if !ok {
				t.Fatalf("no input at %+v", p)
			}
			for a := range strings.FieldsSeq(hosts[in.Host]) {
				if by := busy[a]; by != "" && by != g.Name {
					t.Fatalf("%s is in the groups %s and %s", a, by, g.Name)
				}
				busy[a] = g.Name
			}
		}
		if open = append(open, g); len(open) > 100 {
			end()
		}
		for seen >= len(lines)-200 && len(open) > 0 { // the last are only given when these have ended
			end()
		}
	}
	if seen != len(lines) {
		t.Errorf("%d inputs were given, want %d", seen, len(lines))
	}
}

// TestGroupsEndWithTheContext: nobody waits for a host that stays busy.
func TestGroupsEndWithTheContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var lines []string
	for i := range groupWindow + 1 {
		lines = append(lines, fmt.Sprintf("h%d.test", i))
	}
	groups := NewGroups(dns(map[string]string{"h0.test": "10.0.0.1", lines[groupWindow]: "10.0.0.1"}))
	n := 0
	for range groups.All(ctx, mustParse(t, lines...)) {
		if n++; n == groupWindow {
			cancel() // the last is kept back for the first
		}
	}
	if n != groupWindow {
		t.Errorf("%d groups", n)
	}
}

// TestPlaces: every input is found again at its place, and no other place gives one.
func TestPlaces(t *testing.T) {
	list := mustParse(t, "192.0.2.1", "http://a.test/x", "192.0.2.0/30", "tcp://b.test", "2001:db8::/126", "c.test")
	if err := list.Exclude([]string{"c.test", "2001:db8::2"}); err != nil {
		t.Fatal(err)
	}
	n := 0
	for place, in := range list.Places() {
		got, ok := list.At(place)
		if diff := cmp.Diff(in, got); !ok || diff != "" || place.Index != n {
			t.Errorf("%+v: (-want +got):\n%s", place, diff)
		}
		n++
	}
	if n != list.Len() {
		t.Errorf("%d places, want %d", n, list.Len())
	}
	for _, wrong := range []Place{
		{Item: -1},
		{Item: 6},
		{Item: 0, Address: "192.0.2.1"},
		{Item: 2},
		{Item: 2, Address: "192.0.2.1"},
		{Item: 2, Address: "192.0.2.4"},
		{Item: 2, Address: "x"},
		{Item: 4, Address: "2001:db8::2"},
		{Item: 5},
	} {
		if in, ok := list.At(wrong); ok {
			t.Errorf("%+v gives %+v", wrong, in)
		}
	}
}
