package signature

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"sotomi/scanner/message"
)

// schema is the keys that a Go type takes. The decoder's own strictness is lost inside custom decoding and stops at the first
// mistake; this finds every misspelt key of a file with its line.
type schema struct {
	keys map[string]*schema // of a struct; nil for anything else
	each *schema            // of the elements of a list or map; nil when they are not looked into
	list bool               // a plain list, which public templates now and then write as one value
}

// signatureSchema is made once and only read afterwards.
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

// oldUnmarshaler is custom decoding without a yaml.Node.
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

// unknownKey is a key of a file that its schema does not have.
type unknownKey struct {
	line   int
	name   string
	within *schema
	hint   message.Message // at the key that was meant; zero when none is near
}

func (k unknownKey) message() message.Message { return message.New("unknown key %q%s", k.name, k.hint) }

// unknown adds the keys below n that s does not have to the mistakes of a file.
func (s *schema) unknown(n *yaml.Node, to *[]mistake) {
	for _, key := range s.unknownKeys(n) {
		*to = append(*to, mistake{key.line, key.message()})
	}
}

// unknownKeys are the keys below n that s does not have.
func (s *schema) unknownKeys(n *yaml.Node) []unknownKey {
	n = resolve(n)
	var found []unknownKey
	switch {
	case n.Kind == yaml.SequenceNode && s.each != nil:
		for _, c := range n.Content {
			found = append(found, s.each.unknownKeys(c)...)
		}
	case n.Kind == yaml.MappingNode && s.keys != nil:
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			child, ok := s.keys[key.Value]
			switch {
			case key.Tag == "!!merge":
				found = append(found, s.unknownKeys(value)...)
			case !ok:
				hint := DidYouMean(key.Value, slices.Sorted(maps.Keys(s.keys)))
				found = append(found, unknownKey{key.Line, key.Value, s, hint})
			default:
				found = append(found, child.unknownKeys(value)...)
			}
		}
	case n.Kind == yaml.MappingNode && s.each != nil:
		for i := 1; i < len(n.Content); i += 2 {
			found = append(found, s.each.unknownKeys(n.Content[i])...)
		}
	}
	return found
}

// coerceLists turns a single value into a list where a list is expected.
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
