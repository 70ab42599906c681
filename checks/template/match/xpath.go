package match

import (
	"io"
	"regexp"
	"strings"

	"github.com/antchfx/htmlquery"
	"github.com/antchfx/xmlquery"
	"github.com/antchfx/xpath"

	"sotomi/scanner/message"
)

func compileXPaths(queries []string) ([]*xpath.Expr, error) {
	list := make([]*xpath.Expr, 0, len(queries))
	for _, q := range queries {
		e, err := compileXPath(q)
		if err != nil {
			return nil, message.Errorf("xpath %q: %w", q, err)
		}
		list = append(list, e)
	}
	return list, nil
}

func compileXPath(query string) (e *xpath.Expr, err error) {
	defer recovered(&err)
	return xpath.Compile(query)
}

// matchXPath reads the text as XML when it says that it is and is no page, else as HTML.
func (m *matcher) matchXPath(s *scope, in string) bool {
	counts := make([]int, len(m.xpaths))
	err := s.eachNode(in, m.xpaths, func(query int, _ xpath.NodeNavigator) bool {
		counts[query]++
		return false // one is enough
	})
	if err != nil {
		return false
	}
	total := 0
	for _, n := range counts {
		if n == 0 && m.and {
			return false
		}
		total += n
	}
	return total > 0
}

// xhtml is the beginning of a page for people that is written as XML. It is read as HTML, as browsers do: such pages have
// entities that XML lacks, and elements left open.
var xhtml = regexp.MustCompile(`(?is)\A(?:\s|<\?.*?\?>|<!--.*?-->|<!doctype[^>]*>)*<html[\s>]`)

// eachNode calls visit with the nodes of each query until it returns false, then goes on with the next query.
func (s *scope) eachNode(in string, queries []*xpath.Expr, visit func(query int, node xpath.NodeNavigator) bool) (err error) {
	if len(queries) == 0 {
		return nil
	}
	defer recovered(&err)
	top, err := parseTree(&meteredText{&s.meter, in})
	if err != nil {
		return err
	}
	for i, q := range queries {
		nodes := q.Select(&meteredNavigator{top.Copy(), &s.meter})
		for nodes.MoveNext() {
			if !visit(i, nodes.Current()) {
				break
			}
		}
	}
	return nil
}

func parseTree(in *meteredText) (xpath.NodeNavigator, error) {
	if strings.HasPrefix(in.rest, "<?xml") && !xhtml.MatchString(in.rest) {
		doc, err := xmlquery.Parse(in)
		if err != nil {
			return nil, err
		}
		return xmlquery.CreateXPathNavigator(doc), nil
	}
	doc, err := htmlquery.Parse(in)
	if err != nil {
		return nil, err
	}
	return htmlquery.CreateXPathNavigator(doc), nil
}

// attribute is the value of an attribute of a node, or its text when name is empty.
func attribute(node xpath.NodeNavigator, name string) string {
	if name == "" {
		return node.Value()
	}
	if node.NodeType() == xpath.AttributeNode {
		return ""
	}
	for at := node.Copy(); at.MoveToNextAttribute(); {
		if at.LocalName() == name {
			return at.Value()
		}
	}
	return ""
}

// meteredText is a text that a parser reads in small pieces. Reading ends with the meter's error.
type meteredText struct {
	meter *meter
	rest  string
}

// parsed is the estimated cost of parsing one byte of a page, in nanoseconds.
const parsed = 200

func (t *meteredText) Read(to []byte) (int, error) {
	if t.rest == "" {
		return 0, io.EOF
	}
	n := copy(to[:min(len(to), 4096)], t.rest)
	t.rest = t.rest[n:]
	return n, t.meter.spend(n * parsed)
}

// meteredNavigator counts the steps of a query. It panics with exceeded when there are too many.
type meteredNavigator struct {
	xpath.NodeNavigator
	meter *meter
}

func (n *meteredNavigator) Copy() xpath.NodeNavigator {
	n.meter.mustSpend(50)
	return &meteredNavigator{n.NodeNavigator.Copy(), n.meter}
}

func (n *meteredNavigator) MoveTo(other xpath.NodeNavigator) bool {
	n.meter.mustSpend(20)
	return n.NodeNavigator.MoveTo(other.(*meteredNavigator).NodeNavigator)
}

func (n *meteredNavigator) MoveToChild() bool {
	n.meter.mustSpend(20)
	return n.NodeNavigator.MoveToChild()
}

func (n *meteredNavigator) MoveToNext() bool {
	n.meter.mustSpend(20)
	return n.NodeNavigator.MoveToNext()
}

func (n *meteredNavigator) MoveToParent() bool {
	n.meter.mustSpend(20)
	return n.NodeNavigator.MoveToParent()
}

func (n *meteredNavigator) Value() string {
	v := n.NodeNavigator.Value()
	n.meter.mustSpend(100 + len(v))
	return v
}
