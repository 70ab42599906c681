package signature

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"sotomi/scanner/message"
)

// Params are the parameters of a Go check, which decodes them itself.
type Params struct {
	node *yaml.Node
	file string
}

// Decode fills the struct that to points to. Unknown keys are errors with file and line, all of them at once.
func (p Params) Decode(to any) error {
	if p.node == nil {
		return nil
	}
	var mistakes []mistake
	schemaOf(reflect.TypeOf(to)).unknown(p.node, &mistakes)
	if err := p.node.Decode(to); err != nil {
		mistakes = append(mistakes, typeErrors(err)...)
	}
	if len(mistakes) == 0 {
		return nil
	}
	return mistakesOf(p.file, mistakes)
}

// Mistake is an error about the parameters, with the file and the line where they begin.
func (p Params) Mistake(format string, a ...any) error {
	line := 1
	if p.node != nil {
		line = p.node.Line
	}
	return message.Errorf("%s:%d: with: %s", p.file, line, message.New(format, a...))
}

// UnmarshalYAML keeps the node for Decode.
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
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %s", n.Line, variablesKind)}}
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

// UnmarshalYAML takes a list, several lines of text, the name of a file, or {list: NAME}.
func (p *Payload) UnmarshalYAML(n *yaml.Node) error {
	if n = resolve(n); n.Kind == yaml.SequenceNode {
		for _, value := range n.Content {
			p.Values = append(p.Values, plainText(resolve(value)))
		}
		return nil
	}
	if n.Kind != yaml.ScalarNode {
		return p.named(n)
	}
	if strings.Contains(n.Value, "\n") {
		p.Values = strings.Split(n.Value, "\n")
	} else {
		p.File = strings.TrimSpace(n.Value)
	}
	return nil
}

// named takes {list: NAME, values: [FURTHER]}.
func (p *Payload) named(n *yaml.Node) error {
	mistake := &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %s", n.Line, payloadKind)}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i].Value, resolve(n.Content[i+1])
		switch {
		case key == "list" && slices.Contains(PayloadLists, value.Value):
			p.List = value.Value
		case key == "values" && value.Kind == yaml.SequenceNode:
			if err := p.UnmarshalYAML(value); err != nil {
				return err
			}
		default:
			return mistake
		}
	}
	if p.List == "" {
		return mistake
	}
	return nil
}

// plainText is a value as the public language reads it: numbers in their shortest form (1.0 is 1), "" for null.
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

// setLines fills in what depends on places in the file: line numbers and the order of payloads.
func (s *Signature) setLines(keys map[string]*yaml.Node) {
	s.With.file = s.File
	s.FlowLine = lineOf(keys["flow"])
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
	n = resolve(n)
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

// internStrings makes all scalar values of a file share one backing string: fewer objects for the garbage collector.
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
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// Messages that pass through the YAML library, which keeps errors as text only.
const (
	variablesKind = "variables must be names with values"
	payloadKind   = "a payload is a list of values, the name of a file, or {list: NAME, values: [FURTHER]} with one of the lists folders, application-folders, site-names, site-copies"
)

var (
	lineNumber = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)
	wrongType  = regexp.MustCompile("^cannot unmarshal (!!\\w+)(?: `(.*)`)? into (.+)$")
)

// mistake is one mistake in a file.
type mistake struct {
	line int // counts from 1
	what message.Message
}

// mistakesOf joins the mistakes of a file in the order of its lines.
func mistakesOf(file string, mistakes []mistake) error {
	slices.SortStableFunc(mistakes, func(a, b mistake) int { return cmp.Compare(a.line, b.line) })
	all := make([]error, len(mistakes))
	for i, m := range mistakes {
		all[i] = message.Errorf("%s:%d: %s", file, m.line, m.what)
	}
	return errors.Join(all...)
}

// joined are the single errors of a joined one.
func joined(err error) []error {
	if all, ok := err.(interface{ Unwrap() []error }); ok { //nolint:errorlint // the joined error itself
		return all.Unwrap()
	}
	return nil
}

// typeErrors are the single mistakes of a decoding error.
func typeErrors(err error) []mistake {
	list := []string{err.Error()}
	var t *yaml.TypeError
	if errors.As(err, &t) {
		list = t.Errors
	}
	out := make([]mistake, 0, len(list))
	for _, text := range list {
		line := 1
		if m := lineNumber.FindStringSubmatch(text); m != nil {
			line, _ = strconv.Atoi(m[1]) // digits
			text = text[len(m[0]):]
		}
		out = append(out, mistake{line, plainly(strings.TrimPrefix(text, "yaml: "))})
	}
	return out
}

// plainly rewords an error of the decoder without Go types.
func plainly(text string) message.Message {
	m := wrongType.FindStringSubmatch(text)
	switch {
	case m == nil && strings.HasSuffix(text, "cannot start any token"):
		return message.New("%s; is there a tab? YAML is indented with spaces", text)
	case m == nil && text == variablesKind:
		return message.New(variablesKind)
	case m == nil && text == payloadKind:
		return message.New(payloadKind)
	case m == nil:
		return message.Message{Format: text} // what the YAML library says
	}
	if m[2] != "" {
		return message.New("%q is %s, expected %s", m[2], kindOf(m[1]), kindOf(m[3]))
	}
	return message.New("this is %s, expected %s", kindOf(m[1]), kindOf(m[3]))
}

// kindOf names a YAML tag or a Go type for people.
func kindOf(name string) message.Message {
	switch name {
	case "!!str", "string":
		return message.New("text")
	case "!!int", "!!float", "int", "int64", "float64":
		return message.New("a number")
	case "!!bool", "bool":
		return message.New("true or false")
	case "!!null":
		return message.New("nothing")
	case "!!seq":
		return message.New("a list")
	case "time.Duration":
		return message.New("a duration such as 15s")
	}
	if strings.HasPrefix(name, "[]") {
		return message.New("a list")
	}
	return message.New("a mapping")
}

// DecodeFile reads a YAML file that is no signature, such as the configuration, as strictly as our own signatures: the error
// names every unknown key and wrong value with file and line.
func DecodeFile(name string, text []byte, to any) error {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return mistakesOf(name, typeErrors(err))
	}
	if len(doc.Content) == 0 {
		return nil
	}
	if bad := unreadable(&doc); len(bad) > 0 {
		return mistakesOf(name, bad)
	}
	return Params{node: doc.Content[0], file: name}.Decode(to)
}

// ItemLines are the lines on which the items of a list begin that stands under a key of a YAML file.
func ItemLines(text []byte, key string) []int {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil || len(doc.Content) == 0 {
		return nil
	}
	var list []int
	if n := resolve(topKeys(doc.Content[0])[key]); n != nil {
		for _, item := range n.Content {
			list = append(list, item.Line)
		}
	}
	return list
}

// YAMLItem is a value as an item of a YAML list, each line behind the indent.
func YAMLItem(value any, indent string) (string, error) {
	text, err := yaml.Marshal([]any{value})
	if err != nil {
		return "", err
	}
	var out strings.Builder
	for line := range strings.Lines(string(text)) {
		out.WriteString(indent + line)
	}
	return out.String(), nil
}
