//go:build unix

package match

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sotomi/scanner/signature"
)

// uniqueWords is a page of 1 MiB whose words are all different.
func uniqueWords() string {
	var b strings.Builder
	for i := 0; b.Len() < 1<<20; i++ {
		fmt.Fprintf(&b, "%x ", i)
	}
	return b.String()
}

// costly are blocks and responses of at most 1 MiB that cost seconds to minutes without limits.
var costly = map[string]struct{ block, body string }{
	"regex_with_many_states":   {`matchers: [{type: regex, regex: ['(x?[a-z]){0,900}[0-9]']}]`, strings.Repeat("abcdefg", 1<<20/7)},
	"regex_with_far_ends":      {`extractors: [{type: regex, regex: ['a[^b]*b|aa|a']}]`, strings.Repeat("a", 1<<20)},
	"regex_in_expression":      {`matchers: [{type: dsl, dsl: ["regex('([a-z]?[a-z]){0,400}[0-9]', body)"]}]`, strings.Repeat("abcdefg", 1<<20/7)},
	"replace_in_expression":    {`matchers: [{type: dsl, dsl: ["len(replace_regex(body, 'a[^b]*b|a', '')) > 0"]}]`, strings.Repeat("a", 1<<20)},
	"jq_endless":               {`extractors: [{type: json, json: ['last(range(1e12))']}]`, "{}"},
	"jq_recursion":             {`extractors: [{type: json, json: ['def f: f; f']}]`, "{}"},
	"jq_deep_recursion":        {`extractors: [{type: json, json: ['def f: 1 + f; f']}]`, "{}"},
	"jq_large":                 {`extractors: [{type: json, json: ['[range(1000000000)]']}]`, "{}"},
	"jq_of_a_large_document":   {`extractors: [{type: json, json: ['[.[] as $a | .[] as $b | 1] | length']}]`, "[" + strings.Repeat("1,", 1<<18) + "1]"},
	"xpath_in_each_descendant": {`matchers: [{type: xpath, xpath: ['//*[count(//*) = 1]']}]`, strings.Repeat("<p>", 1<<15)},
	"xpath_of_what_precedes":   {`matchers: [{type: xpath, xpath: ["//p[count(preceding::p) = 1000000]"]}]`, strings.Repeat("<p>a", 1<<14)},
	"many_patterns": {
		"matchers-condition: and\nmatchers:\n" + strings.Repeat("  - {type: regex, negative: true, regex: ['(?i)[\\w-]?[a-z]+[^\\S\\r\\n]*[=:][^\\S\\r\\n]*[\\w-]+;']}\n", 200),
		uniqueWords(),
	},
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestRun_reports_the_limit: Run hands on that a response could not be judged.
func TestRun_reports_the_limit(t *testing.T) {
	c := costly["jq_endless"]
	if r, err := program(t, c.block).Run(t.Context(), &Data{Exchange: answer(200, c.body)}); !errors.Is(err, ErrTooCostly) || r.Matched {
		t.Errorf("Run = %+v, %v, want %v", r, err, ErrTooCostly)
	}
}

// No response takes much more than a second of a core, and what could not be judged is never taken for a response without
// a match.
func TestRun_gives_up(t *testing.T) {
	for name, c := range costly {
		t.Run(name, func(t *testing.T) {
			p := program(t, c.block)
			page := answer(200, c.body)
			s := newScope(t.Context(), &Data{Exchange: page})
			if name != "regex_with_far_ends" && name != "replace_in_expression" { // those take the whole second
				s.meter.limit = maxTime / 20
			}
			started := processorTime(t)
			if p.judge(s); !errors.Is(s.meter.err, ErrTooCostly) {
				t.Errorf("ended with %v, want %v", s.meter.err, ErrTooCostly)
			}
			if used := processorTime(t) - started; used > s.meter.limit+3*time.Second { // of all cores, with the garbage collector
				t.Errorf("took %v of a core", used)
			}
		})
	}
}

// A context that ends, ends whatever is computed.
func TestRun_ends_with_its_context(t *testing.T) {
	for name, c := range costly {
		if name == "replace_in_expression" {
			continue // a function of a text that it made itself ends within a second
		}
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := program(t, c.block).Run(ctx, &Data{Exchange: answer(200, c.body)}); !errors.Is(err, context.Canceled) {
				t.Errorf("Run = %v, want %v", err, context.Canceled)
			}
		})
	}
}

