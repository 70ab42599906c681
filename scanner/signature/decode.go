package signature

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Params are the parameters of a Go check, decoded by the check itself.
type Params struct {
	node *yaml.Node
	file string
}

// Decode fills the struct that to points to. Unknown keys are errors with file and line, all of them at once.
func (p Params) Decode(to any) error {
	if p.node == nil {
		return nil
	}
	var mistakes []string
	schemaOf(reflect.TypeOf(to)).unknown(p.node, &mistakes)
	if err := p.node.Decode(to); err != nil {
		mistakes = append(mistakes, typeErrors(err)...)
	}
	if len(mistakes) == 0 {
		return nil
	}
	return mistakesOf(p.file, mistakes)
}

// Mistake is an error about the parameters as a whole, with the file and line where they begin.
func (p Params) Mistake(format string, a ...any) error {
	line := 1
	if p.node != nil {
		line = p.node.Line
	}
	return fmt.Errorf("%s:%d: with: %s", p.file, line, fmt.Sprintf(format, a...))
}

// UnmarshalYAML keeps the parameters as they stand; Decode reads them.
func (p *Params) UnmarshalYAML(n *yaml.Node) error {
	p.node = n
	return nil
}

// UnmarshalYAML takes a list, one string with commas or lines, or nothing.
func (l *StringList) UnmarshalYAML(n *yaml.Node) error {
	var values []string
	if n = resolve(n); n.Kind != yaml.ScalarNode {
		if err := n.Decode(&values); err != nil {
			return err
		}
	} else if n.Tag != "!!null" {
		separator := ","
		if strings.Contains(n.Value, "\n") {
			separator = "\n"
		}
		values = strings.Split(n.Value, separator)
	}
	for _, v := range values {
		if v = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(v), "- ")); v != "" {
			*l = append(*l, v)
		}
	}
	return nil
}

// UnmarshalYAML takes a mapping and keeps its order. A list is kept as its values with commas.
func (v *Variables) UnmarshalYAML(n *yaml.Node) error {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: variables must be names with values", n.Line)}}
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		value := resolve(n.Content[i+1])
		text := value.Value
		if value.Kind != yaml.ScalarNode {
			var list []string
			if err := value.Decode(&list); err != nil {
				return err
			}
			text = strings.Join(list, ",")
		}
		*v = append(*v, Variable{n.Content[i].Value, text})
	}
	return nil
}

// UnmarshalYAML takes a list, several lines of text, or the name of a file.
func (p *Payload) UnmarshalYAML(n *yaml.Node) error {
	if n = resolve(n); n.Kind == yaml.SequenceNode {
		for _, value := range n.Content {
			p.Values = append(p.Values, plainText(resolve(value)))
		}
		return nil
	}
	if n.Kind != yaml.ScalarNode {
		return n.Decode(&p.Values)
	}
	if strings.Contains(n.Value, "\n") {
		p.Values = strings.Split(n.Value, "\n")
	} else {
		p.File = strings.TrimSpace(n.Value)
	}
	return nil
}

// plainText is a value as the public language reads it: numbers without needless digits (1.0 is 1), nothing for null.
func plainText(n *yaml.Node) string {
	switch n.Tag {
	case "!!null":
		return ""
	case "!!int", "!!float":
		var value any
		if n.Decode(&value) == nil {
			if f, ok := value.(float64); ok {
				return strconv.FormatFloat(f, 'f', -1, 64)
			}
			return fmt.Sprint(value)
		}
	}
	return n.Value
}

// place fills in what depends on where things stand in the file: lines and the order of payloads.
func (s *Signature) setLines(keys map[string]*yaml.Node) {
	s.With.file = s.File
	blocks := keys["http"]
	if blocks == nil {
		blocks = keys["requests"]
	}
	if blocks == nil {
		return
	}
	for i := range min(len(s.HTTP), len(blocks.Content)) {
		h, n := &s.HTTP[i], resolve(blocks.Content[i])
		h.Line = n.Line
		fields := topKeys(n)
		lines(fields["matchers"], len(h.Matchers), func(j, line int) { h.Matchers[j].Line = line })
		lines(fields["pre-condition"], len(h.PreCondition), func(j, line int) { h.PreCondition[j].Line = line })
		lines(fields["extractors"], len(h.Extractors), func(j, line int) { h.Extractors[j].Line = line })
		h.payloadOrder(fields["payloads"])
	}
}

