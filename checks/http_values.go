package checks

import (
	"maps"
	"slices"

	"sotomi/scanner"
	"sotomi/scanner/match"
)

// reportValues are what extractors took, by name; those without a name are together in "extracted". Secrets are masked,
// which all of them are when secret is set.
func reportValues(result *match.Result, secret bool) scanner.Values {
	values := scanner.Values{}
	var named []string
	for name, list := range result.Named {
		put(values, name, list, secret)
		named = append(named, list...)
	}
	put(values, "extracted", slices.DeleteFunc(slices.Clone(result.Extracted), func(text string) bool { return slices.Contains(named, text) }), secret)
	if len(values) == 0 {
		return nil
	}
	return values
}

// put sets a value: text for one, a list for several.
func put(values scanner.Values, name string, list []string, secret bool) {
	about := name
	if secret {
		about = "secret"
	}
	switch len(list) {
	case 0:
	case 1:
		values[name] = scanner.MaskValue(about, list[0])
	default:
		values[name] = scanner.MaskValue(about, list)
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

// hide remembers what internal extractors took, which later requests may hold, when it is secret.
func (v *visit) hide(dynamic match.Vars) {
	for name, value := range dynamic {
		if v.check.secret || scanner.SecretName(name) {
			v.hidden = append(v.hidden, valuesOf(value)...)
		}
	}
}

// secrets are what the report of an answer must not show, beside what looks like a secret.
func (v *visit) secrets(program *match.Program, data *match.Data, result *match.Result) scanner.Secrets {
	texts := slices.Clone(v.hidden)
	if v.check.secret {
		texts = append(texts, program.Taken(data)...)
	}
	for name, list := range result.Named {
		if scanner.SecretName(name) {
			texts = append(texts, list...)
		}
	}
	return scanner.NewSecrets(texts)
}
