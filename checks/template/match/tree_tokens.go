package match

import (
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/projectdiscovery/govaluate"
)

// treeOf is the tree of a parsed expression, nil when it is of another shape. It keeps nothing of what it was parsed from
// but the text.
func treeOf(parsed *govaluate.EvaluableExpression, text string) expression {
	p := treeBuilder{tokens: parsed.Tokens()}
	p.or()
	switch {
	case p.unsupported || p.at != len(p.tokens) || len(p.nodes) > math.MaxUint16:
		return nil
	case p.nodes[0].does == isCall && p.tokens[0].Kind == govaluate.CLAUSE:
		return nil // what the function gives beside an error is lost in parentheses only
	}
	shareValues(p.nodes, text)
	return append(make(expression, 0, len(p.nodes)), p.nodes...)
}

// planter makes a tree of tokens that are known to be an expression: each of its methods reads what is named like it.
// All chains of operators are from left to right, && goes before ||, a comparison before both, and ! before all.
type treeBuilder struct {
	tokens      []govaluate.ExpressionToken
	at          int // the next token
	nodes       expression
	unsupported bool // something other than the shapes of a tree was met
}

func (p *treeBuilder) or() { p.chain("||", isOr, p.and) }

func (p *treeBuilder) and() { p.chain("&&", isAnd, p.comparison) }

func (p *treeBuilder) chain(symbol string, does operation, operand func()) {
	start, operands := len(p.nodes), 1
	for operand(); p.accept(govaluate.LOGICALOP, symbol); operand() {
		operands++
	}
	if operands > 1 {
		p.wrap(start, node{does: does}, operands)
	}
}

var comparisons = map[string]operation{
	"==": isEqual, "!=": isUnequal, "<": isLess, "<=": isLessOrEqual, ">": isGreater, ">=": isGreaterOrEqual,
}

// comparison leaves a chain of comparisons, such as a == b == true, to govaluate: what is behind the second side is not
// read, and so strange to whoever reads on.
func (p *treeBuilder) comparison() {
	start := len(p.nodes)
	p.operand()
	token := p.peek()
	if token.Kind != govaluate.COMPARATOR {
		return
	}
	does, ok := comparisons[token.Value.(string)]
	if !ok {
		p.unsupported = true
		return
	}
	p.at++
	p.operand()
	p.wrap(start, node{does: does}, 2)
}

func (p *treeBuilder) operand() {
	if !p.accept(govaluate.PREFIX, "!") {
		p.value()
		return
	}
	start := len(p.nodes)
	p.value()
	p.wrap(start, node{does: isNot}, 1)
}

func (p *treeBuilder) value() {
	token := p.peek()
	p.at++
	switch token.Kind {
	case govaluate.CLAUSE:
		p.or()
		p.close()
	case govaluate.FUNCTION:
		p.call(token.Value.(function))
	case govaluate.VARIABLE:
		p.nodes = append(p.nodes, node{does: isVariable, size: 1, value: token.Value})
	case govaluate.STRING, govaluate.NUMERIC, govaluate.BOOLEAN:
		p.nodes = append(p.nodes, node{does: isLiteral, size: 1, value: token.Value})
	default:
		p.unsupported = true
	}
}

func (p *treeBuilder) call(f function) {
	start, operands := len(p.nodes), 0
	p.at++ // the parenthesis, without which it would be no function
	if p.peek().Kind != govaluate.CLAUSE_CLOSE {
		operands++
		for p.or(); p.accept(govaluate.SEPARATOR, ","); p.or() {
			operands++
		}
	}
	p.close()
	p.wrap(start, node{does: isCall, value: f}, operands)
}

func (p *treeBuilder) close() {
	if p.peek().Kind != govaluate.CLAUSE_CLOSE {
		p.unsupported = true
	}
	p.at++
}

// peek is the next token, at the end one of no kind.
func (p *treeBuilder) peek() govaluate.ExpressionToken {
	if p.at >= len(p.tokens) || p.unsupported {
		return govaluate.ExpressionToken{}
	}
	return p.tokens[p.at]
}

func (p *treeBuilder) accept(kind govaluate.TokenKind, symbol string) bool {
	token := p.peek()
	if token.Kind != kind || token.Value != symbol {
		return false
	}
	p.at++
	return true
}

// wrap puts a node before its operands, which are all from start on.
func (p *treeBuilder) wrap(start int, n node, operands int) {
	size := 1 + len(p.nodes) - start
	if size > math.MaxUint16 {
		p.unsupported = true
		return
	}
	n.size, n.operands = uint16(size), uint16(operands)
	p.nodes = slices.Insert(p.nodes, start, n)
}

// sharedValues are values of nodes by themselves: the names of variables, which are few, and numbers.
var sharedValues sync.Map

// shareValues lets go of the tokens: names become those of other expressions, and literals parts of the text, which stays
// as long as the template does.
func shareValues(nodes expression, text string) {
	for i := range nodes {
		n := &nodes[i]
		literal, isText := n.value.(string)
		_, isNumber := n.value.(float64)
		switch {
		case isText && n.does == isLiteral:
			if at := strings.Index(text, literal); at >= 0 { // else it holds what was escaped
				n.value = text[at : at+len(literal)]
			}
		case isText || isNumber:
			n.value = sharedValue(n.value)
		}
	}
}

func sharedValue(v any) any {
	if known, ok := sharedValues.Load(v); ok {
		return known
	}
	if name, ok := v.(string); ok {
		v = strings.Clone(name)
	}
	v, _ = sharedValues.LoadOrStore(v, v)
	return v
}
