package match

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRegexMatches(t *testing.T) {
	long := "id-" + strings.Repeat("9", 3*maxSeenLength)
	p := program(t, `
matchers-condition: or
matchers:
  - {type: word, words: [shop]}
  - {type: regex, regex: ['id-[0-9]+', 'no-[0-9]+']}
  - {type: regex, negative: true, regex: ['shop']}
  - {type: regex, part: header, regex: ['X-One: [a-z]+']}
extractors:
  - {type: regex, group: 1, regex: ['<p>([a-z]+)</p>']}
  - {type: regex, name: inner, internal: true, regex: ['<i>[a-z]+</i>']}`)
	d := &Data{Exchange: answer(200, "shop id-1 id-2 "+long+"<p>a</p><p>b</p><i>c</i><i>d</i>", "X-One", "two")}
	got, err := p.RegexMatches(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"X-One: two", "id-1", "id-2", long}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
