package signature

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"gopkg.in/yaml.v3"
)

// Params are the parameters of a Go check, decoded by the check itself.
type Params struct {
	node *yaml.Node
	file string
}

// Decode fills the struct that to points to. Unknown keys are errors with file and line.
func (p Params) Decode(to any) error {
	if p.node == nil {
		return nil
	}
	// Decoding a node forgets strictness, so the text is made again and read with it; the lines are put right after.
	text, err := yaml.Marshal(p.node)
	if err != nil {
		return fmt.Errorf("%s:%d: with: %w", p.file, p.node.Line, err)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(to); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s:%d: with: %s", p.file, p.node.Line, strings.Join(typeErrors(err, p.node.Line-1), "; "))
	}
	return nil
}

// UnmarshalYAML accepts anything; place fills in the node, which this form of the method cannot see. (The form that
// can see it would make everything below it lenient.)
func (p *Params) UnmarshalYAML(func(any) error) error { return nil }

// UnmarshalYAML takes a list, one string with commas or lines, or nothing.
func (l *StringList) UnmarshalYAML(unmarshal func(any) error) error {
	var values []string
	if err := unmarshal(&values); err != nil {
		var text string
		if unmarshal(&text) != nil {
			return err
		}
		separator := ","
		if strings.Contains(text, "\n") {
			separator = "\n"
		}
		values = strings.Split(text, separator)
	}
	for _, v := range values {
		if v = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(v), "- ")); v != "" {
			*l = append(*l, v)
		}
	}
	return nil
}

// UnmarshalYAML takes a mapping; place puts it in the order of the file.
func (v *Variables) UnmarshalYAML(unmarshal func(any) error) error {
	var m map[string]string
	return unmarshal(&m)
}

// UnmarshalYAML takes a list, several lines of text, or the name of a file.
func (p *Payload) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if unmarshal(&text) != nil {
		return unmarshal(&p.Values)
	}
	if text = strings.TrimSpace(text); strings.Contains(text, "\n") {
		p.Values = strings.Split(text, "\n")
	} else {
		p.File = text
	}
	return nil
}

// place fills in what depends on where things stand in the file: lines, the order of variables, parameters.
func (s *Signature) place(keys map[string]*yaml.Node) {
	if n := keys["variables"]; n != nil {
		s.Variables = nil
		for i := 0; i+1 < len(n.Content); i += 2 {
			s.Variables = append(s.Variables, Variable{n.Content[i].Value, n.Content[i+1].Value})
		}
	}
	s.With = Params{node: keys["with"], file: s.File}
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

// resolve follows an alias to its anchor.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

var lineNumber = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)

// typeErrors are the single mistakes of a decoding error as "LINE: message", lines moved by shift.
func typeErrors(err error, shift int) []string {
	list := []string{err.Error()}
	var t *yaml.TypeError
	if errors.As(err, &t) {
		list = t.Errors
	}
	out := make([]string, 0, len(list))
	for _, text := range list {
		line := 1
		if m := lineNumber.FindStringSubmatch(text); m != nil {
			fmt.Sscan(m[1], &line)
			text = text[len(m[0]):]
		}
		out = append(out, fmt.Sprintf("%d: %s", line+shift, strings.TrimPrefix(text, "yaml: ")))
	}
	return out
}
