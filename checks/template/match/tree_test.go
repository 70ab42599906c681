package match

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"pgregory.net/rapid"

	"sotomi/scanner/web"
)

// odd are functions with results that those of the language seldom have.
var odd = withOdd(map[string]function{
	"listed":    func(a ...any) (any, error) { return append(make([]any, 0, 8), a...), nil },
	"nothing":   func(...any) (any, error) { return nil, nil },
	"integer":   func(...any) (any, error) { return 200, nil },
	"fails":     func(...any) (any, error) { return "lost", errors.New("it fails") },
	"panics":    func(...any) (any, error) { panic("it panics") },
	"arguments": func(a ...any) (any, error) { return fmt.Sprintf("%d %#v", len(a), a), nil },
})

func withOdd(m map[string]function) map[string]function {
	all := maps.Clone(builtin)
	maps.Copy(all, m)
	return all
}

func scopes() []*scope {
	page := answer(200, "<title>Shop Admin</title> 2024-01-02 abc", "Server", "nginx", "X-Number", "200")
	missing := answer(404, "", "Location", "/login")
	vars := Vars{
		"yes": true, "no": false, "zero": 0, "small": uint8(200), "long": int64(200), "half": float32(0.5), "word": uint(200),
		"text200": "200", "list": []any{"a", "b"}, "empty": []any{}, "texts": []string{"a", "b"}, "nil": nil,
	}
	of := func(ex *web.Exchange, v Vars) *scope {
		return &scope{data: &Data{Exchange: ex, Vars: func() Vars { return v }, Earlier: []*web.Exchange{page}}, view: viewOf(ex)}
	}
	taken := of(page, vars)
	taken.taken = Vars{"body": "taken abc", "status_code": "200", "yes": "text"}
	return []*scope{of(page, nil), of(page, vars), of(missing, vars), taken}
}

// outcome is what an evaluation comes to. Errors are told apart only as far as anybody may see or mend them.
type outcome struct {
	value any
	err   string
}

func outcomeOf(eval func() (any, error)) outcome {
	v, err := func() (v any, err error) {
		defer recovered(&err)
		return eval()
	}()
	if err == nil {
		return outcome{value: v}
	}
	text := err.Error()
	for _, kinds := range [][]string{
		{"logical operator", errNoBool.Error()}, {"the prefix", errNot.Error()}, {"the comparator", errNoOrder.Error()},
	} {
		if strings.Contains(text, kinds[0]) {
			text = kinds[1]
		}
	}
	return outcome{v, text}
}

// agree reports whether the expression has a tree, after comparing that with govaluate.
func agree(t rapid.TB, source string) bool {
	parsed, err := parseExpression(source, odd)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	for _, kept := range []string{"", source} {
		grown := treeOf(parsed, kept)
		if grown == nil {
			return false
		}
		if int(grown[0].size) != len(grown) || cap(grown) != len(grown) {
			t.Errorf("%s: the first of %d nodes, in room for %d, says %d", source, len(grown), cap(grown), grown[0].size)
		}
		for i, s := range scopes() {
			got := outcomeOf(func() (any, error) { return grown.value(0, s) })
			if want := outcomeOf(func() (any, error) { return parsed.Eval(s) }); !reflect.DeepEqual(got, want) {
				t.Errorf("%s in scope %d: %+v, govaluate has %+v", source, i, got, want)
			}
		}
	}
	return true
}

