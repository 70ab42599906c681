package match

import (
	"net/http"
	"testing"

	"sotomi/scanner/web"
)

func TestWantedStatus(t *testing.T) {
	cases := map[string]int{
		`status_code == 200`: 200,
		`status_code==404`:   404,
		`contains(body, "a && b") && status_code == 200`:         200,
		`(status_code == 200) && len(body) > 3`:                  200,
		`((contains(body, 'x') && (status_code == 302)))`:        302,
		`contains(body, "it\"s") && status_code == 200`:          200,
		`status_code == 200 || status_code == 404`:               0,
		`status_code == 200 && a || b`:                           0,
		`contains(body, "status_code == 200")`:                   0,
		`!(status_code == 200)`:                                  0,
		`!contains(body, "x") && !(status_code == 200)`:          0,
		`status_code != 200 && len(body) > 3`:                    0,
		`(status_code == 200) || (len(body) > 3)`:                0,
		`(status_code == 200 && a) == false`:                     0,
		`status_code == 200 ? len(body) > 3 : len(body) < 3`:     0,
		`contains(body, "x") && (status_code == 200 || 1 == 1)`:  0,
		`status_code_2 == 200 && status_code == 302`:             302,
		`status_code == 200 && contains(body, "unclosed`:         0,
		`contains_any(body, "a", "b") && status_code == 200`:     200,
		`len(body) > 3 && status_code == 200 && status_code > 1`: 200,
	}
	for source, want := range cases {
		got := 0
		e, err := compileExpression(source)
		if err == nil {
			got = e.status
		}
		if got != want {
			t.Errorf("the status of %q is %d, want %d", source, got, want)
		}
		// What is said to want a status is never true of an answer with another one.
		if want == 0 {
			continue
		}
		for _, status := range []int{200, 302, 404} {
			ex := &web.Exchange{Status: status, Body: []byte(`x a && b it"s`), Header: http.Header{}}
			v, _ := e.eval(newScope(t.Context(), &Data{Exchange: ex, Vars: func() Vars { return Vars{"status_code_2": 200} }}))
			if yes, _ := v.(bool); yes && status != want {
				t.Errorf("%s is true of a %d", source, status)
			}
		}
	}
}

func TestCannotMatch(t *testing.T) {
	cases := map[string]struct {
		block       string
		cannotMatch []int // of 200, 302, 404
	}{
		"and_status":                  {"matchers-condition: and\nmatchers: [{type: status, status: [200]}, {type: word, words: [x]}]", []int{302, 404}},
		"or_status_and_word":          {"matchers: [{type: status, status: [200]}, {type: word, words: [x]}]", nil},
		"or_of_statuses":              {"matchers: [{type: status, status: [200]}, {type: dsl, dsl: [status_code == 302 && 1 == 1]}]", []int{404}},
		"and_of_two":                  {"matchers-condition: and\nmatchers: [{type: status, status: [200, 302]}, {type: dsl, dsl: [status_code == 302]}]", []int{200, 404}},
		"negative":                    {"matchers-condition: and\nmatchers: [{type: status, negative: true, status: [200]}, {type: word, words: [x]}]", nil},
		"dsl_or":                      {"matchers: [{type: dsl, dsl: [status_code == 200, status_code == 404]}]", []int{302}},
		"dsl_or_with_another":         {"matchers: [{type: dsl, dsl: [status_code == 200, len(body) > 1]}]", nil},
		"dsl_and":                     {"matchers: [{type: dsl, condition: and, dsl: [len(body) > 1, status_code == 200]}]", []int{302, 404}},
		"no_matcher":                  {"extractors: [{type: regex, regex: [x]}]", nil},
		"takes_values_for_later":      {"matchers-condition: and\nmatchers: [{type: status, status: [200]}]\nextractors: [{type: regex, name: t, internal: true, regex: [x]}]", nil},
		"extractor_named_like_status": {"matchers: [{type: dsl, dsl: [status_code == 200]}]\nextractors: [{type: regex, name: status_code, regex: [x]}]", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := program(t, c.block)
			var got []int
			for _, status := range []int{200, 302, 404} {
				if p.cannotMatch(status) {
					got = append(got, status)
				}
				bare := *p
				bare.statuses = nil
				d := &Data{Exchange: &web.Exchange{Status: status, Body: []byte("x")}}
				if fast, slow := judged(t, p, d), judged(t, &bare, d); fast.Matched != slow.Matched || p.Found(fast) != p.Found(slow) {
					t.Errorf("status %d: %+v with the short cut, %+v without", status, fast, slow)
				}
			}
			if len(got) != len(c.cannotMatch) || len(got) > 0 && (got[0] != c.cannotMatch[0] || got[len(got)-1] != c.cannotMatch[len(got)-1]) {
				t.Errorf("cannotMatch %v, want %v", got, c.cannotMatch)
			}
		})
	}
}
