package signature_test

import (
	"errors"
	"strings"
	"testing"

	"sotomi/scanner/signature"
)

// Two runs say the same.
func TestMistakes_come_in_one_order(t *testing.T) {
	text := head + "  ja: {name: x}\nsafety: passive\nhttp:\n  - {path: [x], matchers: [{type: word, words: [a]}]}\nvariants:\n"
	bad := text
	for _, name := range strings.Split("ihgfedcba", "") {
		text += "  " + name + ": {name: " + name + "}\n"
		bad += "  " + name + ": {severity: " + name + "}\n"
	}
	var lint, parse, selected string
	for i := range 20 {
		s, err := signature.Parse("a.yaml", []byte(text), false)
		if err != nil {
			t.Fatal(err)
		}
		_, err = signature.Parse("a.yaml", []byte(bad), false)
		_, selectErr := (&signature.Set{}).Select(signature.Filter{Only: []string{"x"}, Exclude: []string{"y"}})
		nowLint, nowParse, nowSelected := errors.Join(signature.Lint(s)...).Error(), err.Error(), selectErr.Error()
		if i > 0 && (nowLint != lint || nowParse != parse || nowSelected != selected) {
			t.Fatalf("another order:\n%s\n%s\n%s", nowLint, nowParse, nowSelected)
		}
		lint, parse, selected = nowLint, nowParse, nowSelected
	}
}
