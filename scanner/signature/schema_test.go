package signature_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"
	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"sotomi/scanner/signature"
	"sotomi/signatures"
)

var update = flag.Bool("update", false, "write the golden files anew")

const schemaFile = "../../signatures/schema.json"

func TestSchema_is_that_of_the_types(t *testing.T) {
	want := schema(t)
	if *update {
		if err := os.WriteFile(schemaFile, want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(want), string(signatures.Schema)); diff != "" {
		t.Errorf("signatures/schema.json is not that of the types; run the test with -update (-want +got):\n%s", diff)
	}
}

func TestSchema_takes_every_embedded_signature(t *testing.T) {
	s := compiled(t, schema(t))
	names, err := fs.Glob(signatures.FS, "*/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatalf("no embedded signatures: %v", err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(signatures.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(document(t, string(text))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchema_refuses_what_Load_refuses(t *testing.T) {
	s := compiled(t, schema(t))
	for name, text := range map[string]string{
		"misspelt_key":          "id: a\ninfo: {name: A, severity: low}\nsafty: passive\n",
		"misspelt_inside":       "id: a\ninfo: {name: A, severity: low}\nhttp: [{paths: [x]}]\n",
		"severity":              "id: a\ninfo: {name: A, severity: grave}\n",
		"matcher_type":          "id: a\ninfo: {name: A, severity: low}\nhttp: [{matchers: [{type: words}]}]\n",
		"no_id":                 "info: {name: A, severity: low}\n",
		"no_such_list":          "id: a\ninfo: {name: A, severity: low}\nhttp: [{payloads: {x: {list: foldrs}}}]\n",
		"more_than_a_list":      "id: a\ninfo: {name: A, severity: low}\nhttp: [{payloads: {x: {list: folders, most: 3}}}]\n",
		"a_list_without_a_name": "id: a\ninfo: {name: A, severity: low}\nhttp: [{payloads: {x: {values: [a]}}}]\n",
		"key_of_a_list":         "each: [{id: a}]\nsignature: {id: \"${id}\", info: {name: A, severity: low}}\nshard: []\n",
		"text_for_a_number":     "id: a\ninfo: {name: A, severity: low}\nports: [many]\n",
	} {
		t.Run(name, func(t *testing.T) {
			if err := s.Validate(document(t, text)); err == nil {
				t.Errorf("the schema takes %q", text)
			}
			if _, err := signature.Parse("a.yaml", []byte(text), true); err == nil {
				t.Errorf("Parse takes %q", text)
			}
		})
	}
}

// schema is the JSON Schema of the types, with the comments of their fields as descriptions.
func schema(t *testing.T) []byte {
	t.Helper()
	comments := fieldComments(t, "signature.go")
	r := jsonschema.Reflector{
		Anonymous: true, FieldNameTag: "yaml", RequiredFromJSONSchemaTags: true,
		LookupComment: func(t reflect.Type, field string) string { return comments[t.Name()+"."+field] },
		Mapper: func(t reflect.Type) *jsonschema.Schema {
			text, list := &jsonschema.Schema{Type: "string"}, &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{}}
			switch t {
			case reflect.TypeFor[signature.StringList]():
				return &jsonschema.Schema{OneOf: []*jsonschema.Schema{text, list}}
			case reflect.TypeFor[signature.Payload]():
				return &jsonschema.Schema{OneOf: []*jsonschema.Schema{text, list, namedList()}}
			case reflect.TypeFor[signature.Params](), reflect.TypeFor[signature.Variables]():
				return &jsonschema.Schema{Type: "object"}
			}
			return nil
		},
	}
	s := r.ReflectFromType(reflect.TypeFor[signature.Signature]())
	s.Title = "sotomi signature"
	s.Description = "A weakness or product, and how it is recognised: the public http template schema with keys of sotomi beside it."
	s.If, s.Then, s.Else, s.Ref = &jsonschema.Schema{Required: []string{"each"}}, signatureList(), &jsonschema.Schema{Ref: s.Ref}, ""
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// signatureList is a file of several signatures. What they are made of shows only with the values of a row in it.
func signatureList() *jsonschema.Schema {
	s := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), Required: []string{"each", "signature"}, AdditionalProperties: jsonschema.FalseSchema}
	s.Properties.Set("shared", &jsonschema.Schema{Description: "anchors over what several rows take over with <<"})
	s.Properties.Set("each", &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{Type: "object"}, Description: "values by name; each row makes a signature"})
	s.Properties.Set("signature", &jsonschema.Schema{Type: "object", Description: "what all have in common, with ${NAME} where a value of the row belongs; what names a value that the row lacks is left out"})
	return s
}

// namedList is a payload of the form {list: NAME, values: [FURTHER]}.
func namedList() *jsonschema.Schema {
	name := &jsonschema.Schema{Type: "string"}
	for _, list := range signature.PayloadLists {
		name.Enum = append(name.Enum, list)
	}
	s := &jsonschema.Schema{Type: "object", Properties: jsonschema.NewProperties(), Required: []string{"list"}, AdditionalProperties: jsonschema.FalseSchema}
	s.Properties.Set("list", name)
	s.Properties.Set("values", &jsonschema.Schema{Type: "array", Items: &jsonschema.Schema{}})
	return s
}

// fieldComments are the comments behind the fields of the structs in a file, as TYPE.FIELD.
func fieldComments(t *testing.T, file string) map[string]string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if s, ok := spec.Type.(*ast.StructType); ok {
			for _, f := range s.Fields.List {
				for _, name := range f.Names {
					comments[spec.Name.Name+"."+name.Name] = strings.TrimSpace(f.Comment.Text())
				}
			}
		}
		return true
	})
	return comments
}

func compiled(t *testing.T, text []byte) *validator.Schema {
	t.Helper()
	doc, err := validator.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := validator.NewCompiler()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// document is YAML as the validator wants it: JSON's types.
func document(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := yaml.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := validator.UnmarshalJSON(bytes.NewReader(asJSON))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
