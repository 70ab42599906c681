package signature

import (
	"math"

	"gopkg.in/yaml.v3"

	"sotomi/scanner/message"
)

// maxAliased is how many values the aliases of a file may stand for, those of aliases within them counted each time.
const maxAliased = 1_000_000

// unreadable is what nothing may be decoded from: the decoder, or what looks into a document before it, would not come to an
// end, or dies.
func unreadable(doc *yaml.Node) []mistake {
	if bad := badKeys(doc); len(bad) > 0 {
		return bad
	}
	a := aliases{values: map[*yaml.Node]int{}}
	a.count(doc)
	return a.mistakes
}

// badKeys are keys that are no text, beside a merge (<<): the decoder dies of them.
func badKeys(n *yaml.Node) []mistake {
	var list []mistake
	merges := false
	if n.Kind == yaml.MappingNode {
		for i := 0; i < len(n.Content); i += 2 {
			merges = merges || n.Content[i].Value == "<<"
		}
	}
	for i, inner := range n.Content {
		if merges && i%2 == 0 && resolve(inner).Kind != yaml.ScalarNode {
			list = append(list, mistake{inner.Line, message.New("a key must be text")})
		}
		list = append(list, badKeys(inner)...)
	}
	return list
}

// aliases counts the values that the aliases of a document stand for.
type aliases struct {
	values   map[*yaml.Node]int // below each anchor, with those of aliases; open while it is counted
	total    int                // of all aliases, those in anchors that aliases name once
	mistakes []mistake          // the first
}

const open = -1

// count is the number of values at and below a node.
func (a *aliases) count(n *yaml.Node) int {
	if n.Kind == yaml.AliasNode {
		return a.alias(n)
	}
	if n.Anchor != "" {
		a.values[n] = open
	}
	sum := 1
	for _, inner := range n.Content {
		sum = add(sum, a.count(inner))
	}
	if n.Anchor != "" {
		a.values[n] = sum
	}
	return sum
}

func (a *aliases) alias(n *yaml.Node) int {
	values := a.values[n.Alias] // an anchor stands before its aliases
	if values == open {
		a.mistake(n, message.New("the value %q contains itself", n.Value))
		return 1
	}
	if a.total = add(a.total, values); a.total > maxAliased {
		a.mistake(n, message.New("the aliases of the file stand for more than %d values", maxAliased))
	}
	return values
}

func (a *aliases) mistake(n *yaml.Node, what message.Message) {
	if len(a.mistakes) == 0 {
		a.mistakes = append(a.mistakes, mistake{n.Line, what})
	}
}

// add is a sum of counts that may be larger than numbers go.
func add(a, b int) int {
	if a > math.MaxInt-b {
		return math.MaxInt
	}
	return a + b
}
