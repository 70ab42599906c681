package weaknesses

import "testing"

// Releases are ordered by their numbers; what comes before a release is before it, a letter behind one is after it.
func TestCompareVersions(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"6.8", "6.8", 0},
		{"6.8", "6.8.0", 0},
		{"6.8", "6.9", -1},
		{"6.10", "6.9", 1},
		{"2.9.3", "2.11.9", -1},
		{"2.9.3.2310061", "2.9.3", 1},
		{"1.0-beta1", "1.0", -1},
		{"1.0-beta2", "1.0-beta1", 1},
		{"1.0-rc1", "1.0-beta9", 1},
		{"1.0.4b", "1.0.4", 1},
		{"1.0.4b", "1.0.5", -1},
		{"1.0.4b", "1.0.4c", -1},
		{"20250101", "3.0", 1},
		{"", "0", 0},
	} {
		if got := Compare(c.a, c.b); got != c.want {
			t.Errorf("Compare(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := Compare(c.b, c.a); got != -c.want {
			t.Errorf("Compare(%q, %q) = %d, want %d", c.b, c.a, got, -c.want)
		}
	}
}

// A release begins with a digit, with a v before it or not; trunk and words are none.
func TestVersionOf(t *testing.T) {
	for text, want := range map[string]string{
		"6.8": "6.8", "v1.00": "1.00", " 2.9.3\r": "2.9.3", "1.0-beta.1": "1.0-beta.1", "trunk": "", "": "", "6.8 beta": "", "<b>6.8": "", "{{VERSION}}": "",
	} {
		if got := VersionOf(text); got != want {
			t.Errorf("VersionOf(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzCompareVersions(f *testing.F) {
	f.Add("1.0", "1.0-beta1", "1.0.4b")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		if Compare(a, b) != -Compare(b, a) {
			t.Errorf("%q and %q: not the opposite the other way round", a, b)
		}
		if Compare(a, b) <= 0 && Compare(b, c) <= 0 && Compare(a, c) > 0 {
			t.Errorf("%q <= %q <= %q, but not the first and the last", a, b, c)
		}
	})
}
