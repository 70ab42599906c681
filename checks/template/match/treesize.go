package match

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// maxTree is how many nodes and attributes the tree of a page may have, each of up to 200 bytes. A listing of 5,000 files as
// a table has as many.
const maxTree = 100_000

// treeSize is no less than the nodes and attributes that the tree of a page has, counted until there are more than maxTree. A
// parser of HTML opens what was left open, such as <b>, again in each block that follows: 1 MiB of text may become 70
// million nodes.
func treeSize(page string) int {
	z := html.NewTokenizer(strings.NewReader(page))
	var open []string // formatting elements as they were written, and "" where one begins that keeps those before it out
	foreign, size := false, 0
	for size <= maxTree {
		size++
		switch z.Next() {
		case html.ErrorToken:
			return size
		case html.StartTagToken, html.SelfClosingTagToken:
			raw := string(z.Raw())
			name, more := z.TagName()
			element := string(name)
			for ; more; size++ {
				_, _, more = z.TagAttr()
			}
			foreign = foreign || element == "svg" || element == "math"
			if foreign {
				z.NextIsNotRawText() // in SVG a title has elements
			}
			if slices.Contains(reopened, element) {
				open = opened(open, element, raw)
				continue
			}
			size += len(open)
			if slices.Contains(barriers, element) && len(open) > 0 && open[len(open)-1] != "" {
				open = append(open, "")
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if element := string(name); slices.Contains(reopened, element) {
				size += min(len(open), mostAdopted)
				open = closed(open, element)
			} else {
				size += len(open)
			}
		default:
		}
	}
	return size
}

// mostAdopted is how many elements the end of one that is not the innermost opens again.
const mostAdopted = 40

var (
	reopened = []string{"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
	barriers = []string{"td", "th", "caption", "applet", "marquee", "object", "template"}
)

// opened is open with one more, unless there are three equal ones. A link ends the one before it.
func opened(open []string, element, raw string) []string {
	if element == "a" {
		open = closed(open, element)
	}
	const mostEqual = 3
	equal := 0
	for _, other := range open {
		if other == raw {
			equal++
		}
	}
	if equal < mostEqual {
		open = append(open, raw)
	}
	return open
}

// closed is open without the last of the named elements. What is outside of a barrier stays.
func closed(open []string, element string) []string {
	for i := len(open) - 1; i >= 0 && open[i] != ""; i-- {
		rest := open[i][1:]
		if len(rest) > len(element) && strings.EqualFold(rest[:len(element)], element) && strings.IndexByte(" \t\r\n\f/>", rest[len(element)]) >= 0 {
			return slices.Delete(open, i, i+1)
		}
	}
	return open
}
