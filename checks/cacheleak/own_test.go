package cacheleak

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
)

// TestStoredForGuests: what two answers to guests at one address tell of a cache, by their heads or by what was made for one
// of them.
func TestStoredForGuests(t *testing.T) {
	const once = "made0123456789abcdef"
	for _, c := range []struct {
		name         string
		heads        [2]string // X-Cache of both
		bodies       [2]string
		stored, told bool
	}{
		{"a_miss_and_a_hit", [2]string{"MISS", "HIT"}, [2]string{"x", "x"}, true, true},
		{"a_hit_and_a_miss", [2]string{"HIT", "MISS"}, [2]string{"x", "x"}, true, true},
		{"two_misses", [2]string{"MISS", "MISS"}, [2]string{"x", "x"}, false, true},
		{"nothing", [2]string{}, [2]string{"x", "x"}, false, false},
		{"one_answer", [2]string{}, [2]string{once, once}, true, true},
		{"two_answers", [2]string{}, [2]string{once, "other" + once}, false, true},
		{"what_the_page_always_holds", [2]string{}, [2]string{"known" + once, "known" + once}, false, false},
	} {
		var asked atomic.Int32
		g := gathererOn(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			n := (asked.Add(1) - 1) % 2
			if c.heads[n] != "" {
				w.Header().Set("X-Cache", c.heads[n])
			}
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, "<p>%s</p>", c.bodies[n])
		}))
		refs := newReferences([]*observation{answerTo(anonymous, "1", "known"+once)})
		stored, told, err := g.storedForGuests(t.Context(), refs, noBuster)
		if err != nil || stored != c.stored || told != c.told {
			t.Errorf("%s: stored %v, told %v (%v); want %v, %v", c.name, stored, told, err, c.stored, c.told)
		}
	}
}

// TestMayBeStored: what counts is the head of a member's page, whatever guests get.
func TestMayBeStored(t *testing.T) {
	private, public := []string{"Cache-Control", "private"}, []string{"Cache-Control", "max-age=60"}
	for name, c := range map[string]struct {
		guests, members []string
		want            bool
	}{
		"nobody's": {private, private, false}, "guests'": {public, private, false}, "members'": {private, public, true},
	} {
		refs := newReferences([]*observation{answerTo(anonymous, "1", "x", c.guests...), answerTo("A", "2", "x", c.members...)})
		if got := (&run{}).mayBeStored(refs); got != c.want {
			t.Errorf("%s page: may be stored %v, want %v", name, got, c.want)
		}
	}
}
