package signature

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// shape is which keys a Go type takes. The decoder's own strictness stops at the first file it cannot read whole and is
// lost inside custom decoding; this sees every misspelt key of a file with its line.
type schema struct {
	keys map[string]*schema // of a struct; nil for anything else
	each *schema            // of the elements of a list or map; nil when they are not looked into
	list bool               // a plain list, which public templates now and then write as one value
}

// signatureShape is made once and only read afterwards.
var signatureSchema = schemaOf(reflect.TypeFor[Signature]())

func schemaOf(t reflect.Type) *schema {
	if reflect.PointerTo(t).Implements(reflect.TypeFor[yaml.Unmarshaler]()) || reflect.PointerTo(t).Implements(reflect.TypeFor[oldUnmarshaler]()) {
		return &schema{}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return schemaOf(t.Elem())
	case reflect.Slice:
		return &schema{each: schemaOf(t.Elem()), list: true}
	case reflect.Map:
		return &schema{each: schemaOf(t.Elem())}
	case reflect.Struct:
		s := &schema{keys: map[string]*schema{}}
		for i := range t.NumField() {
			s.field(t.Field(i))
		}
		return s
	default:
		return &schema{}
	}
}

// oldUnmarshaler is the form of custom decoding without a node.
type oldUnmarshaler interface{ UnmarshalYAML(func(any) error) error }

// field adds one field under the key that the decoder uses.
func (s *schema) field(f reflect.StructField) {
	name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	switch {
	case name == "-" || !f.IsExported():
	case options == "inline":
		maps.Copy(s.keys, schemaOf(f.Type).keys)
	case name == "":
		s.keys[strings.ToLower(f.Name)] = schemaOf(f.Type)
	default:
		s.keys[name] = schemaOf(f.Type)
	}
}

// unknown finds the keys below n that s does not have, as "LINE: message".
func (s *schema) unknown(n *yaml.Node, found *[]string) {
	n = resolve(n)
	switch {
	case n.Kind == yaml.SequenceNode && s.each != nil:
		for _, c := range n.Content {
			s.each.unknown(c, found)
		}
	case n.Kind == yaml.MappingNode && s.keys != nil:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			if key.Tag == "!!merge" {
				s.unknown(value, found)
				continue
			}
			child, ok := s.keys[key.Value]
			if !ok {
				*found = append(*found, fmt.Sprintf("%d: unknown key %q%s", key.Line, key.Value, s.similar(key.Value)))
				continue
			}
			child.unknown(value, found)
		}
	case n.Kind == yaml.MappingNode && s.each != nil:
		for i := 1; i < len(n.Content); i += 2 {
			s.each.unknown(n.Content[i], found)
		}
	}
}

// similar is a hint at the key that was meant, or nothing.
func (s *schema) similar(key string) string {
	return DidYouMean(key, slices.Sorted(maps.Keys(s.keys)))
}

// widen makes a list of one where a public template gives a single value.
func (s *schema) coerceLists(n *yaml.Node) {
	switch {
	case s.list && n.Kind == yaml.ScalarNode && n.Tag != "!!null":
		*n = yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Line: n.Line, Column: n.Column, Content: []*yaml.Node{{
			Kind: yaml.ScalarNode, Tag: n.Tag, Value: n.Value, Style: n.Style, Line: n.Line, Column: n.Column,
		}}}
	case n.Kind == yaml.SequenceNode && s.each != nil:
		for _, c := range n.Content {
			s.each.coerceLists(c)
		}
	case n.Kind == yaml.MappingNode && s.keys != nil:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if child := s.keys[n.Content[i].Value]; child != nil {
				child.coerceLists(n.Content[i+1])
			}
		}
	}
}
