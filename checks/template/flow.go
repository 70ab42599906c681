package template

import (
	"cmp"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/scanner"
)

// flow is the order in which blocks run: calls of http() joined by && and ||, one such expression after another. It is
// what public templates write in the small part of a script language that needs no interpreter.
type flow interface {
	// eval runs what has to run; it is the value that the next operator looks at.
	eval(run func(ids []string) (bool, error)) (bool, error)
}

type (
	flowCall struct{ ids []string } // http(1), http("name"), http(); ids as written without quotes, none for all blocks
	flowAnd  struct{ left, right flow }
	flowOr   struct{ left, right flow }
	flowNot  struct{ of flow }
	flowList []flow // statements, one after another
)

func (c flowCall) eval(run func([]string) (bool, error)) (bool, error) { return run(c.ids) }

func (a flowAnd) eval(run func([]string) (bool, error)) (bool, error) {
	if ok, err := a.left.eval(run); !ok || err != nil {
		return false, err
	}
	return a.right.eval(run)
}

func (o flowOr) eval(run func([]string) (bool, error)) (bool, error) {
	if ok, err := o.left.eval(run); ok || err != nil {
		return ok, err
	}
	return o.right.eval(run)
}

func (n flowNot) eval(run func([]string) (bool, error)) (bool, error) {
	ok, err := n.of.eval(run)
	return !ok, err
}

func (l flowList) eval(run func([]string) (bool, error)) (last bool, err error) {
	for _, f := range l {
		if last, err = f.eval(run); err != nil {
			return false, err
		}
	}
	return last, nil
}

// alternatives reports whether a flow, nil for none, runs no block because of what another one matched.
func alternatives(f flow) bool {
	switch f := f.(type) {
	case flowOr:
		return alternatives(f.left) && alternatives(f.right)
	case flowList:
		return !slices.ContainsFunc(f, func(one flow) bool { return !alternatives(one) })
	}
	_, call := f.(flowCall)
	return f == nil || call
}

// simpleFlow is the alphabet of flows that are no scripts.
var simpleFlow = regexp.MustCompile(`^(?:http|[\s()&|!;,]|\d+|"[^"\n]*"|'[^'\n]*')*$`)

// parseFlow reads a flow. It is false for anything that needs a script interpreter.
func parseFlow(text string) (flow, bool) {
	p := &flowParser{}
	p.scanner.Init(strings.NewReader(text))
	p.scanner.Mode = scanner.ScanIdents | scanner.ScanInts | scanner.ScanStrings | scanner.ScanRawStrings | scanner.ScanComments | scanner.SkipComments
	p.scanner.Error = func(*scanner.Scanner, string) { p.bad = true }
	p.next()
	var list flowList
	for p.token != scanner.EOF && !p.bad {
		if p.accept(';') {
			continue
		}
		list = append(list, p.or(0))
	}
	if p.bad || len(list) == 0 {
		return nil, false
	}
	return list, true
}

type flowParser struct {
	scanner scanner.Scanner
	token   rune
	calls   int // read so far
	bad     bool
}

func (p *flowParser) next() { p.token = p.scanner.Scan() }

func (p *flowParser) accept(token rune) bool {
	if p.token != token {
		return false
	}
	p.next()
	return true
}

func (p *flowParser) expect(token rune) {
	if !p.accept(token) {
		p.fail()
	}
}

// fail ends the reading.
func (p *flowParser) fail() {
	p.bad, p.token = true, scanner.EOF
}

// A stranger's expression is bounded in its nesting and in its calls.
const (
	maxFlowDepth = 50
	maxFlowCalls = 1000
)

func (p *flowParser) or(depth int) flow {
	left := p.and(depth)
	for p.accept('|') {
		p.expect('|')
		left = flowOr{left, p.and(depth)}
	}
	return left
}

func (p *flowParser) and(depth int) flow {
	left := p.unary(depth)
	for p.accept('&') {
		p.expect('&')
		left = flowAnd{left, p.unary(depth)}
	}
	return left
}

func (p *flowParser) unary(depth int) flow {
	switch {
	case p.bad || depth > maxFlowDepth:
		p.fail()
		return flowList{}
	case p.accept('!'):
		return flowNot{p.unary(depth + 1)}
	case p.accept('('):
		f := p.or(depth + 1)
		p.expect(')')
		return f
	default:
		return p.call()
	}
}

// call reads http(...).
func (p *flowParser) call() flow {
	p.calls++
	if p.calls > maxFlowCalls || p.token != scanner.Ident || p.scanner.TokenText() != "http" {
		p.fail()
		return flowList{}
	}
	p.next()
	p.expect('(')
	var ids []string
	for p.token != ')' && !p.bad {
		switch p.token {
		case scanner.Int:
			ids = append(ids, p.scanner.TokenText())
		case scanner.String, scanner.RawString:
			ids = append(ids, strings.Trim(p.scanner.TokenText(), "\"`"))
		case '\'':
			ids = append(ids, p.single())
		default:
			p.fail()
			return flowList{}
		}
		p.next()
		if p.token != ')' {
			p.expect(',')
		}
	}
	p.expect(')')
	return flowCall{ids}
}

// single reads a name in single quotes, whose first quote was just read.
func (p *flowParser) single() string {
	var b strings.Builder
	for {
		switch r := p.scanner.Next(); r {
		case '\'':
			return b.String()
		case scanner.EOF, '\n', '\\':
			p.fail()
			return ""
		default:
			b.WriteRune(r)
		}
	}
}

// called finds a block by its number from 1 or by its name.
func (c *check) called(id string) *block {
	for _, b := range c.blocks {
		if b.name != "" && b.name == id {
			return b
		}
	}
	if n, err := strconv.Atoi(id); err == nil && n >= 1 && n <= len(c.blocks) {
		return c.blocks[n-1]
	}
	return nil
}

// unknownCall is the id of a call that names no block, "" when there is none.
func (c *check) unknownCall(f flow) string {
	switch f := f.(type) {
	case flowCall:
		for _, id := range f.ids {
			if c.called(id) == nil {
				return cmp.Or(id, `""`)
			}
		}
	case flowAnd:
		return cmp.Or(c.unknownCall(f.left), c.unknownCall(f.right))
	case flowOr:
		return cmp.Or(c.unknownCall(f.left), c.unknownCall(f.right))
	case flowNot:
		return c.unknownCall(f.of)
	case flowList:
		for _, each := range f {
			if id := c.unknownCall(each); id != "" {
				return id
			}
		}
	}
	return ""
}

// calls reports whether a flow has a call of a block.
func (c *check) calls(f flow, b *block) bool {
	switch f := f.(type) {
	case flowCall:
		return len(f.ids) == 0 || slices.ContainsFunc(f.ids, func(id string) bool { return c.called(id) == b })
	case flowAnd:
		return c.calls(f.left, b) || c.calls(f.right, b)
	case flowOr:
		return c.calls(f.left, b) || c.calls(f.right, b)
	case flowNot:
		return c.calls(f.of, b)
	case flowList:
		return slices.ContainsFunc(f, func(each flow) bool { return c.calls(each, b) })
	}
	return false
}
