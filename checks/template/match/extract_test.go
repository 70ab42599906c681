package match

import (
	"strings"
	"testing"
)

// A matcher may look at what an extractor took, whether by name in an expression, by a placeholder in a word, or as its
// part: extractors then run before the matchers. Those that nothing looks at run after a match only.
func TestExtractors_run_before_the_matchers_that_look_at_them(t *testing.T) {
	const take = "extractors: [{type: regex, name: v, group: 1, regex: ['version ([0-9.]+)']}]\n"
	for name, c := range map[string]struct {
		matchers string
		late     bool
	}{
		"as_part":         {"matchers: [{type: word, part: v, words: ['2.1']}]", false},
		"as_part_regex":   {"matchers: [{type: regex, part: v, regex: ['^2']}]", false},
		"as_part_second":  {"matchers-condition: and\nmatchers: [{type: word, words: [version]}, {type: word, part: v, words: ['2.1']}]", false},
		"in_an_expr":      {"matchers: [{type: dsl, dsl: ['v == \"2.1\"']}]", false},
		"in_a_word":       {"matchers: [{type: word, words: ['version {{v}}']}]", false},
		"not_looked_at":   {"matchers: [{type: word, words: [version]}]", true},
		"of_another_name": {"matchers: [{type: word, part: body, words: [version]}]", true},
	} {
		t.Run(name, func(t *testing.T) {
			p := program(t, take+c.matchers)
			if p.extractAfterMatch != c.late {
				t.Errorf("extracts after a match: %v, want %v", p.extractAfterMatch, c.late)
			}
			r := judged(t, p, &Data{Exchange: answer(200, "version 2.1")})
			if !r.Matched || len(r.Extracted) != 1 || r.Extracted[0] != "2.1" {
				t.Errorf("matched %v, extracted %q; want a match and 2.1", r.Matched, r.Extracted)
			}
			other := judged(t, p, &Data{Exchange: answer(200, "release 3")})
			if other.Matched || len(other.Extracted) > 0 {
				t.Errorf("another page: matched %v, extracted %q", other.Matched, other.Extracted)
			}
		})
	}
}

// What several extractors of one name take is one list.
func TestExtractors_of_one_name(t *testing.T) {
	p := program(t, `extractors:
  - {type: regex, name: v, part: header, group: 1, regex: ['nginx/([0-9.]+)']}
  - {type: regex, name: v, group: 1, regex: ['version ([0-9.]+)']}`)
	r := judged(t, p, &Data{Exchange: answer(200, "version 2.1 version 1.22.1", "Server", "nginx/1.22.1")})
	if got := strings.Join(r.Named["v"], " "); got != "1.22.1 2.1" {
		t.Errorf("taken: %q, want each value once", got)
	}
}
