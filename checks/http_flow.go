package checks

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"sotomi/scanner/match"
)

// flow is the simple sequential form of a template's flow: calls of http() joined by &&, || and line ends.
type flow struct {
	statements []*flowNode
}

// flowNode is a call of blocks, or two nodes joined.
type flowNode struct {
	blocks      []int // counting from 0
	not         bool
	operator    string // "&&" or "||"; "" for a call
	left, right *flowNode
}

var flowToken = regexp.MustCompile(`\s*(&&|\|\||!|\(|\)|;|\n|http\s*\(\s*[0-9,\s]*\)|//[^\n]*)`)

// parseFlow is nil without an error when there is no flow. What is more than the simple form is a *match.UnsupportedError.
func parseFlow(text string, blocks int) (*flow, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return nil, nil
	}
	p := &flowParser{blocks: blocks}
	for rest := text; strings.TrimSpace(rest) != ""; {
		m := flowToken.FindStringIndex(rest)
		if m == nil || m[0] != 0 {
			return nil, &match.UnsupportedError{Feature: "flow beyond http() joined by && and ||"}
		}
		token := strings.TrimSpace(rest[:m[1]])
		if token == "" {
			token = ";"
		}
		if !strings.HasPrefix(token, "//") {
			p.tokens = append(p.tokens, token)
		}
		rest = rest[m[1]:]
	}
	f := &flow{}
	for p.next() != "" {
		if p.next() == ";" {
			p.at++
			continue
		}
		n, err := p.either()
		if err != nil {
			return nil, err
		}
		if p.next() != "" && p.next() != ";" {
			return nil, &match.UnsupportedError{Feature: "flow beyond http() joined by && and ||"}
		}
		f.statements = append(f.statements, n)
	}
	return f, nil
}

type flowParser struct {
	tokens []string
	at     int
	blocks int
}

func (p *flowParser) next() string {
	if p.at < len(p.tokens) {
		return p.tokens[p.at]
	}
	return ""
}

// more is next, across a line end when an operator follows it.
func (p *flowParser) more(operator string) bool {
	at := p.at
	for at < len(p.tokens) && p.tokens[at] == ";" {
		at++
	}
	if at < len(p.tokens) && p.tokens[at] == operator {
		p.at = at + 1
		for p.next() == ";" {
			p.at++
		}
		return true
	}
	return false
}

func (p *flowParser) either() (*flowNode, error) { return p.joined("||", p.both) }
func (p *flowParser) both() (*flowNode, error)   { return p.joined("&&", p.term) }

func (p *flowParser) joined(operator string, operand func() (*flowNode, error)) (*flowNode, error) {
	left, err := operand()
	for err == nil && p.more(operator) {
		var right *flowNode
		if right, err = operand(); err == nil {
			left = &flowNode{operator: operator, left: left, right: right}
		}
	}
	return left, err
}

func (p *flowParser) term() (*flowNode, error) {
	token := p.next()
	p.at++
	switch {
	case token == "!":
		n, err := p.term()
		if err != nil {
			return nil, err
		}
		negated := *n
		negated.not = !n.not
		return &negated, nil
	case token == "(":
		n, err := p.either()
		if err != nil {
			return nil, err
		}
		if p.next() != ")" {
			return nil, fmt.Errorf("flow: a ) is missing")
		}
		p.at++
		return n, nil
	case strings.HasPrefix(token, "http"):
		return p.call(token)
	}
	return nil, &match.UnsupportedError{Feature: "flow beyond http() joined by && and ||"}
}

func (p *flowParser) call(token string) (*flowNode, error) {
	n := &flowNode{}
	inside := token[strings.IndexByte(token, '(')+1 : len(token)-1]
	if strings.TrimSpace(inside) == "" {
		for i := range p.blocks {
			n.blocks = append(n.blocks, i)
		}
		return n, nil
	}
	for part := range strings.SplitSeq(inside, ",") {
		i, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || i < 1 || i > p.blocks {
			return nil, fmt.Errorf("flow: http(%s): there are %d blocks", inside, p.blocks)
		}
		n.blocks = append(n.blocks, i-1)
	}
	return n, nil
}

// run runs the statements in order; block runs one block and says whether it holds.
func (f *flow) run(block func(int) (bool, error)) (holds bool, err error) {
	for _, n := range f.statements {
		if holds, err = n.run(block); err != nil {
			return false, err
		}
	}
	return holds, nil
}

func (n *flowNode) run(block func(int) (bool, error)) (holds bool, err error) {
	if n.operator == "" {
		for _, i := range n.blocks {
			ok, err := block(i)
			if err != nil {
				return false, err
			}
			holds = holds || ok
		}
		return holds != n.not, nil
	}
	if holds, err = n.left.run(block); err != nil {
		return false, err
	}
	if holds == (n.operator == "&&") {
		if holds, err = n.right.run(block); err != nil {
			return false, err
		}
	}
	return holds != n.not, nil
}