func TestTree_means_what_govaluate_makes_of_it(t *testing.T) {
	for _, source := range []string{
		`status_code == 200`, `status_code==200`, `status_code != 404`, `200 == status_code`, `status_code == "200"`, `status_code == text200`,
		`status_code < 300`, `status_code >= 200 && status_code <= 299`, `"a" < "b"`, `"a" > 1`, `body < "zzz"`, `small == long`, `small == word`,
		`half == 0.5`, `zero == 0`, `zero == false`, `nil == nil`, `nil == absent`, `list == list`, `list != empty`, `texts == list`, `yes == true`,
		`status_code == integer()`, `integer() == integer()`, `integer() < 300`, `len(body) > 3`, `len(body) == 40`, `0x10 == 16`,
		`status_code == 200 && contains(body, "abc")`, `contains(body, 'abc') && !contains(body, 'xyz') && status_code == 200`,
		`contains(body_sotomi_text, "Shop")`, `regex("S.op", body_sotomi_text)`, `regex("(", body)`, `contains(sotomi_lower_body, "shop")`,
		`yes || no && absent`, `no && absent || yes`, `yes && no || yes`, `no || yes && no || no`, `no || no || absent`, `yes || absent || fails()`,
		`no && fails()`, `yes && fails()`, `no && 5`, `yes && 5`, `5 && no`, `5 && absent`, `5 || yes`, `no || "x"`, `nil && yes`, `no || nothing()`,
		`yes && yes && 5`, `yes && 5 && no`, `(yes || no) && (no || yes)`, `((yes))`, `(((yes && (no))))`, `!yes`, `!no && yes`, `!(yes && no)`, `!(5)`, `!5`,
		`!true`, `!absent`, `!nothing()`, `!yes == no`, `no == !yes`, `true || 5`, `false && "x"`, `true && 5`, `1 == 1 && true`, `true`, `"text"`, `5`,
		`body`, `absent`, `[yes]`, `[x-y]`, `list`, `status_code`, `fails()`, `panics()`, `yes && panics()`, `!fails()`, `concat("a", fails())`,
		`arguments()`, `arguments("a")`, `arguments("a", 1, true)`, `arguments(nil)`, `arguments(nil, nil)`, `arguments("a", nil)`, `arguments(list)`,
		`arguments(empty)`, `arguments(empty, empty)`, `arguments(list, "c")`, `arguments("c", list)`, `arguments(list, list)`, `arguments(listed("x"), 2)`,
		`arguments(listed())`, `arguments(nothing())`, `arguments(texts, 1)`, `arguments((("a")))`, `arguments(yes && no, 1 == 1)`, `arguments(zero, small)`,
		`to_lower(concat(body, "X"))`, `contains(to_lower(body), to_lower("SHOP"))`, `contains(body)`, `contains(body, 200)`, `substr("abc", "x")`,
		`contains(body, "it\"s")`, `contains(body, 'a\\b') || "a\tb" == "atb"`, `"日本" == '日本'`, `"" == ''`, `concat("", "x", "")`,
		`contains(body_1, "Shop") && status_code_2 == 200`, `body_7 == "x"`, `location == "/login"`, `x_number == 200`, `x_number == "200"`,
		`contains(location, "login") || contains(server, "nginx")`, `len(list) == 2`, `base64_decode("%")`,
	} {
		if !agree(t, source) {
			t.Errorf("%s has no tree", source)
		}
	}
}

// What has no tree is left to govaluate, as is what a tree could not do alike.
func TestTree_of_other_shapes_is_none(t *testing.T) {
	for _, source := range []string{
		`1 + 1 == 2`, `len(body) - 1`, `yes ? 1 : 2`, `nil ?? 1`, `yes == no == true`, `1 < 2 == true`, `body =~ "x"`, `"a" in ("a", "b")`, `-1 == zero`,
		`arguments(("a", "b"), "c")`, `contains(body, "2024-01-02")`, `(fails())`, `()`, `"a", "b"`, `(yes) no`, `(yes))(no`, `yes && (no) (yes)`, `a.B`,
		`yes && (5 * 3)`, `~1`, `1 & 1`, `!()`, `(yes && )`,
	} {
		if agree(t, source) {
			t.Errorf("%s has a tree", source)
		}
	}
	long := strings.Repeat(`contains(body, "x") || `, 30000) + "yes"
	if agree(t, long) {
		t.Error("an expression of more nodes than can be counted has a tree")
	}
}

// Else all would be as right as ever, and nothing gained.
func TestTreesAreUsed(t *testing.T) {
	for source, want := range map[string]bool{
		`status_code == 200 && contains(body, "abc")`:                                       true,
		`contains(to_lower(all_headers), "nginx") || !regex("a(b|c)", body)`:                true,
		`mmh3(base64_py(body)) == "123" && len(body) > 3`:                                   true,
		`compare_versions(version, '< 2.3') && contains_all(body, "a", "b", "it's quoted")`: true,
		`contains(body, "{{name}}")`:                                                        false,
		`len(body) + 1 > 2`:                                                                 false,
	} {
		e, err := compileExpression(source)
		if err != nil {
			t.Fatal(err)
		}
		if got := e[0].does != isSource; got != want {
			t.Errorf("%s has a tree: %v, want %v", source, got, want)
		}
	}
}

