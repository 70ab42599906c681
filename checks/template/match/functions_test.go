package match

import (
	"fmt"
	"testing"
)

// What the helper functions give in the reference engine, where that is not plain from their names. "error" is an
// expression that cannot be computed.
func TestFunctions_as_the_reference_engine_has_them(t *testing.T) {
	for source, want := range map[string]string{
		`hex_encode('az', 'x')`:                       `\x61\x7a`,
		`hex_encode('az', 'pretty')`:                  "617a",
		`hex_encode(123)`:                             "",
		`hex_encode(xor('ab', 'k'))`:                  "0a09",
		`url_encode('a-b', true)`:                     "a%2Db",
		`url_encode('a-b', 'true')`:                   "a-b",
		`html_escape('<a b="c">é;')`:                  "&lt;a b&equals;&quot;c&quot;&gt;é&semi;",
		`html_escape('=', true)`:                      "&equals;",
		`padding('test', 'A', -1, 'prefix')`:          "test",
		`padding('test', 'A', 0, 'prefix')`:           "error",
		`padding('test', 'A', 2, 'middle')`:           "test",
		`to_number('5.')`:                             "5",
		`to_number('.')`:                              "error",
		`to_number('')`:                               "error",
		`to_title('ijs vrij', 'nl')`:                  "IJs Vrij",
		`to_title('hello', 'no language')`:            "Hello",
		`count('hello', 'l')`:                         "2",
		`count('hello', 'l') == 2`:                    "false", // an integer is no number to compare with
		`count('hello', 'l') > 1`:                     "error",
		`to_number(count('hello', 'l')) > 1`:          "true",
		`to_string(generate_jwt('{"a":1}', 'none'))`:  "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJhIjoxfQ.",
		`to_string(generate_jwt('{"a":1}', 'HS256'))`: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJhIjoxfQ.QFhi6R_w6Kjm-IhqrB1V5HT29az6piAEg4LOGgsTJAw",
	} {
		v, err := evalExpression(source, Vars{})
		got := fmt.Sprint(v)
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%s = %s (%v), want %s", source, got, err, want)
		}
	}
}