// The words of a large page are taken in no time, and how many are kept is bounded and told.
func TestRun_takes_so_many_values(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the race detector, which runs with -short, makes it take too long")
	}
	p := program(t, `extractors: [{type: regex, name: w, regex: ['[^\s]+']}, {type: regex, name: i, internal: true, regex: ['[^\s]+']}]`)
	r := judged(t, p, &Data{Exchange: answer(200, uniqueWords())})
	if len(r.Extracted) != MaxValues || len(r.Named["w"]) != MaxValues || len(r.Dynamic["i"].([]string)) != MaxValues || !r.Cut {
		t.Errorf("%d values, cut %v; want %d and cut", len(r.Extracted), r.Cut, MaxValues)
	}
	few := judged(t, p, &Data{Exchange: answer(200, strings.Repeat("a b a ", 1<<17))})
	if want := []string{"a", "b"}; !reflect.DeepEqual(few.Extracted, want) || few.Cut {
		t.Errorf("values %q, cut %v; want %q", few.Extracted, few.Cut, want)
	}
	large := judged(t, program(t, `extractors: [{type: regex, regex: ['a+', 'b+']}]`), &Data{Exchange: answer(200, strings.Repeat("a", 1<<20)+"b")})
	if len(large.Extracted) != 1 || !large.Cut {
		t.Errorf("%d values, cut %v; want the first, and cut", len(large.Extracted), large.Cut)
	}
}

// Time spent waiting for a core is not counted.
func TestMeter_counts_work(t *testing.T) {
	m := newMeter(t.Context())
	for range 50 {
		if m.last = time.Now().Add(-time.Hour); m.spend(tick) != nil {
			t.Fatalf("after %v of work: %v", m.used, m.err)
		}
	}
	for range 100 {
		m.last = time.Now().Add(-time.Hour)
		_ = m.spend(tick)
	}
	if !errors.Is(m.err, ErrTooCostly) {
		t.Errorf("after 150 ticks that took long: %v, want %v", m.err, ErrTooCostly)
	}
}

// each finds what the regexp package finds, in one go and in pieces.
func TestPattern_each_finds_all(t *testing.T) {
	sources := []string{
		`a`, `a*`, `b?`, `(a)|(b)`, `^a`, `(?m)^a`, `(?m)a$`, `\ba`, `\Bb`, `a$`, ``, `.`, `(?s).`, `[^a]*`, `a|ab`, `(?U)a+b*`, `(a+)(b?)`, `日`, `\x{FFFD}`, `(?i)ſ`, `ab`,
		`\Qa.b\E|a`, `(?P<n>a)b`, `a{2}`, `(?i:A)b|b`,
	}
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SampledFrom([]string{"a", "b", "ab", "\n", "日", "\xe3\x81", "\xff", "S", ".", ""})
		s := strings.Join(rapid.SliceOfN(letters, 0, 12).Draw(t, "text"), "")
		source := rapid.SampledFrom(sources).Draw(t, "pattern")
		want := regexp.MustCompile(source).FindAllStringSubmatchIndex(s, -1)
		for _, size := range []int32{1, cheap} {
			p, err := newPattern(source)
			if err != nil {
				t.Fatal(err)
			}
			p.size = size
			m := newMeter(context.Background())
			var got [][]int
			if err := p.each(&m, s, func(groups []int) bool {
				got = append(got, groups)
				return true
			}); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%q in %q: %v, want %v", source, s, got, want)
			}
		}
	})
}

