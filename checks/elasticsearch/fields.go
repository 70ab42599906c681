package elasticsearch

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"sotomi/checks/internal/datanames"
	"sotomi/scanner/web"
)

// personalFields are the categories of personal-looking fields of a mapping, in order. Indices to be left out are named.
func personalFields(ex *web.Exchange, except []string) []string {
	if ex == nil || ex.Status != http.StatusOK {
		return nil
	}
	all := map[string]bool{}
	for name, fields := range fieldsOf(ex) {
		if !slices.Contains(except, name) {
			maps.Copy(all, datanames.Categories(fields))
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// fieldsOf are the names of fields by index, of every version: before 7 a type stands between index and properties. A
// mapping that was cut is read as far as it came, as one index.
func fieldsOf(ex *web.Exchange) map[string][]string {
	var doc map[string]any
	if err := json.Unmarshal(ex.Body, &doc); err != nil {
		var names []string
		for _, m := range fieldKey.FindAllSubmatch(ex.Body, -1) {
			names = append(names, string(m[1]))
		}
		return map[string][]string{"": names}
	}
	all := map[string][]string{}
	for index, mapping := range doc {
		if !strings.HasPrefix(index, ".") {
			all[index] = propertyNames(mapping, nil, 0)
		}
	}
	return all
}

var fieldKey = regexp.MustCompile(`"([^"\\]{1,100})"\s*:\s*\{\s*"(?:type|properties)"`)

func propertyNames(v any, names []string, depth int) []string {
	m, ok := v.(map[string]any)
	if !ok || depth > 32 {
		return names
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if properties, ok := m[key].(map[string]any); ok && key == "properties" {
			for _, name := range slices.Sorted(maps.Keys(properties)) {
				names = append(names, name)
				names = propertyNames(properties[name], names, depth+1)
			}
			continue
		}
		names = propertyNames(m[key], names, depth+1)
	}
	return names
}
