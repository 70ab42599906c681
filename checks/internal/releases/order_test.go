package releases

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func readOrder(t *testing.T) Order {
	t.Helper()
	text, err := os.ReadFile("../../../signatures/eccube/eccube.db")
	if err != nil {
		t.Fatal(err)
	}
	o, err := ParseOrder(text)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestCompareAgreesWithTheList(t *testing.T) {
	o := readOrder(t)
	names := make([]string, len(o))
	for name, i := range o {
		names[i] = name
	}
	sorted := slices.SortedFunc(slices.Values(names), Compare)
	if !slices.Equal(sorted, names) {
		for i := range names {
			if names[i] != sorted[i] {
				t.Fatalf("place %d: the list has %s, Compare puts %s there", i, names[i], sorted[i])
			}
		}
	}
}

func TestCompareOrdersUnlistedNames(t *testing.T) {
	ascending := []string{
		"1.0.1a-beta", "1.1.0-alpha", "1.1.0-deta", "1.1.1", "1.4.7", "1.5.0-beta", "1.5.0-beta2", "2.0.0-beta", "2.0.1", "2.0.1a", "2.4.4", "2.11.0-beta", "2.11.0",
		"2.12.3", "2.12.3-p1", "2.12.3en", "2.12.3en-p2", "2.12.4", "2.13.5", "2.13.5-p1", "2.13.5-p2", "3.0.11-alpha", "3.0.11-pre", "3.0.11-RC", "3.0.11", "3.0.18", "3.0.18-p4", "3.0.18-p7", "3.0.18-p10",
		"4.0.6", "4.0.6-p1", "4.0.6-p4", "4.0.6-p5", "4.1.0", "4.2.3", "4.2.3-p1", "4.3.0-alpha", "4.3.0-rc", "4.3.0", "4.3.0+20250619", "4.3.1", "4.3.1-p1", "4.3.1-p1+20260311", "4.3.1-p1+20260422", "4.3.1-p2", "4.10.0",
	}
	o := readOrder(t)
	for i := range ascending {
		for j := range ascending {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := o.Compare(ascending[i], ascending[j]); got != want {
				t.Errorf("Compare(%s, %s) = %d, want %d", ascending[i], ascending[j], got, want)
			}
		}
	}
}

// Every release of the real database has a name that is understood, and is stable as the database says.
func TestNamesOfTheDatabase(t *testing.T) {
	text, err := os.ReadFile("../../../signatures/eccube/eccube.db")
	if err != nil {
		t.Fatal(err)
	}
	db, err := Parse(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range db.Releases {
		if !IsRelease(r.Name) || Stable(r.Name) != r.Stable {
			t.Errorf("%s: a release %t, stable %t, want %t", r.Name, IsRelease(r.Name), Stable(r.Name), r.Stable)
		}
	}
}

// Names come from pages too: no text makes Compare fail, and the order stays an order.
func TestCompareOrdersAnything(t *testing.T) {
	name := rapid.OneOf(rapid.String(), rapid.StringMatching(`[0-9n]{1,3}(\.[0-9n]{1,22}){0,6}[a-z]?(en)?(-(alpha|beta|rc|RC|pre|comu|deta)[0-9]{0,3})?(-p[0-9]{1,22})?`))
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := name.Draw(t, "a"), name.Draw(t, "b"), name.Draw(t, "c")
		if Compare(a, b) != -Compare(b, a) || (Compare(a, b) == 0) != (a == b) {
			t.Fatalf("Compare(%q, %q) = %d, the other way %d", a, b, Compare(a, b), Compare(b, a))
		}
		if Compare(a, b) <= 0 && Compare(b, c) <= 0 && Compare(a, c) > 0 {
			t.Fatalf("%q, %q, %q are not in order", a, b, c)
		}
	})
}

func TestNames(t *testing.T) {
	for name, want := range map[string][3]bool{ // a release, stable, English
		"2.13.5": {true, true, false}, "1.3.1a": {true, true, false}, "2.12.3en": {true, true, true}, "2.12.6en-p1": {true, true, true},
		"4.0.6-p4": {true, true, false}, "4.2.0-rc": {true, false, false}, "1.3.4-comu": {true, false, false}, "3.n-alpha6": {true, false, false},
		"": {}, "four": {}, "4.0.6-": {}, "v4.0.6": {}, "4.0.6 ": {},
	} {
		if got := [3]bool{IsRelease(name), Stable(name), English(name)}; got != want {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}

func TestParseOrder(t *testing.T) {
	o, err := ParseOrder([]byte("# comment\nrelease 1.1 2020-01-01\npre 1.0 2020-01-01\nfile a/b\nrelease 1.2 2020-01-01\n"))
	if err != nil || len(o) != 2 || !o.Known("1.0") || o.Known("1.2") {
		t.Fatalf("%v, %v", o, err)
	}
	if o.Compare("1.1", "1.0") != -1 || o.Compare("1.1", "1.2") != -1 || o.Compare("1.0", "1.0.1") != -1 {
		t.Error("the list comes first, then the names")
	}
	if _, err := ParseOrder([]byte("file a/b\n")); err == nil {
		t.Error("no error without releases")
	}
}

// TestCompareLongNames: a page may claim a release with more numbers than any has.
func TestCompareLongNames(t *testing.T) {
	if got := Compare("1.2.3.4.5.6", "1.2.4"); got != -1 {
		t.Errorf("Compare(1.2.3.4.5.6, 1.2.4) = %d, want -1", got)
	}
}

// A state of development is no release: it is none to update to, not the newest, and what it has is in the next release of its
// line only.
func TestStatesOfDevelopment(t *testing.T) {
	o := readOrder(t)
	for name, want := range map[string]string{"2.25.0+20260324": "", "4.3.0+20250619": "4.3.1", "4.3.1-p1+20260422": "", "4.3.0-beta": "4.3.0"} {
		if got := o.Stable(name); got != want {
			t.Errorf("Stable(%s) = %q, want %q", name, got, want)
		}
	}
	if got := o.Newest(); got != "4.3.1-p1" {
		t.Errorf("newest is %s", got)
	}
	if Stable("4.3.0+20250619") || !Development("4.3.0+20250619") || Development("4.3.0-rc") || Development("4.3.0") {
		t.Error("what a state of development is")
	}
}
