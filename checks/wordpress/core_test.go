package wordpress

import (
	"testing"

	"sotomi/checks/internal/weaknesses"

	"github.com/google/go-cmp/cmp"
)

// A release is behind when its line went on, whatever newer lines there are.
func TestBehind(t *testing.T) {
	db := database(t)
	for _, c := range []struct {
		candidates []string
		late       []string
		newest     string
		newer      bool
	}{
		{[]string{"6.4.2"}, []string{"6.4.2"}, newestOf(db, "6.4"), false},
		{[]string{newestOf(db, "6.4")}, nil, "", false},
		{[]string{"6.4.1", newestOf(db, "6.4")}, []string{"6.4.1"}, newestOf(db, "6.4"), false},
		{[]string{"6.4.99"}, nil, "", true},
		{[]string{"99.0"}, nil, "", true},
		{[]string{"6.4.2-rc1"}, []string{"6.4.2-rc1"}, newestOf(db, "6.4"), false},
	} {
		late, newest := behindOf(db, c.candidates)
		if d := cmp.Diff(c.late, late); d != "" || newest != c.newest {
			t.Errorf("%v: newest %q, want %q (-want +got):\n%s", c.candidates, newest, c.newest, d)
		}
		if got := anyNewer(db, c.candidates); got != c.newer {
			t.Errorf("%v: newer than the data: %t, want %t", c.candidates, got, c.newer)
		}
	}
}

// A published range counts for the line that it ends in alone: older lines have fixes of their own.
func TestOfLines(t *testing.T) {
	list := []weaknesses.Weakness{{CVE: "A", Ranges: []weaknesses.Range{weaknesses.ParseRange("6.8.1")}}, {CVE: "B", Ranges: []weaknesses.Range{weaknesses.ParseRange("6.4..6.4.2"), weaknesses.ParseRange("6.5..6.5.1")}}}
	got := ofLines(list, []string{"6.4.2"})
	if len(got) != 1 || got[0].CVE != "B" || len(got[0].Ranges) != 1 {
		t.Errorf("%+v", got)
	}
}
