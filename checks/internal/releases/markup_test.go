package releases

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// A rendered page has every mark that its template always shows, wherever the shop is and whatever is filled in.
func TestMarksOfPagesAndTemplates(t *testing.T) {
	for name, c := range map[string]struct{ template, page string }{
		"smarty": {
			`<!--{* comment: <p class="never"> *}--><link href="<!--{$smarty.const.URL_DIR}-->css/main.css?v=1"><p class="lead">Hello <!--{$name}--></p>
<p>Welcome to the shop</p><!--{if $a}--><p class="sometimes">Only sometimes</p><!--{else}--><b class="else">Or this</b><!--{/if}--><i class="after">x</i>`,
			`<link href="/shop/html/css/main.css"><p class="lead">Hello Taro</p>
<p>Welcome  to the shop</p><i class="after">x</i>`,
		},
		"twig": {
			`{# comment <p class="never"> #}<script src="{{ asset('assets/js/eccube.js') }}"></script><p class="lead">{{ name }}</p>
{%- for p in products %}<a class="sometimes">Only sometimes</a>{% endfor -%}<!-- Part of the shop -->
<script>
var shop = {{ id }};
start(shop);
</script>`,
			`<script src="https://cdn.example/html/template/default/assets/js/eccube.js?v=2"></script><p class="lead">x</p>
<!-- Part of the shop --><script>
 start(shop);
</script>`,
		},
	} {
		always, maybe := TemplateMarks(c.template)
		if len(always) < 4 || len(maybe) < 2 {
			t.Errorf("%s: %d marks always, %d maybe", name, len(always), len(maybe))
		}
		page := PageMarks(c.page)
		for mark := range always {
			if !page[mark] {
				t.Errorf("%s: mark %s is not on the page", name, mark)
			}
			if maybe[mark] {
				t.Errorf("%s: mark %s is both", name, mark)
			}
		}
		for mark := range maybe {
			if page[mark] {
				t.Errorf("%s: mark %s of a condition is on a page that does not show it", name, mark)
			}
		}
	}
}

// What stands within a condition, or in a tag that has one, is shown maybe; what stands in and outside of one is shown always.
func TestMarksOnCondition(t *testing.T) {
	mark := func(page string) string {
		return slices.Collect(maps.Keys(PageMarks(page)))[0]
	}
	always, maybe := TemplateMarks(`<p class="a">
{% if x %}<p class="b">{% if y %}<p class="c">{% endif %}<p class="d">{% else %}<p class="e">{% endif %}
<p class="f"><p {% if x %}id="g"{% endif %} lang="h"><p class="i">{% if z %}<p class="a">{% endif %}
`)
	for class, want := range map[string]bool{`class="a"`: true, `class="b"`: false, `class="c"`: false, `class="d"`: false, `class="e"`: false, `class="f"`: true, `lang="h"`: false, `class="i"`: true} {
		m := mark("<p " + class + ">")
		if always[m] != want || maybe[m] == want {
			t.Errorf("%s: always %t, maybe %t", class, always[m], maybe[m])
		}
	}
}

// Attributes, text, scripts and comments are marks of their own kind; what tells nothing is none.
func TestWhatIsAMark(t *testing.T) {
	count := func(page string) int { return len(PageMarks(page)) }
	for page, want := range map[string]int{
		`<p>`:                                0,
		`<p class="">`:                       0,
		`<p class="a" id="b">`:               2,
		`<p>abc</p>`:                         0, // too short
		`<p>1,234.00</p>`:                    0, // digits only
		`<p>text</p>`:                        1,
		"<p>line one\nline two</p>":          2,
		`<!-- a comment -->`:                 1,
		`<style>body { color: red }</style>`: 1,
		`<a href="/a/b/c.php?x=1#y">`:        1,
		`<a href="https://www.ec-cube.net/product/">`:        1, // elsewhere; the path ends in nothing
		`<img src="https://cdn.example/a.png">`:              2,
		`<meta content="https://cdn.example/a.png">`:         1,
		`<p>` + strings.Repeat("same line\n", 3) + `</p>`:    1,
		`<!DOCTYPE html><html></html>`:                       0,
		`<script>same line</script><p>same line</p>`:         2, // a script is not text
		`<script>a.src="x"</script><p>and after it</p><br/>`: 2,
	} {
		if got := count(page); got != want {
			t.Errorf("%s: %d marks, want %d", page, got, want)
		}
	}
	same := func(a, b string) bool { return maps.Equal(PageMarks(a), PageMarks(b)) }
	if !same(`<a href="/shop/html/a.css?v=1">`, `<a href="a.css#x">`) || same(`<a href="/a.css">`, `<a href="/b.css">`) {
		t.Error("an address counts by its last part alone")
	}
	if !same("<p>\tone   two\r\n</p>", "<p>one two</p>") {
		t.Error("space within a line counts")
	}
}
