package releases

import (
	"os"
	"slices"
	"testing"
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

func TestCompare_agrees_with_the_list(t *testing.T) {
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

func TestCompare_orders_what_is_in_no_list(t *testing.T) {
	ascending := []string{
		"1.0.1a-beta", "1.1.1", "1.4.7", "1.5.0-beta", "1.5.0-beta2", "2.0.0-beta", "2.0.1", "2.0.1a", "2.4.4", "2.11.0-beta", "2.11.0",
		"2.12.3", "2.12.3en", "2.12.3en-p2", "2.12.4", "2.13.5", "2.13.5-p1", "2.13.5-p2", "3.0.18", "3.0.18-p4", "3.0.18-p7", "3.0.18-p10",
		"4.0.6", "4.0.6-p1", "4.0.6-p4", "4.0.6-p5", "4.1.0", "4.2.3", "4.2.3-p1", "4.3.0-alpha", "4.3.0-rc", "4.3.0", "4.3.1", "4.10.0",
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
