package releases

import "testing"

func TestSpans(t *testing.T) {
	list := []string{"6.4", "6.4.1", "6.4.2", "6.5"}
	name := func(i int) string { return list[i] }
	for _, c := range []struct {
		at   []int
		want string
	}{{nil, ""}, {[]int{2}, "6.4.2"}, {[]int{0, 1, 3}, "6.4..6.4.1 6.5"}, {[]int{0, 1, 2, 3}, "6.4..6.5"}} {
		if got := Spans(c.at, name); got != c.want {
			t.Errorf("Spans(%v) = %q, want %q", c.at, got, c.want)
		}
	}
}

func TestHashes(t *testing.T) {
	for _, c := range [][4]string{{"a", "a", "a", "a"}, {"a", "b", "b", "a:b"}, {"a", "b", "c", "a:b:c"}, {"a", "a", "c", "a::c"}} {
		if got := Hashes(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("Hashes(%q, %q, %q) = %q, want %q", c[0], c[1], c[2], got, c[3])
		}
	}
}
