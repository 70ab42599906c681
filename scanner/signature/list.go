package signature

import (
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"sotomi/scanner/message"
)

// signatureList is a file of signatures that differ in a few values: each: has a row of values for every one of them, signature: what
// they have in common, with ${NAME} where a value of the row belongs. An entry that names a value which the row lacks is left
// out of that row's signature. A value may name others, but none that does so too.
type signatureList struct {
	Shared    yaml.Node              `yaml:"shared"` // for anchors: what several rows take over with <<
	Each      []map[string]yaml.Node `yaml:"each"`
	Signature yaml.Node              `yaml:"signature"`
}

var (
	listSchema = &schema{keys: map[string]*schema{"shared": {}, "each": {}, "signature": {}}}
	valueName  = regexp.MustCompile(`\$\{([a-z0-9-]+)\}`)
)

func isList(keys map[string]*yaml.Node) bool { return keys["each"] != nil && keys["signature"] != nil }

// parseList reads the signatures of a list. What is wrong for several rows at the same place is told once.
func parseList(f parsed) ([]*Signature, error) {
	var l signatureList
	var mistakes []mistake
	listSchema.unknown(f.root, &mistakes)
	if err := f.root.Decode(&l); err != nil {
		return nil, mistakesOf(f.name, append(mistakes, typeErrors(err)...))
	}
	roots := l.fill(topKeys(f.root)["each"], &mistakes)
	if len(mistakes) > 0 {
		return nil, mistakesOf(f.name, mistakes)
	}
	var all []*Signature
	var errs []error
	told := map[string]bool{}
	for _, root := range roots {
		f.root = root
		s, err := newSignature(f)
		all = append(all, s)
		for _, e := range joined(err) {
			if !told[e.Error()] {
				told[e.Error()] = true
				errs = append(errs, e)
			}
		}
	}
	return all, errors.Join(errs...)
}

// fill makes a signature of each row. rows is the node of each:, for its lines.
func (l *signatureList) fill(rows *yaml.Node, mistakes *[]mistake) []*yaml.Node {
	if len(l.Each) == 0 {
		*mistakes = append(*mistakes, mistake{l.Signature.Line, message.New("each: has no rows")})
		return nil
	}
	if l.Signature.Kind != yaml.MappingNode {
		*mistakes = append(*mistakes, mistake{l.Signature.Line, message.New("signature: is no mapping")})
		return nil
	}
	known := map[string]yaml.Node{}
	for _, row := range l.Each {
		maps.Copy(known, row)
	}
	used := map[string]bool{}
	said := map[mistakePlace]bool{}
	add := func(line int, what message.Message) {
		m := mistake{line, what}
		if at := (mistakePlace{line, m.what.String()}); !said[at] {
			said[at] = true
			*mistakes = append(*mistakes, m)
		}
	}
	var roots []*yaml.Node
	for i, values := range l.Each {
		r := row{values: values, known: known, used: used, mistake: add}
		root := r.fill(&l.Signature, 0)
		root.Line = resolve(rows).Content[i].Line
		roots = append(roots, root)
	}
	for _, values := range l.Each {
		for _, name := range slices.Sorted(maps.Keys(values)) {
			if node := values[name]; !used[name] {
				add(node.Line, message.New("signature: does not name the value %q", name))
			}
		}
	}
	return roots
}

type mistakePlace struct {
	line int
	what string
}

// row is the values of one signature.
type row struct {
	values, known map[string]yaml.Node // of this row, and of any
	used          map[string]bool      // names that were asked for
	mistake       func(line int, what message.Message)
}

// fill copies a node with the row's values in it; nil when it names one that the row lacks. depth is how many values it lies
// in.
func (r *row) fill(n *yaml.Node, depth int) *yaml.Node {
	out := *n
	switch n.Kind {
	case yaml.ScalarNode:
		return r.scalar(n, depth)
	case yaml.SequenceNode:
		out.Content = nil
		for _, of := range n.Content {
			if of = r.fill(of, depth); of != nil {
				out.Content = append(out.Content, of)
			}
		}
	case yaml.MappingNode:
		out.Content = nil
		for i := 0; i+1 < len(n.Content); i += 2 {
			if value := r.fill(n.Content[i+1], depth); value != nil {
				key := *n.Content[i]
				out.Content = append(out.Content, &key, value)
			}
		}
	default: // it could stand for any number of nodes
		r.mistake(n.Line, message.New("a list takes anchors only over rows: <<: *NAME"))
	}
	return &out
}

// scalar fills in one text. One that is nothing but a name becomes the value, whatever its kind.
func (r *row) scalar(n *yaml.Node, depth int) *yaml.Node {
	out := *n
	whole := valueName.FindString(n.Value)
	if whole == "" {
		return &out
	}
	if whole == n.Value {
		return r.value(n, whole, depth)
	}
	lacks := false
	out.Value = valueName.ReplaceAllStringFunc(n.Value, func(name string) string {
		value := r.value(n, name, depth)
		switch {
		case value == nil:
			lacks = true
			return ""
		case value.Kind != yaml.ScalarNode:
			r.mistake(value.Line, message.New("a text names this value, expected text"))
		}
		return value.Value
	})
	if lacks {
		return nil
	}
	return &out
}

// value is that of a name such as ${cve}, which stands in a text.
func (r *row) value(within *yaml.Node, name string, depth int) *yaml.Node {
	name = strings.Trim(name, "${}")
	r.used[name] = true
	if _, ok := r.known[name]; !ok {
		r.mistake(within.Line, message.New("no row has the value %q", name))
		return nil
	}
	node, ok := r.values[name]
	if !ok {
		return nil
	}
	if depth > 1 {
		r.mistake(within.Line, message.New("a value that another one names cannot name %q", name))
		return nil
	}
	return r.fill(resolve(&node), depth+1)
}
