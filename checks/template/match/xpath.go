package match

import (
	"cmp"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/antchfx/htmlquery"
	"github.com/antchfx/xmlquery"
	"github.com/antchfx/xpath"

	"sotomi/scanner/message"
)

func compileXPaths(queries []string) ([]query, error) {
	list := make([]query, 0, len(queries))
	for _, q := range queries {
		e, err := compileXPath(q)
		if err != nil {
			return nil, message.Errorf("xpath %q: %w", q, err)
		}
		list = append(list, query{e, needsOf(q)})
	}
	return list, nil
}

func compileXPath(query string) (e *xpath.Expr, err error) {
	defer recovered(&err)
	return xpath.Compile(query)
}

// matchXPath reads the text as XML when it says that it is and is no page, else as HTML.
func (m *matcher) matchXPath(s *scope, in *text) bool {
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
func (s *scope) eachNode(in *text, queries []query, visit func(query int, node xpath.NodeNavigator) bool) (err error) {
	isXML := strings.HasPrefix(in.s, xmlStart) && !xhtml.MatchString(in.s)
	possible := func(q query) bool { return isXML || q.possible(in) }
	if s.meter.spend(len(in.s)) != nil || !slices.ContainsFunc(queries, possible) {
		return s.meter.err
	}
	defer recovered(&err)
	done, err := s.treeTurn(in.s)
	if err != nil {
		return err
	}
	defer done()
	top, err := s.tree(in.s, isXML)
	if err != nil {
		return err
	}
	for i, q := range queries {
		if !possible(q) {
			continue
		}
		nodes := q.Select(&meteredNavigator{top.Copy(), &s.meter})
		for nodes.MoveNext() {
			if !visit(i, nodes.Current()) {
				break
			}
		}
	}
	return nil
}

const xmlStart = "<?xml"

// treeTurn waits until a tree of a page may be in memory, or refuses a page whose tree would be too large; done must be called.
func (s *scope) treeTurn(page string) (done func(), err error) {
	const few = 2000
	size := treeSize(page)
	switch {
	case size > maxTree:
		s.meter.err = ErrTooCostly
		return nil, s.meter.err
	case size <= few || len(s.data.Exchange.Body) >= large: // which has its turn
		return func() {}, nil
	}
	done, err = room(s.meter.ctx, turns)
	s.meter.err = err
	return done, err
}

// tree is that of a page. HTML that cannot be read is nested too deeply, and says nothing about what it holds.
func (s *scope) tree(page string, isXML bool) (xpath.NodeNavigator, error) {
	in := &meteredText{&s.meter, page}
	if isXML {
		doc, err := xmlquery.Parse(in)
		if err != nil {
			return nil, err
		}
		return xmlquery.CreateXPathNavigator(doc), nil
	}
	doc, err := htmlquery.Parse(in)
	if err != nil {
		s.meter.err = cmp.Or(s.meter.err, ErrTooCostly)
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