func TestTree_makes_little_garbage(t *testing.T) {
	s := scopes()[0]
	for source, most := range map[string]float64{
		`status_code == 200 && contains(body, "abc")`:     1, // the arguments
		`!contains(body, "xyz") || contains(body, "abc")`: 2,
		`status_code >= 200 && status_code != 404`:        0,
	} {
		e, err := newExpression(source)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { _, _ = e.eval(s) }); n > most {
			t.Errorf("%s: %v allocations, want %v", source, n, most)
		}
	}
}

func TestTree_keeps_the_name_of_a_variable_once(t *testing.T) {
	var at [2]*byte
	for i, source := range []string{`once_only && contains(body, "x")`, `contains(body, once_only)`} {
		e, err := newExpression(source)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range e {
			if name, ok := n.value.(string); ok && name == "once_only" {
				at[i] = unsafe.StringData(name)
			}
		}
	}
	if at[0] == nil || at[0] != at[1] {
		t.Errorf("the name is at %p and %p", at[0], at[1])
	}
}

// expressions makes random ones of the shapes that have trees.
func expressions(depth int) *rapid.Generator[string] {
	names := rapid.SampledFrom([]string{
		"body", "status_code", "server", "absent", "body_1", "yes", "no", "zero", "small", "long", "half", "word", "text200", "list", "empty", "texts", "nil",
	})
	plain := rapid.OneOf(names, rapid.SampledFrom([]string{"200", "0.5", "0", "true", "false", "0xc8"}))
	leaf := rapid.OneOf(plain, rapid.SampledFrom([]string{`"abc"`, `'200'`, `"it\"s"`, `''`, `"日本 a,b"`}))
	if depth == 0 {
		return leaf
	}
	inner := expressions(depth - 1)
	call := rapid.Custom(func(t *rapid.T) string {
		f := rapid.SampledFrom([]string{"arguments", "contains", "len", "listed", "nothing", "integer", "fails", "panics", "to_lower", "equals_any"}).Draw(t, "function")
		return f + "(" + strings.Join(rapid.SliceOfN(inner, 0, 3).Draw(t, "arguments"), ", ") + ")"
	})
	group := rapid.Map(inner, func(s string) string { return "(" + s + ")" })
	not := rapid.Map(rapid.OneOf(plain, call, group), func(s string) string { return "!" + s })
	operand := rapid.OneOf(leaf, call, group, not)
	comparison := rapid.Custom(func(t *rapid.T) string {
		by := rapid.SampledFrom([]string{" == ", " != ", " < ", " <= ", " > ", " >= "}).Draw(t, "by")
		return operand.Draw(t, "left") + by + operand.Draw(t, "right")
	})
	return rapid.Custom(func(t *rapid.T) string {
		terms := rapid.SliceOfN(rapid.OneOf(operand, comparison), 1, 5).Draw(t, "terms")
		text := terms[0]
		for _, term := range terms[1:] {
			text += rapid.SampledFrom([]string{" && ", " || "}).Draw(t, "operator") + term
		}
		return text
	})
}

func TestTree_of_anything_means_what_govaluate_makes_of_it(t *testing.T) {
	shapes := expressions(3)
	rapid.Check(t, func(t *rapid.T) {
		source := shapes.Draw(t, "expression")
		if !agree(t, source) && source[0] != '(' {
			t.Errorf("%s has no tree", source)
		}
	})
}

// Nor does anything else that parses mean something else as a tree.
func TestTree_of_any_tokens(t *testing.T) {
	token := rapid.SampledFrom([]string{
		"yes", "no", "body", "5", `"a"`, `"2024-01-02"`, "(", ")", "(", ")", "arguments", "arguments(", "!", "-", "&&", "||", "==", "<", "+", ",", "?", ":", "in", "a.B",
	})
	rapid.Check(t, func(t *rapid.T) {
		source := strings.Join(rapid.SliceOfN(token, 1, 12).Draw(t, "tokens"), " ")
		if _, err := parseExpression(source, odd); err == nil {
			agree(t, source)
		}
	})
}

func BenchmarkExpression(b *testing.B) {
	const source = `status_code == 200 && contains(body, "abc")`
	e, err := newExpression(source)
	if err != nil {
		b.Fatal(err)
	}
	parsed, err := parseShared(source)
	if err != nil {
		b.Fatal(err)
	}
	s := scopes()[0]
	for name, eval := range map[string]func() (any, error){
		"tree": func() (any, error) { return e.eval(s) }, "govaluate": func() (any, error) { return parsed.Eval(s) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := eval(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
