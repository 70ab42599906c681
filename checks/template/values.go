package template

import (
	"context"
	"maps"
	"slices"

	"sotomi/checks/template/match"
	"sotomi/scanner"
	"sotomi/scanner/evidence"
)

// reportValues are what extractors took, by name: text for one, a list for several; those without a name are together in
// "extracted". Secrets are masked, which all of them are when the check is about secrets.
func (v *run) reportValues(result *match.Result, secrets evidence.Secrets) scanner.Values {
	values := scanner.Values{}
	put := func(name string, list []string) {
		shown := make([]string, len(list))
		for i, text := range list {
			shown[i] = secrets.Hide(text)
		}
		about := name
		if v.check.secret {
			about = "secret"
		}
		switch len(shown) {
		case 0:
		case 1:
			values[name] = evidence.RedactValue(about, shown[0])
		default:
			values[name] = evidence.RedactValue(about, shown)
		}
	}
	var named []string
	for name, list := range result.Named {
		put(name, list)
		named = append(named, list...)
	}
	put("extracted", slices.DeleteFunc(slices.Clone(result.Extracted), func(text string) bool { return slices.Contains(named, text) }))
	if len(values) == 0 {
		return nil
	}
	return values
}

// withValuesOf joins what two responses at one address gave, such as those to two payloads of a form.
func withValuesOf(old, more scanner.Values) scanner.Values {
	if len(more) == 0 {
		return old
	}
	all := scanner.Values{}
	maps.Copy(all, old)
	for name, value := range more {
		list := valuesOf(all[name])
		for _, text := range valuesOf(value) {
			if len(list) < match.MaxValues && !slices.Contains(list, text) {
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

// hide remembers secrets among what internal extractors took: later requests may contain them.
func (v *run) hide(dynamic match.Vars) {
	for name, value := range dynamic {
		if v.check.secret || evidence.SecretName(name) {
			v.hidden = append(v.hidden, valuesOf(value)...)
		}
	}
}

// secrets are what the report of a response must not show, besides what looks like a secret.
func (v *run) secrets(ctx context.Context, program *match.Program, data *match.Data, result *match.Result) (evidence.Secrets, error) {
	texts := slices.Clone(v.hidden)
	if v.check.secret {
		texts = append(texts, result.Extracted...)
	}
	if v.check.secret && !v.probe.Signature.Strict { // our own match names, such as those of settings
		matches, err := program.RegexMatches(ctx, data)
		if err != nil {
			return evidence.Secrets{}, err
		}
		texts = append(texts, matches...)
	}
	for name, list := range result.Named {
		if evidence.SecretName(name) {
			texts = append(texts, list...)
		}
	}
	for _, text := range result.Extracted[:min(len(result.Extracted), mostLookedUp)] {
		if !slices.Contains(texts, text) && evidence.IsRedacted(data.Exchange, text) {
			texts = append(texts, text)
		}
	}
	return evidence.NewSecrets(texts), nil
}

// mostLookedUp is how many of the values of one response are looked up in it. There may be thousands.
const mostLookedUp = 100
