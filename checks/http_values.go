package checks

import (
	"maps"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/match"
)

// reportValues are what extractors took, by name; those without a name are together in "extracted". Secrets are masked.
func reportValues(result *match.Result) scanner.Values {
	values := scanner.Values{}
	var named []string
	for name, list := range result.Named {
		put(values, name, list)
		named = append(named, list...)
	}
	put(values, "extracted", slices.DeleteFunc(slices.Clone(result.Extracted), func(text string) bool { return slices.Contains(named, text) }))
	if len(values) == 0 {
		return nil
	}
	return values
}

// put sets a value: text for one, a list for several.
func put(values scanner.Values, name string, list []string) {
	switch len(list) {
	case 0:
	case 1:
		values[name] = scanner.MaskValue(name, list[0])
	default:
		values[name] = scanner.MaskValue(name, list)
	}
}

// withValuesOf is what two answers at one address gave, such as those to two payloads of a form.
func withValuesOf(old, more scanner.Values) scanner.Values {
	if len(more) == 0 {
		return old
	}
	all := scanner.Values{}
	maps.Copy(all, old)
	for name, value := range more {
		list := valuesOf(all[name])
		for _, text := range valuesOf(value) {
			if !slices.Contains(list, text) {
				list = append(list, text)
			}
		}
		all[name] = value
		if len(list) > 1 {
			all[name] = list
		}
	}
	return all
}