// payloadOrder remembers the names of the payloads as the file lists them.
func (h *HTTP) payloadOrder(n *yaml.Node) {
	if n == nil {
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		h.PayloadNames = append(h.PayloadNames, n.Content[i].Value)
	}
}

func lines(n *yaml.Node, count int, set func(i, line int)) {
	if n == nil {
		return
	}
	n = resolve(n)
	for i := range min(count, len(n.Content)) {
		set(i, n.Content[i].Line)
	}
}

// gather puts the values of a document into one text. What is kept of them is kept as long as the signature, and dozens of
// small texts a file are as many things for the collector to look at.
func internStrings(root *yaml.Node) {
	var text strings.Builder
	eachValue(root, func(n *yaml.Node) { text.WriteString(n.Value) })
	rest := text.String()
	eachValue(root, func(n *yaml.Node) { n.Value, rest = rest[:len(n.Value)], rest[len(n.Value):] })
}

// eachValue visits the scalars of a document but for the keys of mappings.
func eachValue(n *yaml.Node, visit func(*yaml.Node)) {
	switch n.Kind {
	case yaml.ScalarNode:
		visit(n)
	case yaml.MappingNode:
		for i := 1; i < len(n.Content); i += 2 {
			eachValue(n.Content[i], visit)
		}
	default:
		for _, of := range n.Content {
			eachValue(of, visit)
		}
	}
}

// resolve follows an alias to its anchor.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

var (
	lineNumber  = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)
	wrongType   = regexp.MustCompile("^cannot unmarshal (!!\\w+)(?: `(.*)`)? into (.+)$")
	kindsByName = map[string]string{
		"!!str": "text", "!!int": "a number", "!!float": "a number", "!!bool": "true or false", "!!seq": "a list", "!!map": "a mapping", "!!null": "nothing",
		"time.Duration": "a duration such as 15s",
		"int":           "a number", "int64": "a number", "float64": "a number", "bool": "true or false", "string": "text",
	}
)

// typeErrors are the single mistakes of a decoding error as "LINE: message".
func typeErrors(err error) []string {
	list := []string{err.Error()}
	var t *yaml.TypeError
	if errors.As(err, &t) {
		list = t.Errors
	}
	out := make([]string, 0, len(list))
	for _, text := range list {
		line := "1"
		if m := lineNumber.FindStringSubmatch(text); m != nil {
			line, text = m[1], text[len(m[0]):]
		}
		out = append(out, line+": "+plainly(strings.TrimPrefix(text, "yaml: ")))
	}
	return out
}

// plainly says in the words of the file what the decoder says in those of Go.
func plainly(text string) string {
	m := wrongType.FindStringSubmatch(text)
	switch {
	case m == nil && strings.HasSuffix(text, "cannot start any token"):
		return text + "; is there a tab? YAML is indented with spaces"
	case m == nil:
		return text
	}
	kind := func(name string) string {
		switch known, ok := kindsByName[name]; {
		case ok:
			return known
		case strings.HasPrefix(name, "[]"):
			return "a list"
		default:
			return "a mapping"
		}
	}
	if m[2] != "" {
		return fmt.Sprintf("%q is %s, expected %s", m[2], kind(m[1]), kind(m[3]))
	}
	return fmt.Sprintf("this is %s, expected %s", kind(m[1]), kind(m[3]))
}

// DecodeFile reads a YAML file that is no signature, such as the configuration, with the strictness of our own: the error
// names every unknown key and wrong value with file and line.
func DecodeFile(name string, text []byte, to any) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return mistakesOf(name, typeErrors(err))
	}
	if len(doc.Content) == 0 {
		return nil
	}
	return Params{node: doc.Content[0], file: name}.Decode(to)
}
