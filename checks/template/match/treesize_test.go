package match

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// nodes counts the nodes and attributes of a tree.
func nodes(n *html.Node) int {
	sum := 1 + len(n.Attr)
	for c := range n.ChildNodes() {
		sum += nodes(c)
	}
	return sum
}

// reopening is a page whose tree is much larger than it: each of its blocks opens the elements again that were left open.
func reopening(elements, blocks int, before, after string) string {
	var b strings.Builder
	b.WriteString(before + "<div>")
	for i := range elements {
		fmt.Fprintf(&b, "<b id=%d>", i)
	}
	return b.String() + after + strings.Repeat("</div><div>x", blocks)
}

// TestTreeSize: no page has a larger tree than is said, whatever tricks it knows; what parser and estimate add once is 10.
func TestTreeSize(t *testing.T) {
	pages := map[string]string{
		"plain":           "<html><title>a</title><p>b</p>",
		"reopened":        reopening(100, 300, "", ""),
		"behind_a_cell":   reopening(100, 300, "", "<td></b></b></b></td>"),
		"in_an_object":    reopening(100, 300, "", "<object>"+strings.Repeat("</b>", 100)+"</object>"),
		"bogus_object":    reopening(100, 300, "", "<object><table></object>"+strings.Repeat("</b>", 100)+"</table></object>"),
		"title_of_an_svg": reopening(100, 300, "<svg><title>", "") + "</title></svg>",
		"style_in_an_svg": "<svg><style>" + strings.Repeat("<g>", 200) + strings.Repeat("<a/>", 1000),
		"adoption":        strings.Repeat("<b><i><u><p></b>", 60),
		"many_to_adopt":   strings.Repeat("<b 1><b 2><b 3><b 4><i 1><i 2><i 3><p></b>", 20),
		"links":           strings.Repeat("<a href=1><div>x</div>", 100),
	}
	words := []string{
		"<b>", "</b>", "<b 1>", "<i>", "</i>", "<a href=1>", "</a>", "<font color=red>", "</font>", "<p>", "</p>", "<div>", "</div>", "<table>", "</table>",
		"<tr>", "<td>", "</td>", "<object>", "</object>", "<svg>", "</svg>", "<title>", "</title>", "<desc>", "<template>", "</template>", "<li>", "x", " ", "<select>", "<option>",
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 3000 {
		var b strings.Builder
		for range 5 + r.IntN(100) {
			b.WriteString(words[r.IntN(len(words))])
		}
		pages[fmt.Sprintf("random_%d", i)] = b.String()
	}
	for name, page := range pages {
		doc, err := html.Parse(strings.NewReader(page))
		if err != nil {
			continue // nested too deeply
		}
		if has, said := nodes(doc), treeSize(page)+10; has > said {
			t.Errorf("%s: the tree has %d nodes, said were %d: %.300s", name, has, said, page)
		}
	}
}

// A page whose tree cannot be in memory, or that is nested more deeply than a browser reads, is not taken for one without a
// match.
func TestTreesThatCannotBeRead(t *testing.T) {
	p := program(t, `matchers: [{type: xpath, xpath: ["//pre/a[.='[To Parent Directory]']"]}]`)
	var attributes strings.Builder
	for i := range 150_000 {
		fmt.Fprintf(&attributes, " b%x", i)
	}
	for name, page := range map[string]string{
		"reopened":   reopening(400, 50_000, "<pre><a>", ""),
		"attributes": "<pre><a" + attributes.String() + ">",
		"links":      "<pre>" + strings.Repeat("<a>", 1<<17),
		"deep":       strings.Repeat("<div>", 600) + "<pre><a>[To Parent Directory]",
	} {
		if r, err := p.Run(t.Context(), &Data{Exchange: answer(200, page+"[To Parent Directory]")}); !errors.Is(err, ErrTooCostly) {
			t.Errorf("%s: matched %v, %v, want %v", name, r.Matched, err, ErrTooCostly)
		}
	}
	var listing strings.Builder
	listing.WriteString("<pre><a>[To Parent Directory]</a>")
	for i := range 5000 {
		fmt.Fprintf(&listing, "<br> 6/12/2014  3:25 AM        1024 <A HREF=\"/images/%d.jpg\">%d.jpg</A>", i, i)
	}
	if r, err := p.Run(t.Context(), &Data{Exchange: answer(200, listing.String())}); err != nil || !r.Matched {
		t.Errorf("a listing of 5,000 files: %v, %v, want a match", r.Matched, err)
	}
}
