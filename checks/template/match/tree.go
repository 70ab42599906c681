package match

import (
	"errors"
	"reflect"
	"slices"
)

// expression is one of the dsl, as a tree of names, literals, calls and comparisons under !, && and ||, which nearly all of
// the public templates are. It means exactly what govaluate makes of the same text, in a tenth of the memory and without
// anything to be made at the first look. One of another shape is a single node with its source.
//
// A node stands before its operands, and these one behind the other: a && f(b) is [and, a, f, b].
type expression []node

type node struct {
	does     operation
	operands uint16
	size     uint16 // how many nodes it is made of with all below it
	value    any    // a literal, the name of a variable, the function that is called, or a *source
}

type operation uint8

const (
	isSource operation = iota
	isLiteral
	isVariable
	isCall
	isNot
	isAnd // of two operands or more, as isOr
	isOr
	isEqual
	isUnequal
	isLess
	isLessOrEqual
	isGreater
	isGreaterOrEqual
)

// Nobody sees which value it was, only that there is none.
var (
	errNoBool  = errors.New("an operand of && or || is neither true nor false")
	errNot     = errors.New("the operand of ! is neither true nor false")
	errNoOrder = errors.New("only two numbers or two texts have an order")
)

// value is that of the node at i.
func (e expression) value(i int, s *scope) (any, error) {
	switch n := &e[i]; n.does {
	case isSource:
		return n.value.(*source).eval(s)
	case isLiteral:
		return n.value, nil
	case isVariable:
		v, err := s.Get(n.value.(string))
		if err != nil {
			return nil, err
		}
		return sanitized(v), nil
	case isCall:
		return e.call(i, s)
	case isNot:
		v, err := e.value(i+1, s)
		if err != nil {
			return nil, err
		}
		b, ok := v.(bool)
		if !ok {
			return nil, errNot
		}
		return !b, nil
	case isAnd, isOr:
		return e.chain(i, s)
	default:
		return e.compare(i, s)
	}
}

// call gives the function its arguments as govaluate does, which cannot tell a list that is the first of them from the
// arguments themselves, nor a single one that is nothing from none.
func (e expression) call(i int, s *scope) (any, error) {
	n := &e[i]
	f := n.value.(function)
	if n.operands == 0 {
		return f()
	}
	arguments := make([]any, 0, n.operands)
	at := i + 1
	for range n.operands {
		v, err := e.value(at, s)
		if err != nil {
			return nil, err
		}
		arguments = append(arguments, v)
		at += int(e[at].size)
	}
	if list, ok := arguments[0].([]any); ok {
		return f(append(slices.Clip(list), arguments[1:]...)...)
	}
	if len(arguments) == 1 && arguments[0] == nil {
		return f()
	}
	return f(arguments...)
}

// chain is a && b && c, or the same with ||, from left to right up to the operand that decides. Operands behind that are
// not looked at, not even whether they are true or false.
func (e expression) chain(i int, s *scope) (any, error) {
	n := &e[i]
	decides := n.does == isOr
	at := i + 1
	left, err := e.value(at, s)
	if err != nil {
		return nil, err
	}
	for range n.operands - 1 {
		b, isBool := left.(bool)
		if isBool && b == decides {
			return decides, nil
		}
		at += int(e[at].size)
		right, err := e.value(at, s)
		if err != nil {
			return nil, err
		}
		if _, ok := right.(bool); !ok || !isBool {
			return nil, errNoBool
		}
		left = right
	}
	return left, nil
}

// side is one of a comparison. Numbers are apart because in an interface each would be an allocation.
type side struct {
	value  any
	number float64
	is     bool // a number
}

func (e expression) side(i int, s *scope) (side, error) {
	n := &e[i]
	if n.does == isVariable {
		v, err := s.Get(n.value.(string))
		if err != nil {
			return side{}, err
		}
		f, ok := numberOf(v)
		return side{v, f, ok}, nil
	}
	v, err := e.value(i, s)
	if err != nil {
		return side{}, err
	}
	f, ok := v.(float64) // an integer that a function gives is no number
	return side{v, f, ok}, nil
}

func (e expression) compare(i int, s *scope) (any, error) {
	left, err := e.side(i+1, s)
	if err != nil {
		return nil, err
	}
	right, err := e.side(i+1+int(e[i+1].size), s)
	if err != nil {
		return nil, err
	}
	does := e[i].does
	if does == isEqual || does == isUnequal {
		return left.equals(&right) == (does == isEqual), nil
	}
	if left.is && right.is {
		return ordered(does, left.number, right.number), nil
	}
	a, ok := left.value.(string)
	b, both := right.value.(string)
	if !ok || !both {
		return nil, errNoOrder
	}
	return ordered(does, a, b), nil
}

func (a *side) equals(b *side) bool {
	if a.is || b.is {
		return a.is && b.is && a.number == b.number
	}
	if x, ok := a.value.(string); ok {
		y, both := b.value.(string)
		return both && x == y
	}
	return reflect.DeepEqual(a.value, b.value) // lists, of what functions give
}

func ordered[T float64 | string](does operation, a, b T) bool {
	switch does {
	case isLess:
		return a < b
	case isLessOrEqual:
		return a <= b
	case isGreater:
		return a > b
	default:
		return a >= b
	}
}

// sanitized is the value of a variable as expressions know it: all numbers are of one type.
func sanitized(v any) any {
	switch v.(type) {
	case string, float64, bool, *text:
		return v
	}
	if f, ok := numberOf(v); ok {
		return f
	}
	return v
}

// numberOf is a variable as a number. The types are those that govaluate knows.
func numberOf(v any) (float64, bool) {
	switch x := v.(type) {
	case float64:
		return x, true
	case float32:
		return float64(x), true
	case int:
		return float64(x), true
	case int8:
		return float64(x), true
	case int16:
		return float64(x), true
	case int32:
		return float64(x), true
	case int64:
		return float64(x), true
	case uint8:
		return float64(x), true
	case uint16:
		return float64(x), true
	case uint32:
		return float64(x), true
	case uint64:
		return float64(x), true
	}
	return 0, false
}