// What a template can nest without end is refused when it is read.
func TestCompile_refuses_what_would_overflow(t *testing.T) {
	deep := strings.Repeat("(", 200_000)
	for name, h := range map[string]signature.HTTP{
		"dsl":          {Matchers: []signature.Matcher{{Type: "dsl", DSL: []string{deep + "1" + strings.Repeat(")", 200_000)}}}},
		"dsl_open":     {Matchers: []signature.Matcher{{Type: "dsl", DSL: []string{deep}}}},
		"dsl_chain":    {Matchers: []signature.Matcher{{Type: "dsl", DSL: []string{strings.Repeat("1+", 200_000) + "1"}}}},
		"dsl_prefixes": {Matchers: []signature.Matcher{{Type: "dsl", DSL: []string{strings.Repeat("!", 200_000) + "true"}}}},
		"jq":           {Extractors: []signature.Extractor{{Type: "json", JSON: []string{deep + "." + strings.Repeat(")", 200_000)}}}},
		"regex":        {Matchers: []signature.Matcher{{Type: "regex", Regex: []string{"((((a{30}){30}){30}){30})"}}}},
	} {
		if _, err := Compile(&h); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, _, err := Expand("{{"+deep+"}}", Vars{}); err != nil {
		t.Errorf("a placeholder that is no expression: %v", err)
	}
}

// What expressions and placeholders make is bounded before it is made.
func TestExpand_is_bounded(t *testing.T) {
	long := Vars{"a": strings.Repeat("a", maxExpanded), "b": "b"}
	if _, _, err := Expand(strings.Repeat("{{a}}", 10), long); !errors.Is(err, ErrTooLong) {
		t.Errorf("ten times the longest text: %v, want %v", err, ErrTooLong)
	}
	if _, _, err := Expand(strings.Repeat("{{a}}", 10)+"{{unknown}}", long); !errors.Is(err, ErrTooLong) {
		t.Errorf("with an unknown name: %v, want %v", err, ErrTooLong)
	}
	for _, source := range []string{
		`replace(a, "a", a)`, `replace_regex(a, "a", a)`, `concat(a, a)`, `join(a, a, a)`, `repeat(a, 2)`, `repeat("aaaa", 4611686018427387904)`, `hex_encode(a)`,
		`html_escape(concat("<", a))`, `padding("a", "b", 99999999, "prefix")`, `base64(a)`,
	} {
		if v, err := evalExpression(source, long); err == nil {
			t.Errorf("%s is %d bytes long, want an error", source, len(toString(v)))
		}
	}
}

// Functions of two long texts take no time that grows with the product of their lengths.
func TestFunctions_are_linear(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var b strings.Builder
	for b.Len() < 1<<20 {
		b.WriteRune(rune(0x4e00 + random.IntN(20_000)))
	}
	vars := Vars{"a": b.String(), "b": b.String()[1<<19-2:]}
	started := processorTime(t)
	for _, source := range []string{`remove_bad_chars(a, a)`, `trim(a, b)`, `trim_left(a, a)`, `uniq(a)`, `sort(a)`, `count(a, b)`, `replace(a, b, "")`} {
		if _, err := evalExpression(source, vars); err != nil {
			t.Errorf("%s: %v", source, err)
		}
	}
	if used := processorTime(t) - started; used > 3*time.Second {
		t.Errorf("took %v of a core", used)
	}
}

// Placeholders that never end cost no more than those that do.
func TestExpand_of_many_markers(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: the race detector, which runs with -short, makes it take too long")
	}
	started := processorTime(t)
	for _, text := range []string{
		"{{" + strings.Repeat("a }}", 1<<16), strings.Repeat("{{a + ", 1<<16) + "}}", strings.Repeat("{{(", 1<<16) + strings.Repeat("}}", 1<<16), strings.Repeat("{{", 1<<19),
	} {
		_, _, _ = Expand(text, Vars{"x": "1"})
		e, err := compileExpression(`contains(body, "` + text + `")`)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = e.eval(newScope(t.Context(), &Data{Exchange: answer(200, "a")}))
	}
	if used := processorTime(t) - started; used > 4*time.Second {
		t.Errorf("took %v of a core", used)
	}
}
