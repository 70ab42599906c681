package cacheleak

import "testing"

// TestJudgeBuster: whether the cache tells our addresses apart.
func TestJudgeBuster(t *testing.T) {
	for _, c := range []struct {
		name   string
		visits []*observation
		want   busterResult
	}{
		{"each_its_own", []*observation{answerTo("A", "1", "a10123456789abcdef"), answerTo("A", "2", "a20123456789abcdef"), answerTo("B", "3", "b10123456789abcdef")}, busterWorks},
		{"misses", []*observation{answerTo(anonymous, "1", "x", "X-Cache", "MISS"), answerTo(anonymous, "2", "x", "X-Cache", "MISS")}, busterWorks},
		{"a_hit_on_a_new_key", []*observation{answerTo(anonymous, "1", "x", "X-Cache", "MISS"), answerTo(anonymous, "2", "x", "X-Cache", "HIT")}, busterFails},
		{"an_age_on_a_new_key", []*observation{answerTo(anonymous, "1", "x"), answerTo(anonymous, "2", "x", "Age", "7")}, busterFails},
		{"a_second_may_pass", []*observation{answerTo(anonymous, "1", "x"), answerTo(anonymous, "2", "x", "Age", "1")}, busterUnknown},
		{"another_visitors_answer", []*observation{answerTo("A", "1", "a10123456789abcdef"), answerTo("B", "2", "a10123456789abcdef"), answerTo("A", "3", "a20123456789abcdef")}, busterFails},
		{"an_identifier_of_the_page", []*observation{answerTo("A", "1", "app0123456789abcdef"), answerTo("B", "2", "app0123456789abcdef"), answerTo("A", "3", "app0123456789abcdef")}, busterWorks},
		{"other_bytes_around_one_identifier", []*observation{answerTo("A", "1", "a10123456789abcdef"), answerTo("B", "2", "Bob a10123456789abcdef"), answerTo("A", "3", "a20123456789abcdef")}, busterWorks},
		{"one_visitor_alone", []*observation{answerTo("A", "1", "a10123456789abcdef"), answerTo("A", "2", "a10123456789abcdef"), answerTo("A", "3", "a20123456789abcdef")}, busterWorks},
		{"an_identifier_that_a_third_lacks", []*observation{answerTo("A", "1", "app0123456789abcdef"), answerTo("B", "2", "app0123456789abcdef"), answerTo(anonymous, "3", "x")}, busterWorks},
		{"a_word_that_a_third_lacks", []*observation{answerTo("A", "1", "sale"), answerTo("B", "2", "sale"), answerTo("A", "3", "closed")}, busterUnknown},
		{"the_first_is_a_hit", []*observation{answerTo("A", "1", "x", "X-Cache", "HIT"), answerTo("B", "2", "x")}, busterFails},
		{"no_answers", nil, busterUnknown},
		{"nothing_to_see", []*observation{answerTo(anonymous, "1", "x"), answerTo(anonymous, "2", "x")}, busterUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := judgeBuster(c.visits); got != c.want {
				t.Errorf("judgeBuster = %q, want %q", got, c.want)
			}
		})
	}
}

// TestKeyedByBuster: a cache is seen to keep answers by the address only where one address brings one answer and the
// next brings another.
func TestKeyedByBuster(t *testing.T) {
	first := answerTo(anonymous, "1", "first0123456789abcd other0123456789abcd", "X-Cache", "MISS")
	same := answerTo(anonymous, "1", "first0123456789abcd other0123456789abcd")
	part := answerTo(anonymous, "1", "first0123456789abcd")
	new := answerTo(anonymous, "2", "second0123456789abc")
	hit := answerTo(anonymous, "1", "x", "X-Cache", "HIT")
	nothing := answerTo(anonymous, "1", "x")
	for _, c := range []struct {
		name                 string
		first, second, other *observation
		want                 bool
	}{
		{"stored_by_address", first, same, new, true},
		{"stored_by_its_own_saying", first, hit, new, true},
		{"nothing_stored", first, new, new, false},
		{"a_part_is_the_same", first, part, new, false},
		{"one_answer_for_all_addresses", first, same, same, false},
		{"a_hit_at_the_other_address", first, same, hit, false},
		{"nothing_to_tell_by", nothing, nothing, new, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := keyedByBuster(c.first, c.second, c.other); got != c.want {
				t.Errorf("keyedByBuster %v, want %v", got, c.want)
			}
		})
	}
}

// TestAgain: answers without an identifier are not taken for one answer.
func TestAgain(t *testing.T) {
	plain, one, other := answerTo(anonymous, "1", "x"), answerTo(anonymous, "1", "one0123456789abcdef"), answerTo(anonymous, "1", "two0123456789abcdef")
	if again(plain, plain) || !again(one, one) || again(one, other) || again(one, plain) {
		t.Errorf("again: %v %v %v %v, want false true false false", again(plain, plain), again(one, one), again(one, other), again(one, plain))
	}
}
