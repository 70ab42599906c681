package command

import (
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/invopop/jsonschema"
	validator "github.com/santhosh-tekuri/jsonschema/v6"
	"gopkg.in/yaml.v3"

	"sotomi/scanner/payment"
	"sotomi/scanner/signature"
	"sotomi/scanner/triage"
)

var updateSchemas = flag.Bool("update", false, "write the schemas anew")

// schemaOf is the schema of what a YAML file holds.
func schemaOf(t *testing.T, title string, value any) []byte {
	t.Helper()
	r := jsonschema.Reflector{
		FieldNameTag: "yaml", ExpandedStruct: true, Anonymous: true, RequiredFromJSONSchemaTags: true,
		Mapper: func(of reflect.Type) *jsonschema.Schema {
			if of == reflect.TypeFor[time.Duration]() {
				return &jsonschema.Schema{Type: "string", Description: "A duration such as 15s"}
			}
			if of == reflect.TypeFor[triage.PortRange]() {
				return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "integer", Minimum: "1", Maximum: "65535"}, {Type: "string", Pattern: "^[0-9]{1,5}(-[0-9]{1,5})?(/udp)?$"}}}
			}
			return nil
		},
	}
	s := r.Reflect(value)
	s.Title = title
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

func schemas(t *testing.T) map[string][]byte {
	return map[string][]byte{
		"ignore":   schemaOf(t, ".sotomi-ignore.yaml", &triage.IgnoreFile{}),
		"expected": schemaOf(t, "expected.yaml", &triage.ExpectedFile{}),
		"payment":  schemaOf(t, "payment.yaml", &payment.File{}),
		"config":   schemaOf(t, "sotomi.yaml", &configFile{}),
	}
}

func TestSchemas_are_those_of_the_types(t *testing.T) {
	for name, want := range schemas(t) {
		file := "schemas/" + name + ".json"
		if *updateSchemas {
			if err := os.WriteFile(file, want, 0o600); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if diff := cmp.Diff(string(want), string(map[string][]byte{"ignore": ignoreSchema, "expected": expectedSchema, "payment": paymentSchema, "config": configSchema}[name])); diff != "" {
			t.Errorf("%s is not that of the types; run the test with -update (-want +got):\n%s", file, diff)
		}
	}
}

// TestSchemas_agree_with_the_reading: a file is right for both or wrong for both.
func TestSchemas_agree_with_the_reading(t *testing.T) {
	const entry = "ignore: [{id: 'v1:0', reason: r, until: 2027-03-31"
	for name, c := range map[string]struct {
		schema, text string
		ok           bool
	}{
		"entry":          {"ignore", entry + "}]", true},
		"all_of_it":      {"ignore", entry + ", owner: o, ticket: t, status: in-progress}]", true},
		"by_signature":   {"ignore", "ignore: [{signature: a, target: '*', reason: r, until: 2027-03-31}]", true},
		"no_reason":      {"ignore", "ignore: [{id: 'v1:0', until: 2027-03-31}]", false},
		"no_until":       {"ignore", "ignore: [{id: 'v1:0', reason: r}]", false},
		"no_day":         {"ignore", "ignore: [{id: 'v1:0', reason: r, until: soon}]", false},
		"unknown_key":    {"ignore", entry + ", untill: 2027-03-31}]", false},
		"status":         {"ignore", entry + ", status: fine}]", false},
		"unknown_top":    {"ignore", "ignored: []", false},
		"ports":          {"expected", "expected: [{host: '*.shop.example', ports: [22, 8000-8010], reason: r, until: 2027-03-31, findings: [a]}]", true},
		"ports_for_ever": {"expected", "expected: [{host: 192.0.2.0/24, ports: [443], reason: r}]", true},
		"ports_no_host":  {"expected", "expected: [{ports: [443], reason: r}]", false},
		"no_ports":       {"expected", "expected: [{host: a, ports: [], reason: r}]", false},
		"no_port":        {"expected", "expected: [{host: a, ports: [http], reason: r}]", false},
		"port_0":         {"expected", "expected: [{host: a, ports: [0], reason: r}]", false},
		"ports_key":      {"expected", "expected: [{host: a, port: [443], reason: r}]", false},
		"settings":       {"config", "fail-on: high\nrate: 2.5\nonly: [a]\nmax-time: 10m\n", true},
		"misspelt":       {"config", "fail-onn: high\n", false},
		"list_for_text":  {"config", "fail-on: [high]\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			schemaTakes(t, schemas(t)[c.schema], c.text, c.ok)
			var err error
			switch c.schema {
			case "ignore":
				err = new(triage.Rules).ReadIgnore("a.yaml", []byte(c.text))
			case "expected":
				err = new(triage.Rules).ReadExpected("a.yaml", []byte(c.text))
			default:
				err = decodeConfig(c.text)
			}
			if (err == nil) != c.ok {
				t.Errorf("reading %q: %v", c.text, err)
			}
		})
	}
}

func schemaTakes(t *testing.T, schema []byte, text string, ok bool) {
	t.Helper()
	document, err := validator.UnmarshalJSON(strings.NewReader(string(schema)))
	if err != nil {
		t.Fatal(err)
	}
	c := validator.NewCompiler()
	if err := c.AddResource("schema.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var node any
	if err := yaml.Unmarshal([]byte(strings.ReplaceAll(text, "2027-03-31", "'2027-03-31'")), &node); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(node)
	if err != nil {
		t.Fatal(err)
	}
	value, err := validator.UnmarshalJSON(strings.NewReader(string(asJSON)))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(value); (err == nil) != ok {
		t.Errorf("the schema says of %q: %v", text, err)
	}
}

func decodeConfig(text string) error {
	return signature.DecodeFile("sotomi.yaml", []byte(text), &configFile{})
}
